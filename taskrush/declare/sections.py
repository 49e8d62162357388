"""The keys at the top of a task file: declared once, as the keys of a task are in `keys.py`."""

from __future__ import annotations

import re

from taskrush.declare.entries import ENV, PLUGINS, TASK_NAME, TEXT, VARS
from taskrush.declare.hinting import OF_FILE as FILE_HINTS
from taskrush.declare.keys import SHELL, TEXTS
from taskrush.declare.limiting import POOLS
from taskrush.declare.nodes import Mapping
from taskrush.declare.notify_entries import NOTIFY
from taskrush.declare.secret_entries import SECRETS
from taskrush.declare.shapes import Flag, Made, Number, OneOf, Text
from taskrush.declare.structures import Either, Key, ListOf, MapOf, Record
from taskrush.declare.task_shape import DefaultsShape, TasksShape
from taskrush.model.declaration import CacheConfig, Include, Remote
from taskrush.model.duration import DURATION, DURATION_WORDS
from taskrush.model.settings import options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Tuple

    from taskrush.declare.nodes import Node
    from taskrush.declare.shapes import Reader, Shape
    from taskrush.model.settings import Option

NAMESPACE = Text("a namespace (as a task name)", TASK_NAME)


def _include(reader: Reader, node: Node, name: str, path: str) -> Include:
    return Include(namespace="", path=path, where=reader.source.where(node.spot))


