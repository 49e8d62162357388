"""Which tasks wait for which because of files: one reads what another makes. And which make the same file.

Only declared `inputs` and `outputs` count; nothing looks at a disk. Where an input is a pattern and the maker of what
it matches needs the reader anyway (by `deps`, directly or not), the declared order stands and the pattern yields.
"""

from __future__ import annotations

import re

from taskrush.errors import Problem
from taskrush.model.glob_syntax import parsed
from taskrush.model.graph import Edge, EdgeKind, GraphProblem, entangled
from taskrush.model.overlap import meet
from taskrush.model.pattern import PatternError, Patterns, is_literal, literal_prefix
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, Iterator, List, Mapping, Sequence, Set, Tuple

    from taskrush.model.overlap import Alternatives
    from taskrush.model.task import Task, TaskId

_UNCLEAN = re.compile(r"^/|//|(?:^|/)\.(?:/|$)|/$")
_PARAMETER = re.compile(r"\$\{[^}]*\}")


@frozen(eq=False)
class Output:
    """One declared output pattern and its task. `folder` is the one that all it makes lies in, or its whole path."""

    task: TaskId
    pattern: str
    literal: bool
    folder: str
    parsed: Alternatives


class Outputs:
    """All declared outputs, found by the folder they lie in: an index that finds what may overlap with a pattern."""

    def __init__(self) -> None:
        self._at: Dict[str, List[Output]] = {}
        self._below: Dict[str, List[Output]] = {}
        self._memo: Dict[str, Tuple[Output, ...]] = {}

    def add(self, task: TaskId, pattern: str) -> None:
        literal = is_literal(pattern)
        folder = _folder(pattern, literal)
        output = Output(task, pattern, literal, folder, () if literal else parsed(pattern))
        self._at.setdefault(folder, []).append(output)
        for above in _ancestors(folder):
            self._below.setdefault(above, []).append(output)

    def meeting(self, pattern: str) -> Tuple[Output, ...]:
        """The outputs that share a path with `pattern`, in the order they were added within a folder."""
        found = self._memo.get(pattern)
        if found is None:
            found = self._memo[pattern] = tuple(self._search(pattern))
        return found

    def _search(self, pattern: str) -> Iterator[Output]:
        literal = is_literal(pattern)
        folder = _folder(pattern, literal)
        segments: Alternatives = ()
        near = [output for above in (folder, *_ancestors(folder)) for output in self._at.get(above, ())]
        for output in (*near, *self._below.get(folder, ())):
            if literal and (output.literal or len(output.folder) > len(folder)):
                yield output  # the same path, or one is a folder that holds the other
                continue
            segments = segments or parsed(pattern)
            if output.pattern == pattern or meet(segments, output.parsed or parsed(output.pattern)):
                yield output


def file_edges(tasks: Sequence[Task]) -> Tuple[Dict[TaskId, List[Tuple[Edge, bool]]], List[GraphProblem]]:
    """Edges by reader, each with whether it yields to declared order; overlaps and bad patterns as problems."""
    problems: List[GraphProblem] = []
    by_id = {task.id: task for task in tasks}
    outputs = Outputs()
    sound: Dict[TaskId, Tuple[Tuple[str, ...], Tuple[str, ...]]] = {}
    for task in tasks:
        reads, makes = _sound(task, task.inputs or (), problems), _sound(task, task.outputs, problems)
        if reads or makes:
            sound[task.id] = (reads, makes)
        for pattern in makes:
            if not pattern.startswith("!"):
                outputs.add(task.id, pattern)
    edges: Dict[TaskId, List[Tuple[Edge, bool]]] = {}
    clashes: Set[Tuple[TaskId, TaskId]] = set()
    for task_id, (reads, makes) in sound.items():
        found = _makers(task_id, reads, outputs, sound)
        if found:
            edges[task_id] = found
        problems.extend(_clashes(by_id[task_id], makes, outputs, by_id, sound, clashes))
    return edges, problems


def _sound(task: Task, patterns: Iterable[str], problems: List[GraphProblem]) -> Tuple[str, ...]:
    """The patterns that are some, with parameters (known only later) as `*`."""
    found = []
    for pattern in patterns:
        text = _PARAMETER.sub("*", pattern) if "${" in pattern else pattern
        try:
            if not is_literal(text):
                parsed(text[1:] if text.startswith("!") else text)
            elif not text:
                raise PatternError("a pattern is empty")
        except PatternError as error:
            message = f"task `{task.id}` has a wrong pattern `{pattern}`: {error}"
            problems.append(GraphProblem(Problem(message, task.where), frozenset((task.id,))))
        else:
            found.append(text)
    return tuple(found)


