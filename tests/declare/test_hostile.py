"""Whatever a file holds, the answer is a declaration or a message: no traceback, no long wait, no large memory."""

import random
import time
from pathlib import Path
from typing import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from taskrush.declare import yaml_nodes
from taskrush.declare.nodes import MAX_BYTES, decode
from taskrush.declare.rushfile import read_rushfile, read_text
from taskrush.errors import ConfigError
from taskrush.model.declaration import FileDecl

HERE = Path(__file__).parent
SEEDS = [path.read_bytes() for path in sorted((HERE.parent / "scenarios" / "files").glob("*.rush"))]
SEEDS += [path.read_bytes() for path in sorted((HERE / "wrong").glob("*.rush"))]
WORDS = (
    *("tasks:", "cmd:", "deps:", "env:", "params:", "matrix:", "cache:", "retry:", "requires:", "include:", "vars:"),
    *(
        "defaults:",
        "plugins:",
        "a",
        "b",
        "- ",
        ": ",
        "\n",
        "\n  ",
        "\n    ",
        "[",
        "]",
        "{",
        "}",
        "{{",
        ",",
        "*a",
        "&a ",
    ),
    *("<<:", "!!str ", "!x", "'", '"', "true", "null", "~", "|", ">", "#", "1", "-1", ".5", "\t", "%", "@", "`", "?"),
    *("---", "...", "\\", "\0", "é", "\x1b", "${X}"),
)


def answer(data: bytes, name: str = "x.rush") -> str:
    """The message, or nothing; each problem has a place in the file."""
    try:
        assert isinstance(read_text(decode(name, data), name), FileDecl)
    except ConfigError as error:
        for problem in error.problems:
            assert problem.where is not None
            assert problem.where.path == name
            assert problem.message
        return str(error)
    return ""


def within(seconds: float, work: Callable[[], str]) -> str:
    started = time.monotonic()
    said = work()
    assert time.monotonic() - started < seconds
    return said


@settings(max_examples=300)
@given(st.binary(max_size=300), st.sampled_from(["x.rush", "x.toml", "pyproject.toml"]))
@example(b"\xef\xbb\xbf", "x.rush")
@example(b"a: \xc2\x85", "x.rush")
@example(b"? ", "x.rush")
@example(b"tasks: !", "x.rush")
def test_random_bytes(data: bytes, name: str) -> None:
    """Any bytes, as YAML and as TOML."""
    answer(data, name)


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS), max_size=40).map("".join))
def test_text_that_looks_like_a_task_file(text: str) -> None:
    """Words and signs of task files in any order."""
    answer(text.encode())


@settings(max_examples=100)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join))
def test_text_without_libyaml(text: str) -> None:
    """The same for PyYAML's own parser."""
    yaml_nodes.LIBYAML, before = False, yaml_nodes.LIBYAML
    try:
        answer(text.encode())
    finally:
        yaml_nodes.LIBYAML = before


@settings(max_examples=300)
@given(st.sampled_from(SEEDS), st.integers(0, 2**32), st.integers(1, 8))
def test_mutations_of_real_files(seed: bytes, number: int, edits: int) -> None:
    """Bytes removed, doubled, changed and moved."""
    dice = random.Random(number)
    data = bytearray(seed)
    for _ in range(edits):
        at, size = dice.randrange(len(data) + 1), dice.randrange(12)
        piece = data[at : at + size]
        change = dice.randrange(4)
        if change == 0:
            del data[at : at + size]
        elif change == 1:
            data[at:at] = piece
        elif change == 2:
            data[at : at + 1] = dice.choice(WORDS).encode()
        else:
            spot = dice.randrange(len(data) + 1)
            data[spot:spot] = piece
    answer(bytes(data))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["cmd", "task", "env", "a", "type"]), inner)
    ),
    max_leaves=8,
)
KEYS = [
    "cmd",
    "argv",
    "deps",
    "env",
    "vars",
    "params",
    "cache",
    "matrix",
    "retry",
    "requires",
    "plugins",
    "shell",
    "confirm",
]
TOP = ["include", "defaults", "settings", "plugins", "remotes", "cache", "shell", "vars", "env", "dotenv"]


@settings(max_examples=300)
@given(
    st.dictionaries(st.sampled_from(KEYS), PLAIN, max_size=3), st.dictionaries(st.sampled_from(TOP), PLAIN, max_size=2)
)
def test_any_value_at_any_key(task: object, top: "dict[str, object]") -> None:
    """Every key bears every kind of value."""
    import json

    answer(json.dumps({**top, "tasks": {"a": task}}).encode())


@pytest.mark.core
def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    """Nine lists of nine aliases each stand for 400 million values."""
    lines = ["x-a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"x-a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    text = "\n".join([*lines, "tasks: {a: {cmd: *a9}}"]).encode()
    said = within(2, lambda: answer(text))
    assert "x.rush:7:" in said
    assert "aliases make more than 1,000,000 values of this file" in said


@pytest.mark.core
@pytest.mark.parametrize(
    "text", ["[" * 10_000, "{a: " * 10_000, "- " * 10_000, "tasks: " + "[" * 10_000 + "]" * 10_000]
)
@pytest.mark.parametrize("libyaml", [True, False])
def test_nesting_ten_thousand_deep_is_refused(text: str, libyaml: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """No stack is used up."""
    monkeypatch.setattr(yaml_nodes, "LIBYAML", libyaml and yaml_nodes.LIBYAML)
    assert "nested more than 100 deep" in within(5, lambda: answer(text.encode()))


@pytest.mark.core
def test_nesting_ten_thousand_deep_is_refused_in_toml() -> None:
    """There too."""
    assert "nested more than" in within(5, lambda: answer(b"a = " + b"[" * 10_000 + b"]" * 10_000, "x.toml"))


@pytest.mark.core
def test_very_many_problems_are_cut() -> None:
    """The first hundred are told, the others counted."""
    text = "tasks:\n" + "".join(f"  t{number}: {{cmdd: x}}\n" for number in range(20_000))
    said = within(10, lambda: answer(text.encode())).split("\n")
    assert said[0] == "x.rush:2:8: unknown key `cmdd` in task `t0`"
    assert said[-1] == "x.rush: 19900 more problems"
    assert len(said) == 100 * 4 + 1


@pytest.mark.core
def test_a_huge_file_is_not_even_read(tmp_path: Path) -> None:
    """A hundred megabytes are refused by their number."""
    path = tmp_path / "big.rush"
    with open(path, "wb") as file:
        file.truncate(100 * 1024 * 1024)

    def read() -> str:
        with pytest.raises(ConfigError) as caught:
            read_rushfile(str(path))
        return str(caught.value)

    assert "larger than 8 MB" in within(1, read)


@pytest.mark.soak
def test_the_largest_allowed_file_takes_seconds_at_most() -> None:
    """Eight megabytes of one long text, of many keys, of brackets."""
    assert MAX_BYTES == 8 * 1024 * 1024
    size = 2 * 1024 * 1024
    for text in (b"tasks: {a: '" + b"x" * size + b"'}", b"x" * size, b"[1," * (size // 3), b"a:\n" * (size // 3)):
        within(20, lambda text=text: answer(text))  # type: ignore[misc]
