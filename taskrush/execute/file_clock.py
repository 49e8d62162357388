"""The clock by which a file system stamps its files. It lags behind the other one, on a busy machine by many ticks."""

from __future__ import annotations

import os
import tempfile

from taskrush.execute.watched_files import stamp
from taskrush.statefile import state_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Optional


class FileClock:
    """Asks the file system of a workspace for the time, by touching a file without a name."""

    def __init__(self, root: str) -> None:
        self._file: Optional[IO[bytes]] = None
        try:
            self._file = tempfile.TemporaryFile(dir=state_folder(root))  # noqa: SIM115  # open while the watch is
        except OSError:  # nothing can be written here
            pass

    def not_after(self, moment: float) -> float:
        """How a file would be stamped now, or `moment` if that is earlier: what is changed from now on is not older."""
        if self._file is None:
            return moment
        try:
            os.utime(self._file.fileno())
            return min(moment, stamp(os.fstat(self._file.fileno())))
        except (OSError, ValueError):
            return moment

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
