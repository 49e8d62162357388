"""The analyser: what it says of well-known failures, that it never breaks, and never takes long."""

import os
import time
from typing import Any, Dict, List, Optional, Sequence, Tuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taskrush.analyze.causes import Look, causes_of, filled
from taskrush.analyze.decisive import SHOWN, decisive
from taskrush.analyze.failure import explain
from taskrush.analyze.flaky import flakiness, wilson
from taskrush.analyze.machine import Machine
from taskrush.analyze.output import WIDTH
from taskrush.analyze.system_causes import RULES as OF_SYSTEM
from taskrush.analyze.tool_causes import RULES as OF_TOOLS
from taskrush.model.failure import Cause, Evidence, Failure, Flakiness
from taskrush.model.history import PastTask
from taskrush.model.outcome import failed
from taskrush.model.policy import FailureHint
from taskrush.model.task import Task, TaskId

ROOT = os.path.dirname(__file__)
PHRASES = (
    *("error", "Traceback (most recent call last):", '  File "a.py", line 3, in x', "KeyError: 'AB_C'", "panic: x"),
    *("sh: 1: foo: not found", "No such file or directory: '\\'", "ENOENT ''", "Caused by: java.io.IOException: x"),
    *(
        "\tat a.b(C.java:3)",
        "Address already in use :99999999",
        "port 65536",
        "E   assert",
        "make: *** No rule to make",
    ),
    *("open x: permission denied", "bind :80", "Cannot find module './x'", "Missing script: x", "HTTP 404", "::1", "'"),
    *("^M: bad interpreter", "$'\\r': command not found", "[[: not found", "not ok 1", "During handling of the above"),
)
LINES = st.lists(
    st.one_of(
        st.lists(st.sampled_from([*PHRASES, " ", ":", "/", "`", "\0"]), max_size=6).map("".join),
        st.text(max_size=80),
    ),
    max_size=40,
)
CODES = st.one_of(st.none(), st.integers(-70, 300))


def explained(output: bytes, code: Optional[int] = 1, **more: Any) -> Failure:
    task = more.pop("task", Task(id="t", action="do it"))
    outcome = failed(more.pop("reason", f"exit code {code}"), code=code, key=more.pop("key", None))
    return explain(task, outcome, [("stdout", output)], root=more.pop("root", ROOT), env=more.pop("env", {}), **more)


def messages(found: Failure) -> "List[str]":
    return [cause.message for cause in found.causes]


# --- it never breaks -----------------------------------------------------------------------


@given(st.binary(max_size=2000), CODES, st.text(max_size=40))
def test_any_bytes(data: bytes, code: Optional[int], reason: str) -> None:
    """Whatever a task wrote, and however it ended, something is made of it, short and without control characters."""
    found = explained(data, code, reason=reason)
    assert len(found.lines) <= SHOWN
    assert all(line.isprintable() and len(line) <= WIDTH for line in found.lines)


@given(LINES, CODES)
@example(lines=["x" * 600 + ": No such file or directory"], code=127)
@example(lines=["Traceback (most recent call last):"] * 40, code=1)
def test_lines_that_nearly_mean_something(lines: "list[str]", code: Optional[int]) -> None:
    """Pieces of what tools print, in any order: no error, at most two causes, no line of its own invention."""
    found = explained("\n".join(lines).encode("utf-8", "replace"), code)
    assert len(found.causes) <= 2
    assert all(cause.message and "\n" not in cause.message for cause in found.causes)
    assert all(cause.certain or says_so(cause.message) for cause in found.causes), found.causes


def says_so(message: str) -> bool:
    """Whether a message shows that it is a guess, or states what was looked up on this machine."""
    words = ("perhaps", "looks as if", "looks like", "usually", "said to be", "may not be executed")
    facts = (
        "is taken",
        "is there: another",
        "there is no",
        "did not",
        "ports below",
        "refused a path",
        "is not on PATH",
    )
    return any(word in message for word in (*words, *facts))


@pytest.mark.parametrize(
    "line", ["a" * 20_000, "a: " * 9_000, "/" * 20_000, "x.y:1:" * 4_000, "'" * 9_000, " " * 20_000 + "x"]
)
def test_no_line_takes_long(line: str) -> None:
    """No expression of ours goes astray on long lines of one kind, a thousand of them."""
    begun = time.process_time()
    explained((line + "\n").encode() * 300)
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("rule", [*OF_SYSTEM, *OF_TOOLS], ids=lambda rule: rule.explain.__name__)
def test_every_rule_by_itself_on_hostile_lines(rule: Any) -> None:
    """Each expression answers at once, on lines as long as they get."""
    seeds = (
        "a",
        "/a",
        "a:",
        "A_",
        "'a",
        "1:",
        " a",
        "no such ",
        "error ",
        "-l",
        "open ",
        "port ",
        "lock ",
        "A" * 3 + " ",
    )
    begun = time.process_time()
    for seed in seeds:
        rule.pattern.search((seed * WIDTH)[:WIDTH] + "!")
    assert time.process_time() - begun < 1


