"""What CI services are told, escaped as each of them wants it."""

from typing import Dict, Optional

import pytest

from taskrush.errors import Where
from taskrush_cli.render.ci import DIALECTS, detect

pytestmark = pytest.mark.core

WHERE = Where("a,b:c.rush", 3, 5)
NASTY = "50% [of]\r\n'it'|; é 😀"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("github", "::error file=a%2Cb%3Ac.rush,line=3,col=5::50%25 [of]%0D%0A'it'|; é 😀"),
        ("gitlab", None),
        (
            "azure",
            "##vso[task.logissue type=error;sourcepath=a,b:c.rush;linenumber=3;columnnumber=5;]"
            "50%AZP25 [of%5D%0D%0A'it'|%3B é 😀",
        ),
        (
            "teamcity",
            "##teamcity[buildProblem description='a,b:c.rush:3:5: 50% |[of|]|r|n|'it|'||; |0x00e9 |0xd83d|0xde00']",
        ),
    ],
)
def test_errors(name: str, expected: Optional[str]) -> None:
    """No text of a task can end a marker or start another."""
    assert DIALECTS[name].error(NASTY, WHERE) == expected


def test_an_error_without_a_place() -> None:
    assert DIALECTS["github"].error("x", None) == "::error::x"
    assert DIALECTS["azure"].error("x", None) == "##vso[task.logissue type=error;]x"


def test_groups() -> None:
    """Titles are escaped too; GitLab's section names are reduced to what it takes."""
    assert DIALECTS["github"].open("a%b") == "::group::a%25b"
    assert DIALECTS["azure"].open("docs:build") == "##[group]docs:build"
    assert DIALECTS["teamcity"].close("it's") == "##teamcity[blockClosed name='it|'s']"
    opened = DIALECTS["gitlab"].open("docs:build it")
    assert opened.startswith("\x1b[0Ksection_start:")
    assert opened.endswith(":taskrush_docs_build_it\r\x1b[0Kdocs:build it")


@pytest.mark.parametrize(
    ("environ", "chosen", "expected"),
    [
        ({}, "auto", None),
        ({"GITHUB_ACTIONS": "true"}, "auto", "github"),
        ({"GITHUB_ACTIONS": "false"}, "auto", None),
        ({"GITLAB_CI": "true"}, "auto", "gitlab"),
        ({"TF_BUILD": "True"}, "auto", "azure"),
        ({"TEAMCITY_VERSION": "2024.1"}, "auto", "teamcity"),
        ({"GITHUB_ACTIONS": "true"}, "none", None),
        ({}, "azure", "azure"),
    ],
)
def test_detection(environ: Dict[str, str], chosen: str, expected: Optional[str]) -> None:
    """By the variables each service sets, unless it is said."""
    found = detect(environ, chosen)
    assert (found.name if found else None) == expected


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("github", b"::warning file=a::x"),
        ("github", b"::group::x"),
        ("gitlab", b"\x1b[0Ksection_start:1:x\r"),
        ("azure", b"##vso[task.setvariable variable=a]b"),
        ("azure", b"##[section]x"),
        ("teamcity", b"##teamcity[message text='x']"),
    ],
)
def test_markers_are_recognised(name: str, line: bytes) -> None:
    assert DIALECTS[name].marker.match(line)
    assert not DIALECTS[name].marker.match(b"x " + line)
