"""The cache of a workspace, put together: where its store is, its limits, and the memory of one run.

It belongs to the same layer as `wiring.py`: it knows the parts of `cache/` and `plan/` and nothing of how tasks run.
"""

from __future__ import annotations

import hmac
import os
import subprocess
import sys
import time

from taskrush.cache.evict import DEFAULT_MAX_SIZE, Limits, evict_sometimes, parse_age, parse_size
from taskrush.cache.locks import KeyLock
from taskrush.cache.memory import CacheMemory, Modes
from taskrush.cache.objects import ObjectStore
from taskrush.cache.outputs import sweep
from taskrush.cache.result_cache import LocalResultCache
from taskrush.cache.stats import add_stats
from taskrush.errors import ConfigError, Problem, UsageError
from taskrush.model.substitution import substitute
from taskrush.plan.file_index import FileIndex
from taskrush.plan.fingerprinting import WorkspaceFingerprinter
from taskrush.report.key_parts import KeySpool
from taskrush.statefile import state_folder, write_whole
from taskrush.values import field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple, Union

    from taskrush.cache.memory import Seen
    from taskrush.model.declaration import CacheConfig, FileDecl
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task
    from taskrush.protocols import CacheStore
    from taskrush.supply.vault import Vault
    from taskrush.unchanged import Witness

ASK_SECONDS = 60.0
URL_SCHEMES = ("file", "local", "memory")


@frozen(kw_only=True)
class CacheSettings:
    """Where results are kept and how many. `folder` (an absolute path) also holds the locks; with a `url` the results
    themselves are there. `compress` and `link` are as in `ObjectStore`."""

    folder: str
    limits: Limits = field(factory=Limits)
    url: Optional[str] = None
    compress: bool = False
    link: bool = False


def user_cache_folder(environ: Mapping[str, str]) -> str:
    """The cache folder of this user, shared by all workspaces: `TASKRUSH_CACHE_DIR`, else the platform's place."""
    chosen = environ.get("TASKRUSH_CACHE_DIR")
    if chosen:
        return os.path.abspath(chosen)
    home = os.path.expanduser("~")
    if sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    elif os.name == "nt":  # pragma: no cover
        base = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    else:
        base = environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    return os.path.join(base, "taskrush")


def cache_settings(files: Iterable[FileDecl], root: str, environ: Mapping[str, str]) -> CacheSettings:
    """What the files' `cache:` sections say; the first file that has one decides. Raises `ConfigError`."""
    config = next((file.cache for file in files if file.cache is not None), None)
    folder = user_cache_folder(environ)
    if config is None:
        return CacheSettings(folder=folder)
    url: Optional[str] = None
    for backend in config.backends:
        if backend.get("type") == "local" and backend.get("path") and not environ.get("TASKRUSH_CACHE_DIR"):
            place = substitute(str(backend["path"]), environ)
            if "://" in place:
                url = _checked_url(place, config)
            else:
                folder = os.path.normpath(os.path.join(root, os.path.expanduser(place)))
    return CacheSettings(
        folder=folder,
        limits=_limits(config),
        url=url,
        compress=config.policies.get("compression") is True,
        link=config.policies.get("restore") == "link",
    )


def _checked_url(url: str, config: CacheConfig) -> str:
    scheme = url.partition("://")[0]
    if scheme not in URL_SCHEMES:
        raise ConfigError(
            Problem(
                f"a local cache cannot be at `{url}`: caches beyond this machine are not part of this version",
                config.where,
                "write a path, or a URL that begins with `file://`",
            )
        )
    return url


def _limits(config: CacheConfig) -> Limits:
    def read(name: str, parse: Callable[[str], Any], default: Any) -> Any:
        value = config.policies.get(name)
        if value is None:
            return default
        try:
            return parse(str(value))
        except ValueError:
            raise ConfigError(
                Problem(
                    f"`cache.policies.{name}` cannot be `{value}`", config.where, "write `10GB`, `512MiB`, `30d`, `12h`"
                )
            ) from None

    return Limits(max_size=read("max_size", parse_size, DEFAULT_MAX_SIZE), ttl=read("ttl", parse_age, None))


def parse_modes(text: str) -> Modes:
    """`local:rw`, `local:r`, `local:w`, `local:` or `off`. Raises `UsageError`."""
    if any(part.partition(":")[0].strip() == "remote" for part in text.split(",")):
        raise UsageError(f"--cache cannot be `{text}`: remote caches are not part of this version", "write `local:rw`")
    if text in ("off", "none", "local:"):
        return Modes(read=False, write=False)
    name, _, letters = text.partition(":")
    if name != "local" or not letters or set(letters) - set("rw"):
        raise UsageError(f"--cache cannot be `{text}`", "write `local:rw`, `local:r`, `local:w` or `off`")
    return Modes(read="r" in letters, write="w" in letters)


