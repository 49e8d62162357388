"""A command that owns the terminal: it inherits our streams, and its process group is the terminal's foreground one.

Keys that send signals (Ctrl-C, Ctrl-Z) reach the command alone. Afterwards the terminal is ours again, in the modes it
had before. Without a terminal the command merely inherits the streams.
"""

from __future__ import annotations

import os

from taskrush._builtin import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, List, Mapping, Optional, Sequence

# the command waits until it is in the foreground; 9 is the largest descriptor every shell can name
WRAPPER = 'cd -- "$0" || exit 127; read -r go <&9 || exit 127; exec 9<&-; exec "$@"'
READY = 9
# where we could not see that it was stopped (macOS before Python 3.13), Ctrl-Z does nothing
IGNORE_STOP = "" if hasattr(os, "waitid") else "trap '' TSTP; "


class Foreground:
    """One command in the foreground. `start` first, `give_back` at its end."""

    def __init__(self) -> None:
        self._terminal = -1
        self._modes: Optional[List[Any]] = None
        self._handed = False
        self.pid = 0

    def start(self, words: Sequence[str], cwd: str, env: Mapping[str, str]) -> int:
        """Start the command and hand it the terminal; its process number, which is that of its group too."""
        import shutil

        if not words or not words[0]:
            raise ValueError("the command is empty")
        os.stat(os.path.join(cwd, "."))
        program = os.path.join(cwd, words[0]) if "/" in words[0] else shutil.which(words[0], path=env.get("PATH"))
        if program is None:
            raise FileNotFoundError(2, "not found", words[0])
        if not os.access(program, os.X_OK):
            os.stat(program)
            raise PermissionError(13, "may not be executed", words[0])
        self._remember()
        reader, writer = os.pipe()
        try:
            argv = ["/bin/sh", "-c", IGNORE_STOP + WRAPPER, cwd, *words]
            actions = [(os.POSIX_SPAWN_DUP2, reader, READY)]
            defaults = [signal.SIGPIPE, signal.SIGTTOU, signal.SIGTTIN, signal.SIGTSTP]
            self.pid = os.posix_spawn(argv[0], argv, env, file_actions=actions, setpgroup=0, setsigdef=defaults)
            self._hand_to(self.pid)
            os.write(writer, b"go\n")
        finally:
            os.close(reader)
            os.close(writer)
        return self.pid

    def look(self) -> None:
        """If the command was stopped (Ctrl-Z, or it wants the terminal in the background), stop as well, as if we were
        one; go on with it when we go on, in the foreground or not.
        """
        if not hasattr(os, "waitid"):
            return
        try:
            found = os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG)
        except ChildProcessError:
            return
        if found is None or not _has_terminal():
            return
        if self._terminal < 0:  # we were in the background when it was started
            self._remember()
        if self._handed or self._terminal < 0 or not self._is_ours():
            self._take_back()
            os.kill(0, signal.SIGSTOP)
            if self._terminal < 0:
                self._remember()
        if self._terminal >= 0 and self._is_ours():
            self._hand_to(self.pid)
        try:
            os.killpg(self.pid, signal.SIGCONT)
        except (ProcessLookupError, PermissionError):
            pass

    def give_back(self) -> None:
        """The command is over: the terminal is ours again, as it was."""
        if self._terminal < 0:
            return
        import termios

        had = self._handed
        self._take_back()
        if self._modes is not None and had:
            with _Unstoppable():
                try:
                    termios.tcsetattr(self._terminal, termios.TCSADRAIN, self._modes)
                except termios.error:  # the terminal is gone
                    pass
        os.close(self._terminal)
        self._terminal = -1

    def _remember(self) -> None:
        """Take note of the terminal if there is one and it is ours to give."""
        try:
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except OSError:
            return
        try:
            if os.tcgetpgrp(terminal) != os.getpgrp():  # we are in the background ourselves
                os.close(terminal)
                return
        except OSError:
            os.close(terminal)
            return
        import termios

        self._terminal = terminal
        self._modes = termios.tcgetattr(terminal)

    def _is_ours(self) -> bool:
        """Whether our process group is in the foreground."""
        try:
            return os.tcgetpgrp(self._terminal) == os.getpgrp()
        except OSError:
            return False

    def _take_back(self) -> None:
        """Bring our own group into the foreground, unless somebody else (the shell) was given the terminal since."""
        if self._handed:
            self._hand_to(os.getpgrp())
        self._handed = False

    def _hand_to(self, group: int) -> None:
        if self._terminal < 0:
            return
        self._handed = True
        with _Unstoppable():
            try:
                os.tcsetpgrp(self._terminal, group)
            except OSError:  # the group has ended already, or the terminal is gone
                pass


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


class _Unstoppable:
    """While in here, doing something to the terminal from the background does not stop us."""

    def __enter__(self) -> None:
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})

    def __exit__(self, *error: object) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)
