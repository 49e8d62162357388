"""What a file declares, before variables are filled in, matrices expanded and names linked.

`declare/` makes these from text; `compile/expand.py` makes tasks of them. Texts still hold `${NAME}`. A field that is
None was not given, so that `defaults` and `extends` can fill it.
"""

from __future__ import annotations

from taskrush._typing import Mapping
from taskrush.errors import Where
from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterator, Optional, Tuple, Union

    from taskrush.errors import Problem
    from taskrush.model.limits import Pool, PoolUse, Resources
    from taskrush.model.notification import Notice, Notifications
    from taskrush.model.policy import Cache, FailureHint, Input, Requirement
    from taskrush.model.retry import Retry, Timeout
    from taskrush.model.secret import Secret
    from taskrush.model.service import Service
    from taskrush.model.task import Dep, Param


class Places(Mapping[str, Where]):
    """Where each key of a declaration stands in its file (`cmd`, `deps.0`); a `Where` is made when asked for."""

    __slots__ = ("_path", "_spots")

    def __init__(self, path: str, spots: Mapping[str, Tuple[int, int]]) -> None:
        self._path = path
        self._spots = spots

    @property
    def spots(self) -> Mapping[str, Tuple[int, int]]:
        """Lines and columns without the path."""
        return self._spots

    def __getitem__(self, key: str) -> Where:
        line, column = self._spots[key]
        return Where(self._path, line, column)

    def __iter__(self) -> Iterator[str]:
        return iter(self._spots)

    def __len__(self) -> int:
        return len(self._spots)

    def __repr__(self) -> str:
        return f"Places({self._path!r}, {self._spots!r})"


@frozen(kw_only=True)
class Variable:
    """A named text, or the standard output of a command that is only run when a task needs it."""

    value: Optional[str] = None
    command: Optional[str] = None
    where: Optional[Where] = field(default=None, eq=False)


@frozen(kw_only=True)
class PluginUse:
    """A plugin named by a task or a file, with its settings as they were written.

    `version`, `type` and `path` say which one is meant and where it comes from; only a file says these.
    """

    name: str
    config: Any = None
    version: Optional[str] = None
    type: Optional[str] = None
    path: Optional[str] = None
    where: Optional[Where] = field(default=None, eq=False)


@frozen(kw_only=True)
class Matrix:
    """The axes of an expansion, in order, and the combinations to leave out or to add."""

    axes: Mapping[str, Tuple[str, ...]]
    exclude: Tuple[Mapping[str, str], ...] = ()
    include: Tuple[Mapping[str, str], ...] = ()
    where: Optional[Where] = field(default=None, eq=False)


@frozen(kw_only=True)
class TaskDecl:
    """One task as it was written.

    `cmd` are commands for the shell, `argv` one command as words (at most one of the two). `before` and `after` are
    commands that frame `cmd` in the same task. `places` says where each key stands (`deps.0`, `env.HOME`).
    """

    name: str
    where: Optional[Where] = field(default=None, eq=False)
    places: Mapping[str, Where] = field(factory=dict, eq=False)
    cmd: Optional[Tuple[str, ...]] = None
    argv: Optional[Tuple[str, ...]] = None
    before: Optional[Tuple[str, ...]] = None
    after: Optional[Tuple[str, ...]] = None
    description: Optional[str] = None
    deps: Optional[Tuple[Dep, ...]] = None
    finally_: Optional[Tuple[Dep, ...]] = None
    inputs: Optional[Tuple[Input, ...]] = None
    outputs: Optional[Tuple[str, ...]] = None
    incremental: Optional[bool] = None
    env: Optional[Mapping[str, str]] = None
    pass_env: Optional[Tuple[str, ...]] = None
    secrets: Optional[Tuple[Secret, ...]] = None
    dotenv: Optional[Tuple[str, ...]] = None
    cwd: Optional[str] = None
    shell: Optional[Tuple[str, ...]] = None
    vars: Optional[Mapping[str, Variable]] = None
    params: Optional[Tuple[Param, ...]] = None
    cache: Optional[Cache] = None
    condition: Optional[str] = None
    requires: Optional[Tuple[Requirement, ...]] = None
    platforms: Optional[Tuple[str, ...]] = None
    confirm: Optional[str] = None
    interactive: Optional[bool] = None
    extends: Optional[Tuple[str, ...]] = None
    matrix: Optional[Matrix] = None
    aliases: Optional[Tuple[str, ...]] = None
    tags: Optional[Tuple[str, ...]] = None
    hidden: Optional[bool] = None
    retry: Optional[Retry] = None
    hints: Optional[Tuple[FailureHint, ...]] = None
    allow_failure: Union[bool, Tuple[int, ...], None] = None
    timeout: Optional[Timeout] = None
    pool: Optional[Tuple[PoolUse, ...]] = None
    mutex: Optional[Tuple[str, ...]] = None
    exclusive: Optional[bool] = None
    resources: Optional[Resources] = None
    priority: Optional[int] = None
    jobserver: Optional[str] = None
    service: Optional[Service] = None
    remote: Optional[str] = None
    notify: Optional[Tuple[Notice, ...]] = None
    plugins: Optional[Tuple[PluginUse, ...]] = None


@frozen(kw_only=True)
class Include:
    """Another file whose tasks are taken in under a namespace; `path` is relative to the including file.

    With an empty `namespace` its tasks stand beside those of the including file.
    """

    namespace: str
    path: str
    optional: bool = False
    where: Optional[Where] = field(default=None, eq=False)


@frozen(kw_only=True)
class Remote:
    """A place named under `remotes:`, with its settings as they were written."""

    name: str
    type: str
    config: Mapping[str, Any] = field(factory=dict)
    where: Optional[Where] = field(default=None, eq=False)


@frozen(kw_only=True)
class CacheConfig:
    """The top-level `cache:` section, as it was written."""

    strategy: Optional[str] = None
    backends: Tuple[Mapping[str, Any], ...] = ()
    policies: Mapping[str, Any] = field(factory=dict)
    where: Optional[Where] = field(default=None, eq=False)


@frozen(kw_only=True)
class FileDecl:
    """One file: its tasks in order and what holds for all of them.

    `folder` is the folder of the file relative to the workspace (`.` at the top); relative paths of its tasks start
    there. `namespace` is the one it was included under. `places` says where what is in
    `env` and `dotenv` stands. `settings` are defaults for options of the command line.
    """

    path: str
    folder: str = "."
    namespace: str = ""
    places: Mapping[str, Where] = field(factory=dict, eq=False)
    tasks: Tuple[TaskDecl, ...] = ()
    vars: Mapping[str, Variable] = field(factory=dict)
    env: Mapping[str, str] = field(factory=dict)
    dotenv: Tuple[str, ...] = ()
    shell: Optional[Tuple[str, ...]] = None
    defaults: Optional[TaskDecl] = None
    includes: Tuple[Include, ...] = ()
    settings: Mapping[str, Any] = field(factory=dict)
    plugins: Tuple[PluginUse, ...] = ()
    remotes: Mapping[str, Remote] = field(factory=dict)
    secrets: Tuple[Secret, ...] = ()
    cache: Optional[CacheConfig] = None
    pools: Tuple[Pool, ...] = ()
    hints: Tuple[FailureHint, ...] = ()
    notify: Optional[Notifications] = None
    problems: Tuple[Problem, ...] = field(default=(), eq=False)
