"""What the end of a task alone tells: its exit code, the signal, the reason that TaskRush itself gave."""

from __future__ import annotations

import os
import re

from taskrush.analyze.causes import certain, perhaps
from taskrush.analyze.machine import Machine
from taskrush.analyze.programs import not_found
from taskrush.model.task import Argv, Shell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator, Mapping, Optional, Tuple

    from taskrush.analyze.causes import Look
    from taskrush.model.failure import Cause

_CANNOT_START = re.compile(r"cannot start: (.*)", re.DOTALL)
_OUTPUT = re.compile(r"did not make its declared output `([^`]+)`")
_NO_PROGRAM = re.compile(r"requires the program (\S+) on PATH")
_SILENT = re.compile(r"timed out: no output for ")
_TIME = re.compile(r"(?i)\btim(?:e[ds]? ?out|eout)\b|no output for|longer than")
MiB = 1 << 20
SIGNALS: Mapping[int, Tuple[str, Optional[str]]] = {
    4: ("an instruction that this processor does not know", "perhaps it was built for another kind of processor"),
    6: ("it aborted itself", "an assertion or the C library usually says why just before"),
    7: ("an access to memory that is not there any more", "perhaps a file it had mapped was cut, or the disk is full"),
    8: ("an arithmetic error, such as a division by zero", None),
    11: ("a crash in native code (an access to memory that is not its own)", "a core dump or `gdb` shows where"),
    13: ("nobody read what it wrote any more", "perhaps `head` or the like ended before what writes to it"),
    24: ("its limit on processor time (`ulimit -t`) was reached", None),
    25: ("its limit on the size of files (`ulimit -f`) was reached", None),
    31: ("a system call that is not allowed here", "perhaps a sandbox or container forbids it"),
}
CODES: Mapping[str, Mapping[int, Tuple[str, Optional[str]]]] = {
    "grep": {
        1: ("`grep` exits with 1 when nothing matches", "`|| true` if that is fine, `! grep ...` if it is wanted")
    },
    "diff": {1: ("`diff` exits with 1 when files differ", None)},
    "cmp": {1: ("`cmp` exits with 1 when files differ", None)},
    "pytest": {
        5: ("pytest found no tests (its exit code 5)", "are they named `test_*.py`, and is `cwd` right?"),
        4: ("pytest was called in a wrong way (its exit code 4)", None),
    },
    "timeout": {
        124: ("`timeout` ended the command (its exit code 124)", "give it more time, or find what it waits for")
    },
    "curl": {
        6: ("curl could not resolve the host (its exit code 6)", None),
        7: ("curl could not connect (its exit code 7)", "is the server up, and the port right?"),
        22: ("the server answered curl with an error, 400 or above (its exit code 22)", None),
        28: ("curl ran out of time (its exit code 28)", None),
        35: ("curl and the server could not agree on TLS (its exit code 35)", None),
        60: ("curl does not trust the server's certificate (its exit code 60)", None),
    },
    "ssh": {255: ("ssh itself failed (its exit code 255): no connection, or no way in", None)},
    "ruff": {2: ("ruff was called or configured in a wrong way (its exit code 2)", None)},
}


def of_end(look: Look) -> Iterator[Cause]:
    """Causes from how it ended, whatever it wrote."""
    reason = look.evidence.outcome.reason or ""
    start = _CANNOT_START.match(reason)
    if start is not None:
        cause = _not_started(start.group(1), look)
        if cause is not None:
            yield cause
        return
    made = _OUTPUT.match(reason)
    if made is not None:
        yield _not_made(made.group(1), look)
    program = _NO_PROGRAM.match(reason)
    if program is not None:
        cause = not_found(program.group(1), look, said=True)
        if cause is not None:
            yield cause
    if _SILENT.match(reason):
        yield certain(
            "timeout",
            "it was ended because it wrote nothing for longer than it may",
            "raise `idle` of its `timeout`, or find what it waits for",
        )
        return
    if _TIME.search(reason):
        yield certain(
            "timeout", "it was ended because it took longer than it may", "raise `timeout`, or find what it waits for"
        )
        return
    code = look.code
    if code is not None and (code < 0 or 128 < code < 160):
        yield from _signal(-code if code < 0 else code - 128, code < 0, look)
    elif code:
        yield from _code(code, look)


def _not_started(what: str, look: Look) -> Optional[Cause]:
    name = (re.findall(r"`([^`]+)`", what) or [""])[0]
    if what.startswith("the working directory"):
        near = look.machine.nearest(name)
        return certain(
            "working-directory",
            "the folder that `cwd` names is not there",
            f"did you mean `{look.machine.shown(near)}`?" if near else None,
        )
    if what.startswith("the interpreter of"):
        return interpreter(name, look)
    if "may not be executed" in what:
        return not_executable(name, look)
    if "was not found" in what:
        return not_found(name, look, said=True)
    if "too long" in what:
        return certain("too-long", "the system takes no command that long", "pass the list in a file, or use `xargs`")
    if "Exec format" in what or "format error" in what:
        return wrong_format(name, look)
    return None


