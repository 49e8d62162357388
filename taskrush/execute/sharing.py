"""How commands of tasks come to share the run's slots: what they find in their environment, and inherit.

Programs of the user's PATH are looked at once each (`make --version`). Which tasks take part is declared: `jobserver`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess

from taskrush.execute.jobserver import Served, auth_in, with_jobserver, without_jobserver

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Mapping, Optional, Tuple

    from taskrush.execute.jobserver import Auth, Tokens
    from taskrush.model.task import Task

FIFO, PIPE = "fifo", "pipe"
FIRST_WITH_FIFO = (4, 4)  # of GNU make
_VERSION = re.compile(r"GNU Make (\d+)\.(\d+)")

# `make -j` would start a jobserver of its own
SHIM = """#!/bin/sh
n=$#
while [ "$n" -gt 0 ]; do
  word=$1; shift; n=$((n - 1))
  case $word in
    -j|--jobs) if [ "$n" -gt 0 ]; then case $1 in *[!0-9]*|'') ;; *) shift; n=$((n - 1)) ;; esac; fi ;;
    -j[0-9]*|--jobs=*) ;;
    *) set -- "$@" "$word" ;;
  esac
done
exec {make} "$@"
"""


class Sharing:
    """Lets commands take part in `tokens`: those served here, or those of `above`, a jobserver we run below.

    Tasks that do not ask for it do not see a jobserver above us: they would be given slots that are not theirs.
    """

    def __init__(self, tokens: Optional[Tokens], slots: int, above: Optional[Auth] = None) -> None:
        self._tokens = tokens
        self._slots = slots
        self._above = above
        self._styles: Dict[str, str] = {}

    def environment(self, task: Task, env: Mapping[str, str]) -> Mapping[str, str]:
        """The variables that are different for a task whose commands would have `env`."""
        flags = env.get("MAKEFLAGS", "")
        if not _takes_part(task) or self._tokens is None:
            return {"MAKEFLAGS": without_jobserver(flags)} if auth_in(flags) is not None else {}
        auth = self._auth(task, env)
        changed = {"MAKEFLAGS": with_jobserver(flags, auth, self._slots)}
        if isinstance(self._tokens, Served):
            folder = self._shims(self._tokens.folder, env)
            if folder is not None:
                changed["PATH"] = folder + os.pathsep + env.get("PATH", os.defpath)
        return changed

    def descriptors(self, task: Task, env: Mapping[str, str]) -> Tuple[int, ...]:
        """What its commands have to inherit."""
        if not _takes_part(task) or self._tokens is None:
            return ()
        auth = self._auth(task, env)
        return () if auth.path is not None else tuple(sorted(set(auth.descriptors)))

    def _auth(self, task: Task, env: Mapping[str, str]) -> Auth:
        if not isinstance(self._tokens, Served):
            assert self._above is not None
            return self._above
        style = "" if task.limits is None else task.limits.jobserver
        if style not in (FIFO, PIPE):
            style = self._style(shutil.which("make", path=env.get("PATH", os.defpath)))
        return self._tokens.auth if style == FIFO else self._tokens.inherited

    def _style(self, make: Optional[str]) -> str:
        """What a `make` understands; without one, what everything newer does."""
        if make is None:
            return FIFO
        if make not in self._styles:
            try:
                done = subprocess.run([make, "--version"], capture_output=True, timeout=5, check=False)
                found = _VERSION.search(done.stdout.decode("utf-8", "replace"))
            except (OSError, subprocess.SubprocessError):
                found = None
            old = found is not None and (int(found.group(1)), int(found.group(2))) < FIRST_WITH_FIFO
            self._styles[make] = PIPE if old else FIFO
        return self._styles[make]

    def _shims(self, folder: str, env: Mapping[str, str]) -> Optional[str]:
        """A folder with a `make` that does not leave the jobserver on `-j`; one for each PATH."""
        path = env.get("PATH", os.defpath)
        found = {name: shutil.which(name, path=path) for name in ("make", "gmake")}
        if not any(found.values()):
            return None
        place = os.path.join(folder, f"bin-{abs(hash(path)):x}")
        if not os.path.isdir(place):
            os.makedirs(place, mode=0o700)
            for name, program in found.items():
                if program is not None:
                    shim = os.path.join(place, name)
                    with open(shim, "w", encoding="utf-8", errors="surrogateescape") as file:
                        file.write(SHIM.replace("{make}", shlex.quote(os.path.abspath(program))))
                    os.chmod(shim, 0o700)
        return place


def _takes_part(task: Task) -> bool:
    if task.limits is None or not task.limits.jobserver:
        return False
    return not task.interactive and task.service is None  # a service holds no slot that it could share
