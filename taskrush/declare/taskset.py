"""`TaskSet`: tasks declared in Python, collected, joined under namespaces, and made into `Task`s.

What is named in `deps` by the thing itself is found by identity, so that it works before a command has a name and
across sets. Clashing names are an error that names both places. What is wrong with one task alone is kept in
its `problems`.
"""

from __future__ import annotations

from typing import Any, Callable, TypeVar, Union

from taskrush.declare.decorator import task
from taskrush.declare.mark import Command, ValueOf, mark_of
from taskrush.declare.module import MODULE_PREFIX
from taskrush.declare.place import at, place_of
from taskrush.declare.signature import Signature, read_signature
from taskrush.errors import ConfigError
from taskrush.model.limits import Pool
from taskrush.model.policy import Ingredient
from taskrush.model.spelling import dashed
from taskrush.model.task import Call, Dep, Task, TaskId
from taskrush.values import define, evolve, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Dict, Iterable, List, Optional, Tuple

    from taskrush.declare.mark import Mark
    from taskrush.errors import Problem, Where

F = TypeVar("F", bound=Callable[..., Any])
Declared = Union[Task, Command[Any], Callable[..., Any]]


@define(eq=False)
class _Entry:
    """One declared thing and the names it got; the first one is its id, unless it brought its own."""

    thing: Any
    id: str
    aliases: List[str] = field(factory=list)
    _signature: Optional[Signature] = None

    @property
    def mark(self) -> Optional[Mark]:
        return mark_of(self.thing)

    @property
    def where(self) -> Optional[Where]:
        mark = self.mark
        where: Optional[Where] = self.thing.where if mark is None else mark.where
        return where

    def signature(self) -> Signature:
        """What its function says; nothing for a command."""
        if isinstance(self.thing, Command):
            return Signature()
        if self._signature is None:
            self._signature = read_signature(self.thing, self.id)
        return self._signature