def interpreter(path: str, look: Look) -> Cause:
    """A script whose first line names what is not there."""
    first = look.machine.read(path).split("\n", 1)[0]
    if first.endswith("\r"):
        return crlf(path)
    named = first[2:].split()[:1] if first.startswith("#!") else []
    if named and not look.machine.exists(named[0]):
        return certain("interpreter", f"the first line of `{path}` names `{named[0]}`, which is not there")
    return perhaps("interpreter", f"`{path}` needs a program or a loader that is not there")


def crlf(path: str) -> Cause:
    remedy = f"`sed -i 's/\\r$//' {path}`, and `*.sh text eol=lf` in `.gitattributes`"
    return certain("crlf", f"the first line of `{path}` ends in CRLF, as files of Windows do", remedy)


def not_executable(path: str, look: Look) -> Cause:
    if look.machine.is_folder(path):
        return certain("is-a-folder", f"`{path}` is a folder")
    if look.machine.exists(path) and not look.machine.executable(path):
        return certain("not-executable", f"`{path}` is not marked as executable", f"`chmod +x {path}`")
    return perhaps("not-executable", f"`{path}` may not be executed: perhaps its file system is mounted `noexec`")


def wrong_format(path: str, look: Look) -> Cause:
    if not look.machine.read(path).startswith(("#!", "\x7fELF")):
        return certain(
            "format", f"`{path}` is neither a program nor does it begin with `#!`", "begin it with `#!/bin/sh`"
        )
    return perhaps("format", f"`{path}` looks like a program for another kind of machine")


def _not_made(pattern: str, look: Look) -> Cause:
    top = Machine(look.machine.root, ".", {})
    near = top.nearest(pattern)
    if near is not None and near == os.path.join(look.machine.shown(look.machine.cwd), pattern):
        return perhaps(
            "output-not-made",
            f"`outputs` are relative to the task file: there is `{near}`, made where the command runs",
            f"`outputs: [{near}]`",
        )
    if near is not None:
        return perhaps(
            "output-not-made",
            f"perhaps it makes `{near}` instead: that is there",
            "name in `outputs` what the command makes",
        )
    if look.machine.cwd != look.machine.root:
        shown = look.machine.shown(look.machine.cwd)
        return perhaps(
            "output-not-made", f"`outputs` are relative to the task file, the command runs in `{shown}`: perhaps that"
        )
    return perhaps("output-not-made", "perhaps the command writes elsewhere, or writes nothing when it is content")


def _signal(number: int, itself: bool, look: Look) -> Iterator[Cause]:
    if number == 9:
        yield _killed(itself, look)
    elif number in (1, 2, 15) and itself:
        name = {1: "SIGHUP", 2: "SIGINT", 15: "SIGTERM"}[number]
        if look.evidence.outcome.reason == f"killed by {name}":
            yield certain("signal", f"something sent it {name}, and not TaskRush")
    elif number in SIGNALS:
        message, remedy = SIGNALS[number]
        if itself:
            yield certain("signal", message, remedy)
        else:
            yield perhaps("signal", f"exit code {128 + number} usually means signal {number}: {message}", remedy)


def _killed(itself: bool, look: Look) -> Cause:
    """SIGKILL: most often for lack of memory, but the system does not tell us."""
    peak, whole = look.evidence.outcome.peak_bytes, look.machine.memory()
    facts = ""
    if peak and whole and peak > whole // 4:
        facts = f" (it had used {peak // MiB} MiB, there are {whole // MiB} MiB)"
    what = "it was killed by force" if itself else "exit code 137 means that it was killed by force"
    return perhaps(
        "out-of-memory",
        f"{what}, perhaps for lack of memory{facts}",
        "fewer tasks at a time (`-j`), or less memory for each; `dmesg` says whether the kernel did it",
    )


def _code(code: int, look: Look) -> Iterator[Cause]:
    known = CODES.get(_program(look)) or {}
    if code in known:
        message, remedy = known[code]
        yield certain("exit-code", message, remedy)


def _program(look: Look) -> str:
    """The program that decides the exit code of a simple command; empty if that is not plain."""
    action = look.evidence.task.action
    if isinstance(action, Argv):
        words = list(action.words)
    elif isinstance(action, Shell) and len(action.commands) == 1 and not re.search(r"[;&|<>()\n`]", action.commands[0]):
        words = action.commands[0].split()
    else:
        return ""
    while words and re.match(r"\w+=", words[0]):
        words.pop(0)
    if words[1:3] == ["-m", "pytest"]:
        return "pytest"
    return words[0].rpartition("/")[2] if words else ""
