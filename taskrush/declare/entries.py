"""What may stand below a key of a task: dependencies, variables, parameters, requirements, plugins.

Each shape here makes one of the nouns of `model/`. Which key takes which shape is said in `keys.py`.
"""

from __future__ import annotations

import re

from taskrush.declare.nodes import Mapping, Scalar
from taskrush.declare.shapes import IDENTIFIER, Anything, Flag, Made, OneOf, Text
from taskrush.declare.structures import Either, Key, ListOf, MapOf, Record
from taskrush.model.declaration import PluginUse, Variable
from taskrush.model.policy import Cache, Ingredient, Requirement, as_input
from taskrush.model.task import Dep
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    from taskrush.declare.nodes import Node
    from taskrush.declare.shapes import Reader
    from taskrush.errors import Where
    from taskrush.model.policy import Input

TASK_NAME = re.compile(r"(?!-)[\w.+/@-]+(?::[\w.+/@-]+)*")
TASK_NAME_WORDS = "a task name (letters, digits, `_ - . + / @`, with `:` between parts)"
COMMAND = Text("a command", quote=True)
TEXT = Text()
NAME = Text("a name")
PLATFORMS = ("linux", "macos", "windows")


def at(reader: Reader, node: Node) -> Where:
    return reader.source.where(node.spot)


# Dependencies


def _dep(reader: Reader, node: Node, name: str, value: str) -> Dep:
    return Dep(value, where=at(reader, node))