def _include_record(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> Include:
    return Include(
        namespace=values.get("namespace", ""),
        path=values["path"],
        optional=values.get("optional", False),
        where=reader.source.where(node.items["path"].spot),
    )


_PATH = Key(names=("path",), shape=TEXT, help="the file, or its folder", required=True)
_OPTIONAL = Key(names=("optional",), shape=Flag(), help="no error when it is not there")
_SPACE = Key(names=("namespace",), shape=NAMESPACE, help="what its tasks' names start with")


class _Named(MapOf):
    """`namespace: path`, as a tuple of `Include`."""

    def read(self, reader: Reader, node: Node, name: str) -> Any:
        found = super().read(reader, node, name)
        if found is None:
            return None
        return tuple(
            Include(namespace=key, path=one.path, optional=one.optional, where=one.where) for key, one in found.items()
        )


INCLUDES = Either(
    "a path, a list or a mapping of paths",
    value=Made(TEXT, lambda reader, node, name, path: (_include(reader, node, name, path),)),
    list=ListOf(
        Either(
            "a path or a mapping",
            value=Made(TEXT, _include),
            mapping=Record((_PATH, _SPACE, _OPTIONAL), _include_record),
        ),
        single=False,
    ),
    mapping=_Named(
        Either("a path or a mapping", value=Made(TEXT, _include), mapping=Record((_PATH, _OPTIONAL), _include_record)),
        TASK_NAME,
        "a namespace",
    ),
)


def _remotes(reader: Reader, node: Node, name: str, values: Dict[str, Dict[str, Any]]) -> Dict[str, Remote]:
    assert isinstance(node, Mapping)
    made: Dict[str, Remote] = {}
    for key, config in values.items():
        rest = {below: value for below, value in config.items() if below != "type"}
        if "type" in config:
            made[key] = Remote(name=key, type=config["type"], config=rest, where=reader.source.where(node.keys[key]))
    return made


REMOTES = Made(
    MapOf(
        Record(
            (Key(names=("type",), shape=TEXT, help="`ssh`, `container`, `kubernetes`, ...", required=True),), open=True
        ),
        TASK_NAME,
        "a name",
    ),
    _remotes,
)


_SIZE = re.compile(r"[0-9]+(?:\.[0-9]+)? ?(?:[kmgtKMGT][iI]?[bB]?|[bB])?")
_AGE = re.compile(r"[0-9]+(?:\.[0-9]+)?[smhdw]")
POLICIES = Record(
    (
        Key(names=("max_size",), shape=Text("a size such as `10GB` or `512MiB`", _SIZE), help="how much is kept"),
        Key(names=("ttl",), shape=Text("a time such as `30d` or `12h`", _AGE), help="how long unused results are kept"),
        Key(names=("compression",), shape=Flag(), help="whether stored files are compressed where it pays (zstd)"),
        Key(
            names=("restore",),
            shape=OneOf("copy", "link"),
            help="`copy` (blocks are shared where the file system can), or `link`: read-only hard links into the store",
        ),
    )
)


def _cache_config(reader: Reader, node: Mapping, name: str, values: Dict[str, Any]) -> CacheConfig:
    values = dict(values)
    return CacheConfig(**values, where=reader.source.where(node.spot))


CACHE_CONFIG = Record(
    (
        Key(names=("strategy",), shape=TEXT, help="how keys are made: `content-aware`"),
        Key(
            names=("backends",),
            shape=ListOf(
                Record((Key(names=("type",), shape=TEXT, help="`local`, `cloud`, ...", required=True),), open=True),
                single=False,
                words="a list of mappings",
            ),
            help="where results are kept, the nearest first",
        ),
        Key(
            names=("policies",),
            shape=POLICIES,
            help="how much is kept, how: `max_size`, `ttl`, `compression`, `restore`",
        ),
    ),
    _cache_config,
)


def _setting(option: Option) -> Shape:
    if option.many:
        return TEXTS
    if option.choices:
        return OneOf(*option.choices)
    if option.kind == "bool":
        return Flag()
    if option.kind == "duration":
        return Text(DURATION_WORDS, re.compile(DURATION))
    if option.kind in ("int", "jobs", "number"):
        return Number(0)
    return Number(0, fraction=True) if option.kind == "float" else TEXT


SETTINGS = Record(
    tuple(Key(names=(name,), shape=_setting(option), help=option.help) for name, option in options() if option.in_file)
)

FILE_KEYS: Tuple[Key, ...] = (
    Key(
        names=("tasks",),
        shape=TasksShape(),
        help="the tasks by name; a text is its command, a list its commands",
        example="tasks:\n  lint: ruff check .\n  test:\n    cmd: pytest\n    deps: [lint]",
    ),
    Key(
        names=("vars",),
        shape=VARS,
        help="named texts for all tasks, used as `${NAME}`",
        example="vars:\n  name: world\n  sha: {cmd: git rev-parse HEAD}",
    ),
    Key(names=("env",), shape=ENV, help="variables for the commands of all tasks", example="env:\n  CI: true"),
    Key(names=("dotenv",), shape=TEXTS, help="files of variables for all tasks", example="dotenv: [.env, .env.local]"),
    Key(
        names=("include", "includes"),
        shape=INCLUDES,
        help="other task files: `namespace: path`, or a list of `{path, namespace, optional}`; a folder means the task "
        "file in it; without a namespace its tasks stand beside these",
        example="include:\n  docs: docs/.rush",
    ),
    Key(
        names=("defaults",),
        shape=DefaultsShape(),
        help="keys that all tasks of this file have unless they say otherwise",
        example="defaults:\n  shell: bash\n  tags: [ci]",
    ),
    Key(
        names=("settings",),
        shape=SETTINGS,
        help="defaults for options of the command line",
        example="settings:\n  jobs: 4\n  output: stream",
    ),
    Key(names=("shell",), shape=SHELL, help="what runs the commands of all tasks", example="shell: bash"),
    Key(
        names=("pools",),
        shape=POOLS,
        help="named limits by how much of each there is, for all tasks of the workspace that take from them",
        example="pools:\n  database: 2",
    ),
    Key(
        names=("plugins",),
        shape=PLUGINS,
        help="the plugins of the workspace with their settings",
        example="plugins:\n  - name: git-hooks\n    config: {pre_commit: [lint]}",
    ),
    Key(
        names=("remotes",),
        shape=REMOTES,
        help="places that tasks can run at, by name",
        example="remotes:\n  ci: {type: ssh, host: ci.example.com}",
    ),
    Key(
        names=("secrets",),
        shape=SECRETS,
        help="values that are taken out of all output, and where they come from: variables of the environment, or "
        "`env`, `file`, `cmd` or `keyring` by name; a task whose outputs hold one is not kept in the cache",
        example="secrets:\n  API_TOKEN: {}\n  DB_PASSWORD: {file: .password}\n  SIGNING_KEY: {cmd: pass show signing}",
    ),
    Key(
        names=("notify",),
        elsewhere=("notifications",),
        shape=NOTIFY,
        help="who is told how runs and tasks ended: `channels` by name, and `rules`",
        example='notify:\n  channels: {team: "${SLACK_WEBHOOK}"}\n  rules:\n    - {to: team, on: [failure, recovery]}',
    ),
    Key(
        names=("cache",),
        shape=CACHE_CONFIG,
        help="where results are kept and for how long",
        example="cache:\n  policies: {max_size: 10GB}",
    ),
    FILE_HINTS,
    Key(
        names=("$schema",),
        shape=TEXT,
        help="for editors; not used",
        example="$schema: rush.schema.json",
    ),
)
FILE = Record(FILE_KEYS, ignored=re.compile(r"x-.*"))
