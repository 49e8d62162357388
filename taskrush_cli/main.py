"""The entry of the command line: find the subcommand, run it, turn whatever is raised into a message and an exit code.

It decides exit codes: 0 all well, 1 a task failed or our output could not be written, 2 wrong usage or configuration,
3 a bug, 130 and 143 interrupted, 141 nobody reads our output any more. Nothing dear is imported here: `--version` and
completion come this way too.
"""

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional

PIPE_CLOSED = 141
UNWRITABLE = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT, errno.EBADF)


def main(argv: "Optional[List[str]]" = None) -> int:
    """Run one command line and return its exit code."""
    if argv is None:
        _end_at_ctrl_c()
        _open_what_is_closed()
        _collect_rarely()
    arguments = sys.argv[1:] if argv is None else argv
    try:
        code = _main(arguments)
        sys.stdout.flush()
        if argv is None:
            _leave_the_rest()
        return code
    except BrokenPipeError:
        return _unread()
    except BaseException as error:
        if _is_interruption(error):
            _say("interrupted\n")
            return 130
        if not isinstance(error, Exception):
            raise
        return _failed(error, arguments)


def _main(arguments: "List[str]") -> int:
    if arguments in (["--version"], ["-V"]):
        from taskrush._version import __version__

        print(f"taskrush {__version__}")
        return 0
    if arguments in (["--help"], ["-h"]):
        from taskrush_cli.render.help import overview

        print(overview(), end="")
        return 0
    if arguments[:1] == ["__complete"]:
        from taskrush_cli.complete import complete

        return complete(arguments[1:])
    from taskrush_cli.looking import asked

    wanted = asked(arguments)
    found = None
    code = None if wanted is None else wanted.answer()
    if code is None and arguments and wanted is None:
        from taskrush_cli.idle import answer

        found = answer(arguments)
        code = found if isinstance(found, int) else None
    if code is not None:
        return code
    from taskrush_cli.parser import parse

    command, options = parse(arguments)
    options.words, options.known = tuple(arguments), found
    return command(options)


def _open_what_is_closed() -> None:
    """Whoever closed one of our three streams (`>&-`) wants nothing there; else a pipe of ours would get its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free, which is the one it had
            setattr(sys, name, os.fdopen(null, mode, closefd=False))


def _collect_rarely() -> None:
    """Importing and loading make many objects and hardly any garbage, which Python would look for 40 times (4 ms)."""
    import gc

    gc.set_threshold(50_000, 20, 50)


def _leave_the_rest() -> None:
    """The process ends, and what it holds goes with it: it need not be searched for garbage (5 ms), unless code of the
    user's made some of it, or there is a database, which is tidied up when it is closed."""
    import gc

    if not sys.modules.keys() & {"taskrush.declare.module", "sqlite3"}:
        gc.freeze()


def _end_at_ctrl_c() -> None:
    """Until a command takes the signals over, nothing runs that would have to be ended, so SIGINT may end us at once.
    The `KeyboardInterrupt` that Python makes of it would be lost if it came inside a finaliser or a callback.
    """
    import _signal  # type: ignore[import-not-found]  # the part of `signal` that costs nothing to import

    def end(number: int, frame: object) -> None:
        try:
            os.write(2, b"interrupted\n")
        finally:
            os._exit(130)

    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, end)


def _is_interruption(error: "Optional[BaseException]") -> bool:
    """Ctrl-C before there was a handler; Python before 3.12 wraps one that comes while a class is being made."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__
    return False


def _failed(error: Exception, arguments: "List[str]") -> int:
    from taskrush.errors import TaskRushError
    from taskrush_cli.render.error import render_bug, render_error
    from taskrush_cli.render.style import Style

    style = Style.of(sys.stderr, _color(arguments), os.environ)
    if isinstance(error, OSError) and error.filename is None and error.errno in UNWRITABLE:
        _unread()
        _say(f"{style.paint('error:', 'red', 'bold')} cannot write the output: {(error.strerror or '').lower()}\n")
        return 1
    if isinstance(error, TaskRushError):
        _say(render_error(error, style))
        return error.exit_code
    details = bool(os.environ.get("TASKRUSH_DEBUG")) or "-vv" in arguments or arguments.count("-v") > 1
    clean = getattr(error, "without_secrets", str)
    _say(clean(render_bug(error, style, details)))
    return 3


def _color(arguments: "List[str]") -> str:
    """What the command line says about colours, read so simply that it works when parsing failed."""
    for word, following in zip(arguments, [*arguments[1:], ""]):
        if word == "--color":
            return following
        if word.startswith("--color="):
            return word[len("--color=") :]
    return os.environ.get("TASKRUSH_COLOR", "auto")


def _say(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def _unread() -> int:
    """Whoever read our output has gone: say nothing, also not when Python flushes at its end."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
    except (OSError, ValueError):
        pass
    return PIPE_CLOSED


if __name__ == "__main__":
    sys.exit(main())
