"""A task as a bundle that runs elsewhere: what of the workspace, the environment and the past belongs into it.

Nothing of the task is run; only the commands of its variables and of the tools that it declares are. No value of a
secret is ever written: variables that hold one become holes, files that hold one are left out.
"""

from __future__ import annotations

import os
import re
import sys

from taskrush._version import __version__
from taskrush.bundle.files import copy_files, pack, write
from taskrush.bundle.readme import readme
from taskrush.bundle.recipe import WORK, Check, Recipe, Step, mark
from taskrush.bundle.rerun import SCRIPT, facts_of
from taskrush.bundle.script import is_identifier, script
from taskrush.caching import answer, cache_settings, open_cache
from taskrush.errors import UsageError
from taskrush.model.environment import visible
from taskrush.model.graph import EdgeKind
from taskrush.model.outcome import State
from taskrush.model.plan import part
from taskrush.model.policy import Cache
from taskrush.model.redaction import Redactor
from taskrush.model.substitution import as_text, substitute
from taskrush.model.task import Call, Shell
from taskrush.resuming import planned
from taskrush.runners.local import commands, environment
from taskrush.runners.spawn import DEFAULT_SHELL
from taskrush.values import evolve, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

    from taskrush.caching import WorkspaceCache
    from taskrush.model.history import PastRun, PastTask
    from taskrush.model.plan import Plan
    from taskrush.model.task import Task, TaskId
    from taskrush.project import Project

MOST = 100 << 20  # bytes of files
UNWANTED = re.compile(r"TASKRUSH_.*|HOME|TMPDIR|TMP|TEMP|SSH_AUTH_SOCK|SHELL|TERM|COLORTERM|_|PWD|OLDPWD|SHLVL")
SECRETIVE = re.compile(
    r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|AUTH(?!OR)|COOKIE|_(KEY|PWD|PAT|DSN)$",
    re.IGNORECASE,
)
LOGIN = re.compile(r"://[^/@\s]*:[^/@\s]+@")


@frozen(kw_only=True)
class Bundle:
    """Where a bundle was written, how much is in it, what whoever runs it has to set, and what it lacks."""

    path: str
    files: int
    size: int
    holes: Mapping[str, str]
    left_out: Tuple[str, ...]


def reproduce(
    project: Project,
    task: str,
    into: str,
    *,
    past: Optional[Tuple[PastRun, Optional[PastTask]]] = None,
    env: Optional[Mapping[str, str]] = None,
    most: int = MOST,
) -> Bundle:
    """Write a bundle of a task to a folder that is not there or empty, or to a new `.tar.gz`.

    `past` is a run and how the task ended in it: its parameters are taken and its end is told. `env` wins over what
    tasks declare. Files are left out beyond `most` bytes. Raises `UsageError`, and what planning raises.
    """
    archive = into.endswith((".tar.gz", ".tgz"))
    if os.path.lexists(into) and (archive or not os.path.isdir(into) or os.listdir(into)):
        raise UsageError(f"there is something at `{into}` already", "name another place with `--to`")
    chosen = project.task(task).id
    plan = project.plan(chosen) if past is None else planned(project, past[0], (chosen,))
    if not any(one.id == chosen for one in plan.tasks):
        raise UsageError(f"there is nothing to run again for `{chosen}`")
    if archive:
        import tempfile

        with tempfile.TemporaryDirectory(prefix="taskrush-repro-") as folder:
            made = _Maker(project, plan, chosen, past, env or {}).write(folder, most)
            os.makedirs(os.path.dirname(os.path.abspath(into)), exist_ok=True)
            pack(folder, into)
    else:
        os.makedirs(into, exist_ok=True)
        made = _Maker(project, plan, chosen, past, env or {}).write(into, most)
    return evolve(made, path=into)


