"""How a bundle of a Python task runs it: `run.py`, and the facts that it reads. The script needs TaskRush alone."""

from __future__ import annotations

import json

from taskrush.model.substitution import as_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Collection

    from taskrush.model.task import Task

SCRIPT = '''\
"""Runs the task of this bundle; started by run.sh, which says where its files are."""

import json
import os
import sys

from taskrush import Cache, Project, TaskOutput
from taskrush.declare.options import convert
from taskrush.model.plan import part
from taskrush.values import evolve


class Echo:
    def __init__(self, task):
        self.task = task

    def on_record(self, record):
        event = record.event
        if isinstance(event, TaskOutput) and event.task == self.task:
            stream = sys.stdout if event.stream == "stdout" else sys.stderr
            stream.buffer.write(event.data)
            stream.flush()


def main(work):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "task.json"), encoding="utf-8") as file:
        facts = json.load(file)
    os.chdir(work)
    sys.path.append(work)
    project = Project.load(work)
    task = project.graph.tasks[facts["task"]]
    params = {param.name: param for param in task.params}
    given = {**facts["arguments"], **{name: [os.environ[name]] for name in facts["holes"]}}
    arguments = {name: convert(task, params[name], texts) for name, texts in given.items()}
    plan = project.plan(task.id, only=True, arguments={task.id: arguments}, extra=facts["extra"])
    wanted, todo = set(), [task.id]
    while todo:
        name = todo.pop()
        wanted.add(name)
        todo.extend(project.graph.tasks[name].bindings.values())
    plan = part(evolve(plan, whole=None), wanted)
    plain = [evolve(one, cache=Cache(enabled=False), secrets=(), notify=()) for one in plan.tasks]
    plan = evolve(plan, tasks=tuple(plain))
    outcome = project.executor(plan, cache="off", subscribers=[Echo(task.id)], notify=False).run()[task.id]
    print(f"{outcome.state.value}: {outcome.reason}" if outcome.reason else outcome.state.value, file=sys.stderr)
    if outcome.state.value not in ("failed", "warned", "cancelled"):
        return 0 if outcome.ok else 125
    code = outcome.code or 1
    return code if code > 0 else 128 - code


sys.exit(main(sys.argv[1]))
'''


def facts_of(task: Task, holes: Collection[str]) -> str:
    """What `run.py` has to know of a task: its parameters as they would be typed, and what followed `--`.

    Those that are holes it finds in the environment.
    """
    arguments = {}
    for name, value in task.arguments.items():
        if value is not None and name not in holes:
            several = value if isinstance(value, (list, tuple)) else [value]
            arguments[name] = ["false" if one is False else as_text(one) or "" for one in several]
    unsaid = sorted(name for name in task.arguments if name in holes)
    facts = {"task": task.id, "arguments": arguments, "holes": unsaid, "extra": list(task.extra)}
    return json.dumps(facts, indent=2) + "\n"
