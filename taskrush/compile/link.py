"""Makes a graph of tasks: names and files become edges. What is wrong is collected, not raised: a list still works.

A name is looked up in the task's own namespace first, then outwards; a leading `:` starts at the top (`names.py`).
"""

from __future__ import annotations

from taskrush.compile.file_edges import file_edges, give_way
from taskrush.compile.ingredients import wrong_parts, wrong_result
from taskrush.compile.limiting import known_pools, with_sizes
from taskrush.compile.missing import of_declared
from taskrush.compile.names import near, resolve, what_is_wrong
from taskrush.compile.paths import wrong_output
from taskrush.compile.serving import as_service
from taskrush.errors import Problem
from taskrush.model.graph import Edge, EdgeKind, Graph, GraphProblem
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

    from taskrush.errors import Where
    from taskrush.model.limits import Pool
    from taskrush.model.policy import Ingredient
    from taskrush.model.task import Dep, Task, TaskId

__all__ = ["link", "near", "resolve"]


def link(tasks: Iterable[Task], pools: Iterable[Pool] = ()) -> Graph:
    """The graph of these tasks. Problems are kept in it for the planner and `taskrush check`.

    `pools` are those that tasks take from by name.
    """
    linker = _Linker(tasks)
    linker.limit(pools)
    linker.name()
    linker.join()
    return Graph(linker.tasks, linker.edges(), linker.names, tuple(linker.problems))


