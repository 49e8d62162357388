"""`@task` and `result_of`: what people write. They mark functions and register nothing; `taskset.py` makes tasks.

The function stays the very object it was: calling a task calls the function. A parameter whose default is
`result_of(...)` then holds a marker unless the caller passes a value; any use of the marker says so.
"""

from __future__ import annotations

import inspect
from typing import Any, Callable, TypeVar, overload

from taskrush.declare.hints_given import hints_given
from taskrush.declare.mark import (
    MARK,
    Command,
    Mark,
    ValueOf,
    allowed_codes,
    limits_of,
    mark_of,
    marked,
    refuse,
    several,
    shared_fields,
    texts,
)
from taskrush.declare.place import place_of, place_of_caller
from taskrush.declare.signature import ResultOf
from taskrush.model.notification import as_notices
from taskrush.model.policy import Ingredient
from taskrush.model.retry import as_retry, as_timeout
from taskrush.model.secret import as_secrets
from taskrush.model.service import as_service
from taskrush.model.spelling import dashed
from taskrush.model.task import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Coroutine, Iterable, Literal, Mapping, Optional, Union

    from taskrush.declare.mark import Dependency, Input
    from taskrush.model.limits import PoolGiven, Resources
    from taskrush.model.notification import Notice
    from taskrush.model.policy import Cache, FailureHint, Requirement
    from taskrush.model.retry import Retry, TimeoutGiven
    from taskrush.model.secret import SecretsGiven
    from taskrush.model.service import ServiceGiven

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")
ISOLATION = ("thread", "process")


@overload
def task(function: F, /) -> F: ...
@overload
def task(
    *,
    name: Optional[str] = ...,
    deps: Union[Dependency, Iterable[Dependency]] = ...,
    finally_: Union[Dependency, Iterable[Dependency]] = ...,
    description: Optional[str] = ...,
    inputs: Union[Input, Iterable[Input], None] = ...,
    outputs: Iterable[str] = ...,
    incremental: bool = ...,
    env: Optional[Mapping[str, str]] = ...,
    pass_env: Iterable[str] = ...,
    secrets: SecretsGiven = ...,
    cwd: str = ...,
    cache: Union[bool, Cache, None] = ...,
    if_: Optional[str] = ...,
    requires: Union[str, Iterable[Union[str, Requirement]]] = ...,
    platforms: Iterable[str] = ...,
    confirm: Optional[str] = ...,
    interactive: bool = ...,
    retry: Union[int, Retry, None] = ...,
    hints: Iterable[FailureHint] = ...,
    timeout: TimeoutGiven = ...,
    pool: PoolGiven = ...,
    mutex: Union[str, Iterable[str]] = ...,
    exclusive: bool = ...,
    resources: Union[Resources, Mapping[str, Any], None] = ...,
    priority: Optional[int] = ...,
    jobserver: Union[bool, str] = ...,
    allow_failure: Union[bool, int, Iterable[int]] = ...,
    notify: Union[str, Notice, Iterable[Union[str, Notice]]] = ...,
    service: ServiceGiven = ...,
    remote: Optional[str] = ...,
    aliases: Iterable[str] = ...,
    tags: Iterable[str] = ...,
    hidden: bool = ...,
    isolate: Literal["thread", "process"] = ...,
) -> Callable[[F], F]: ...
def task(
    function: Optional[F] = None,
    /,
    *,
    name: Optional[str] = None,
    deps: Union[Dependency, Iterable[Dependency]] = (),
    finally_: Union[Dependency, Iterable[Dependency]] = (),
    description: Optional[str] = None,
    inputs: Union[Input, Iterable[Input], None] = None,
    outputs: Iterable[str] = (),
    incremental: bool = False,
    env: Optional[Mapping[str, str]] = None,
    pass_env: Iterable[str] = (),
    secrets: SecretsGiven = (),
    cwd: str = ".",
    cache: Union[bool, Cache, None] = None,
    if_: Optional[str] = None,
    requires: Union[str, Iterable[Union[str, Requirement]]] = (),
    platforms: Iterable[str] = (),
    confirm: Optional[str] = None,
    interactive: bool = False,
    retry: Union[int, Retry, None] = None,
    hints: Iterable[FailureHint] = (),
    timeout: TimeoutGiven = None,
    pool: PoolGiven = (),
    mutex: Union[str, Iterable[str]] = (),
    exclusive: bool = False,
    resources: Union[Resources, Mapping[str, Any], None] = None,
    priority: Optional[int] = None,
    jobserver: Union[bool, str] = False,
    allow_failure: Union[bool, int, Iterable[int]] = False,
    notify: Union[str, Notice, Iterable[Union[str, Notice]]] = (),
    service: ServiceGiven = None,
    remote: Optional[str] = None,
    aliases: Iterable[str] = (),
    tags: Iterable[str] = (),
    hidden: bool = False,
    isolate: Literal["thread", "process"] = "thread",
) -> Any:
    """Make a task of a function, with or without arguments. The function itself stays as it is.

    `deps` and `finally_` take functions, commands, tasks and names. `description` is the first paragraph of the
    docstring unless given, `name` the function's with `-` for `_`. `if_` is a command: the task is skipped unless it
    exits with 0; `requires` are commands (or `Requirement`s) that must hold. `isolate="process"` runs the function in
    a fresh interpreter that can be killed. `inputs` take patterns, parts of files (`"package.json#version"`),
    `variable("NODE_*")`, `output_of("node --version")` and `value_of(task)`. `notify` takes names of channels and
    `Notice`s. The rest is as in `.rush` files.

    Raises `ConfigError` for what cannot be a task: classes, generators, things that cannot be called.
    """
    fields = shared_fields(
        inputs, outputs, incremental, env, pass_env, cwd, cache, if_, requires, platforms, confirm, interactive
    )
    fields.update(aliases=texts(aliases), tags=texts(tags), hidden=hidden, service=as_service(service))
    fields.update(allow_failure=allowed_codes(allow_failure), secrets=as_secrets(secrets))
    fields.update(limits=limits_of(pool, mutex, exclusive, resources, priority, jobserver))
    fields.update(retry=as_retry(retry), timeout=as_timeout(timeout), notify=as_notices(notify), remote=remote)
    fields.update(hints=hints_given(hints))

    def mark(function: F) -> F:
        _check(function, isolate)
        known = dashed(getattr(function, "__name__", "<lambda>"))
        made = Mark(
            name=name or (None if known == "<lambda>" else known),
            explicit=name is not None,
            deps=several(deps),
            finally_=several(finally_),
            fields=fields,
            description=description,
            isolate=isolate,
            where=place_of(function),
        )
        setattr(function, MARK, made)
        seen = marked.get()
        if seen is not None:
            seen.append((function, made))
        return function

    return mark if function is None else mark(function)


