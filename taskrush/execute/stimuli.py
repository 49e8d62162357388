"""What goes into the scheduler (a Stimulus) and what comes out (Instructions): values, each with what it means."""

from __future__ import annotations

from taskrush._typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Optional, Union

    from taskrush.model.outcome import Outcome


class Start(NamedTuple):
    """Stimulus: begin. The first one, once."""


class Checked(NamedTuple):
    """Stimulus: the check of a task is done. Without an outcome it has to run, else it has ended so."""

    node: int
    outcome: Optional[Outcome] = None


class Exited(NamedTuple):
    """Stimulus: what was launched, checked or killed has ended. With a `delay` it wants to be tried again after it.

    `starved`: it seems to have ended for lack of memory.
    """

    node: int
    outcome: Outcome
    delay: Optional[float] = None
    starved: bool = False


class Woke(NamedTuple):
    """Stimulus: the seconds of a `Sleep` are over."""

    node: int


class Stop(NamedTuple):
    """Stimulus: start nothing more and end what runs; with `force`, at once."""

    reason: str
    force: bool = False


class Overdue(NamedTuple):
    """Stimulus: a task that was told to end has had its grace period."""

    node: int


class Ready(NamedTuple):
    """Stimulus: a service that was launched can be used."""

    node: int


class Unready(NamedTuple):
    """Stimulus: a service that was launched cannot be used in time; its `Exited` says so in words."""

    node: int


if TYPE_CHECKING:
    Stimulus = Union[Start, Checked, Exited, Woke, Stop, Overdue, Ready, Unready]


class Check(NamedTuple):
    """Instruction: find out whether this task has to run; answer with `Checked`."""

    node: int


class Launch(NamedTuple):
    """Instruction: start this task's action; answer with `Exited`."""

    node: int


class Sleep(NamedTuple):
    """Instruction: an attempt failed so; answer with `Woke` after `seconds`, when the next one may start."""

    node: int
    outcome: Outcome
    seconds: float


class Again(NamedTuple):
    """Instruction: tell everyone that an attempt ended so for lack of memory, and that the next one runs alone."""

    node: int
    outcome: Outcome


class Held(NamedTuple):
    """Instruction: tell everyone that a task could start but for a limit, in words."""

    node: int
    limit: str


class Kill(NamedTuple):
    """Instruction: end this task's action or check; its `Exited` still comes."""

    node: int
    force: bool


class Park(NamedTuple):
    """Instruction: this task, which was found to have to run, needs no room until it is to be launched."""

    node: int


class StopService(NamedTuple):
    """Instruction: end this service, which nobody needs any more; its `Exited` still comes."""

    node: int


class Ended(NamedTuple):
    """Instruction: tell everyone that this task has ended."""

    node: int
    outcome: Outcome


class Finished(NamedTuple):
    """Instruction: the run is over; every task has ended. `ok`: all of them well."""

    ok: bool


if TYPE_CHECKING:
    Instruction = Union[Check, Launch, Sleep, Again, Held, Kill, Park, StopService, Ended, Finished]
