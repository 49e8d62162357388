"""What services mean for a run: the part of the scheduler that starts, holds and stops them (its rules hold here too).

It changes states by `_set` alone, and knows of ordinary tasks only which services they need.
"""

from __future__ import annotations

from taskrush._builtin import heappush
from taskrush.execute.stimuli import Check, Exited, Kill, Park, StopService, Unready
from taskrush.model.outcome import State, skipped
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional, Sequence, Set, Tuple, Union

    from taskrush.execute.service_ledger import ServiceLedger
    from taskrush.execute.stimuli import Instruction, Ready
    from taskrush.model.outcome import Outcome

UNNEEDED = "nothing that ran needed it"
BY_ITSELF = "it ended by itself; a service stays in the foreground until it is told to end"

_WAITING, _READY, _CHECKING, _RUNNING = State.WAITING, State.READY, State.CHECKING, State.RUNNING
_RETRYING, _FAILED = State.RETRYING, State.FAILED


class ServiceRules:
    """To be completed by `Scheduler`, which has these fields and methods."""

    _ledger: ServiceLedger
    _parked: Set[int]  # have to run, and wait for services
    _due: List[int]  # services that may start, once all that a stimulus means is done
    _doomed: Dict[int, str]  # are being ended because a service of theirs is gone
    _state: List[State]
    _blockers: List[int]
    _dependants: Sequence[Sequence[int]]
    _names: Sequence[str]
    _rank: List[Any]
    _ready: List[Tuple[Any, int]]
    _stopped: Optional[str]
    _out: List[Instruction]

    def _set(self, node: int, state: State) -> None:
        raise NotImplementedError

    def _launch(self, node: int) -> None:
        raise NotImplementedError

    def _release(self, node: int) -> None:
        raise NotImplementedError

    def _end(self, ends: List[Tuple[int, Outcome]]) -> None:
        raise NotImplementedError

    def _may_start(self, node: int) -> bool:
        raise NotImplementedError

    def _not_started(self, reason: str) -> Outcome:
        raise NotImplementedError

    def _reason(self, node: int, outcome: Outcome) -> str:
        raise NotImplementedError

    def _closure(self, nodes: Iterable[int]) -> frozenset[int]:
        raise NotImplementedError

    def _for_want_of_a_service(self, node: int) -> Optional[Outcome]:
        """How a task that has to run ends instead: a service is gone, or it is one that nobody needs any more."""
        ledger = self._ledger
        if node in ledger.all and not ledger.users[node]:
            return skipped(UNNEEDED, ok=True)
        gone = next((ledger.gone[on] for on in ledger.of(node) if on in ledger.gone), None)
        return None if gone is None else self._not_started(f"needs {gone}")

    def _park(self, node: int) -> None:
        """It has to run: start its services and let it wait for them, without room."""
        self._release(node)
        self._set(node, _WAITING)
        self._parked.add(node)
        if node not in self._ledger.all:
            self._out.append(Park(node))
        for service in self._ledger.of(node):
            if not self._blockers[service] and self._state[service] is _WAITING:
                self._due.append(service)

    def _start_services(self) -> None:
        """Check those that were asked for or for which a task waits."""
        due, self._due = self._due, []
        for service in due:
            if self._state[service] is not _WAITING or service in self._parked or not self._may_start(service):
                continue
            if service in self._ledger.asked or any(node in self._parked for node in self._dependants[service]):
                self._set(service, _CHECKING)
                self._out.append(Check(service))

    def _answered(self, stimulus: Union[Ready, Unready]) -> None:
        node, ledger = stimulus.node, self._ledger
        if isinstance(stimulus, Unready):
            if node not in ledger.up and node not in ledger.gone:
                ledger.gone[node] = f"`{self._names[node]}` failed"
                self._out.append(StopService(node))
        elif node not in ledger.up and node not in ledger.gone:
            ledger.up.add(node)
            self._unpark(node)
            if node in ledger.asked and not ledger.stay:
                ledger.asked.discard(node)
                if ledger.let_go(node):
                    self._end(self._retire(node))

    def _unpark(self, service: int) -> None:
        for node in self._ledger.can_be_used(self._dependants[service]):
            if node in self._parked and self._state[node] is _WAITING:
                if node in self._ledger.all:
                    self._parked.discard(node)
                if node in self._ledger.all:
                    self._launch(node)
                else:
                    self._set(node, _READY)
                    heappush(self._ready, (self._rank[node], node))

    def _as_service_or_user(self, end: Exited) -> Exited:
        """What the end of a process means that was stopped as planned, ended by itself, or lost its service."""
        node, outcome = end.node, end.outcome
        if node in self._ledger.ending and self._stopped is None and self._state[node] is _RUNNING:
            return Exited(node, evolve(outcome, state=State.SUCCEEDED, ok=True, reason=None))
        if node in self._doomed and not outcome.ok and self._stopped is None:
            return Exited(node, evolve(outcome, state=_FAILED, code=None, reason=self._doomed[node]))
        if node in self._ledger.all and outcome.state is State.SUCCEEDED and node not in self._ledger.ending:
            return Exited(node, evolve(outcome, state=_FAILED, ok=False, reason=BY_ITSELF))
        return end

    def _services_after(self, node: int, outcome: Outcome) -> List[Tuple[int, Outcome]]:
        """A task has ended: what ends with it for the sake of services, and which services nobody needs any more."""
        ledger = self._ledger
        ends: List[Tuple[int, Outcome]] = []
        self._parked.discard(node)
        if node in ledger.all:
            was_up = node in ledger.up
            ledger.up.discard(node)
            reason = self._reason(node, outcome)
            if not outcome.ok or node in ledger.ending:
                ledger.gone[node] = reason
                ends += self._lost(node, reason)
            elif not was_up:
                self._unpark(node)  # skipped by its condition, or it may fail: they go on without it
        for service in ledger.of(node):
            if ledger.let_go(service):
                ends += self._retire(service)
        return ends

    def _lost(self, service: int, reason: str) -> List[Tuple[int, Outcome]]:
        """A service is gone: those that run with it are ended, the others do not start."""
        ends = []
        for node in self._dependants[service]:
            if self._state[node] is _RUNNING and node not in self._doomed:
                if node not in self._ledger.ending:
                    self._doomed[node] = f"{reason} while it was needed"
                    self._out.append(Kill(node, force=False))
            elif self._state[node] in (_WAITING, _READY, _RETRYING):
                ends.append((node, self._not_started(f"needs {reason}")))
        return ends

    def _retire(self, service: int) -> List[Tuple[int, Outcome]]:
        """Nobody needs it any more."""
        state = self._state[service]
        if state is _RUNNING and service not in self._ledger.ending and service not in self._ledger.gone:
            self._ledger.ending.add(service)
            self._ledger.up.discard(service)
            self._ledger.gone[service] = f"`{self._names[service]}` was stopped"
            self._out.append(StopService(service))
        elif state is _WAITING:
            over = skipped(UNNEEDED, ok=True) if self._stopped is None else self._not_started("")
            return [(service, over)]
        return []

    def _let_go_of_asked(self) -> List[Tuple[int, Outcome]]:
        """The run is to end: what was asked for need not stay up longer than others need it."""
        asked, self._ledger.asked = sorted(self._ledger.asked), set()
        return [end for service in asked if self._ledger.let_go(service) for end in self._retire(service)]

    def _release_the_stuck(self) -> bool:
        """A task may need a service and, by way of `finally`, wait for its end. When only such are left, it ends.

        Whether anything ended at once.
        """
        ledger = self._ledger
        for node, state in enumerate(self._state):
            if state in (_CHECKING, _READY, _RETRYING) or (state is _RUNNING and node not in ledger.up):
                return False
        kept = self._closure(ledger.asked & ledger.up)
        stuck = [service for service in ledger.leaves(self._dependants) if service not in kept]
        for service in stuck:
            self._end(self._retire(service))
        waiting = (one for one in sorted(ledger.all) if self._state[one] is _WAITING and not self._blockers[one])
        first = None if kept or stuck else next(waiting, None)
        if first is not None:
            self._end([(first, skipped("all that needs it waits for its end", ok=False))])
        return first is not None
