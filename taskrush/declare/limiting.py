"""The keys that limit what runs beside a task, and the pools of a file. Shapes here make nouns of `model/limits.py`."""

from __future__ import annotations

import re

from taskrush.declare.entries import NAME
from taskrush.declare.nodes import Mapping
from taskrush.declare.shapes import Flag, Made, Number, OneOf, Text
from taskrush.declare.structures import Either, Key, ListOf, MapOf, Record
from taskrush.model.limits import Pool, PoolUse, Resources
from taskrush.model.sizes import SIZE, SIZE_WORDS, as_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    from taskrush.declare.nodes import Node
    from taskrush.declare.shapes import Reader

LEAST_CPU = 0.05
LEAST_PRIORITY = -1000
_POOL_NAME = re.compile(r"[\w.+/@-]+")


def _pools(reader: Reader, node: Node, name: str, values: Dict[str, int]) -> Tuple[Pool, ...]:
    assert isinstance(node, Mapping)
    return tuple(Pool(key, size, reader.source.where(node.keys[key])) for key, size in values.items())


POOLS = Made(MapOf(Number(1), _POOL_NAME, "a name (letters, digits, `_ - . + / @`)"), _pools)


def _use(reader: Reader, node: Node, name: str, value: str) -> PoolUse:
    return PoolUse(value, where=reader.source.where(node.spot))


def _weighted(reader: Reader, node: Node, name: str, values: Dict[str, int]) -> Tuple[PoolUse, ...]:
    assert isinstance(node, Mapping)
    return tuple(PoolUse(key, weight, where=reader.source.where(node.keys[key])) for key, weight in values.items())


def _one(reader: Reader, node: Node, name: str, value: str) -> Tuple[PoolUse, ...]:
    return (_use(reader, node, name, value),)


def _resources(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Resources:
    return Resources(**values)


def _memory(reader: Reader, node: Node, name: str, value: str) -> int:
    return as_bytes(value)


def _cpu(reader: Reader, node: Node, name: str, value: float) -> Optional[float]:
    if value < LEAST_CPU:
        reader.report(node, f"{reader.called(name)} must be at least {LEAST_CPU:g}")
        return None
    return value


def _style(reader: Reader, node: Node, name: str, value: bool) -> str:
    return "auto" if value else ""


LIMIT_KEYS: Tuple[Key, ...] = (
    Key(
        names=("pool",),
        elsewhere=("pools", "concurrency", "resource_class"),
        shape=Either(
            "the name of a pool, a list of names or a mapping of names to how much is taken",
            value=Made(NAME, _one),
            list=ListOf(Made(NAME, _use), single=False),
            mapping=Made(MapOf(Number(1), _POOL_NAME), _weighted),
        ),
        help="pools it takes a place of while it runs, declared under `pools` at the top of a file; a mapping says how "
        "many places",
        example="pool: {database: 2}",
        in_defaults=True,
    ),
    Key(
        names=("mutex",),
        elsewhere=("lock", "resource_group", "concurrency_group"),
        shape=ListOf(NAME),
        help="of all tasks with this word one runs at a time; a list: of each",
        example="mutex: port-8080",
        in_defaults=True,
    ),
    Key(
        names=("exclusive",),
        elsewhere=("serial", "alone", "run_alone"),
        shape=Flag(),
        help="nothing else runs while it does",
        example="exclusive: true",
        in_defaults=True,
    ),
    Key(
        names=("resources",),
        elsewhere=("requests",),
        shape=Record(
            (
                Key(
                    names=("cpu",),
                    elsewhere=("cpus", "cores", "threads"),
                    shape=Made(Number(0, fraction=True), _cpu),
                    help="how many of the run's slots (`-j`) it takes; without it one",
                ),
                Key(
                    names=("memory",),
                    elsewhere=("mem", "ram"),
                    shape=Made(Text(SIZE_WORDS, re.compile(SIZE)), _memory),
                    help="how much memory it needs; without it what it took in earlier runs, if that was much",
                ),
            ),
            _resources,
        ),
        help="what it needs of the machine; what runs at a time never needs more than there is",
        example="resources: {cpu: 2, memory: 4GB}",
        in_defaults=True,
    ),
    Key(
        names=("priority",),
        shape=Number(LEAST_PRIORITY),
        help="of the tasks that could start, those with the highest go first; what it needs has at least the same",
        example="priority: 10",
        in_defaults=True,
    ),
    Key(
        names=("jobserver",),
        shape=Either("`true`, `false`, `fifo` or `pipe`", flag=Made(Flag(), _style), value=OneOf("fifo", "pipe")),
        help="`make`, `cargo` and `ninja` in it share the run's slots (`-j`) with all other tasks; `fifo` and `pipe` "
        "are the two ways to tell them, `true` takes the one that `make` knows",
        example="jobserver: true",
        in_defaults=True,
    ),
)
