"""`taskrush list`: the tasks of the workspace."""

from typing import Any

from taskrush.project import Project


def run(options: Any) -> int:
    project = Project.load(options.directory)
    tasks = [task for task in project.graph if not task.hidden]
    width = max((len(task.id) for task in tasks), default=0)
    for task in tasks:
        print(f"{task.id:<{width}}  {task.description}".rstrip())
    return 0
