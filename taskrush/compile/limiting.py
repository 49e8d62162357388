"""Limits of tasks: put together from what was declared, and the sizes of their pools looked up.

A pool is one for the whole workspace, wherever it is declared. What a task takes more of than there is would keep it
waiting for ever, and is an error here.
"""

from __future__ import annotations

from taskrush.compile.names import near
from taskrush.errors import Problem
from taskrush.model.limits import Limits, Pool, Resources
from taskrush.model.task import Call
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Optional, Tuple

    from taskrush.model.declaration import TaskDecl
    from taskrush.model.limits import PoolUse
    from taskrush.model.task import Task


def limits_of(decl: TaskDecl) -> Optional[Limits]:
    """What a declaration says of limits; None where it says nothing."""
    said = (decl.pool, decl.mutex, decl.exclusive, decl.resources, decl.priority, decl.jobserver)
    if all(one is None for one in said):
        return None
    return Limits(
        pools=decl.pool or (),
        mutex=decl.mutex or (),
        exclusive=bool(decl.exclusive),
        resources=decl.resources or Resources(),
        priority=decl.priority,
        jobserver=decl.jobserver or "",
    )


def known_pools(tasks: Iterable[Task], declared: Iterable[Pool]) -> Tuple[Dict[str, Pool], List[Problem]]:
    """Every pool by name: those of files and modules, and those that tasks made in Python bring along."""
    found: Dict[str, Pool] = {}
    problems: List[Problem] = []
    brought = (
        Pool(use.pool, use.size, use.where or task.where)
        for task in tasks
        if task.limits is not None
        for use in task.limits.pools
        if use.size is not None
    )
    for pool in (*declared, *brought):
        first = found.setdefault(pool.name, pool)
        if first.size != pool.size:
            also = f", at {first.where} it is {first.size}" if first.where else f" and {first.size}"
            problems.append(Problem(f"pool `{pool.name}` is declared with size {pool.size}{also}", pool.where))
    return found, list(dict.fromkeys(problems))


def with_sizes(task: Task, limits: Limits, pools: Dict[str, Pool]) -> Tuple[Task, List[Problem]]:
    """The task with the size of each pool it takes from, and what is wrong with its limits."""
    uses: List[PoolUse] = []
    problems: List[Problem] = []
    for use in limits.pools:
        pool = pools.get(use.pool)
        where = use.where or task.where
        if pool is None:
            message = f"task `{task.id}` takes from pool `{use.pool}`, which is not declared"
            hint = near(use.pool, pools) or f"declare it at the top of the file: `pools: {{{use.pool}: {use.weight}}}`"
            problems.append(Problem(message, where, hint))
            continue
        if use.weight > pool.size:
            message = f"task `{task.id}` takes {use.weight} of pool `{use.pool}`, which holds {pool.size}"
            problems.append(Problem(message, where, _make_it_fit(use, pool)))
        uses.append(evolve(use, size=pool.size))
    if limits.jobserver and isinstance(task.action, Call):
        message = f"task `{task.id}` is a function and cannot be given a jobserver"
        problems.append(
            Problem(message, task.where, "give it to the task whose command runs `make`, `cargo` or `ninja`")
        )
    return evolve(task, limits=evolve(limits, pools=tuple(uses))), problems


def _make_it_fit(use: PoolUse, pool: Pool) -> str:
    at = f" at {pool.where}" if pool.where and pool.where != use.where else ""  # Python brings them along
    return f"take at most {pool.size}, or make the pool larger{at}"
