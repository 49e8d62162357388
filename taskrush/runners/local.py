"""Runs commands as processes of this machine: turns a task into argument vectors, a folder and an environment.

How processes are started, heard and ended is written in `process.py`. Commands have nothing to read on their standard
input, so that a run does not depend on where it was started; a task that is `interactive` has the terminal instead.
"""

from __future__ import annotations

import os

from taskrush.model.environment import visible
from taskrush.model.substitution import as_text, substitute
from taskrush.model.task import Argv, Shell
from taskrush.regex import expression
from taskrush.runners.guardian import Guardian
from taskrush.runners.process_tree import COOKIE, Tree
from taskrush.runners.spawn import DEFAULT_SHELL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

    from taskrush.model.task import Task
    from taskrush.protocols import OnOutput, Pollable, Running, Sharing
    from taskrush.runners.usage import Meter

_TAKES_ARGUMENTS = expression(r"\$(?:[@*1-9#]|\{[@*1-9#])")


class LocalRunner:
    """Starts the commands of one run.

    `root` is the workspace, `environ` what every action starts from, `overrides` what wins over a task's own `env`.
    `sharing` lets them take part in the slots of the run.
    `secrets` are the variables that a task gets besides: never in the words of a command, which others can see.
    """

    def __init__(
        self,
        root: str,
        environ: Mapping[str, str],
        run_id: str,
        overrides: Optional[Mapping[str, str]] = None,
        secrets: Callable[[Task], Mapping[str, str]] = lambda task: {},
        sharing: Optional[Sharing] = None,
        measure: str = "end",
    ) -> None:
        self._root = root
        self._tree = Tree(run_id, environ)
        self._environ = {name: value for name, value in environ.items() if name != COOKIE}
        self._overrides = dict(overrides or {})
        self._plain = {**self._environ, **self._overrides}
        self._folders: Dict[str, str] = {}
        self.secrets = secrets
        self._sharing = sharing
        self._guardian = Guardian(self._tree)
        self._measure = measure
        self._meter: Optional[Meter] = None

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> Union[Running, Pollable]:
        env = self._environment(task, values)
        keep: Sequence[int] = ()
        if self._sharing is not None:
            keep = self._sharing.descriptors(task, env)
            env = {**env, **self._sharing.environment(task, env)}
        cwd = self._folder(substitute(task.cwd, env))
        vectors = commands(task, env)
        if os.name != "posix":
            from taskrush.runners.windows import WindowsRunning

            return WindowsRunning(vectors, cwd, {**env, **self._tree.cookie(self._tree.new_mark())}, task, on_output)
        from taskrush.runners.process import LocalRunning

        self._guardian.start()
        if self._meter is None and self._measure != "end":
            from taskrush.runners.meters import make_meter

            self._meter = make_meter(self._measure)
        return LocalRunning(vectors, cwd, env, task, on_output, self._tree, self._guardian, keep, self._meter)

    def _environment(self, task: Task, values: Mapping[str, object]) -> Mapping[str, str]:
        """What the task's commands find, but for their mark. Tasks that see all and declare nothing share one."""
        if not (values or task.arguments or task.env or task.secrets or task.is_cached):
            return self._plain
        own = self.secrets(task) if task.secrets else {}
        return environment({**visible(self._environ, task), **own}, task, values, {**self._overrides, **own})

    def _folder(self, cwd: str) -> str:
        """The absolute path of a folder of the workspace; there are few, and many tasks."""
        found = self._folders.get(cwd)
        if found is None:
            found = self._folders[cwd] = os.path.normpath(os.path.join(self._root, cwd))
        return found

    def interrupt(self, signum: int) -> None:
        self._tree.ending = True
        self._tree.stop_signal = signum

    def remind(self) -> None:
        """Tell those commands again to end that did not hear it."""
        self._tree.remind()

    def pause(self, on: bool) -> None:
        """Let commands stand still, or go on."""
        if os.name == "posix":
            self._tree.pause(on)

    def close(self) -> None:
        if self._tree.ending:
            self._tree.sweep()
        self._guardian.close()
        if self._meter is not None:
            self._meter.close()


def environment(
    base: Mapping[str, str], task: Task, values: Mapping[str, object], overrides: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a task's commands: later ones win: base, results, arguments, the task's own, overrides."""
    env = dict(base)
    for source in (values, task.arguments):
        for name, value in source.items():
            text = as_text(value)
            if text is not None:
                env[name] = text
    env.update((name, substitute(value, env)) for name, value in task.env.items())
    env.update(overrides)
    return env


def commands(task: Task, env: Mapping[str, str]) -> List[Tuple[str, ...]]:
    """The argument vectors to run one after the other. What followed `--` goes to the last one."""
    action = task.action
    if isinstance(action, Argv):
        return [tuple(substitute(word, env) for word in action.words) + task.extra]
    assert isinstance(action, Shell)
    shell = task.shell or DEFAULT_SHELL
    vectors = []
    last = action.main % len(action.commands)
    for number, command in enumerate(action.commands):
        if number == last and task.extra:
            if not _TAKES_ARGUMENTS.search(command):
                command = command.rstrip("\n") + ' "$@"'
            vectors.append((*shell, command, task.id, *task.extra))
        else:
            vectors.append((*shell, command))
    return vectors


__all__ = ["DEFAULT_SHELL", "LocalRunner", "as_text", "commands", "environment", "substitute"]