def _dep_record(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Dep:
    where = at(reader, node.items["task"])
    strategy = values.get("strategy")
    order_only = values.get("order_only", False) or strategy == "none"
    return Dep(values["task"], values.get("optional", False), order_only, strategy == "key", where=where)


DEP = Either(
    "a name",
    value=Made(NAME, _dep),
    mapping=Record(
        (
            Key(names=("task",), shape=NAME, help="the task's name", required=True),
            Key(names=("optional",), shape=Flag(), help="no error when there is no such task"),
            Key(names=("order_only",), shape=Flag(), help="it runs first, but what it makes does not matter"),
            Key(
                names=("strategy",),
                shape=OneOf("outputs", "key", "none"),
                help="what of it counts for the cache: the content of its outputs, its key, or nothing (order only)",
            ),
        ),
        _dep_record,
    ),
)
DEPS = ListOf(DEP, words="a list of names")

# Variables and environment


def _value(reader: Reader, node: Node, name: str, value: str) -> Variable:
    return Variable(value=value, where=at(reader, node))


def _lazy(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Variable:
    return Variable(command=values["cmd"], where=at(reader, node.items["cmd"]))


VARS = MapOf(
    Either(
        "text or `{cmd: ...}`",
        value=Made(Text(empty=True), _value),
        mapping=Record(
            (Key(names=("cmd",), shape=COMMAND, help="its output becomes the value", required=True),),
            _lazy,
        ),
    ),
    IDENTIFIER,
    "a variable name (letters, digits and `_`)",
)
ENV = MapOf(
    Text(empty=True, hint='write `""` for an empty value, or use `pass_env` to pass a variable on'),
    key_words="a variable name (no spaces, no `=`)",
)

# Inputs


def _input(reader: Reader, node: Node, name: str, value: str) -> Input:
    return as_input(value, at(reader, node))


def _ingredient(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Ingredient:
    if "cmd" in values:
        values["command"] = values.pop("cmd")
    return Ingredient(**values, where=at(reader, node))


_NOT_FILES = ("env", "cmd", "result")
INPUTS = ListOf(
    Either(
        "a pattern or a mapping",
        value=Made(TEXT, _input),
        mapping=Record(
            (
                Key(
                    names=("env",),
                    shape=Text("a variable name (`*` is a wildcard, `!` leaves out)", re.compile(r"!?[^=\s\0!]+")),
                    help="variables of the environment",
                ),
                Key(names=("cmd",), shape=COMMAND, help="what a command prints, such as `node --version`"),
                Key(names=("result",), shape=NAME, help="what another task returns; it is a dependency then"),
            ),
            _ingredient,
            need=_NOT_FILES,
            alone=_NOT_FILES,
        ),
    ),
    words="a list of them",
)

# Caching


@frozen(kw_only=True)
class CacheUse:
    """What a task's `cache:` key says: also inputs and outputs may be given here."""

    cache: Cache
    inputs: Optional[Tuple[Input, ...]] = None
    outputs: Optional[Tuple[str, ...]] = None


def _cache_flag(reader: Reader, node: Node, name: str, value: bool) -> CacheUse:
    return CacheUse(cache=Cache(enabled=value))


def _cache_inputs(reader: Reader, node: Node, name: str, value: Any) -> CacheUse:
    return CacheUse(cache=Cache(enabled=True), inputs=value)


def _cache_record(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> CacheUse:
    return CacheUse(
        cache=Cache(enabled=values.get("enabled", True), share=values.get("share_across_team")),
        inputs=values.get("key_dependencies"),
        outputs=values.get("outputs"),
    )


CACHE = Either(
    "`true`, `false`, input patterns or a mapping",
    flag=Made(Flag(), _cache_flag),
    value=Made(INPUTS, _cache_inputs),
    list=Made(INPUTS, _cache_inputs),
    mapping=Record(
        (
            Key(names=("key_dependencies",), shape=INPUTS, help="the same as `inputs` of the task"),
            Key(names=("outputs",), shape=ListOf(TEXT), help="the same as `outputs` of the task"),
            Key(names=("share_across_team",), shape=Flag(), help="whether shared caches may keep the result"),
            Key(names=("enabled",), shape=Flag(), help="whether the result is kept at all"),
        ),
        _cache_record,
    ),
)


# Requirements


def _command(reader: Reader, node: Node, name: str, value: str) -> Requirement:
    return Requirement(command=value, where=at(reader, node))


def _requirement(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Requirement:
    if "cmd" in values:
        values["command"] = values.pop("cmd")
    return Requirement(**values, where=at(reader, node))


REQUIRES = ListOf(
    Either(
        "a command or a mapping",
        value=Made(COMMAND, _command),
        mapping=Record(
            (
                Key(names=("cmd",), shape=COMMAND, help="a command that must exit with 0"),
                Key(names=("env",), shape=Text("a variable name", IDENTIFIER), help="a variable that must be set"),
                Key(names=("file",), shape=TEXT, help="a file that must exist"),
                Key(names=("program",), shape=TEXT, help="a program that must be on PATH"),
                Key(names=("message",), shape=TEXT, help="what is said when it does not hold"),
            ),
            _requirement,
            need=("cmd", "env", "file", "program"),
            alone=("cmd", "env", "file", "program"),
        ),
    ),
    words="a list of them",
)
PLATFORM = OneOf(
    *PLATFORMS,
    meant={"darwin": "macos", "osx": "macos", "mac": "macos", "win32": "windows", "win": "windows", "win64": "windows"},
)

# Plugins


def _plugin_name(reader: Reader, node: Node, name: str, value: str) -> PluginUse:
    return PluginUse(name=value, where=at(reader, node))


def _plugin_record(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> PluginUse:
    return PluginUse(**values, where=at(reader, node))


_FULL_PLUGIN = Record(
    (
        Key(names=("name",), shape=NAME, help="the plugin's name", required=True),
        Key(names=("version",), shape=TEXT, help="which versions will do"),
        Key(names=("type",), shape=TEXT, help="`python`, `process` or `wasm`"),
        Key(names=("path",), shape=TEXT, help="where it is, when it is part of the workspace"),
        Key(names=("config",), shape=Anything(), help="its settings"),
    ),
    _plugin_record,
)


class _PluginMapping(Record):
    """`{name: ..., config: ...}` or `{NAME: settings}`."""

    def __init__(self) -> None:
        super().__init__((), None, open=True)

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        assert isinstance(node, Mapping)
        if "name" in node.items:
            return _FULL_PLUGIN.read(reader, node, name)
        if len(node.items) != 1:
            reader.report(node, f"{reader.called(name)} must name one plugin", "write `- name: settings`, one an item")
            return None
        [(plugin, config)] = node.items.items()
        return PluginUse(name=plugin, config=Anything().read(reader, config, name), where=at(reader, node))

    def schema(self) -> Dict[str, Any]:
        single = {"type": "object", "minProperties": 1, "maxProperties": 1, "not": {"required": ["name"]}}
        return {"anyOf": [_FULL_PLUGIN.schema(), single]}


class _PluginsByName(MapOf):
    """`NAME: settings`, any number of them."""

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        found = super().read(reader, node, name)
        if found is None or not isinstance(node, Mapping):
            return None
        where = reader.source.where
        return tuple(PluginUse(name=key, config=value, where=where(node.keys[key])) for key, value in found.items())


class _Settings(Anything):
    """Settings of a plugin; nothing at all is fine too."""

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        value = super().read(reader, node, name)
        return {} if value is None and isinstance(node, Scalar) else value


PLUGINS = Either(
    "a list of plugins or a mapping",
    value=Made(NAME, lambda reader, node, name, value: (_plugin_name(reader, node, name, value),)),
    list=ListOf(Either("a name or a mapping", value=Made(NAME, _plugin_name), mapping=_PluginMapping()), single=False),
    mapping=_PluginsByName(_Settings()),
)
