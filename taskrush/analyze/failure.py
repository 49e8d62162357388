"""Why a task failed, as far as it can be told: decisive lines, known causes, what changed, how it ended before.

It is given everything, asks nobody but this machine (and that only for what a cause wants to know), and claims only
what the system said; the rest is put as what it looks like.
"""

from __future__ import annotations

from taskrush.analyze.causes import causes_of
from taskrush.analyze.decisive import STRONG, decisive, telling
from taskrush.analyze.flaky import flakiness
from taskrush.analyze.machine import Machine
from taskrush.analyze.output import Output
from taskrush.model.failure import Evidence, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterable, Mapping, Optional, Sequence, Tuple

    from taskrush.model.history import PastTask
    from taskrush.model.outcome import Outcome
    from taskrush.model.policy import FailureHint
    from taskrush.model.task import Task
    from taskrush.protocols import Advisor

LAST = 25  # lines at the end in which causes are looked for, beside the decisive ones
FIRST_BLOCKS = 40


def explain(
    task: Task,
    outcome: Outcome,
    pieces: Iterable[Tuple[str, bytes]],
    *,
    root: str,
    env: Mapping[str, str],
    withheld: Sequence[str] = (),
    changed: str = "",
    past: Sequence[PastTask] = (),
    hints: Sequence[FailureHint] = (),
    advisors: Sequence[Advisor] = (),
    machine: Callable[[str, str, Mapping[str, str]], Machine] = Machine,
) -> Failure:
    """What can be said about a failure. `pieces` are its output with the streams they came from, in order.

    `env` is what its commands saw, `withheld` what they did not see of the caller's; `changed` what is not as it was
    when it last ended well; `past` how it ended before, newest first.
    """
    output = Output()
    for stream, data in pieces:
        output.feed(stream, data)
    lines = output.lines()
    texts = [line.text for line in lines]
    evidence = Evidence(task=task, outcome=outcome, lines=_evidence(texts), env=env, withheld=tuple(withheld))
    shown = [texts[number] for number in decisive(texts)]
    return Failure(
        lines=tuple(_dedented(shown)),
        written=output.count,
        causes=causes_of(evidence, machine(root, task.cwd, env), hints, advisors),
        changed=changed,
        history=flakiness(past, outcome.key),
    )


def _evidence(texts: Sequence[str]) -> Tuple[str, ...]:
    """The lines in which causes are looked for: the strongest of the decisive ones and the last ones, in order."""
    chosen = set(range(max(0, len(texts) - LAST), len(texts)))
    strong = sorted((block for block in telling(texts) if block.weight >= STRONG), key=lambda block: -block.weight)
    for block in strong[:FIRST_BLOCKS]:
        chosen.update(block.lines)
    return tuple(texts[number] for number in sorted(chosen) if texts[number].strip())


def _dedented(lines: Sequence[str]) -> list[str]:
    """Without the indentation that all of them have."""
    margin: Optional[int] = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[margin:].rstrip() for line in lines]
