"""Everything declared as an input makes the task run again when it changes, is named, and nothing else does."""

import json
from typing import Dict, List

import pytest

from tests.scenarios.rush import Scratch

FILES = {
    ".rush": """
        tasks:
          build:
            cmd: echo build >> trace; echo made > out
            inputs:
              - src/**
              - "package.json#dependencies.react"
              - "pyproject.toml#project.version"
              - "conf.yaml#limits.0"
              - {env: APP_*}
              - {env: "!APP_DEBUG"}
              - {cmd: cat tool-version}
              - {result: setting}
            outputs: [out]
        """,
    "tasks.py": """
        from pathlib import Path
        from taskrush import task

        @task
        def setting():
            return Path("setting").read_text().split()
        """,
    "src/a.c": "a",
    "package.json": '{"dependencies": {"react": "1", "vue": "1"}}',
    "pyproject.toml": '[project]\nversion = "1"\nname = "x"',
    "conf.yaml": "limits: [1, 2]",
    "tool-version": "tool 1",
    "setting": "fast",
}

CHANGES: List["tuple[str, str, str]"] = [
    ("src/a.c", "b", "input src/a.c changed"),
    ("src/b.c", "b", "input src/b.c is new"),
    ("package.json", '{"dependencies": {"react": "2"}}', "part package.json#dependencies.react changed"),
    ("package.json", "{}", "part package.json#dependencies.react changed"),
    ("pyproject.toml", '[project]\nversion = "2"', "part pyproject.toml#project.version changed"),
    ("conf.yaml", "limits: [3, 2]", "part conf.yaml#limits.0 changed"),
    ("APP_MODE", "x", "variable APP_MODE is new"),
    ("tool-version", "tool 2", "tool cat tool-version changed"),
    ("setting", "slow", "result setting changed"),
]

NOTHING = [
    ("package.json", '{"dependencies": {"vue": "2", "react": "1"}, "name": "y"}'),
    ("pyproject.toml", '[project]\nname = "y"\nversion = "1"  # a comment'),
    ("conf.yaml", "limits:\n  - 1\n  - 3\n"),
    ("APP_DEBUG", "1"),
    ("OTHER", "1"),
    ("setting", "  fast  "),
]


@pytest.fixture
def built(scratch: Scratch) -> Scratch:
    for path, text in FILES.items():
        scratch.write(path, text)
    done = scratch.rush("build")
    assert done.code == 0, done.all
    assert scratch.ran() == ["build"]
    return scratch


def change(scratch: Scratch, path: str, text: str) -> Dict[str, str]:
    """A change of a file, or the environment with a variable."""
    if path.isupper():
        return {path: text}
    scratch.write(path, text)
    return {}


@pytest.mark.parametrize(("path", "text", "reason"), CHANGES, ids=[f"{n}-{one[0]}" for n, one in enumerate(CHANGES)])
def test_a_change_runs_the_task_and_is_named_alone(built: Scratch, path: str, text: str, reason: str) -> None:
    """One line on the screen says which ingredient it was."""
    env = change(built, path, text)
    done = built.rush("build", env=env)
    assert done.code == 0, done.all
    assert built.ran() == ["build"]
    assert f"build  ({reason})" in done.err


@pytest.mark.parametrize(("path", "text"), NOTHING, ids=[one[0] for one in NOTHING])
def test_a_change_elsewhere_runs_nothing(built: Scratch, path: str, text: str) -> None:
    """Other places of the same files, variables left out, an equal value."""
    assert "build  fresh" in built.rush("build", env=change(built, path, text)).err
    assert built.ran() == []


def test_why_names_a_part_and_a_variable(built: Scratch) -> None:
    """Before it is run, too; what a command prints is not asked, and that is said."""
    built.write(".rush", FILES[".rush"].replace("- {result: setting}", ""))
    built.rush("build")
    built.write("package.json", "{}")
    said = json.loads(built.rush("why", "build", "--json", env={"APP_X": "1"}).out)
    assert said["changes"] == [
        {"part": "part package.json#dependencies.react", "what": "changed"},
        {"part": "variable APP_X", "what": "new"},
    ]
    assert said["assumed"] == ["cat tool-version"]


