"""What limits how many tasks run at a time: pools, mutexes, resources, priorities. Values only.

Who may start when is decided by `execute/admission.py`.
"""

from __future__ import annotations

from taskrush._typing import Mapping
from taskrush.model.sizes import shown_bytes
from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

    from taskrush.errors import Where


@frozen
class Pool:
    """A named limit: what runs at a time takes at most `size` of it. One for the whole workspace.

    In Python a pool is declared by making one: `database = Pool("database", 2)`, then `@task(pool=database)`.
    """

    name: str
    size: int
    where: Optional[Where] = field(default=None, eq=False)


@frozen
class PoolUse:
    """That a task takes `weight` of a pool. `size` is what the pool holds, None until it was looked up."""

    pool: str
    weight: int = 1
    size: Optional[int] = None
    where: Optional[Where] = field(default=None, eq=False)


@frozen(kw_only=True)
class Resources:
    """What a task needs of the machine: `cpu` in slots of the run (`-j`), `memory` in bytes; None: not said."""

    cpu: Optional[float] = None
    memory: Optional[int] = None


@frozen(kw_only=True)
class Limits:
    """Beside what a task may run, and how urgent it is.

    An `exclusive` task runs alone. Of tasks with the same word in `mutex` one runs at a time. Higher `priority` starts
    first; None is that of the most urgent task that needs it. With `jobserver` its commands share the run's slots by
    GNU make's protocol: `fifo`, `pipe`, or `auto`, which is what its `make` understands.
    """

    pools: Tuple[PoolUse, ...] = ()
    mutex: Tuple[str, ...] = ()
    exclusive: bool = False
    resources: Resources = field(factory=Resources)
    priority: Optional[int] = None
    jobserver: str = ""


if TYPE_CHECKING:
    PoolGiven = Union[str, Pool, Iterable[Union[str, Pool]], Mapping[Union[str, Pool], int]]
    """How Python names pools: one, several, or with how much of each is taken."""


def pool_uses(given: PoolGiven, where: Optional[Where] = None) -> Tuple[PoolUse, ...]:
    """What is taken of which pool. Raises `ValueError` for a weight that is no whole number of at least 1."""
    if isinstance(given, (str, Pool)):
        given = (given,)
    weights: Mapping[Union[str, Pool], int] = given if isinstance(given, Mapping) else dict.fromkeys(given, 1)
    uses: List[PoolUse] = []
    for pool, weight in weights.items():
        if not isinstance(weight, int) or isinstance(weight, bool) or weight < 1:
            raise ValueError(f"what is taken of a pool is a whole number of at least 1, not {weight!r}")
        if isinstance(pool, Pool):
            uses.append(PoolUse(pool.name, weight, pool.size, where))
        else:
            uses.append(PoolUse(pool, weight, None, where))
    return tuple(uses)


def described(limits: Limits) -> Tuple[str, ...]:
    """Each limit in a few words, as a list shows it: ``pool database``, ``cpu 2``."""
    words = [f"pool {use.pool}" + (f" ({use.weight} of {use.size})" if use.weight > 1 else "") for use in limits.pools]
    words += [f"mutex {name}" for name in limits.mutex]
    if limits.exclusive:
        words.append("exclusive")
    if limits.resources.cpu is not None:
        words.append(f"cpu {limits.resources.cpu:g}")
    if limits.resources.memory is not None:
        words.append(f"memory {shown_bytes(limits.resources.memory)}")
    if limits.priority is not None:
        words.append(f"priority {limits.priority}")
    if limits.jobserver:
        words.append("jobserver")
    return tuple(words)


def as_plain(limits: Optional[Limits]) -> Optional[Dict[str, Any]]:
    """Limits as JSON shows them; None where there are none. Memory is in bytes."""
    if limits is None:
        return None
    return {
        "pools": {use.pool: use.weight for use in limits.pools},
        "mutex": list(limits.mutex),
        "exclusive": limits.exclusive,
        "cpu": limits.resources.cpu,
        "memory": limits.resources.memory,
        "priority": limits.priority,
        "jobserver": limits.jobserver or None,
    }
