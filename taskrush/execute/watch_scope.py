"""Which tasks of a plan a path concerns, and which files and folders are worth looking at.

It compares texts: patterns with paths relative to the workspace. It reads no disk; what `.gitignore` files say comes
in as a function.
"""

from __future__ import annotations

import re

from taskrush.execute.watch_state import Scope
from taskrush.model.graph import EdgeKind
from taskrush.model.pattern import Patterns, is_literal, literal_prefix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, FrozenSet, Iterable, List, Optional, Sequence, Set, Tuple

    from taskrush.model.plan import Plan
    from taskrush.model.task import Task, TaskId

NEVER = frozenset((".git", ".hg", ".svn", ".jj", ".taskrush", "node_modules", "__pycache__"))
_TEMPORARY = re.compile(
    r"\.?#.*|.*~|\..*\.sw[a-px]|4913|.*___jb_(?:tmp|old)___|\.goutputstream-.*|\.DS_Store|.*\.py[co]", re.DOTALL
)

if TYPE_CHECKING:
    Ignored = Callable[[str, bool], bool]
    """Whether a path (second: it is a folder) is left out by `.gitignore` files."""


def temporary(path: str) -> bool:
    """Whether it is named like what editors write beside a file and remove again."""
    return _TEMPORARY.fullmatch(path.rpartition("/")[2]) is not None


class FileScope:
    """The files of one plan. `task_files` are the files that declare its tasks, relative to the workspace."""

    def __init__(self, plan: Plan, task_files: Iterable[str] = (), ignored: Optional[Ignored] = None) -> None:
        self.task_files: FrozenSet[str] = frozenset(task_files)
        self._ignored = ignored or (lambda path, is_folder: False)
        self._reading = _Index((task.id, reads) for task in plan.tasks for reads in [files_of(task)] if reads)
        self._making = _Index((task.id, task.outputs) for task in plan.tasks if task.outputs)
        self._any = tuple(task.id for task in plan.tasks if reads_anything(task))
        self._known: Dict[str, Tuple[TaskId, ...]] = {}

    def readers(self, path: str) -> Tuple[TaskId, ...]:
        """The tasks that read this file: by their declared inputs, or because they declare none."""
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._readers(path)
        return found

    def makers(self, path: str) -> Tuple[TaskId, ...]:
        """The tasks that declare it as an output."""
        return self._making.find(path)

    def keeps(self, path: str) -> bool:
        """Whether a change of this file can matter."""
        return self.declares(path) or bool(self.readers(path))

    def declares(self, path: str) -> bool:
        """Whether it says what the tasks are, or which files matter."""
        return path in self.task_files or (bool(self._any) and path.rpartition("/")[2] == ".gitignore")

    def enters(self, folder: str) -> bool:
        """Whether files below this folder can matter. What is ignored is only entered where an input names it."""
        if folder.rpartition("/")[2] not in NEVER and not self._ignored(folder, True):
            return True
        return self._reading.reaches(folder) or any(file.startswith(folder + "/") for file in self.task_files)

    def _readers(self, path: str) -> Tuple[TaskId, ...]:
        found = self._reading.find(path)
        if not self._any or path in self.task_files or temporary(path) or self.makers(path):
            return found
        if not NEVER.isdisjoint(path.split("/")) or self._ignored(path, False):
            return found
        return (*found, *self._any)


def files_of(task: Task) -> Tuple[str, ...]:
    """The patterns of the files that it declares to read, and the files of which it reads a part."""
    parts = (item.part.partition("#")[0] for item in task.ingredients if item.part is not None)
    return (*(task.inputs or ()), *dict.fromkeys(parts))


def reads_anything(task: Task) -> bool:
    """Whether any file of the workspace may matter to it: it does something and does not say what it reads."""
    return task.inputs is None and task.action is not None and not on_demand(task) and task.service is None


def on_demand(task: Task) -> bool:
    """Whether it only computes a value for others, such as a variable with a `cmd`."""
    return task.hidden and task.capture and task.inputs is None


def state_scope(plan: Plan, files: FileScope) -> Scope:
    """The plan as the state machine sees it."""
    needs: Dict[TaskId, List[TaskId]] = {task.id: [] for task in plan.tasks}
    for number, task in enumerate(plan.tasks):
        for other in (*plan.needs[number], *plan.after[number]):
            needs[task.id].append(plan.tasks[other].id)
    closing = {edge.task for edge in plan.edges if edge.kind is EdgeKind.FINALLY}
    return Scope(
        tasks=tuple(task.id for task in plan.tasks),
        needs={task: tuple(others) for task, others in needs.items()},
        readers=lambda path: [task for task in files.readers(path) if task not in closing],
        makers=files.makers,
        on_demand=frozenset(task.id for task in plan.tasks if on_demand(task)),
        services=frozenset(task.id for task in plan.tasks if task.service is not None),
    )


class _Index:
    """Pattern lists of tasks, found by the folders that their patterns start in."""

    def __init__(self, entries: Iterable[Tuple[TaskId, Optional[Sequence[str]]]]) -> None:
        self._at: Dict[str, List[Tuple[TaskId, Patterns]]] = {}
        self._exact: FrozenSet[str] = frozenset()
        exact: Set[str] = set()
        for task, texts in entries:
            patterns = Patterns(tuple(texts or ()))
            wanted = [text for text in patterns.patterns if not text.startswith("!")] or ["**"]
            exact.update(text.strip("/") for text in wanted if is_literal(text))
            for prefix in dict.fromkeys(literal_prefix(text) for text in wanted):
                self._at.setdefault(prefix, []).append((task, patterns))
        self._exact = frozenset(exact)

    def find(self, path: str) -> Tuple[TaskId, ...]:
        found: Dict[TaskId, None] = {}
        if not self._at or (temporary(path) and path not in self._exact):
            return ()
        end = len(path)
        while True:
            for task, patterns in self._at.get(path[:end], ()):
                if task not in found and patterns.matches(path):
                    found[task] = None
            if end <= 0:
                return tuple(found)
            end = max(0, path.rfind("/", 0, end))

    def reaches(self, folder: str) -> bool:
        """Whether some pattern starts at or below this folder."""
        return any(prefix == folder or prefix.startswith(folder + "/") for prefix in self._at)