def test_a_tool_that_cannot_be_asked_is_an_answer_too(scratch: Scratch) -> None:
    """The day it is installed, the task runs again."""
    scratch.write(".rush", "tasks: {a: {cmd: echo a >> trace, inputs: [{cmd: ./tool --version}]}}")
    for _ in range(2):
        assert scratch.rush("a").code == 0
    scratch.write("tool", "#!/bin/sh\necho 1\n").chmod(0o755)
    assert "(tool ./tool --version changed)" in scratch.rush("a").err
    assert scratch.ran() == ["a", "a"]


def test_a_command_is_asked_where_its_file_lies(scratch: Scratch) -> None:
    """`./tool` of an included file is that file's."""
    scratch.write(".rush", "include: {web: web}\ntasks: {}")
    scratch.write("web/.rush", "tasks: {a: {cmd: echo a >> ../trace, inputs: [{cmd: cat version}, 'p.json#v']}}")
    for number, (path, text) in enumerate([("version", "1"), ("version", "2"), ("p.json", '{"v": 1}')]):
        scratch.write(f"web/{path}", text)
        assert scratch.rush("web:a").code == 0
        assert scratch.ran() == ["a"], number


def test_a_name_with_a_number_sign_is_a_file(scratch: Scratch) -> None:
    """Escaped where it could be taken for a part; elsewhere as it is."""
    scratch.write(".rush", "tasks: {a: {cmd: echo a >> trace, inputs: ['x.json\\#y', 'note#1']}}")
    scratch.rush("a")
    for path in ("x.json#y", "note#1"):
        scratch.write(path, "new")
        assert f"(input {path} " in scratch.rush("a").err
    assert scratch.ran() == ["a"] * 3


def test_wildcards_pass_variables_on_and_the_last_pattern_decides(scratch: Scratch) -> None:
    """What is declared is seen, what is left out is not, `pass_env` is seen and does not count."""
    scratch.write("show.sh", "env | grep -E '^(APP|PASSED)_' | sort > out")
    scratch.write(
        ".rush",
        """
        tasks:
          a: {cmd: 'echo a >> trace; sh show.sh', outputs: [out],
              inputs: [{env: "APP_*"}, {env: "!APP_X*"}, {env: APP_XY}], pass_env: "PASSED_*"}
        """,
    )
    env = {"APP_A": "1", "APP_X": "1", "APP_XY": "1", "PASSED_P": "1"}
    scratch.rush("a", env=env)
    assert scratch.text("out").split() == ["APP_A=1", "APP_XY=1", "PASSED_P=1"]
    scratch.rush("a", env={**env, "APP_X": "2", "PASSED_P": "2"})
    assert scratch.ran() == ["a"]
    scratch.rush("a", env={**env, "APP_XY": "2"})
    assert scratch.ran() == ["a"]


def test_a_parameter_may_be_part_of_an_ingredient(scratch: Scratch) -> None:
    """Each value reads its own place."""
    scratch.write("p.json", '{"a": 1, "b": 1}')
    scratch.write(".rush", "tasks: {t: {cmd: 'echo $which >> trace', params: {which: a}, inputs: ['p.json#${which}']}}")
    scratch.rush("t")
    scratch.rush("t", "--which", "b")
    scratch.write("p.json", '{"a": 1, "b": 2}')
    scratch.rush("t")
    scratch.rush("t", "--which", "b")
    assert scratch.ran() == ["a", "b", "b"]


def test_quoted_steps_may_hold_dots(scratch: Scratch) -> None:
    """`package.json#exports."./x"` is one step."""
    scratch.write("p.json", '{"exports": {"./x.js": 1, "./y": 1}}')
    scratch.write(".rush", "tasks: {t: {cmd: echo t >> trace, inputs: ['p.json#exports.\"./x.js\"']}}")
    scratch.rush("t")
    scratch.write("p.json", '{"exports": {"./x.js": 1, "./y": 2}}')
    scratch.rush("t")
    assert scratch.ran() == ["t"]
    scratch.write("p.json", '{"exports": {"./x.js": 2, "./y": 2}}')
    scratch.rush("t")
    assert scratch.ran() == ["t"]