@frozen(kw_only=True)
class WorkspaceCache:
    """The parts of one workspace's cache, for runs and for looking into it."""

    root: str
    store: ObjectStore
    index: FileIndex
    fingerprinter: WorkspaceFingerprinter
    results: LocalResultCache
    limits: Limits


def open_cache(
    root: str,
    settings: CacheSettings,
    run_id: str,
    environ: Mapping[str, str],
    overrides: Optional[Mapping[str, str]],
    warn: Callable[[str], None],
    secrets: Optional[Vault] = None,
    witness: Optional[Witness] = None,
) -> WorkspaceCache:
    """The cache of a workspace. Touches nothing until it is used. The `witness` is told what files are looked at."""
    try:
        index_path: Optional[str] = os.path.join(state_folder(root), "files")
    except OSError:
        index_path = None
    index = FileIndex(root, index_path, witness)
    store = ObjectStore(_places(settings), compress=settings.compress, link=settings.link)
    hide = None if secrets is None else SecretHasher(settings.folder, secrets)
    return WorkspaceCache(
        root=root,
        store=store,
        index=index,
        fingerprinter=WorkspaceFingerprinter(root, index, environ, overrides, hide),
        results=LocalResultCache(root, store, index, run_id, warn, None if secrets is None else secrets.redactor),
        limits=settings.limits,
    )


def _places(settings: CacheSettings) -> Union[str, CacheStore]:
    if settings.url is None:
        return settings.folder
    from taskrush.cache.fs_store import FsStore

    return FsStore(settings.url)


class SecretHasher:
    """What stands in keys for texts that hold secrets, and for secrets: an HMAC under a key that never leaves this
    user.
    """

    def __init__(self, folder: str, secrets: Vault) -> None:
        self._folder = folder
        self._secrets = secrets
        self._key: Optional[bytes] = None

    def __call__(self, text: str) -> Optional[str]:
        """What stands for a text; None where the text may stand there itself."""
        return self._digest(text) if self._secrets.redactor.holds_text(text) else None

    def parts(self, task: Task) -> Iterator[Tuple[str, str]]:
        """What a task's fingerprint says of the secrets that it gets: the value where it counts, else the source."""
        for secret in sorted(self._secrets.secrets_of(task), key=lambda one: one.name):
            value = self._secrets.in_key(secret)
            yield f"secret {secret.name}", self._digest(value) if value is not None else secret.source

    def _digest(self, text: str) -> str:
        if self._key is None:
            self._key = _hmac_key(self._folder)
        return "hmac " + hmac.new(self._key, text.encode("utf-8", "surrogateescape"), "sha256").hexdigest()


def _hmac_key(folder: str) -> bytes:
    path = os.path.join(folder, "hmac.key")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        if not os.path.exists(path):
            write_whole(path, os.urandom(32))
        with open(path, "rb") as file:
            return file.read(32)
    except OSError:
        return os.urandom(32)


def make_memory(
    plan: Plan,
    settings: CacheSettings,
    run_id: str,
    environ: Mapping[str, str],
    overrides: Optional[Mapping[str, str]] = None,
    modes: Modes = Modes(),  # noqa: B008  (frozen)
    secrets: Optional[Vault] = None,
    remember: bool = False,
    witness: Optional[Witness] = None,
) -> CacheMemory:
    """The memory of one run. With `remember` the history comes to know what keys are made of."""
    warnings: List[str] = []
    cache = open_cache(plan.root, settings, run_id, environ, overrides, warnings.append, secrets, witness)
    asked: Dict[str, str] = {}

    def ask(command: str) -> str:
        if command not in asked:
            asked[command] = answer(command, plan.root, environ)
        return asked[command]

    keys = KeySpool(plan.root, run_id) if remember else None

    def close(stored: bool, seen: Sequence[Seen]) -> None:
        if keys is not None:
            keys.close()
        _tidy(cache, stored, seen)

    return CacheMemory(
        plan,
        cache.fingerprinter,
        cache.results,
        modes,
        lambda key: KeyLock(settings.folder, key),
        ask,
        on_close=close,
        warnings=warnings,
        note=keys.note if keys is not None else lambda fingerprint: None,
        witness=witness,
    )


def _tidy(cache: WorkspaceCache, stored: bool, seen: Sequence[Seen]) -> None:
    cache.index.save()
    cache.results.save()
    sweep(cache.root, time.time())
    add_stats(cache.root, seen)
    if stored:
        evict_sometimes(cache.store, cache.limits)


def answer(command: str, root: str, environ: Mapping[str, str]) -> str:
    """What a declared command prints, and how it ended."""
    shell: Tuple[str, ...] = ("/bin/sh", "-c") if os.name == "posix" else ("cmd.exe", "/d", "/s", "/c")
    try:
        done = subprocess.run(
            [*shell, command],
            cwd=root,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=ASK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"failed {type(error).__name__}"
    return f"{done.returncode} {done.stdout.decode('utf-8', 'surrogateescape')}"