@pytest.mark.core
def test_much_output_is_dealt_with_in_little_time() -> None:
    """200,000 lines of which every one speaks of errors: under three seconds, and the last words are not lost."""
    begun = time.process_time()
    found = explained(b"ERROR: cannot open a thing: not found, failed\n" * 200_000 + b"fatal: that was it\n")
    assert time.process_time() - begun < 6
    assert "fatal: that was it" in found.lines
    assert found.written == 200_001


# --- decisive lines -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("ok\nerror: a\nerror: b\nbye\n", ("error: a", "error: b")),
        ("0 errors\nall fine, no failures\n", ("0 errors", "all fine, no failures")),
        ("compiling error.c\nmain.c:1:2: error: x\n", ("main.c:1:2: error: x",)),
        ("a.c:1:2: error: x\na.c:1:2: error: x\n", ("a.c:1:2: error: x",)),
        (
            "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/a/b.go:8 +0x1d\n",
            ("panic: boom", "    /a/b.go:8 +0x1d"),
        ),
        ("", ()),
    ],
)
def test_decisive_lines(text: str, lines: "Tuple[str, ...]") -> None:
    """First errors rather than last lines; what only sounds like one is none; nothing twice."""
    assert explained(text.encode()).lines == lines


def test_what_was_raised_while_something_else_was_handled() -> None:
    """Both are shown: the end of the first traceback and the second with its place."""
    text = (
        'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\nKeyError: 1\n\n'
        "During handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "b.py", line 2, in h\n    i()\nValueError: two\nlines\n'
    )
    shown = explained(text.encode()).lines
    assert [line.strip() for line in shown] == ["KeyError: 1", 'File "b.py", line 2, in h', "ValueError: two"]


@given(LINES, st.integers(0, 8))
def test_decisive_lines_are_quotations(lines: "list[str]", limit: int) -> None:
    """Numbers of lines in order, no more than asked for."""
    chosen = decisive(lines, limit)
    assert len(chosen) <= limit
    assert list(chosen) == sorted(set(chosen))
    assert all(0 <= number < len(lines) for number in chosen)


# --- causes -------------------------------------------------------------------------------------


def test_hints_of_the_project_come_first_and_are_filled_in() -> None:
    """In the words of who wrote them, with what groups matched; braces that mean nothing stay."""
    hints = (FailureHint(pattern=r"E(\d+) in (?P<file>[\w.]+)", message="{1} of {file} {x}", remedy="see {1}"),)
    found = explained(b"E42 in a.c: No such file or directory: 'nowhere'\n", hints=hints)
    assert found.causes[0] == Cause(kind="hint", message="42 of a.c {x}", remedy="see 42", certain=True)
    assert found.causes[1].kind == "missing-file"


def test_a_plugin_has_its_say_and_cannot_spoil_it() -> None:
    """A function from evidence to causes; one that raises is left out."""

    def knows(evidence: Evidence) -> "Sequence[Cause]":
        return [Cause(kind="moon", message=f"perhaps the moon, at {evidence.lines[0]}")]

    def breaks(evidence: Evidence) -> "Sequence[Cause]":
        raise RuntimeError("boom")

    assert messages(explained(b"noon\n", advisors=(breaks, knows))) == ["perhaps the moon, at noon"]


def test_withheld_and_missing_variables_are_told_apart() -> None:
    """A variable that is set but withheld, one that is not set, one that is there: certain, perhaps, nothing."""
    line = b"TOKEN_A: unbound variable\n"
    withheld = explained(line, withheld=("TOKEN_A",)).causes
    missing = explained(line).causes
    assert [(cause.kind, cause.certain) for cause in (*withheld, *missing)] == [
        ("withheld-variable", True),
        ("missing-variable", False),
    ]
    assert explained(line, env={"TOKEN_A": "x"}).causes == ()


def test_a_signal_that_taskrush_sent_is_not_put_on_others() -> None:
    """After a time-out the code may be that of SIGTERM: then nothing is said of somebody else."""
    timed_out = explained(b"", -15, reason="timed out after 3s")
    assert [cause.kind for cause in timed_out.causes] == ["timeout"]
    assert [cause.kind for cause in explained(b"", -15, reason="killed by SIGTERM").causes] == ["signal"]


def test_what_is_there_is_no_missing_file(tmp_path: Any) -> None:
    """A complaint about a file that exists gives no cause; about one that does not, the nearest name."""
    (tmp_path / "Settings.toml").write_text("")
    line = b"cat: %s: No such file or directory\n"
    assert explained(line % b"Settings.toml", root=str(tmp_path)).causes == ()
    [cause] = explained(line % b"settings.toml", root=str(tmp_path)).causes
    assert (cause.certain, cause.remedy) == (False, "there is `Settings.toml`: did you mean that?")


