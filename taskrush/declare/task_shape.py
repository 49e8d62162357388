"""Tasks as they stand in a file: makes a `TaskDecl` of what the keys of `keys.py` say, and of short forms.

It says which keys do not go together, and what may not be a default.
"""

from __future__ import annotations

from taskrush.declare.entries import COMMAND, TASK_NAME, TASK_NAME_WORDS
from taskrush.declare.keys import COMMANDS, DEFAULTS, TASK
from taskrush.declare.nodes import Mapping, Scalar, Sequence
from taskrush.declare.shapes import Reader, Shape
from taskrush.declare.structures import Either
from taskrush.model.declaration import Places, TaskDecl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    from taskrush.declare.nodes import Node, Spot
    from taskrush.declare.shapes import Schema
    from taskrush.declare.structures import Record

_FIELD = {"if": "condition", "finally": "finally_"}


def build_task(reader: Reader, node: Mapping, name: str, values: Dict[str, Any], task: str, where: Spot) -> TaskDecl:
    """A declaration of what was read; says when two keys do not go together."""
    fields = {_FIELD.get(key, key): value for key, value in values.items()}
    used = fields.pop("cache", None)
    if used is not None:
        fields["cache"] = used.cache
        for key in ("inputs", "outputs"):
            given = getattr(used, key)
            if given is None:
                continue
            if key in fields:
                reader.source.report(
                    f"`cache` and `{key}` in {reader.called(name)} both name {key}", node.keys["cache"], f"keep `{key}`"
                )
            fields[key] = given
    return TaskDecl(
        name=task,
        where=reader.source.where(where),
        places=Places(reader.source.path, key_spots(node, TASK)),
        **fields,
    )


def key_spots(node: Mapping, record: Record) -> Dict[str, Spot]:
    """Where the keys of `record` stand in a mapping, and what is directly below them: `deps`, `deps.0`, `env.HOME`."""
    spots: Dict[str, Spot] = {}
    for spelling, item in node.items.items():
        key = record.by_name.get(spelling)
        if key is None:
            continue
        name = key.names[0]
        spots[name] = node.keys[spelling]
        if isinstance(item, Sequence):
            for index, one in enumerate(item.items):
                spots[f"{name}.{index}"] = one.spot
        elif isinstance(item, Mapping):
            for below, spot in item.keys.items():
                spots[f"{name}.{below}"] = spot
    return spots


class TasksShape(Shape):
    """`name: command`, `name: [command, ...]` or `name: {cmd: ..., ...}`, as a tuple of `TaskDecl`."""

    words = "a mapping of task names"
    body = Either("a command, a list of commands or a mapping", value=COMMAND, list=COMMANDS, mapping=TASK)

    def read(self, reader: Reader, node: Node, name: str) -> Optional[Tuple[TaskDecl, ...]]:
        if not isinstance(node, Mapping):
            reader.wrong(node, name, self.words)
            return None
        found = [self._task(reader, node.keys[task], task, body) for task, body in node.items.items()]
        return tuple(task for task in found if task is not None)

    def _task(self, reader: Reader, spot: Spot, task: str, body: Node) -> Optional[TaskDecl]:
        if not TASK_NAME.fullmatch(task):
            tidy = "-".join(task.split())
            hint = f"`{tidy}` is one" if tidy != task and TASK_NAME.fullmatch(tidy) else None
            reader.source.report(f"`{task}` is not {TASK_NAME_WORDS}", spot, hint)
            return None
        own = Reader(reader.source, f"task `{task}`")
        if isinstance(body, Mapping):
            values = TASK.read_keys(own, body, "", spot)
            return None if values is None else build_task(own, body, "", values, task, spot)
        if isinstance(body, Scalar) and body.value is None:
            own.source.report(f"task `{task}` says nothing to do", spot, f"write `{task}: COMMAND`")
            return None
        commands = self.body.read(own, body, "")
        if isinstance(commands, str):
            commands = (commands,)
        places = Places(reader.source.path, {"cmd": body.spot})
        return TaskDecl(name=task, where=reader.source.where(spot), places=places, cmd=commands)

    def schema(self) -> Schema:
        return {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:{TASK_NAME.pattern})$"},
            "additionalProperties": {"$ref": "#/$defs/task"},
        }


class DefaultsShape(Shape):
    """The keys of a task that may be given for all tasks of a file."""

    words = "a mapping"

    def read(self, reader: Reader, node: Node, name: str) -> Optional[TaskDecl]:
        own = Reader(reader.source, "`defaults`")
        if not isinstance(node, Mapping):
            reader.wrong(node, name, self.words)
            return None
        known = Mapping(node.spot)
        for key, item in node.items.items():
            if key in TASK.by_name and key not in DEFAULTS.by_name:
                reader.source.report(f"`{key}` cannot be a default", node.keys[key], "give it to each task")
                continue
            known.items[key] = item
            known.keys[key] = node.keys[key]
        values = DEFAULTS.read_keys(own, known, "")
        return None if values is None else build_task(own, known, "", values, "defaults", node.spot)

    def schema(self) -> Schema:
        return DEFAULTS.schema()
