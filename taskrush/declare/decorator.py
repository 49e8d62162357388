"""`@task`, `command` and `TaskSet`: tasks declared in Python.

The decorator marks a function and gives it back unchanged; nothing is registered anywhere. `TaskSet.from_module`
collects the marks.
"""

import inspect
from types import ModuleType
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple, TypeVar, Union, overload

import attrs

from taskrush.errors import Where
from taskrush.model.policy import Cache
from taskrush.model.task import Argv, Call, Dep, Shell, Task, TaskId

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")
Dependency = Union[str, Dep, Task, Callable[..., Any]]
MARK = "__taskrush_task__"


@attrs.frozen(kw_only=True)
class Mark:
    """What `@task` was told about a function."""

    name: str
    deps: Tuple[Dependency, ...] = ()
    fields: Mapping[str, Any] = attrs.field(factory=dict)


@overload
def task(function: F) -> F: ...
@overload
def task(
    *,
    name: Optional[str] = ...,
    deps: Iterable[Dependency] = ...,
    inputs: Optional[Iterable[str]] = ...,
    outputs: Iterable[str] = ...,
    env: Optional[Mapping[str, str]] = ...,
    cwd: str = ...,
    description: Optional[str] = ...,
    cache: Optional[bool] = ...,
    isolate: str = ...,
    **fields: Any,
) -> Callable[[F], F]: ...
def task(
    function: Optional[F] = None,
    *,
    name: Optional[str] = None,
    deps: Iterable[Dependency] = (),
    inputs: Optional[Iterable[str]] = None,
    outputs: Iterable[str] = (),
    env: Optional[Mapping[str, str]] = None,
    cwd: str = ".",
    description: Optional[str] = None,
    cache: Optional[bool] = None,
    isolate: str = "thread",
    **fields: Any,
) -> Any:
    """Make a task of a function, with or without arguments. The function itself stays as it is."""

    def mark(function: F) -> F:
        given = dict(
            fields,
            inputs=inputs,
            outputs=outputs,
            env=dict(env or {}),
            cwd=cwd,
            description=description,
            cache=Cache(enabled=cache),
            isolate=isolate,
        )
        setattr(
            function,
            MARK,
            Mark(name=name or function.__name__.replace("_", "-"), deps=tuple(deps), fields=given),
        )
        return function

    return mark if function is None else mark(function)


def command(
    action: Union[str, List[str]],
    *,
    name: Optional[str] = None,
    deps: Iterable[Dependency] = (),
    **fields: Any,
) -> Task:
    """A task that is only a command: a string for the shell or a list of words. Its name is the variable's."""
    value: Union[Shell, Argv] = Shell((action,)) if isinstance(action, str) else Argv(tuple(action))
    return Task(id=TaskId(name or ""), action=value, deps=tuple(_dep(dep) for dep in deps), where=_caller(2), **fields)


def result_of(task: Callable[..., R]) -> R:
    """As a parameter's default: the value that the task `task` returned in this run. That task becomes a dependency."""
    return ResultOf(task)  # type: ignore[return-value]


@attrs.frozen
class ResultOf:
    """Stands for the value of a task until the run has it."""

    task: Callable[..., Any]


class TaskSet:
    """Tasks by name, before they make a graph. Sets are joined with `include`, under a namespace if wished."""

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        self._tasks: Dict[TaskId, Task] = {task.id: task for task in tasks}

    @classmethod
    def from_module(cls, module: ModuleType) -> "TaskSet":
        """All marked functions, commands and sets of tasks that a module defines or imports by name."""
        found = cls()
        for name, value in list(vars(module).items()):
            if isinstance(value, Task):
                if not value.id:
                    value = attrs.evolve(value, id=TaskId(name.replace("_", "-")))
                found._tasks[value.id] = value
            elif isinstance(value, TaskSet):
                found._tasks.update((made.id, made) for made in value.tasks)
            elif callable(value) and isinstance(getattr(value, MARK, None), Mark):
                made = task_of(value)
                found._tasks[made.id] = made
        return found

    @property
    def tasks(self) -> Tuple[Task, ...]:
        return tuple(self._tasks.values())


def task_of(function: Callable[..., Any]) -> Task:
    """The `Task` that a marked function stands for."""
    mark: Mark = getattr(function, MARK)
    fields = dict(mark.fields)
    isolate = fields.pop("isolate")
    description = fields.pop("description")
    if description is None:
        description = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
    bindings = {}
    for parameter in inspect.signature(function).parameters.values():
        if isinstance(parameter.default, ResultOf):
            bindings[parameter.name] = TaskId(_name(parameter.default.task))
    code = getattr(inspect.unwrap(function), "__code__", None)
    return Task(
        id=TaskId(mark.name),
        action=Call(function, isolate=isolate),
        description=description,
        deps=tuple(_dep(dep) for dep in mark.deps),
        bindings=bindings,
        where=Where(code.co_filename, code.co_firstlineno) if code else None,
        **fields,
    )


def _name(value: Dependency) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Dep):
        return value.task
    if isinstance(value, Task):
        return value.id
    mark = getattr(value, MARK, None)
    if mark is None:
        raise TypeError(f"not a task: {value!r}; decorate it with @task or give a name")
    return str(mark.name)


def _dep(value: Dependency) -> Dep:
    return value if isinstance(value, Dep) else Dep(_name(value))


def _caller(depth: int) -> Where:
    import sys

    frame = sys._getframe(depth)
    return Where(frame.f_code.co_filename, frame.f_lineno)
