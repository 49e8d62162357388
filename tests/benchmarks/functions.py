"""`python functions.py ENGINE COUNT`: so many functions that do nothing, in layers, each of which
waits for some of the layer before; how long an engine takes to build, order and call them.

Prints wall seconds, CPU seconds and peak bytes as JSON; what the interpreter and its imports take is not counted.
"""

import json
import random
import resource
import sys
import time
from typing import Any, Callable, Dict, List, Tuple

Nodes = List[Tuple[int, ...]]  # which ones each waits for


def noop(*_: object) -> None:
    return None


def layers(count: int) -> Nodes:
    """Some 2.5 edges a node."""
    rnd = random.Random(7)
    width = max(1, int(count**0.5))
    nodes: Nodes = []
    for number in range(count):
        low = (number // width - 1) * width
        needs = {low + rnd.randrange(width) for _ in range(rnd.randint(1, 4))} if low >= 0 else set()
        nodes.append(tuple(needs))
    return nodes


def taskrush(jobs: int = 1) -> Callable[[Nodes], int]:
    """With one job one thread calls all of them."""
    from taskrush import Project, Task

    def work(nodes: Nodes) -> int:
        tasks: List[Task] = []
        for number, needs in enumerate(nodes):
            tasks.append(Task(id=str(number), action=noop, deps=[tasks[on] for on in needs]))
        project = Project.of(tasks)
        result = project.run(project.graph.tasks, jobs=jobs)
        assert result.ok
        return len(result.outcomes)

    return work


def graphlib() -> Callable[[Nodes], int]:
    """The order alone, by the standard library."""
    from graphlib import TopologicalSorter

    def work(nodes: Nodes) -> int:
        sorter: Any = TopologicalSorter()
        for number, needs in enumerate(nodes):
            sorter.add(number, *needs)
        sorter.prepare()
        count = 0
        while sorter.is_active():
            for number in sorter.get_ready():
                noop()
                sorter.done(number)
                count += 1
        return count

    return work


def doit() -> Callable[[Nodes], int]:
    """Its own tasks, control and runner, without its command line."""
    import io
    import os
    import tempfile

    from doit.control import TaskControl  # type: ignore[import-not-found]
    from doit.dependency import Dependency, JSONCodec, JsonDB  # type: ignore[import-not-found]
    from doit.reporter import ZeroReporter  # type: ignore[import-not-found]
    from doit.runner import Runner  # type: ignore[import-not-found]
    from doit.task import Task  # type: ignore[import-not-found]

    def work(nodes: Nodes) -> int:
        tasks = [Task(str(n), [(noop,)], task_dep=[str(on) for on in needs]) for n, needs in enumerate(nodes)]
        control = TaskControl(tasks)
        control.process(None)
        with tempfile.TemporaryDirectory() as folder:
            kept = Dependency(JsonDB, os.path.join(folder, "db"), codec_cls=JSONCodec)
            Runner(kept, ZeroReporter(io.StringIO(), {})).run_tasks(control.task_dispatcher())
        return len(control.tasks)

    return work


SLOW = ("doit",)  # takes half a minute for what the others do in a second or two: only by hand
ENGINES: Dict[str, Callable[[], Callable[[Nodes], int]]] = {
    "taskrush": taskrush,
    "taskrush, 2 workers": lambda: taskrush(2),
    "graphlib": graphlib,
    "doit": doit,
}


def main(engine: str, count: int) -> None:
    work, nodes = ENGINES[engine](), layers(count)
    wall, cpu = time.perf_counter(), time.process_time()
    done = work(nodes)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if done != count:
        raise SystemExit(f"{engine} called {done} of {count}")
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