class Elsewhere(Machine):
    """A machine on which looking breaks."""

    def exists(self, path: str) -> bool:
        return False

    def near_programs(self, name: str) -> "list[str]":
        return ["python"]


def test_this_machine_is_a_seam() -> None:
    """Another machine can be put in its place."""
    evidence = Evidence(task=Task(id="t", action="x"), outcome=failed(code=127), lines=("sh: 1: pyton: not found",))
    found = causes_of(evidence, Elsewhere(ROOT, ".", {"PATH": ""}))
    assert [cause.remedy for cause in found] == ["did you mean `python`?"]
    assert Look(evidence, Elsewhere(ROOT, ".", {})).code == 127


def test_groups_that_matched_nothing_are_empty() -> None:
    """An optional group is no `None` in a message."""
    import re

    match = re.search(r"a(b)?", "a")
    assert match is not None
    assert filled("<{1}>", match) == "<>"


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: a required argument is missing",
        "FAILED: output missing",
        "MAX_SIZE is set to 3",
        "CMake Error: CMAKE_C_COMPILER not set, after EnableLanguage",
        "user: not found",
        'ERROR:  relation "users" does not exist',
        "0 errors, 0 failures",
        "with the environment variable SHOP_DEBUG set, more is said",
        "the lock was acquired, the port is open, the disk is fine",
        "GET /index.html 200",
        "all 12 connections are up",
        "killed 3 birds; no such luck",
    ],
)
def test_words_that_only_sound_like_a_known_cause(line: str) -> None:
    """Nothing is made of them."""
    assert explained(f"{line}\n".encode()).causes == ()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Error: DEPLOY_TARGET is not set", "DEPLOY_TARGET"),
        ("missing environment variable TOKEN", "TOKEN"),
        ("KeyError: 'API_KEY' in os.environ", "API_KEY"),
        ("$HOMEPAGE must be set", "HOMEPAGE"),
        ("build.sh: line 3: STAGE: unbound variable", "STAGE"),
        ("the variable `REGION` is required", "REGION"),
    ],
)
def test_variables_that_a_line_asks_for(line: str, name: str) -> None:
    """By the ways in which programs ask."""
    [cause] = explained(f"{line}\n".encode(), withheld=(name,)).causes
    assert (cause.kind, f"`{name}`" in cause.message) == ("withheld-variable", True)


def test_an_option_is_named_with_its_dashes() -> None:
    """And the nearest one of those that the output mentions."""
    text = b"usage: shop [--python PATH]\nshop: error: unrecognized arguments: --pyhton\n"
    [cause] = explained(text).causes
    assert (cause.message[-10:], cause.remedy) == ("`--pyhton`", "did you mean `--python`?")


def test_what_is_on_path_is_not_said_to_be_missing() -> None:
    """A script may have changed PATH, or run elsewhere: then that is all that can be said."""
    [cause] = explained(b"sh: 1: sh: not found\n", 127, env={"PATH": "/bin:/usr/bin"}).causes
    assert (cause.certain, "although it is on the PATH" in cause.message) == (False, True)


# --- how it ended before --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilson_as_published(hits: int, trials: int, low: float, high: float) -> None:
    """Against figures of the score interval without continuity correction (Newcombe 1998, as statsmodels has them)."""
    assert wilson(hits, trials) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_interval_holds_the_share(hits: int, trials: int) -> None:
    """Between 0 and 1, around the share, and the same seen from the other side."""
    hits = min(hits, trials)
    low, high = wilson(hits, trials)
    assert 0 <= low <= hits / trials <= high <= 1
    assert wilson(trials - hits, trials) == (pytest.approx(1 - high), pytest.approx(1 - low))


def past(*ends: str, **more: Any) -> "List[PastTask]":
    """`+` and `-` for good and bad ends with key `k`, `o` for a good one with another key, `=` for a fresh one."""
    states: Dict[str, Tuple[str, str]] = {
        "+": ("succeeded", "k"),
        "-": ("failed", "k"),
        "o": ("succeeded", "other"),
        "=": ("fresh", "k"),
    }
    return [
        PastTask(run=str(n), task=TaskId("t"), state=states[end][0], ok=end != "-", key=states[end][1], **more)
        for n, end in enumerate(ends)
    ]


def test_flaky_is_another_end_with_the_same_key() -> None:
    """Counted with this failure; results from the cache are no ends; of other keys only where nothing else is known."""
    assert flakiness(past("+", "-", "=", "o"), "k") == Flakiness(
        runs=3, failed=2, low=pytest.approx(0.2077, abs=1e-3), high=pytest.approx(0.9385, abs=1e-3), same_key=True
    )
    assert flakiness(past("-", "-"), "k") is None
    assert flakiness(past("o", "o"), "k") is None
    other = flakiness(past("o", "-", "o"), None)
    assert other is not None
    assert (other.same_key, other.runs, other.failed) == (False, 4, 2)
    recovered = flakiness(past("+", attempts=2), "k")
    assert recovered is not None
    assert recovered.recovered == 1
