"""What is remembered of runs that are over (or were, when somebody looked, still under way): plain values.

Times are seconds since 1970, durations are in seconds; all were measured to the microsecond. What was not measured or
is not known is None. It knows nothing of where these are kept.
"""

from __future__ import annotations

from taskrush._typing import NamedTuple
from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Mapping, Optional, Tuple

    from taskrush.model.task import TaskId

RUNNING = "running"
INTERRUPTED = "interrupted"
UNDER_WAY = "still running"
"""The `reason` of a run that goes on."""


@frozen(kw_only=True)
class PastRun:
    """A run. `exit_code` is None, and `reason` says why, where it has no end: it is under way, or was killed.

    `arguments` are the parameters that were given, by task and name, secrets taken out. `revision` and `branch` are
    those of the git checkout when it began. `reason` is why it was stopped. `resumes` is the run whose rest it was to
    do; with `only` it left out what its targets need. `tasks` is how many tasks it got to.
    """

    run: str
    began_at: float
    seconds: float = 0.0
    ok: bool = False
    exit_code: Optional[int] = None
    targets: Tuple[TaskId, ...] = ()
    jobs: int = 1
    arguments: Mapping[str, Mapping[str, str]] = field(factory=dict)
    host: str = ""
    revision: Optional[str] = None
    branch: Optional[str] = None
    reason: Optional[str] = None
    resumes: Optional[str] = None
    only: bool = False
    tasks: int = 0

    @property
    def ended(self) -> bool:
        return self.exit_code is not None


@frozen(kw_only=True)
class PastTask:
    """A task of a run, told by its last attempt. `state` is one of `State`'s values, `running` where it has no end.

    `reason` is what went wrong or why nothing ran, `why` is why nothing kept could be used. `waited_seconds` is how
    long it was ready and waited for room. `peak_bytes` is the peak memory of its processes, `read_bytes` and
    `written_bytes` went from and to storage. `key` identifies its work. `saved_seconds` is what a fresh or restored
    result took when it was made. `outputs` is one digest of all it made. `log_bytes` is how much it wrote, 0 where
    there is no log.
    """

    run: str
    task: TaskId
    state: str
    ok: bool
    code: Optional[int] = None
    reason: Optional[str] = None
    why: Optional[str] = None
    began_at: Optional[float] = None
    seconds: float = 0.0
    waited_seconds: Optional[float] = None
    cpu_user_seconds: Optional[float] = None
    cpu_system_seconds: Optional[float] = None
    peak_bytes: Optional[int] = None
    read_bytes: Optional[int] = None
    written_bytes: Optional[int] = None
    key: Optional[str] = None
    attempts: int = 1
    saved_seconds: Optional[float] = None
    outputs: Optional[str] = None
    log_bytes: int = 0
    runner: str = ""
    host: str = ""


@frozen(kw_only=True)
class PastAttempt:
    """One try of a task, counted from 1. `delay` is how long the next one was waited for; None for the last."""

    run: str
    task: TaskId
    attempt: int
    state: str
    code: Optional[int] = None
    reason: Optional[str] = None
    began_at: Optional[float] = None
    seconds: float = 0.0
    cpu_user_seconds: Optional[float] = None
    cpu_system_seconds: Optional[float] = None
    peak_bytes: Optional[int] = None
    read_bytes: Optional[int] = None
    written_bytes: Optional[int] = None
    delay: Optional[float] = None


class PastMeasure(NamedTuple):
    """What of a task of a run can be counted, for who looks at very many of them. `cpu` is user and system together."""

    run: str
    task: TaskId
    state: str
    seconds: float
    waited: Optional[float] = None
    cpu: Optional[float] = None
    peak_bytes: Optional[int] = None
    attempts: int = 1
    saved: Optional[float] = None


@frozen(kw_only=True)
class Keep:
    """How much history stays: runs of the last so many `seconds`, at most so many `rows` of tasks and `size` bytes."""

    seconds: float = 90 * 86400.0
    rows: int = 500_000
    size: int = 256_000_000
