"""A task: a named action with what it needs and makes, ready to be put into a graph.

Everything here is a value. A task does not know its graph, its state or how it is run.
"""

from __future__ import annotations

from taskrush.model.policy import Cache
from taskrush.values import Factory, field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, ClassVar, Iterable, List, Mapping, NewType, Optional, Tuple, Union

    from taskrush.errors import Problem, Where
    from taskrush.model.limits import Limits
    from taskrush.model.notification import Notice
    from taskrush.model.policy import FailureHint, Ingredient, Requirement
    from taskrush.model.retry import Retry, Timeout
    from taskrush.model.secret import Secret, SecretsGiven
    from taskrush.model.service import Service, ServiceGiven

if TYPE_CHECKING:
    TaskId = NewType("TaskId", str)
else:
    TaskId = str  # told apart by type checkers


@frozen
class Shell:
    """Commands for a shell, run one after the other until one fails; each has a shell of its own.

    `main` is the index of the one that takes what followed `--`.
    """

    commands: Tuple[str, ...]
    main: int = -1

    def __str__(self) -> str:
        return "\n".join(self.commands)


@frozen
class Argv:
    """One command as a list of words, started without a shell."""

    words: Tuple[str, ...]

    def __str__(self) -> str:
        import shlex

        return " ".join(shlex.quote(word) for word in self.words)


@frozen
class Call:
    """A Python function; async functions are awaited.

    `isolate` is `"thread"` (in this interpreter) or `"process"` (a fresh interpreter that can be killed).
    The function itself is no part of equality: `name` (`module:qualname`) stands for it.
    """

    function: Callable[..., Any] = field(eq=False)
    name: str = field(default=Factory(lambda self: describe_function(self.function), takes_self=True))
    isolate: str = "thread"

    def __str__(self) -> str:
        return f"{self.name}()"


if TYPE_CHECKING:
    Action = Union[Shell, Argv, Call]


def describe_function(function: Callable[..., Any]) -> str:
    """`module:qualname` of a function, or its repr when it has no name."""
    name = getattr(function, "__qualname__", None) or repr(function)
    return f"{getattr(function, '__module__', '?')}:{name}"


def as_action(value: object) -> Optional[Action]:
    """A string is for the shell, a list is an argv, a callable is called; actions and None stay."""
    if value is None or isinstance(value, (Shell, Argv, Call)):
        return value
    if isinstance(value, str):
        return Shell((value,))
    if callable(value):
        return Call(value)
    if isinstance(value, (list, tuple)) and all(isinstance(word, str) for word in value):
        return Argv(tuple(value))
    raise TypeError(f"an action is a string, a list of strings or a callable, not {value!r}")


_FUNCTION = type(as_action)


def as_function(value: object) -> Optional[Callable[..., Any]]:
    """An action that is a function and nothing else."""
    return value if isinstance(value, _FUNCTION) else None


@frozen
class Dep:
    """A task that must end well first.

    `optional`: no error when no such task exists. `order_only`: it runs first, but what it makes is no
    ingredient of this task's key. `by_key`: of a task that declares outputs not their content counts, but its key.
    `where` is the place that names it.
    """

    task: str
    optional: bool = False
    order_only: bool = False
    by_key: bool = False
    where: Optional[Where] = field(default=None, eq=False)


def as_deps(values: Iterable[object]) -> Tuple[Dep, ...]:
    """Names, tasks and `Dep`s, all as `Dep`s."""
    deps: List[Dep] = []
    for value in (values,) if isinstance(values, str) else values:
        if isinstance(value, Dep):
            deps.append(value)
        elif isinstance(value, Task):
            deps.append(Dep(value.id))
        elif isinstance(value, str):
            deps.append(Dep(value))
        else:
            raise TypeError(f"a dependency is a task or its name, not {value!r}")
    return tuple(deps)


def as_names(values: Iterable[object]) -> Optional[Tuple[str, ...]]:
    """What `deps` names; None if anything else was said about one."""
    if values.__class__ not in (list, tuple):
        return None
    names = []
    for value in values:
        if value.__class__ is str:
            names.append(value)
        elif value.__class__ is Task:
            names.append(value.id)
        else:
            return None
    return tuple(names)


def as_tuple(values: Iterable[str]) -> Tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)


def _optional_tuple(values: Optional[Iterable[str]]) -> Optional[Tuple[str, ...]]:
    return None if values is None else as_tuple(values)


@frozen
class Param:
    """A typed parameter of a task, filled from the command line, the environment or its default.

    `kind` is one of `str int float bool path`; `many` makes it a list of that kind. With `choices` only those
    values are taken. `required` ones have no default. `env` names the variable to fall back to.
    """

    name: str
    kind: str = "str"
    default: Any = None
    required: bool = False
    choices: Tuple[Any, ...] = ()
    many: bool = False
    help: str = ""
    env: Optional[str] = None
    convert: Optional[Callable[[str], Any]] = field(default=None, eq=False)
    where: Optional[Where] = field(default=None, eq=False)


def _secrets(given: SecretsGiven) -> Tuple[Secret, ...]:
    if given == ():
        return ()
    from taskrush.model.secret import as_secrets

    return as_secrets(given)