class TaskSet:
    """Tasks by name, before they make a graph.

    `TaskSet([build, lint, Task(id="x", action="true")])` takes functions marked by `@task`, commands and tasks.
    `tasks.task` is the decorator that also adds; `include` takes in another set.
    Raises `ConfigError` for two tasks of one name, naming both places.
    """

    def __init__(self, tasks: Iterable[Declared] = ()) -> None:
        self._entries: Dict[object, _Entry] = {}
        self._names: Dict[str, _Entry] = {}
        self._included: List[TaskSet] = []
        self._pools: List[Pool] = []
        for thing in tasks:
            self.add(thing)

    @classmethod
    def from_module(cls, module: ModuleType) -> TaskSet:
        """All marked functions and commands that a module defines or imports by name, and the sets it holds.

        What a set holds has the names that it has there; sets that another set includes are not taken in a second time.
        """
        found = cls()
        values = list(vars(module).items())
        sets = [value for _, value in values if isinstance(value, TaskSet)]
        held = {key for one in sets for key in one._entries}
        variables: Dict[object, List[str]] = {}
        for name, value in values:
            if mark_of(value) is not None and _key(value) not in held:
                variables.setdefault(_key(value), []).append(dashed(name))
        for _, value in values:
            if isinstance(value, Pool):
                found._pools.append(value)
            elif isinstance(value, Task):
                found.add(value)
            elif mark_of(value) is not None and _key(value) not in held:
                for name in _own_first(value, variables.pop(_key(value), ())):
                    found._put(value, name)
        inner = {id(one) for outer in sets for one in outer._included}
        for one in sets:
            if id(one) not in inner:
                found.include(one)
        return found

    def add(self, thing: Declared) -> None:
        """Take in a task under its own name."""
        mark = mark_of(thing)
        if isinstance(thing, Task):
            self._put(thing, thing.id)
        elif mark is None:
            name = getattr(thing, "__name__", repr(thing))
            raise ConfigError(at(_place(thing), f"`{name}` is no task", f"decorate `{name}` with `@task`"))
        elif mark.name is None:
            kind = "command" if isinstance(thing, Command) else "lambda"
            message = f"a {kind} that no variable of a module holds has no name"
            raise ConfigError(at(mark.where, message, 'give it one: `name="..."`'))
        else:
            self._put(thing, mark.name)

    def task(self, function: F, /) -> F:
        """`@tasks.task`: mark a function and add it. With arguments: `tasks.add(task(...)(function))`."""
        if mark_of(function) is None:
            task(function)
        self.add(function)
        return function

    def include(self, other: TaskSet, namespace: str = "") -> TaskSet:
        """Take in all tasks of another set, as `namespace:name` where a namespace is given; returns this set.

        A task that is already here (the same function or command) is not run twice: it gets the other name as well.
        """
        self._included.append(other)
        for entry in other._entries.values():
            names = [f"{namespace}:{name}" if namespace else name for name in (entry.id, *entry.aliases)]
            known = self._entries.get(_key(entry.thing))
            if known is not None:
                for name in names:
                    self._alias(known, name)
                continue
            made = self._put(entry.thing, names[0])
            for name in names[1:]:
                self._alias(made, name)
        return self

    @property
    def tasks(self) -> Tuple[Task, ...]:
        """The tasks. Marked functions and commands that they depend on are among them, collected or not."""
        whole = self._completed()
        return tuple(whole._made(entry) for entry in list(whole._entries.values()))

    @property
    def pools(self) -> Tuple[Pool, ...]:
        """The pools that the module holds."""
        return tuple(self._pools)

    def __len__(self) -> int:
        return len(self._entries)

    # --- names ----------------------------------------------------------------

    def _put(self, thing: Any, name: str) -> _Entry:
        """Under its first name a thing becomes a task, every later one is an alias."""
        known = self._entries.get(_key(thing))
        if known is not None:
            self._alias(known, name)
            return known
        made = _Entry(thing, name)
        self._claim(name, made)
        self._entries[_key(thing)] = made
        return made

    def _alias(self, entry: _Entry, name: str) -> None:
        if name != entry.id and name not in entry.aliases:
            self._claim(name, entry)
            entry.aliases.append(name)

    def _claim(self, name: str, entry: _Entry) -> None:
        other = self._names.setdefault(name, entry)
        if other is not entry:
            first, second = other.where, entry.where
            hint = "give one of them another name, or include its set under a namespace"
            raise ConfigError(at(second, f"task `{name}` is declared twice, first at {first}", hint))

    # --- making tasks -----------------------------------------------------------

    def _completed(self) -> TaskSet:
        """This set and all marked things that its tasks depend on."""
        whole = TaskSet()
        whole._entries = {key: evolve(entry, aliases=list(entry.aliases)) for key, entry in self._entries.items()}
        whole._names = {name: whole._entries[_key(entry.thing)] for name, entry in self._names.items()}
        todo = list(whole._entries.values())
        while todo:
            entry = todo.pop()
            mark = entry.mark
            if mark is None:
                continue
            values = (item.task for item in mark.fields["ingredients"] if isinstance(item, ValueOf))
            for thing in (*mark.deps, *mark.finally_, *entry.signature().results.values(), *values):
                if mark_of(thing) is not None and _key(thing) not in whole._entries:
                    whole.add(thing)  # type: ignore[arg-type]
                    todo.append(whole._entries[_key(thing)])
        return whole

    def _made(self, entry: _Entry) -> Task:
        mark = entry.mark
        namespace = entry.id.rpartition(":")[0]
        if mark is None:
            task: Task = entry.thing
            return evolve(task, id=TaskId(entry.id), aliases=self._aliases(entry, task.aliases, namespace))
        problems: List[Problem] = []
        signature = entry.signature()
        deps = tuple(self._dep(thing, entry, namespace, problems) for thing in mark.deps)
        closers = tuple(self._dep(thing, entry, namespace, problems) for thing in mark.finally_)
        bindings = {
            parameter: TaskId(self._dep(thing, entry, namespace, problems).task.lstrip(":"))
            for parameter, thing in signature.results.items()
        }
        fields = dict(mark.fields)
        fields["aliases"] = self._aliases(entry, fields["aliases"], namespace)
        fields["ingredients"] = tuple(
            Ingredient(result=self._dep(item.task, entry, namespace, problems).task)
            if isinstance(item, ValueOf)
            else item
            for item in fields["ingredients"]
        )
        fields.setdefault("params", signature.params)
        is_command = isinstance(entry.thing, Command)
        return Task(
            id=TaskId(entry.id),
            action=entry.thing.action if is_command else _call(entry.thing, mark),
            description=signature.description if mark.description is None else mark.description,
            deps=tuple(dep for dep in deps if dep.task),
            finally_=tuple(dep for dep in closers if dep.task),
            bindings=bindings,
            problems=(*signature.problems, *problems),
            where=mark.where,
            **fields,
        )

    def _aliases(self, entry: _Entry, own: Iterable[str], namespace: str) -> Tuple[str, ...]:
        inside = (f"{namespace}:{alias}" if namespace else alias for alias in own)
        return tuple(dict.fromkeys((*inside, *entry.aliases)))

    def _dep(self, thing: object, entry: _Entry, namespace: str, problems: List[Problem]) -> Dep:
        """A dependency by its name as `entry` sees it; what is found by identity gets its full name."""
        where = entry.where
        if isinstance(thing, Dep):
            return thing if thing.where is not None else evolve(thing, where=where)
        if isinstance(thing, str):
            return Dep(thing, where=where)
        known = self._entries.get(_key(thing))
        if known is not None:
            return Dep(f":{known.id}" if namespace else known.id, where=where)
        if isinstance(thing, Task):
            return Dep(thing.id, where=where)
        name = getattr(thing, "__name__", None)
        message = f"task `{entry.id}` depends on `{name or repr(thing)}`, which is no task"
        hint = f"decorate `{name}` with `@task`" if callable(thing) else "give a function, a command, a task or a name"
        problems.append(at(where, message, hint))
        return Dep("")


def _call(function: Callable[..., Any], mark: Mark) -> Call:
    """The name is stable: a file that was loaded by its path counts as `tasks`, wherever it lies."""
    module = getattr(function, "__module__", None) or "?"
    name = getattr(function, "__qualname__", None) or mark.name or "<unnamed>"
    return Call(function, f"{'tasks' if module.startswith(MODULE_PREFIX) else module}:{name}", isolate=mark.isolate)


def _place(thing: object) -> Optional[Where]:
    return place_of(thing) if callable(thing) else None


def _own_first(thing: object, variables: Iterable[str]) -> Tuple[str, ...]:
    """The names of a thing that a module holds under `variables`: its own first, a given one alone."""
    mark = mark_of(thing)
    names = tuple(variables)
    if not names or mark is None or mark.name is None:
        return names
    if mark.explicit:
        return (mark.name,)
    return (mark.name, *(name for name in names if name != mark.name)) if mark.name in names else names


def _key(thing: Any) -> object:
    """What makes two things the same task: the mark they carry; bound methods are also told apart by their object."""
    mark = mark_of(thing)
    owner = getattr(thing, "__self__", None)
    return (id(thing) if mark is None else id(mark), None if owner is None else id(owner))