@overload
def result_of(task: Command[R]) -> R: ...
@overload
def result_of(task: Callable[..., Coroutine[Any, Any, R]]) -> R: ...
@overload
def result_of(task: Callable[..., R]) -> R: ...
def result_of(task: Any) -> Any:
    """As a parameter's default: the value that `task` returned in this run. That task becomes a dependency.

    The text of a command with `capture=True`. Raises `ConfigError` for what is no task.
    """
    _check_source(task)
    return ResultOf(task)


def value_of(task: Dependency) -> ValueOf:
    """Among `inputs`: what another task returns. That task becomes a dependency; the function receives nothing.

    Takes a function, a command with `capture=True`, a task or a name. Raises `ConfigError` for what is no task.
    """
    if not isinstance(task, str):
        _check_source(task)
    return ValueOf(task)


def variable(pattern: str) -> Ingredient:
    """Among `inputs`: variables of the environment by name, with wildcards: `variable("NODE_*")`.

    Commands of the task see those that match. `variable("!NODE_OPTIONS")` leaves out; the last match decides.
    """
    return Ingredient(env=pattern)


def output_of(command: str) -> Ingredient:
    """Among `inputs`: what a shell command prints, such as `node --version`; asked once a run, at the workspace."""
    return Ingredient(command=command)


def _check_source(task: Any) -> None:
    if mark_of(task) is None and not isinstance(task, Task):
        what = "has no result: it is no task"
        if isinstance(task, Command) or not callable(task):
            refuse(f"`{task!r}` {what}", "give the function or command itself", place_of_caller(2))
        name = getattr(task, "__name__", repr(task))
        refuse(f"`{name}` {what}", f"decorate `{name}` with `@task`", place_of_caller(2))


def _check(function: Any, isolate: str) -> None:
    if isinstance(function, (staticmethod, classmethod)):
        kind = type(function).__name__
        refuse(f"`@task` stands above `@{kind}`", f"put `@task` below `@{kind}`", place_of(function.__func__))
    if isinstance(function, type):
        hint = "decorate a function that makes one, or a bound method: `build = task(Builder().build)`"
        refuse(f"class `{function.__name__}` cannot be a task", hint, place_of_caller(3))
    if not callable(function):
        hint = f"write `@task(name={function!r})`" if isinstance(function, str) else "decorate a function"
        refuse(f"`{function!r}` cannot be a task: it is not callable", hint, place_of_caller(3))
    name = getattr(function, "__name__", repr(function))
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        hint = "return a list instead of yielding"
        refuse(f"generator function `{name}` cannot be a task: calling it runs nothing", hint, place_of(function))
    if isolate not in ISOLATION:
        hint = 'write `isolate="thread"` or `isolate="process"`'
        refuse(f"task `{name}`: unknown isolation {isolate!r}", hint, place_of(function))