class _Linker:
    def __init__(self, tasks: Iterable[Task]) -> None:
        self.tasks: Dict[TaskId, Task] = {}
        self.names: Dict[str, TaskId] = {}
        self.problems: List[GraphProblem] = []
        self._declared: Dict[TaskId, Tuple[Edge, ...]] = {}
        self._closers: Dict[TaskId, Dict[TaskId, Edge]] = {}
        self._plain: List[Optional[Tuple[int, ...]]] = []
        self.services = False
        for task in tasks:
            if not task.uncommon and self.tasks.setdefault(task.id, task) is task:
                if not task.id.isalnum():
                    self._check_name(task)
                continue
            if not task.missing and (task.retry is not None or task.remote is not None):
                task = evolve(task, missing=of_declared(task))
            if task.service is not None:
                task = as_service(task)
                self.services = True
            first = self.tasks.setdefault(task.id, task)
            if first is not task:
                hint = "give one of them another name"
                self._wrong(first, f"task `{task.id}` is declared twice{_also(first.where)}", task.where, hint)
            else:
                self._check_name(task)
                self._check_paths(task)
                if task.interactive and task.timeout is not None and task.timeout.idle is not None:
                    message = f"task `{task.id}` owns the terminal, so nobody knows when it falls silent"
                    self._wrong(task, message, task.where, "give it a `timeout` of its own without `idle`")

    def limit(self, declared: Iterable[Pool]) -> None:
        """Sizes of the pools that tasks take from."""
        limited = [task for task in self.tasks.values() if task.uncommon and task.limits is not None]
        if not limited:
            return
        pools, problems = known_pools(limited, declared)
        everyone = frozenset(task.id for task in limited)
        self.problems.extend(GraphProblem(problem, everyone) for problem in problems)
        for task in limited:
            assert task.limits is not None
            self.tasks[task.id], wrong = with_sizes(task, task.limits, pools)
            self.problems.extend(GraphProblem(problem, frozenset((task.id,))) for problem in wrong)

    def name(self) -> None:
        """Every name by which a task may be asked for; names of tasks win over aliases."""
        self.names.update(zip(self.tasks, self.tasks))
        for task in self.tasks.values():
            for alias in task.aliases if task.uncommon else ():
                taken = self.names.setdefault(alias, task.id)
                if taken != task.id:
                    other = self.tasks[taken]
                    message = f"alias `{alias}` of task `{task.id}` already means task `{taken}`{_also(other.where)}"
                    self._wrong(task, message, task.where)

    def join(self) -> None:
        """Edges that names declare: dependencies, results that are bound, `finally`."""
        place = {task_id: number for number, task_id in enumerate(self.tasks)}
        said = self._plain.append
        for task in list(self.tasks.values()):
            numbers = None if task.uncommon or self.services else _plain_ones(task, place)
            said(numbers)
            if numbers is not None:
                continue
            own: Dict[TaskId, Edge] = {}
            namespace = task.namespace
            for name, bound in task.bindings.items():
                on = self._find(task, bound, f"takes the result of `{bound}`", task.where)
                if on is not None:
                    own[on] = Edge(task.id, on, EdgeKind.RESULT)
                    if on != bound:
                        self.tasks[task.id] = evolve(
                            self.tasks[task.id], bindings={**self.tasks[task.id].bindings, name: on}
                        )
            for ingredient in task.ingredients:
                if ingredient.result is not None:
                    self._value(task, ingredient, own)
            for dep in task.deps:
                on = resolve(dep.task, namespace, self.names)
                if on is None:
                    self._find(task, dep.task, f"depends on `{dep.task}`", dep.where or task.where, dep.optional)
                else:
                    known = own.get(on)
                    own[on] = Edge(
                        task.id,
                        on,
                        EdgeKind.NEEDS if known is None else known.kind,
                        self._order_only(dep, on) and (known is None or known.order_only),
                        by_key=dep.by_key,
                    )
            for dep in task.finally_:
                what = f"runs `{dep.task}` finally"
                on = self._find(task, dep.task, what, dep.where or task.where, dep.optional)
                if on is not None:
                    self._closers.setdefault(on, {})[task.id] = Edge(on, task.id, EdgeKind.FINALLY)
            self._declared[task.id] = tuple(own.values())

    def edges(self) -> Mapping[TaskId, Tuple[Edge, ...]]:
        """All edges; those that follow from files come after those that were declared."""
        self._check_closers()
        by_files, problems = file_edges([task for task in self.tasks.values() if task.uncommon])
        self.problems.extend(problems)
        if not by_files and not self._closers and len(self._declared) < len(self._plain):
            from taskrush.model.plain_edges import PlainEdges

            return PlainEdges(tuple(self.tasks), self._plain, self._declared)
        ids = tuple(self.tasks)
        for task_id, numbers in zip(ids, self._plain):
            if numbers is not None:
                self._declared[task_id] = tuple([Edge(task_id, ids[number]) for number in numbers])
        self._declared = {task_id: self._declared[task_id] for task_id in ids}
        files: Mapping[TaskId, Sequence[Edge]] = {}
        if by_files:
            waits = {
                task_id: (*(edge.on for edge in own), *self._closers.get(task_id, ()))
                for task_id, own in self._declared.items()
            }
            files = give_way(by_files, waits)
        if not files and not self._closers:
            return self._declared
        found: Dict[TaskId, Tuple[Edge, ...]] = {}
        for task_id, declared in self._declared.items():
            known = {edge.on for edge in declared}
            found[task_id] = (
                *declared,
                *(edge for edge in files.get(task_id, ()) if edge.on not in known),
                *self._closers.get(task_id, {}).values(),
            )
        return found

    def _order_only(self, dep: Dep, on: TaskId) -> bool:
        """A service makes nothing: what it is only counts where its key was asked for."""
        return dep.order_only or (self.tasks[on].service is not None and not dep.by_key)

    def _find(
        self, task: Task, name: str, what: str, where: Optional[Where], optional: bool = False
    ) -> Optional[TaskId]:
        found = resolve(name, task.namespace, self.names)
        if found is None and not optional:
            shown = [other for other, task_id in self.names.items() if not self.tasks[task_id].hidden]
            self._wrong(task, f"task `{task.id}` {what}, which does not exist", where, near(name, shown))
        return found

    def _value(self, task: Task, ingredient: Ingredient, own: Dict[TaskId, Edge]) -> None:
        """An edge to a task whose value is an ingredient."""
        name = ingredient.result or ""
        on = self._find(task, name, f"depends on what `{name}` returns", ingredient.where or task.where)
        if on is not None:
            own[on] = Edge(task.id, on, EdgeKind.RESULT)
            wrong = wrong_result(task, ingredient, self.tasks[on])
            if wrong is not None:
                self.problems.append(GraphProblem(wrong, frozenset((task.id,))))

    def _check_paths(self, task: Task) -> None:
        """What leads out of the workspace; a task that has problems of its own was looked at where it was declared."""
        for pattern in task.outputs if not task.problems else ():
            wrong = wrong_output(pattern)
            if wrong:
                self._wrong(task, f"task `{task.id}` has a path in `outputs`, `{pattern}`: {wrong}", task.where)
        for problem in wrong_parts(task) if task.ingredients else ():
            self.problems.append(GraphProblem(problem, frozenset((task.id,))))

    def _check_closers(self) -> None:
        """What runs after a service has ended cannot need it."""
        for closer, closed in self._closers.items():
            needed = {edge.on for edge in self._declared.get(closer, ())}
            for task_id in closed:
                if task_id in needed and self.tasks[task_id].service is not None:
                    message = f"task `{closer}` needs the service `{task_id}` and runs after its end"
                    hint = f"put `{closer}` under `finally` of the tasks that use `{task_id}`"
                    self._wrong(self.tasks[closer], message, self.tasks[closer].where, hint)

    def _check_name(self, task: Task) -> None:
        wrong = None if task.capture else what_is_wrong(task.id)
        if wrong:
            hint = "names are made of letters, digits and signs like `-`, `_`, `.`; `:` stands between namespaces"
            self._wrong(task, f"a task cannot be called `{_visible(task.id)}`: {wrong}", task.where, hint)

    def _wrong(self, task: Task, message: str, where: Optional[Where], hint: Optional[str] = None) -> None:
        self.problems.append(GraphProblem(Problem(message, where, hint), frozenset((task.id,))))


def _plain_ones(task: Task, place: Mapping[TaskId, int]) -> Optional[Tuple[int, ...]]:
    """The numbers of the tasks that a task needs which only names others by their ids; None if there is more."""
    wanted = task.dep_names
    if not wanted:
        return None if wanted is None and task.deps else ()
    try:
        found = tuple(map(place.__getitem__, wanted))  # type: ignore[arg-type]
    except KeyError:
        return None
    return None if ":" in task.id or (len(found) > 1 and len(set(found)) < len(found)) else found


def _also(where: Optional[Where]) -> str:
    return f", first at {where}" if where else ""


def _visible(name: str) -> str:
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)