class _Maker:
    """One bundle in the making."""

    def __init__(
        self,
        project: Project,
        plan: Plan,
        task: TaskId,
        past: Optional[Tuple[PastRun, Optional[PastTask]]],
        env: Mapping[str, str],
    ) -> None:
        self._project = project
        self._plan = plan
        self._tasks = {one.id: one for one in plan.tasks}
        self._task = self._tasks[task]
        if self._task.action is None:
            needed = ", ".join(f"`{dep.task}`" for dep in self._task.deps[:5])
            raise UsageError(f"`{task}` does nothing itself", f"take one of {needed}" if needed else None)
        self._past = past
        self._env = env
        self._vault = project.vault(plan, env)
        self._redactor = self._vault.redactor if self._vault is not None else Redactor()
        self._holes: Dict[str, str] = {}
        self._left_out: List[str] = []
        self._values: Dict[TaskId, str] = {}
        self._cache = self._open()

    def _open(self) -> WorkspaceCache:
        root, environ = self._plan.root, dict(os.environ)
        settings = cache_settings(self._project.files, root, environ)
        return open_cache(root, settings, "repro", environ, self._env, self._left_out.append, self._vault)

    def write(self, folder: str, most: int) -> Bundle:
        """Everything into a folder."""
        makers = self._makers()
        python = any(isinstance(one.action, Call) for one in makers)
        if not python:
            self._ask_variables(makers)
            makers = [one for one in makers if one.id not in self._values]
        steps = self._python_steps() if python else [self._step(one) for one in makers]
        copied = copy_files(
            self._paths(makers, python), self._plan.root, os.path.join(folder, "files"), self._redactor.holds, most
        )
        os.makedirs(os.path.join(folder, "files"), exist_ok=True)
        self._say_what_lacks(makers)
        self._left_out += [f"`{path}`: {reason}" for path, reason in copied.left_out]
        recipe = Recipe(
            task=self._task.id,
            steps=tuple(steps),
            holes=self._holes,
            checks=() if python else self._checks(),
            made=() if python else self._made(),
            run=self._past[0].run if self._past else None,
            expected=_expected(self._past[1]) if self._past else None,
            version=__version__,
            tools=self._tools(),
            left_out=tuple(dict.fromkeys(map(self._redactor.clean_text, self._left_out))),
            python=sys.executable if python else None,
        )
        write(folder, "run.sh", self._redactor.clean_text(script(recipe)), executable=True)
        write(folder, "README.md", self._redactor.clean_text(readme(recipe)))
        if python:
            write(folder, "run.py", SCRIPT)
            write(folder, "task.json", self._redactor.clean_text(facts_of(self._task, self._holes)))
        return Bundle(path=folder, files=copied.files, size=copied.size, holes=self._holes, left_out=recipe.left_out)

    # --- steps --------------------------------------------------------------------------

    def _ask_variables(self, makers: Sequence[Task]) -> None:
        """The texts of variables that are commands, as they are now: elsewhere git, say, would tell another story."""
        asked: Set[TaskId] = set()
        for task in makers:  # those that others take come first
            if task.hidden and task.capture and asked.issuperset(task.bindings.values()):
                asked.add(task.id)
        if asked:
            plan = evolve(part(self._plan, asked), whole=None)
            result = self._project.executor(
                plan, env=self._env, cache="off", notify=False, on_failure="keep-going"
            ).run()
            self._values = {task: str(one.value) for task, one in result.outcomes.items() if one.ok}

    def _makers(self) -> List[Task]:
        """The task, after all whose values it receives."""
        wanted: Set[TaskId] = set()
        todo = [self._task]
        while todo:
            task = todo.pop()
            if task.id not in wanted:
                wanted.add(task.id)
                todo += [self._tasks[on] for on in task.bindings.values()]
        return [task for task in self._plan.tasks if task.id in wanted]

    def _step(self, task: Task) -> Step:
        env = self._environment(task)
        cwd = substitute(task.cwd, env)
        vectors = [tuple(self._shown(word) for word in words) for words in commands(task, env)]
        return Step(
            title=f"the value of `{task.id}`" if task.id != self._task.id else f"task `{task.id}`",
            commands=tuple(vectors),
            cwd=self._shown(cwd),
            env=env,
            value=_variable(task.id) if task.id != self._task.id else None,
        )

    def _python_steps(self) -> List[Step]:
        env = self._environment(self._task)
        env = {**env, "PYTHONDONTWRITEBYTECODE": "1", "TASKRUSH_CACHE_DIR": mark("home") + "/cache"}
        command = (mark("python"), mark("here") + "/run.py", WORK)
        return [Step(title=f"task `{self._task.id}`", commands=(command,), env=env)]

    def _environment(self, task: Task) -> Dict[str, str]:
        """What its commands see, as far as it may be told: the rest are holes, or left out by name."""
        base = visible(os.environ, evolve(task, cache=Cache(enabled=True), interactive=False))
        base = {name: value for name, value in base.items() if not UNWANTED.fullmatch(name)}
        own = {secret.name: secret.source for secret in task.secrets}
        values = {name: self._values.get(on, mark(_variable(on))) for name, on in task.bindings.items()}
        base.update((name, self._hole(name, f"the secret from {source}")) for name, source in own.items())
        found = environment(base, task, values, self._env)
        for name in list(found):
            if name in own or self._is_secret(name, found[name]):
                found[name] = self._hole(name, own.get(name, "a secret, or something that looks like one"))
            else:
                found[name] = self._shown(found[name])
        for name, source in own.items():
            found[name] = self._hole(name, f"the secret from {source}")
        if not task.is_cached and task is self._task:
            unseen = sorted(
                name
                for name in os.environ
                if name not in found and not UNWANTED.fullmatch(name) and name not in task.env
            )
            if unseen:
                self._left_out.append(f"variables that `{task.id}` saw, as its result is not kept: {', '.join(unseen)}")
        found.setdefault("HOME", mark("home"))
        found.setdefault("PATH", "/usr/local/bin:/usr/bin:/bin")
        return found

    def _is_secret(self, name: str, value: str) -> bool:
        return bool(value) and (
            self._redactor.holds_text(value) or SECRETIVE.search(name) is not None or LOGIN.search(value) is not None
        )

    def _hole(self, name: str, what: str) -> str:
        """What stands for the value of a variable that whoever runs the bundle sets."""
        if not is_identifier(name):
            self._left_out.append(f"variable `{name}`: {what}; a shell cannot have a variable of this name")
            return ""
        self._holes.setdefault(name, what)
        return mark(name)

    def _shown(self, text: str) -> str:
        """A text with the workspace as the work folder, and without values of secrets."""
        root = self._plan.root
        text = re.sub(re.escape(root) + r"(?=[/:;,\s\"']|$)", lambda match: WORK, text)
        if self._redactor.holds_text(text):
            for name, value in self._named_secrets():
                text = text.replace(value, self._hole(name, "a secret that is part of a text"))
            cleaned = self._redactor.clean_text(text)
            if cleaned != text:
                self._left_out.append("a secret that is part of a text: put it where `[secret]` stands in `run.sh`")
            text = cleaned
        return text

    def _named_secrets(self) -> Iterable[Tuple[str, str]]:
        """Names and values of those that are in the environment, the longest first."""
        places: Sequence[Mapping[str, str]] = (self._env, os.environ)
        names = [(one.name, one.env or one.name) for file in self._project.files for one in file.secrets]
        names += [(one.name, one.env or one.name) for one in self._task.secrets]
        found = {(name, place[source]) for name, source in names for place in places if place.get(source)}
        return sorted(found, key=lambda pair: (-len(pair[1]), pair))

    # --- files ----------------------------------------------------------------------------

    def _paths(self, makers: Sequence[Task], python: bool) -> Iterable[str]:
        finder = self._cache.fingerprinter
        for task in makers:
            yield from finder.input_paths(task)
            yield from (item.part.partition("#")[0] for item in task.ingredients if item.part is not None)
            yield from (one.file for one in task.requires if one.file is not None)
            if task.incremental:
                yield from finder.expand(task.outputs)
        for task in self._needed(makers):
            yield from finder.expand(task.outputs)
        if python:
            yield from self._sources()

    def _needed(self, makers: Sequence[Task]) -> List[Task]:
        """Everything that had to end well before."""
        on: Dict[TaskId, List[TaskId]] = {}
        for edge in self._plan.edges:
            if edge.kind is not EdgeKind.FINALLY:
                on.setdefault(edge.task, []).append(edge.on)
        seen: Set[TaskId] = set()
        todo = [task.id for task in makers]
        while todo:
            for other in on.get(todo.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        return [task for task in self._plan.tasks if task.id in seen]

    def _sources(self) -> Iterable[str]:
        """The files that declare tasks, and the modules of the workspace that were loaded for them."""
        files = list(self._project.sources)
        files += [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
        for path in files:
            inside = os.path.relpath(os.path.abspath(path), self._plan.root) if path else os.pardir
            if inside.split(os.sep)[0] != os.pardir and "site-packages" not in inside and os.path.isfile(path):
                yield inside.replace(os.sep, "/")

    # --- around -----------------------------------------------------------------------------

    def _checks(self) -> Tuple[Check, ...]:
        found = []
        for one in self._task.requires:
            what = one.command or one.file or one.env or one.program or ""
            message = self._shown(one.message or f"requirement does not hold: {what}")
            shell = (*(self._task.shell or DEFAULT_SHELL), self._shown(one.command)) if one.command else ()
            found.append(Check(message=message, command=shell, file=one.file, env=one.env, program=one.program))
        return tuple(found)

    def _made(self) -> Tuple[str, ...]:
        """The outputs that are plain paths."""
        texts = {name: as_text(value) or "" for name, value in {**self._task.arguments, **self._task.env}.items()}
        paths = [substitute(pattern, texts) for pattern in self._task.outputs]
        return tuple(
            path for path in paths if not re.search(r"[*?\[{!\\$]", path) and not self._redactor.holds_text(path)
        )

    def _tools(self) -> Dict[str, str]:
        """What the declared tools print, and the system."""
        found = {"uname -srm": " ".join(os.uname()[i] for i in (0, 2, 4))} if hasattr(os, "uname") else {}
        for command in dict.fromkeys(item.command for item in self._task.ingredients if item.command is not None):
            found[command] = answer(command, self._plan.root, os.environ).partition(" ")[2]
        found["python --version"] = "Python " + sys.version.split()[0]
        return {self._shown(command): self._redactor.clean_text(text) for command, text in found.items()}

    def _say_what_lacks(self, makers: Sequence[Task]) -> None:
        task = self._task
        services = [one.id for one in self._needed(makers) if one.service is not None]
        if services:
            self._left_out.append(f"services that it needs: {', '.join(services)}; start them first")
        if any(edge.task == task.id and edge.kind is EdgeKind.FINALLY for edge in self._plan.edges):
            self._left_out.append("how the tasks ended that it follows: `TASKRUSH_OUTCOME` and the like are not set")
        if task.condition is not None:
            self._left_out.append(f"its condition is not asked: {self._redactor.clean_text(task.condition)}")
        if not task.is_cached or task.inputs is None:
            self._left_out.append("what it reads is not declared: taken were the files below its folder that git keeps")
        if any(one.action is not None and not one.outputs for one in self._needed(makers)):
            self._left_out.append("what dependencies that declare no outputs have done")
        if isinstance(task.action, Shell) and not task.incremental and task.outputs:
            self._left_out.append("what it had made before: it starts without its outputs")
        self._left_out.append("programs, libraries and everything else outside of the workspace; time limits, retries")


def _variable(task: TaskId) -> str:
    """A shell variable for the value of a task."""
    import hashlib

    return "value_" + hashlib.sha256(task.encode("utf-8", "surrogateescape")).hexdigest()[:12]


def _expected(past: Optional[PastTask]) -> Optional[str]:
    if past is None:
        return None
    if past.state in (State.FRESH.value, State.HIT.value):
        return "did not run: its result was there"
    code = "" if past.code is None else f" with exit code {past.code if past.code >= 0 else 128 - past.code}"
    verb = {"succeeded": "ended well", "failed": "failed", "warned": "failed, as it may,"}.get(past.state)
    return f"{verb}{code}" if verb else f"was {past.state}"


def default_place(root: str, task: str) -> str:
    """Where a bundle goes unless somebody says so: among the state of the workspace, under a name that is free."""
    stem = re.sub(r"[^\w.+-]+", "-", task).strip("-.") or "task"
    folder = os.path.join(root, ".taskrush", "repro")
    number = 1
    while os.path.lexists(os.path.join(folder, f"{stem}-{number}.tar.gz")):
        number += 1
    return os.path.join(folder, f"{stem}-{number}.tar.gz")


__all__: Any = ["MOST", "Bundle", "default_place", "reproduce"]
