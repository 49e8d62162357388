"""Texts to values of parameters: what is typed, what the environment has, what the default is."""

import enum
from pathlib import Path
from typing import Any, Dict, List

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush import Param, Task, UsageError
from taskrush.declare.options import KINDS, convert, fill, flag_text, option_strings, parse_arguments, text_of

pytestmark = pytest.mark.core


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


DEPLOY = Task(
    id="deploy",  # type: ignore[arg-type]
    action="true",
    params=(
        Param("count", kind="int", required=True, env="COUNT"),
        Param("dry_run", kind="bool", default=False),
        Param("to", choices=("dev", "prod"), default="dev"),
        Param("tag", many=True, default=(), env="TAGS"),
        Param("ratio", kind="float", default="0.5"),
        Param("out", kind="path", default="dist"),
        Param("note", default="", env="NOTE"),
    ),
)


def refusal(attempt: Any) -> str:
    with pytest.raises(UsageError) as caught:
        attempt()
    return str(caught.value)


def test_options_are_spelled_with_dashes_and_flags_can_be_negated() -> None:
    """`dry_run` is `--dry-run` and `--no-dry-run`."""
    assert option_strings(DEPLOY.params[0]) == ("--count",)
    assert option_strings(DEPLOY.params[1]) == ("--dry-run", "--no-dry-run")
    assert [flag_text(DEPLOY.params[1], text) for text in option_strings(DEPLOY.params[1])] == ["true", "false"]
    assert flag_text(DEPLOY.params[0], "--count") is None


def test_tokens_are_taken_up_to_the_first_that_is_no_option() -> None:
    """Both spellings of values, repeated options, and the rest."""
    tokens = ["--count", "3", "--tag=a=b", "--tag", "-x", "--no-dry-run", "--dry-run=yes", "build", "--count", "4"]
    assert parse_arguments(DEPLOY, tokens) == (
        {"count": ["3"], "tag": ["a=b", "-x"], "dry_run": ["false", "yes"]},
        ["build", "--count", "4"],
    )
    assert refusal(lambda: parse_arguments(DEPLOY, ["--count"])) == (
        "task `deploy`: --count needs a value\nhint: write `--count=N`"
    )
    assert refusal(lambda: parse_arguments(DEPLOY, ["--no-dry-run=x"])) == "task `deploy`: --no-dry-run takes no value"


def test_every_parameter_gets_its_value() -> None:
    """What is typed wins over the environment, which wins over the default; texts become what they stand for."""
    environ = {"COUNT": "7", "TAGS": "a, b", "NOTE": ""}
    assert fill(DEPLOY, {"tag": ["x", "y"], "to": ["dev", "prod"]}, environ) == {
        "count": 7,
        "dry_run": False,
        "to": "prod",
        "tag": ["x", "y"],
        "ratio": 0.5,
        "out": Path("dist"),
        "note": "",
    }
    assert fill(DEPLOY, {"count": ["1"]}, environ)["tag"] == ["a", "b"]


@pytest.mark.parametrize(
    ("texts", "environ", "message"),
    [
        ({}, {}, "task `deploy` needs --count\nhint: add `--count=N` or set $COUNT"),
        ({}, {"COUNT": ""}, "task `deploy` needs --count\nhint: add `--count=N` or set $COUNT"),
        ({"count": ["x"]}, {}, "task `deploy`: --count: not an integer: 'x'"),
        ({}, {"COUNT": "1.5"}, "task `deploy`: --count (from $COUNT): not an integer: '1.5'"),
        ({"count": ["1"], "ratio": ["half"]}, {}, "task `deploy`: --ratio: not a number: 'half'"),
        ({"dry_run": ["maybe"]}, {}, "task `deploy`: --dry-run: not a yes or no (true, false): 'maybe'"),
        (
            {"to": ["prd"], "count": ["1"]},
            {},
            "task `deploy`: --to: not one of dev, prod: 'prd'\nhint: did you mean `prod`?",
        ),
        ({"cuont": ["1"]}, {}, "task `deploy` has no parameter `cuont`\nhint: did you mean `count`?"),
    ],
)
def test_wrong_texts_are_refused_in_the_words_of_the_option(
    texts: Dict[str, List[str]], environ: Dict[str, str], message: str
) -> None:
    """Task, option, what was expected and what was given."""
    assert refusal(lambda: fill(DEPLOY, {"count": ["1"], **texts} if "dry_run" in texts else texts, environ)) == message


VALUES = {
    "str": st.text(),
    "int": st.integers(),
    "float": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "path": st.text(min_size=1).map(Path),
}


@given(st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), st.lists(VALUES[kind], min_size=1))))  # type: ignore[arg-type]
def test_what_a_value_is_shown_as_can_be_typed(kind_and_values: Any) -> None:
    """Converting the text of a value gives the value, alone (the last one wins) and in lists."""
    kind, values = kind_and_values
    texts = [text_of(value) for value in values]
    assert convert(DEPLOY, Param("x", kind=kind, many=True), texts) == values
    assert convert(DEPLOY, Param("x", kind=kind), texts) == values[-1]
    assert convert(DEPLOY, Param("x", kind=kind, choices=tuple(values)), texts) == values[-1]


@given(st.sampled_from(KINDS), st.text(), st.booleans())
def test_any_text_is_a_value_or_refused(kind: str, text: str, some: bool) -> None:
    """Nothing but `UsageError` comes out of strange texts."""
    param = Param("x", kind=kind, choices=("a",) if some else ())
    message = ""
    try:
        convert(DEPLOY, param, [text])
    except UsageError as error:
        message = error.message
    assert message == "" or message.startswith("task `deploy`: --x: not ")
    assert message == "" or message.endswith(repr(text))


@given(
    st.lists(st.sampled_from(["--count", "--count=1", "--dry-run", "--no-dry-run", "--tag", "--", "-x", "build", "="]))
)
def test_parsing_loses_no_token(tokens: List[str]) -> None:
    """What was given and the rest make up all tokens."""
    try:
        texts, rest = parse_arguments(DEPLOY, tokens)
    except UsageError:
        assert tokens[-1] in ("--count", "--tag")
        return
    assert tokens[len(tokens) - len(rest) :] == rest
    assert bool(rest) or sum(len(values) for values in texts.values()) <= len(tokens)
    assert not rest or rest[0] not in ("--count", "--count=1", "--dry-run", "--no-dry-run", "--tag")