def _notices(given: Any) -> Tuple[Notice, ...]:
    if given == ():
        return ()
    from taskrush.model.notification import as_notices

    return as_notices(given)


def _service(given: ServiceGiven) -> Optional[Service]:
    if given is None:
        return None
    from taskrush.model.service import as_service

    return as_service(given)


NONE_GIVEN: Mapping[str, Any] = type(object.__dict__)({})  # cannot be changed: all tasks share it


@frozen(kw_only=True, slots=False)
class Task:
    """A named action with what it needs and makes.

    Only `id` is needed; `action` also takes a string (shell), a list (argv) or a callable, `deps` also names and tasks:
    `Task(id="test", action="pytest", deps=["build"])`.

    `inputs` is None where nothing was declared; patterns and `cwd` are relative to the workspace, with `/`.
    `ingredients` are what else its result depends on. `folder` is the one of the file that declares it. An
    `incremental` task finds what it made earlier when it starts. `env` is added to the environment of the action, and
    so are its `secrets`, which are nowhere shown. `bindings` are results of other tasks under the names by which this
    one receives them. `arguments` are the values of `params`; `extra` is what followed `--`. `group` is the task that
    stands for all members of the matrix this one belongs to. `hints` say what its failures mean. `allow_failure`: its
    failure, or one with these exit codes, is a warning and what needs it goes on. `retry` says when it is tried again,
    `timeout` how long it may take, `remote` where it runs if not here: a run of this version refuses that. `limits` are
    what holds it back while others run, None where nothing was said. `notify` says which channels hear of its end. A
    `service` stays up while tasks that need it run. `problems` are errors that only matter once this task is to run.
    """

    id: TaskId = field(converter=TaskId)
    action: Optional[Action] = field(default=None, converter=as_action, metadata={"late": (as_function, "function")})
    description: str = ""
    deps: Tuple[Dep, ...] = field(default=(), converter=as_deps, metadata={"late": (as_names, "dep_names")})
    finally_: Tuple[Dep, ...] = field(default=(), converter=as_deps)
    inputs: Optional[Tuple[str, ...]] = field(default=None, converter=_optional_tuple)
    ingredients: Tuple[Ingredient, ...] = ()
    outputs: Tuple[str, ...] = field(default=(), converter=as_tuple)
    incremental: bool = False
    env: Mapping[str, str] = NONE_GIVEN
    pass_env: Tuple[str, ...] = field(default=(), converter=as_tuple)
    secrets: Tuple[Secret, ...] = field(default=(), converter=_secrets)
    folder: str = "."
    cwd: str = "."
    shell: Tuple[str, ...] = field(default=(), converter=as_tuple)
    params: Tuple[Param, ...] = ()
    bindings: Mapping[str, TaskId] = NONE_GIVEN
    arguments: Mapping[str, Any] = NONE_GIVEN
    extra: Tuple[str, ...] = ()
    cache: Cache = field(factory=Cache)
    condition: Optional[str] = None
    requires: Tuple[Requirement, ...] = ()
    platforms: Tuple[str, ...] = ()
    confirm: Optional[str] = None
    interactive: bool = False
    capture: bool = False
    aliases: Tuple[str, ...] = field(default=(), converter=as_tuple)
    tags: Tuple[str, ...] = field(default=(), converter=as_tuple)
    hidden: bool = False
    group: Optional[TaskId] = None
    retry: Optional[Retry] = None
    hints: Tuple[FailureHint, ...] = field(default=(), eq=False)
    timeout: Optional[Timeout] = None
    limits: Optional[Limits] = None
    allow_failure: Union[bool, Tuple[int, ...]] = False
    notify: Tuple[Notice, ...] = field(default=(), converter=_notices)
    service: Optional[Service] = field(default=None, converter=_service)
    remote: Optional[str] = None
    runner: str = "local"
    problems: Tuple[Problem, ...] = field(default=(), eq=False)
    missing: Tuple[Problem, ...] = field(default=(), eq=False)
    where: Optional[Where] = field(default=None, eq=False)

    COMMON: ClassVar[Tuple[str, ...]] = (
        "id",
        "function",
        "action",
        "dep_names",
        "deps",
        "description",
        "tags",
        "hidden",
        "where",
    )
    uncommon: ClassVar[bool] = False
    """Whether anything but these was said: where not, it has nothing to be looked at but its action and `deps`."""
    function: ClassVar[Optional[Callable[..., Any]]] = None
    """The function that was given as its action, if it was."""
    dep_names: ClassVar[Optional[Tuple[str, ...]]] = None
    """What `deps` names, if these were given as names or tasks."""

    @property
    def is_cached(self) -> bool:
        """Whether its result is kept: asked for, or by default wherever `inputs` are declared."""
        if (
            not self.uncommon
            or self.cache.enabled is False
            or self.interactive
            or self.action is None
            or self.service is not None
        ):
            return False
        return self.cache.enabled is True or self.inputs is not None

    @property
    def namespace(self) -> str:
        """`docs` of `docs:build`; empty at the top."""
        return self.id.rpartition(":")[0]
