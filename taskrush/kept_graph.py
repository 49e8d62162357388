"""A graph in plain types, kept between commands; its tasks are made again when somebody looks at them.

It knows how values look as plain types, not whether what was kept still holds: `kept` knows that.
"""

from __future__ import annotations

import os
import sys

from taskrush._typing import Mapping
from taskrush.kept import keep, recall_with_origin
from taskrush.model.graph import Graph
from taskrush.model.task import TaskId
from taskrush.values import fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, TypeVar

NAME = "graph"
_OWN = ("tasks", "edges", "names")
_PLAIN = (str, int, float, bool, bytes, type(None))
_LIST, _TUPLE, _DICT, _SET, _ENUM = -1, -2, -3, -4, -5  # what a form that is a list begins with, else a class's number

if TYPE_CHECKING:
    Form = Any
    Value = TypeVar("Value")


class CannotBeKept(ValueError):
    """A value of a kind that has no plain form, such as a function."""


def recall_graph(root: str, rush: Optional[str]) -> Optional[Tuple[Graph, Any, Any]]:
    """The graph of the workspace whose task file this is, what was kept with it, and what all of it came from (see
    `kept.still`), if it would be the same now."""
    try:
        found = recall_with_origin(root, NAME, os.environ)
        if found is None or found[0][0] != _asked(root, rush):
            return None
        return (*thaw(found[0][1]), found[1])
    except (ArithmeticError, AttributeError, ImportError, LookupError, TypeError, ValueError):  # not as we write it
        return None


def keep_graph(root: str, rush: Optional[str], begun: int, graph: Graph, parts: Tuple[Any, ...]) -> None:
    """Keep a graph that was worked out since `begun` (ns) of the paths that end `parts`, if it can be."""
    looked = [os.path.abspath(path) for path in parts[-1]]
    try:
        value = (_asked(root, rush), freeze(graph, parts))
    except CannotBeKept:
        return
    keep(root, NAME, value, begun, looked, [path for path in looked if os.path.isfile(path)], os.environ)


def _asked(root: str, rush: Optional[str]) -> Tuple[str, ...]:
    """Another file may win later, a workspace that was moved is another one, and places are shown as seen from here."""
    return (root, rush or "", os.getcwd())


def freeze(graph: Graph, rest: Any) -> Tuple[Any, ...]:
    """The graph and some more values as plain types. Raises `CannotBeKept`."""
    freezer = _Freezer()
    tasks = {str(task_id): freezer.form(task) for task_id, task in graph.tasks.items()}
    edges = {str(task_id): freezer.form(edges) for task_id, edges in graph.edges.items() if edges}
    names = {name: str(task_id) for name, task_id in graph.names.items()}
    others = {one.name: getattr(graph, one.name) for one in fields(Graph) if one.name not in _OWN}
    more = freezer.form((others, rest))
    return (tuple(freezer.classes), tasks, edges, names, more)


def thaw(state: Tuple[Any, ...]) -> Tuple[Graph, Any]:
    """The graph whose tasks and edges are made when they are looked at, and what was kept with it."""
    classes, tasks, edges, names, more = state
    make = _Thawer(classes).value
    others, rest = make(more)
    return Graph(_Late(tasks, make), _Late(edges, make, tasks), names, **others), rest


class _Late(Mapping[TaskId, "Value"]):
    """A mapping whose values are made of their forms at first sight; `order` has more keys whose values are empty."""

    def __init__(self, forms: Dict[str, Form], make: Callable[[Form], Any], order: Optional[Mapping[str, Form]] = None):
        self._forms = forms
        self._make = make
        self._order = forms if order is None else order
        self._made: Dict[str, Any] = {}

    def __getitem__(self, key: str) -> Value:
        found = self._made.get(key)
        if found is None:
            form = self._forms[key] if key in self._forms or key not in self._order else [_TUPLE]
            found = self._made[key] = self._make(form)
        return found  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[TaskId]:
        return iter(self._order)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, key: object) -> bool:
        return key in self._order

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self.items()) == dict(other.items())

    __hash__ = None  # type: ignore[assignment]


class _Freezer:
    """Numbers classes as they come up."""

    def __init__(self) -> None:
        self.classes: List[Tuple[str, str]] = []
        self._numbers: Dict[type, int] = {}
        self._asked: Dict[type, Tuple[Callable[[Any], Tuple[Any, ...]], Tuple[Tuple[str, Any], ...]]] = {}

    def form(self, value: Any) -> Form:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is tuple:
            forms = [self.form(item) for item in value]
            return tuple(forms) if all(type(form) is not list for form in forms) else [_TUPLE, *forms]
        if kind is list:
            return [_LIST, *(self.form(item) for item in value)]
        if kind is frozenset:
            return [_SET, *(self.form(item) for item in sorted(value))]
        if hasattr(kind, "__fields__"):
            return self._instance(kind, value)
        if isinstance(value, Mapping):
            return [_DICT, {key: self.form(item) for key, item in value.items()}]
        if hasattr(kind, "__members__"):
            return [_ENUM, self._number(kind), value.name]
        raise CannotBeKept(f"cannot be kept: {kind.__name__}")

    def _number(self, kind: type) -> int:
        number = self._numbers.get(kind)
        if number is None:
            if "<" in kind.__qualname__:
                raise CannotBeKept(f"cannot be kept: {kind.__qualname__}")
            number = self._numbers[kind] = len(self.classes)
            self.classes.append((kind.__module__, kind.__qualname__))
        return number

    def _instance(self, kind: type, value: Any) -> Form:
        if kind not in self._asked:
            from operator import attrgetter

            asked = [one for one in fields(kind) if one.init]
            values_of: Any = attrgetter(
                *[one.name for one in asked], "__class__"
            )  # one call for all; never a lone value
            self._asked[kind] = (values_of, tuple((one.alias, one.default) for one in asked))
        get, known = self._asked[kind]
        said = {}
        for (alias, default), item in zip(known, get(value)):
            if item is not default and not (type(item) is type(default) and item == default):
                said[alias] = self.form(item)
        return [self._number(kind), said]


class _Thawer:
    """Finds classes by their numbers when one is needed."""

    def __init__(self, classes: Tuple[Tuple[str, str], ...]) -> None:
        self._names = classes
        self._classes: List[Any] = [None] * len(classes)

    def value(self, form: Form) -> Any:
        if type(form) is not list:
            return form
        kind = form[0]
        if kind >= 0:
            made = self._classes[kind] or self._find(kind)
            return made(**{name: self.value(item) if type(item) is list else item for name, item in form[1].items()})
        if kind == _TUPLE:
            return tuple([self.value(item) for item in form[1:]])
        if kind == _DICT:
            return {key: self.value(item) for key, item in form[1].items()}
        if kind == _LIST:
            return [self.value(item) for item in form[1:]]
        if kind == _SET:
            return frozenset(self.value(item) for item in form[1:])
        return (self._classes[form[1]] or self._find(form[1]))[form[2]]

    def _find(self, number: int) -> Any:
        module, name = self._names[number]
        if module not in sys.modules:
            __import__(module)
        found: Any = sys.modules[module]
        for part in name.split("."):
            found = getattr(found, part)
        self._classes[number] = found
        return found
