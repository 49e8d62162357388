"""One walk over what identifies a task's work; the key is its digest, and two walks compared are the explanation.

The parts and their order are documented in `docs/reference/key.md`; a golden test holds them fast. Any change of what
goes in, or how, needs a new `KEY_VERSION`. Values of variables are only ever kept as digests.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

from taskrush._typing import Protocol
from taskrush.model.environment import declared
from taskrush.model.fingerprint import Fingerprint, Part, digest_of
from taskrush.model.pattern import Patterns, depth, is_literal, literal_prefix
from taskrush.model.task import Argv, Call, Shell
from taskrush.plan.file_index import sorted_unique
from taskrush.plan.gitignore import GitIgnore
from taskrush.plan.parts import part_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

    from taskrush.model.task import Task
    from taskrush.plan.file_index import FileIndex

KEY_VERSION = "1"


def _machine() -> str:
    if hasattr(os, "uname"):
        return os.uname().machine
    import platform  # which on Python 3.8 starts a process to tell the same

    return platform.machine()


PLATFORM = f"{sys.platform} {_machine()}"


class Hide(Protocol):
    """Keeps secrets out of keys."""

    def __call__(self, text: str) -> Optional[str]:
        """What stands for a text that holds a secret; None where the text may stand there itself."""

    def parts(self, task: Task) -> Iterable[Tuple[str, str]]:
        """The parts that say which secrets a task gets."""


class WorkspaceFingerprinter:
    """Fingerprints of the tasks of one workspace, with its files as they are at the moment of asking.

    `environ` is what tasks start from: `env` inputs are looked up there. `overrides` win over what tasks declare.
    """

    def __init__(
        self,
        root: str,
        index: FileIndex,
        environ: Mapping[str, str],
        overrides: Optional[Mapping[str, str]] = None,
        hide: Optional[Hide] = None,
    ) -> None:
        self._hides = hide is not None
        self._hide: Callable[[str], Optional[str]] = hide or (lambda text: None)
        self._secrets = (lambda task: ()) if hide is None else hide.parts
        self._overrides = overrides or {}
        self._root = root
        self._index = index
        self._environ = environ
        self._ignore: Optional[GitIgnore] = None
        self._answers: Dict[str, str] = {}
        self._pretended: Dict[str, str] = {}

    def fingerprint(self, task: Task, upstream: Mapping[str, str]) -> Fingerprint:
        """The fingerprint of a task. `upstream` are digests of what it depends on, by name of part."""
        if self._hides:
            self._index.doubt()
        parts = tuple(Part(name, self._hide(value) or value) for name, value in self._parts(task, upstream))
        return Fingerprint(parts, digest_of(parts))

    def outputs_digest(self, task: Task) -> str:
        """What the declared outputs of a task hold now, as one digest; for keys of its dependants."""
        rows = [(path, self._state(path)) for path in self.expand(task.outputs)]
        return _digest_rows(rows)

    # --- parts ----------------------------------------------------------------

    def _parts(self, task: Task, upstream: Mapping[str, str]) -> Iterator[Tuple[str, str]]:
        yield "schema", KEY_VERSION
        yield from _action_parts(task)
        for name in sorted(task.arguments):
            yield f"argument {name}", self._digest(canonical(task.arguments[name]))
        yield "cwd", task.cwd
        env = {**task.env, **self._overrides}
        for name in sorted(env):
            yield f"env {name}", self._digest(env[name])
        yield from self._secrets(task)
        for name in declared(self._environ, task):
            yield f"variable {name}", self._digest(self._environ[name])
        for part in sorted({item.part for item in task.ingredients if item.part is not None}):
            yield f"part {part}", self._part(part)
        for command in sorted({item.command for item in task.ingredients if item.command is not None}):
            self._index.doubt()
            yield f"tool {command}", self._answers.get(command, "unknown")
        if task.is_cached:
            for path in self.input_paths(task):
                yield f"input {path}", self._state(path)
        for number, pattern in enumerate(task.outputs):
            yield f"output {number}", pattern
        for name in sorted(upstream):
            yield name, upstream[name]
        yield "platform", PLATFORM

    def _digest(self, text: str) -> str:
        return self._hide(text) or _digest(text)

    def answer(self, command: str, text: str) -> None:
        """What a declared command printed; asked once a run."""
        self._answers[command] = _digest(text)

    def assume(self, command: str, digest: str) -> None:
        """Take a command to have printed what this digest stands for."""
        self._answers[command] = digest

    def pretend(self, states: Mapping[str, str]) -> None:
        """From now on take these paths to be in these states, whatever is on disk."""
        self._pretended.update(states)

    def _state(self, path: str) -> str:
        return (self._pretended and self._pretended.get(path)) or self._index.state(path)

    def unanswered(self, task: Task) -> Tuple[str, ...]:
        """The commands whose output has to be known before the task has a fingerprint."""
        commands = (item.command for item in task.ingredients if item.command is not None)
        return tuple(command for command in dict.fromkeys(commands) if command not in self._answers)

    def _part(self, part: str) -> str:
        self._index.doubt()
        path, _, pointer = part.partition("#")
        return part_digest(os.path.join(self._root, path), pointer)

    def input_paths(self, task: Task) -> List[str]:
        """The files that are inputs now, sorted. Without declared inputs: everything in the task's folder that git
        would track, but its own outputs."""
        if task.inputs is not None:
            return self.expand(task.inputs)
        self._index.doubt()
        if self._ignore is None:
            self._ignore = GitIgnore(self._root)
        own = Patterns(task.outputs)
        folder = "" if task.folder == "." else task.folder
        found = []
        for path, is_folder in self._index.walk(folder):
            if not is_folder and not own.matches(path) and not self._ignore.ignored(path):
                found.append(path)
        return sorted_unique(found)

    def expand(self, patterns: Tuple[str, ...]) -> List[str]:
        """The files that patterns mean now, sorted; a literal path is listed even when nothing is there."""
        wanted = Patterns(patterns)
        found: List[str] = []
        seen_roots: List[str] = []
        depths = [depth(pattern) for pattern in patterns if not pattern.startswith("!")]
        deepest = None if None in depths else max((number for number in depths if number is not None), default=None)
        for pattern in patterns:
            if pattern.startswith("!"):
                continue
            root = literal_prefix(pattern)
            if root and not self._index.is_folder(root):
                if is_literal(pattern) and not pattern.endswith("/") and wanted.matches(root):
                    found.append(root)
                continue
            if any(root == seen or not seen or root.startswith(seen + "/") for seen in seen_roots):
                continue
            seen_roots.append(root)
            levels = None if deepest is None else deepest - (root.count("/") + 1 if root else 0)
            walked = self._index.walk(root, levels)
            found.extend(path for path, is_folder in walked if not is_folder and wanted.matches(path))
        if self._pretended:
            found.extend(path for path in self._pretended if wanted.matches(path))
        return sorted_unique(found)


def _action_parts(task: Task) -> Iterator[Tuple[str, str]]:
    action = task.action
    if isinstance(action, Shell):
        for number, command in enumerate(action.commands):
            yield f"command {number}", command
        if task.shell:
            yield "shell", canonical(task.shell)
    elif isinstance(action, Argv):
        yield "argv", canonical(action.words)
    elif isinstance(action, Call):
        yield "function", action.name
        yield "python", ".".join(map(str, sys.version_info[:3]))
        from taskrush.plan.source import source_parts  # `inspect` is only needed for functions

        yield from source_parts(action.function)
    if task.extra:
        yield "extra", canonical(task.extra)


def canonical(value: Any) -> str:
    """A text that is the same for equal plain values; for others their type and repr."""
    try:
        return json.dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        return f"{type(value).__qualname__} {value!r}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _digest_rows(rows: Iterable[Tuple[str, str]]) -> str:
    return digest_of(Part(name, value) for name, value in rows)
