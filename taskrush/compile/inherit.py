"""Fills in what a declaration takes over: from the tasks it `extends`, and from the `defaults` of its file.

Own keys win over those of parents, a later parent over an earlier one, all of them over defaults. `env`, `vars` and
`params` are merged name by name; any other key replaces. What makes a task itself (its name, aliases, whether it is
hidden) is never taken over. Nothing is substituted here.
"""

from __future__ import annotations

from collections import ChainMap

from taskrush.compile.names import near, resolve
from taskrush.errors import Problem
from taskrush.model.declaration import TaskDecl
from taskrush.values import evolve, fields, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Optional, Tuple

    from taskrush.errors import Where
    from taskrush.model.declaration import FileDecl
    from taskrush.model.task import Param

OWN = ("name", "where", "places", "aliases", "hidden", "extends")
MERGED = ("env", "vars")
PLACES_LIMIT = 50  # generations of which places are remembered
_ACTIONS = ("cmd", "argv")

if TYPE_CHECKING:
    Family = Mapping[str, Tuple[FileDecl, TaskDecl]]


@frozen
class Grown:
    """A declaration with all it takes over, and what went wrong on the way."""

    file: FileDecl
    decl: TaskDecl
    problems: Tuple[Problem, ...] = ()


def inherit(files: Tuple[FileDecl, ...]) -> Tuple[Grown, ...]:
    """Every declared task, in order, with what it extends and the defaults of its file filled in."""
    family: Dict[str, Tuple[FileDecl, TaskDecl]] = {}
    for file in files:
        for decl in file.tasks:
            family.setdefault(full_name(file, decl.name), (file, decl))
    names = {name: name for name in family}
    done: Dict[str, Grown] = {}
    found = []
    for file in files:
        for decl in file.tasks:
            name = full_name(file, decl.name)
            grown = _grow(name, family, names, done) if family[name][1] is decl else Grown(file, decl)
            if file.defaults is not None:
                grown = evolve(grown, decl=merge(file.defaults, grown.decl))
            found.append(grown)
    return tuple(found)


def full_name(file: FileDecl, name: str) -> str:
    """The name of a file's task in the whole graph."""
    return f"{file.namespace}:{name}" if file.namespace else name


def merge(parent: TaskDecl, child: TaskDecl) -> TaskDecl:
    """The child, with what it does not say taken from the parent."""
    changes: Dict[str, Any] = {}
    for field in fields(TaskDecl):
        name = field.name
        theirs, own = getattr(parent, name), getattr(child, name)
        if name in OWN or theirs is None:
            continue
        if name in _ACTIONS and not (child.cmd is None and child.argv is None):
            continue
        if own is None:
            changes[name] = theirs
        elif name in MERGED:
            changes[name] = {**theirs, **own}
        elif name == "params":
            changes[name] = _merge_params(theirs, own)
    if not changes:
        return child
    return evolve(child, places=ChainMap(*(_maps(child) + _maps(parent))[:PLACES_LIMIT]), **changes)


def _maps(decl: TaskDecl) -> List[Any]:
    return decl.places.maps if isinstance(decl.places, ChainMap) else [decl.places]


def _merge_params(theirs: Tuple[Param, ...], own: Tuple[Param, ...]) -> Tuple[Param, ...]:
    return tuple({param.name: param for param in (*theirs, *own)}.values())


def _grow(name: str, family: Family, names: Mapping[str, str], done: Dict[str, Grown]) -> Grown:
    """Walks to the oldest ancestor first, with a stack of its own: chains may be long."""
    path: List[str] = [name]
    on_path = {name}
    while path:
        current = path[-1]
        if current in done:
            on_path.discard(path.pop())
            continue
        file, decl = family[current]
        parents, problems = _parents(file, decl, names)
        cycle = [parent for parent in parents if parent in on_path]
        if cycle:
            loop = [*path[path.index(cycle[0]) :], cycle[0]]
            shown = " -> ".join(loop if len(loop) < 13 else [*loop[:6], "...", *loop[-6:]])
            problems.append(Problem(f"tasks extend each other in a cycle: {shown}", _place(decl, 0)))
            done[current] = Grown(file, decl, tuple(problems))
            continue
        waiting = [parent for parent in parents if parent not in done]
        if waiting:
            path.append(waiting[0])
            on_path.add(waiting[0])
            continue
        grown = decl
        for parent in reversed(parents):
            grown = merge(done[parent].decl, grown)
            problems.extend(done[parent].problems)
        done[current] = Grown(file, grown, tuple(dict.fromkeys(problems)))
    return done[name]


def _parents(file: FileDecl, decl: TaskDecl, names: Mapping[str, str]) -> Tuple[List[str], List[Problem]]:
    parents: List[str] = []
    problems: List[Problem] = []
    for number, wanted in enumerate(decl.extends or ()):
        found = resolve(wanted, file.namespace, names)
        if found is None:
            message = f"task `{decl.name}` extends `{wanted}`, which does not exist"
            problems.append(Problem(message, _place(decl, number), near(wanted, names)))
        else:
            parents.append(found)
    return parents, problems


def _place(decl: TaskDecl, number: int) -> Optional[Where]:
    return decl.places.get(f"extends.{number}") or decl.places.get("extends") or decl.where
