"""What is said about a task in Python, before it is a task: a mark on a function or a command.

It knows nothing of other tasks: `taskset.py` finds out which tasks the things named in `deps` are.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from typing import Any, Callable, Generic, TypeVar, Union

from taskrush.declare.place import at, place_of_caller
from taskrush.errors import ConfigError
from taskrush.model.limits import Limits, Resources, pool_uses
from taskrush.model.policy import Cache, Ingredient, Requirement, as_input
from taskrush.model.sizes import as_bytes
from taskrush.model.task import Dep, Task
from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, List, Mapping, NoReturn, Optional, Tuple

    from taskrush.errors import Where
    from taskrush.model.limits import PoolGiven
    from taskrush.model.task import Action

R = TypeVar("R")
MARK = "__taskrush_task__"


@frozen(kw_only=True, eq=False)
class Mark:
    """What was said about a task, and where. `name` is None where only a variable can tell.

    `deps` and `finally_` hold what was given: names, functions, commands, tasks. `fields` are fields of `Task`.
    Marks are told apart by identity: that is how a dependency on a function finds its task.
    """

    name: Optional[str]
    explicit: bool
    deps: Tuple[object, ...] = ()
    finally_: Tuple[object, ...] = ()
    fields: Mapping[str, Any] = field(factory=dict)
    description: Optional[str] = None
    isolate: str = "thread"
    where: Optional[Where] = None


class Command(Generic[R]):
    """A task that is only a command; `command` makes it. R is the type of its result: text if it is captured."""

    def __init__(self, action: Action, mark: Mark) -> None:
        self.action = action
        setattr(self, MARK, mark)

    def __repr__(self) -> str:
        mark: Mark = getattr(self, MARK)
        return f"command({str(self.action)!r}, name={mark.name!r})"


@frozen(eq=False)
class ValueOf:
    """Among `inputs`: what a task returns; `value_of` makes it."""

    task: object


Input = Union[str, "os.PathLike[str]", Ingredient, ValueOf]
"""What `inputs` lists: patterns, parts of files (`package.json#version`), and what stands in for anything else."""
Dependency = Union[str, Dep, Task, Command[Any], Callable[..., Any]]
marked: ContextVar[Optional[List[Tuple[Callable[..., Any], Mark]]]] = ContextVar("taskrush_marked", default=None)
"""While a module is loaded: the functions it marks, so that one hidden by a later one of its name is noticed."""


def mark_of(value: object) -> Optional[Mark]:
    """The mark of a function or command, or None."""
    if isinstance(value, type):
        return None
    mark = getattr(value, MARK, None)
    return mark if isinstance(mark, Mark) else None


def refuse(message: str, hint: str, where: Optional[Where]) -> NoReturn:
    raise ConfigError(at(where, message, hint))


def shared_fields(
    inputs: Union[Input, Iterable[Input], None],
    outputs: Iterable[str],
    incremental: bool,
    env: Optional[Mapping[str, str]],
    pass_env: Iterable[str],
    cwd: str,
    cache: Union[bool, Cache, None],
    if_: Optional[str],
    requires: Union[str, Iterable[Union[str, Requirement]]],
    platforms: Iterable[str],
    confirm: Optional[str],
    interactive: bool,
) -> dict[str, Any]:
    """The fields of `Task` that functions and commands share."""
    several: Iterable[Union[str, Requirement]] = (requires,) if isinstance(requires, str) else requires
    patterns, others = split_inputs(inputs)
    return {
        "inputs": patterns,
        "ingredients": others,
        "outputs": texts(outputs),
        "incremental": incremental,
        "env": {name: str(value) for name, value in (env or {}).items()},
        "pass_env": texts(pass_env),
        "cwd": str(cwd),
        "cache": cache if isinstance(cache, Cache) else Cache(enabled=cache),
        "condition": if_,
        "requires": tuple(Requirement(command=item) if isinstance(item, str) else item for item in several),
        "platforms": texts(platforms),
        "confirm": confirm,
        "interactive": interactive,
    }


def limits_of(
    pool: PoolGiven,
    mutex: Union[str, Iterable[str]],
    exclusive: bool,
    resources: Union[Resources, Mapping[str, Any], None],
    priority: Optional[int],
    jobserver: Union[bool, str],
) -> Optional[Limits]:
    """What limits a task; None where nothing was said. Raises `ConfigError` at the line that says it."""
    if not (pool or mutex or exclusive or resources or priority is not None or jobserver):
        return None
    where = place_of_caller(2)
    try:
        return Limits(
            pools=pool_uses(pool, where),
            mutex=texts(mutex),
            exclusive=exclusive,
            resources=resources if isinstance(resources, Resources) else _resources(resources or {}),
            priority=priority,
            jobserver=_style(jobserver),
        )
    except ValueError as error:
        refuse(str(error), "the shapes are those of `.rush` files: docs/how-to/limits.md", where)


def _style(jobserver: Union[bool, str]) -> str:
    if jobserver not in (True, False, "auto", "fifo", "pipe", ""):
        raise ValueError(f"`jobserver` is True, False, 'fifo' or 'pipe', not {jobserver!r}")
    return jobserver if isinstance(jobserver, str) else "auto" if jobserver else ""


def _resources(given: Mapping[str, Any]) -> Resources:
    for name in given:
        if name not in ("cpu", "memory"):
            raise ValueError(f"`resources` are `cpu` and `memory`, not `{name}`")
    cpu, memory = given.get("cpu"), given.get("memory")
    if cpu is not None and not (isinstance(cpu, (int, float)) and cpu > 0):
        raise ValueError(f"`cpu` is a number above 0, not {cpu!r}")
    return Resources(cpu=cpu, memory=as_bytes(memory) if isinstance(memory, str) else memory)


def split_inputs(
    inputs: Union[Input, Iterable[Input], None],
) -> Tuple[Optional[Tuple[str, ...]], Tuple[Union[Ingredient, ValueOf], ...]]:
    """The patterns among `inputs`, and everything else; None where nothing was said. Paths are never parts of files."""
    if inputs is None:
        return None, ()
    items = (inputs,) if isinstance(inputs, (str, os.PathLike, Ingredient, ValueOf)) else tuple(inputs)
    read = [as_input(item) if isinstance(item, str) else item for item in items]
    patterns = tuple(os.fspath(item) for item in read if not isinstance(item, (Ingredient, ValueOf)))
    return patterns, tuple(item for item in read if isinstance(item, (Ingredient, ValueOf)))


def texts(values: Iterable[str]) -> Tuple[str, ...]:
    """Texts and paths as texts; one alone counts as a list of one."""
    if isinstance(values, (str, os.PathLike)):
        values = (values,)
    return tuple(os.fspath(value) for value in values)


def allowed_codes(allowed: Union[bool, int, Iterable[int]]) -> Union[bool, Tuple[int, ...]]:
    """`allow_failure` as tasks hold it: any failure, none, or exit codes; one alone counts as a list of one."""
    if isinstance(allowed, bool):
        return allowed
    return (allowed,) if isinstance(allowed, int) else tuple(allowed)


def several(values: Any) -> Tuple[object, ...]:
    return (
        tuple(values) if isinstance(values, (list, tuple, set, frozenset)) or hasattr(values, "__next__") else (values,)
    )