def _makers(
    reader: TaskId,
    reads: Tuple[str, ...],
    outputs: Outputs,
    sound: Mapping[TaskId, Tuple[Tuple[str, ...], Tuple[str, ...]]],
) -> List[Tuple[Edge, bool]]:
    """One edge to each maker; it does not yield if some literal input demands it."""
    found: Dict[TaskId, Tuple[Edge, bool]] = {}
    excludes = any(pattern.startswith("!") for pattern in reads)
    for number, pattern in enumerate(reads):
        if pattern.startswith("!"):
            continue
        yields = not is_literal(pattern)
        for output in outputs.meeting(pattern):
            if output.task == reader:
                continue
            known = found.get(output.task)
            if known is not None and (yields or not known[1]):
                continue
            if excludes and _left_out(output.pattern, reads[number + 1 :]):
                continue
            if _left_out(pattern, sound[output.task][1]):
                continue
            found[output.task] = (Edge(reader, output.task, EdgeKind.FILES, via=output.pattern), yields)
    return list(found.values())


def _left_out(pattern: str, later: Tuple[str, ...]) -> bool:
    """Whether exclusions certainly cover everything that `pattern` can match."""
    exclusions = [text for text in later if text.startswith("!")]
    if not exclusions:
        return False
    if is_literal(pattern) and not pattern.endswith("/"):
        return not Patterns(("**", *later)).matches(pattern)
    prefix = literal_prefix(pattern)
    inside = f"{prefix}/x" if prefix else "x"
    for text in exclusions:
        whole = text[1:]
        if whole == pattern:
            return True
        covers = whole.endswith(("/**", "/")) or is_literal(whole)
        if covers and prefix and Patterns((whole,)).matches(inside):
            return True
    return False


def _clashes(
    task: Task,
    makes: Tuple[str, ...],
    outputs: Outputs,
    by_id: Mapping[TaskId, Task],
    sound: Mapping[TaskId, Tuple[Tuple[str, ...], Tuple[str, ...]]],
    known: Set[Tuple[TaskId, TaskId]],
) -> Iterator[GraphProblem]:
    """The first other task that each output clashes with; tasks that never run on one platform do not clash."""
    for number, pattern in enumerate(makes):
        if pattern.startswith("!"):
            continue
        for output in outputs.meeting(pattern):
            other = by_id[output.task]
            if other is task or _apart(task, other):
                continue
            if _left_out(output.pattern, makes[number + 1 :]) or _left_out(pattern, sound[other.id][1]):
                continue
            first, second = sorted((task.id, other.id))
            if (first, second) not in known:
                known.add((first, second))
                yield _clash(other, output.pattern, task, pattern)
            break


def _apart(one: Task, other: Task) -> bool:
    return bool(one.platforms and other.platforms and set(one.platforms).isdisjoint(other.platforms))


def _clash(first: Task, its: str, second: Task, own: str) -> GraphProblem:
    what = f"`{own}`" if own == its else f"`{its}` and `{own}`, which overlap"
    place = f" (declared at {first.where})" if first.where else ""
    message = f"tasks `{first.id}`{place} and `{second.id}` both make {what}"
    hint = "give each its own outputs, or make one of them need the other and declare only what it adds"
    return GraphProblem(Problem(message, second.where, hint), frozenset((first.id, second.id)))


def give_way(
    found: Mapping[TaskId, List[Tuple[Edge, bool]]], hard: Mapping[TaskId, Sequence[TaskId]]
) -> Dict[TaskId, List[Edge]]:
    """The file edges that stay: those that yield are dropped where the maker needs the reader by `hard` edges."""
    together = {task: [*others, *(edge.on for edge, _ in found.get(task, ()))] for task, others in hard.items()}
    knot = entangled(together)
    readers: Dict[TaskId, Set[TaskId]] = {}
    for reader in knot:
        for edge, yields in found.get(reader, ()):
            if yields and edge.on in knot:
                readers.setdefault(edge.on, set()).add(reader)
    needed = {maker: _reached(maker, wanted, hard, knot) for maker, wanted in readers.items()}
    kept: Dict[TaskId, List[Edge]] = {}
    for reader, edges in found.items():
        stay = [edge for edge, yields in edges if not (yields and reader in needed.get(edge.on, ()))]
        if stay:
            kept[reader] = stay
    return kept


def _reached(
    start: TaskId, wanted: Set[TaskId], hard: Mapping[TaskId, Sequence[TaskId]], within: Set[TaskId]
) -> Set[TaskId]:
    seen = {start}
    todo = [start]
    while todo:
        for other in hard[todo.pop()]:
            if other in within and other not in seen:
                seen.add(other)
                todo.append(other)
    return seen & wanted


def _folder(pattern: str, literal: bool) -> str:
    """Where what a pattern matches begins. A literal one is its own folder: it also names what is below it."""
    return pattern if literal and not _UNCLEAN.search(pattern) else literal_prefix(pattern)


def _ancestors(path: str) -> Iterator[str]:
    """The folders above a path, the nearest first, down to the top (empty)."""
    while path:
        path = path.rpartition("/")[0]
        yield path
