"""The guardian: a tiny process that ends what is left of a run when the runner is killed.

It holds the reading end of a pipe. A line `done` on it means that the run ended in order; the end of the pipe without it
means that the runner is gone, and then everything that carries the run's cookie is killed.
"""

import os
import subprocess
from typing import Optional

from taskrush.runners.process_tree import COOKIE, Tree

# read returns 0 with a line, else the pipe was closed. `grep` looks into the environment of every process;
# this shell and its children do not carry the cookie.
SCRIPT = r"""
trap '' INT TERM HUP QUIT
read -r line && exit 0
round=0
while [ $round -lt 200 ]; do
  round=$((round + 1))
  pids=$(grep -laE -e "(^|[^A-Z_])$1=[^ ]*$2" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3)
  [ -n "$pids" ] || exit 0
  kill -s KILL $pids 2>/dev/null
  sleep 0.02
done
"""


class Guardian:
    """Watches over the processes of one run; started with the first of them."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._process: Optional[subprocess.Popen[bytes]] = None

    def start(self) -> None:
        if self._process is not None or not os.path.isdir("/proc/self"):
            return
        env = {name: value for name, value in os.environ.items() if name != COOKIE}
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT, "taskrush-guardian", COOKIE, self._tree.mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            env=env,
        )

    def close(self) -> None:
        """The run ended in order."""
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.write(b"done\n")
            process.stdin.close()
        except OSError:
            pass
        process.wait()
        self._process = None
