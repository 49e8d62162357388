"""The guardian: a tiny process that ends what is left of a run when the runner is killed.

It is a shell that waits at a pipe which only the runner holds open. A runner that ends in order kills its guardian
first; if the guardian sees the end of the pipe instead, the runner is gone, and everything that carries the run's
cookie is killed. Where there is no `/proc`, the runner names its process groups on the pipe (`+12 -12`) instead.
"""

from __future__ import annotations

import os

from taskrush._builtin import signal
from taskrush.runners.process_tree import COOKIE, PROC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from taskrush.runners.process_tree import Tree

# `$1` cookie, `$2` run. This shell and its children do not carry the cookie. Nothing is searched before the runner is
# gone. A process that was being started at that instant shows its cookie a moment later: hence three looks in vain.
SCRIPT = r"""
trap '' INT TERM HUP QUIT
cd /
groups=
while read -r sign group; do
  case $sign in
    +) groups="$groups $group " ;;
    -) groups="${groups%% $group *} ${groups##* $group }" ;;
  esac
done
LC_ALL=C; export LC_ALL
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
if printf 'x\n\000b=c' | grep -aq 'b=c' 2>/dev/null; then
  mark="(^|[^A-Za-z0-9_])$1=([^ ]*/)?$2([./]|[^ -~]|\$)"
  look() { grep -laE -e "$mark" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; }
else
  look() {
    for file in /proc/[0-9]*/environ; do
      if tr '\000' '\n' <"$file" 2>/dev/null | grep -qE -e "^$1=(.*/)?$2([./]|\$)"; then
        pid=${file#/proc/}; echo "${pid%%/*}"
      fi
    done
  } 2>/dev/null
fi
vain=0 round=0
while [ $vain -lt 3 ] && [ $round -lt 500 ]; do
  round=$((round + 1))
  pids=$(look "$1" "$2")
  if [ -n "$pids" ]; then
    vain=0
    kill -s KILL $pids 2>/dev/null
  else
    vain=$((vain + 1))
  fi
  sleep 0.02 2>/dev/null || sleep 1
done
"""


class Guardian:
    """Watches over the processes of one run; started with the first of them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._pid = 0
        self._pipe = -1
        self._names_groups = not os.path.isdir(f"{PROC}/self")

    def start(self) -> None:
        """See to it that there is one."""
        if self._pid or os.name != "posix":
            return
        env = {name: value for name, value in os.environ.items() if name != COOKIE}
        reader, self._pipe = os.pipe()
        try:
            self._pid = _start(["/bin/sh", "-c", SCRIPT, "taskrush-guardian", COOKIE, self._tree.mark], env, reader)
        except OSError:  # no shell, or no room for another process: the run can do without
            os.close(self._pipe)
            self._pipe = -1
        finally:
            os.close(reader)

    def watch(self, group: int) -> None:
        """A command was started."""
        if self._names_groups:
            self._tell(f"+ {group}\n")

    def forget(self, group: int) -> None:
        """A command and what it left in its group have ended."""
        if self._names_groups:
            self._tell(f"- {group}\n")

    def close(self) -> None:
        """The run ended in order."""
        if not self._pid:
            return
        pid, self._pid = self._pid, 0
        try:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self._pipe)
        self._pipe = -1

    def _tell(self, line: str) -> None:
        if self._pipe >= 0:
            try:
                os.write(self._pipe, line.encode())
            except OSError:
                pass


def _start(words: list[str], env: dict[str, str], stdin: int) -> int:
    """`posix_spawn` is several times as fast as `subprocess`; in a session of its own where that is possible."""
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, stdin, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
        try:
            return os.posix_spawn(words[0], words, env, file_actions=actions, setsid=True)
        except NotImplementedError:
            return os.posix_spawn(words[0], words, env, file_actions=actions, setpgroup=0)
    finally:
        os.close(null)
