"""Formatting changes looks only: comments stay, meaning stays, and the second time nothing changes."""

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.declare.formatting import _comments, format_text
from taskrush.declare.nodes import Source
from taskrush.declare.rushfile import read_text
from taskrush.errors import ConfigError, MissingCapability

pytest.importorskip("ruamel.yaml")

HERE = Path(__file__).parent
SHARED = HERE.parents[1].parent / "shared" / "v026" / "files"
REAL = sorted((HERE.parent / "scenarios" / "files").glob("*.rush")) + sorted(SHARED.glob("*.rush"))

UGLY = """

tasks:   # all of them
    build:
        cmd:   make          # eight
        # why lint
        deps: [lint,test,   c]
        env: {A: 010, B: 1_000,   C: 1.10, D: yes, E: 'q', F: "d", G: 0x1F, H: ~x, I: .5}\x20\x20
        inputs:
        - a
        # in a list
        - b
\x20\x20\x20\x20


    # about test
    test: |
        hello

          # no comment
        world


    lint: make lint
    common: &a make
    other: *a
    merged:
      <<: {tags: [a]}
      cmd: x
# the end
"""

TIDY = """\
tasks:  # all of them
  build:
    cmd: make  # eight
    # why lint
    deps: [lint, test, c]
    env: {A: 010, B: 1_000, C: 1.10, D: yes, E: 'q', F: "d", G: 0x1F, H: ~x, I: .5}
    inputs:
      - a
      # in a list
      - b

  # about test
  test: |
    hello

      # no comment
    world

  lint: make lint
  common: &a make
  other: *a
  merged:
    <<: {tags: [a]}
    cmd: x
# the end
"""


def same(one: str, two: str) -> bool:
    return read_text(Source(".rush", one), ".rush") == read_text(Source(".rush", two), ".rush")


def test_the_usual_form() -> None:
    """Two spaces, items indented, one empty line at most; scalars, quotes, anchors and comments as they were."""
    assert format_text(UGLY, ".rush") == TIDY
    assert format_text(TIDY, ".rush") == TIDY
    assert same(UGLY, TIDY)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_real_files_keep_meaning_and_comments(path: Path) -> None:
    """And they come out the same the second time."""
    text = path.read_text(encoding="utf-8")
    done = format_text(text, ".rush")
    assert same(text, done)
    assert _comments(text) == _comments(done)
    assert format_text(done, ".rush") == done
    assert not any(line != line.rstrip() for line in done.split("\n"))


def test_what_would_be_lost_is_left_where_it_is() -> None:
    """A comment inside of a flow mapping cannot be written again: only the ends of lines are tidied."""
    text = "tasks:\n    a: {cmd: x,   \n        # inside\n        deps: [b]}\n\n\n    b: x\n"
    assert format_text(text, ".rush") == "tasks:\n    a: {cmd: x,\n        # inside\n        deps: [b]}\n\n    b: x\n"


def test_a_comment_after_a_folded_text_stays_a_comment() -> None:
    """It does not become part of the command."""
    text = "tasks:\n  a:\n    cmd: >-\n      one\n      two\n# the end\n"
    assert format_text(text, ".rush") == text


def test_aligned_comments_stay_aligned() -> None:
    """Columns that somebody made are kept."""
    text = "tasks:\n  a:\n    cmd: x         # one\n    cwd: longer    # two\n"
    assert format_text(text, ".rush") == text


def test_comments_move_with_what_they_belong_to() -> None:
    """One above a task goes with it, although its column is then that of the keys before."""
    text = "tasks:\n    a:\n        cmd: a\n\n    # about b\n    b:\n        cmd: b\n        # the end of b\n    c: c\n"
    done = "tasks:\n  a:\n    cmd: a\n\n  # about b\n  b:\n    cmd: b\n    # the end of b\n  c: c\n"
    assert format_text(text, "x.rush") == done
    assert format_text(done, "x.rush") == done


def test_inputs_of_every_kind_keep_their_braces() -> None:
    """A mapping of one key inside of a list is written as such."""
    text = "tasks:\n  a: {cmd: x, inputs: [b, {env: 'C_*'}, {cmd: cc -v}, 'p.json#x', {result: t}]}\n"
    assert format_text(text, ".rush") == text


def test_windows_line_ends_stay() -> None:
    """All lines end as the file's lines do."""
    assert format_text("tasks:\r\n    a:   x\r\n", ".rush") == "tasks:\r\n  a: x\r\n"


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n"])
def test_a_file_without_values(text: str) -> None:
    """There is little to do, and no harm is done."""
    assert format_text(text, ".rush").strip() == text.strip()


def test_a_wrong_file_is_refused() -> None:
    """With the message that loading it gives."""
    with pytest.raises(ConfigError) as caught:
        format_text("task: {}\n", ".rush")
    assert str(caught.value).startswith(".rush:1:1: unknown key `task`")


def test_without_ruamel_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    for name in [name for name in sys.modules if name.split(".")[0] == "ruamel"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    with pytest.raises(MissingCapability, match="taskrush\\[fmt\\]"):
        format_text(UGLY, ".rush")


SCALARS = st.sampled_from(
    ["x", "'a # b'", '"c\\nd"', "010", "yes", "1.10", "a#b", "echo hi", "- x".replace("- ", "-"), "~x", "é", "'it''s'"]
)
ENDS = st.sampled_from(["", "  # note", "   ", " # é"])
BETWEEN = st.sampled_from(["", "\n", "\n\n", "# between\n", "  # two\n", "   \n"])
COMMANDS = st.sampled_from(
    ["cmd: {}{}\n", "cmd: [{}, a]{}\n", "cmd:\n{pad}- {}{}\n{pad}- b\n", "cmd: |\n{pad}  {}\n{pad}  {}\n"]
)


@st.composite
def files(draw: st.DrawFn) -> str:
    width = draw(st.sampled_from([1, 2, 3, 4]))
    text = draw(BETWEEN) + "tasks:" + draw(ENDS) + "\n"
    for name in draw(st.lists(st.sampled_from("abcd"), min_size=1, unique=True)):
        text += draw(BETWEEN) + " " * width + name + ":" + draw(ENDS) + "\n"
        pad = " " * width * 2
        text += pad + draw(COMMANDS).replace("{pad}", pad).format(draw(SCALARS), draw(ENDS) or " # x")
        text += draw(BETWEEN)
        text += pad + "env: {A: " + draw(SCALARS) + ",  B:   " + draw(SCALARS) + "}" + draw(ENDS) + "\n"
    return text + draw(BETWEEN)


@settings(max_examples=60)
@given(files())
def test_files_of_all_shapes(text: str) -> None:
    """Whatever a right file looks like: the same meaning, the same comments, stable."""
    try:
        read_text(Source(".rush", text), ".rush")
    except ConfigError:
        return
    done = format_text(text, ".rush")
    assert same(text, done)
    assert _comments(text) == _comments(done)
    assert format_text(done, ".rush") == done
