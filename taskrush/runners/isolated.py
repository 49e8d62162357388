"""Runs Python functions in fresh interpreters of their own, which can be killed like any command.

The function travels by the place it is defined in, arguments and result are pickled. What cannot travel is named. The
child is started by the `local` runner, so its output, its end and the guardian are those of commands.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tempfile

from taskrush.asked import Pollable
from taskrush.errors import NotPicklable
from taskrush.model.outcome import State, failed, succeeded
from taskrush.model.task import Argv, Call
from taskrush.runners.carry import carry
from taskrush.runners.invoke import Unbindable, arguments_of
from taskrush.values import evolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.task import Task
    from taskrush.protocols import OnOutput, Runner, Running

MEASURED = ("cpu_seconds", "cpu_user_seconds", "cpu_system_seconds", "peak_bytes", "read_bytes", "written_bytes")
BOOT = "import sys;sys.path[:]=sys.argv[2:];from taskrush.runners.child import main;main(sys.argv[1])"


class IsolatedRunner:
    """Starts functions in processes; `root` is the workspace, which the child can import from."""

    def __init__(self, local: Runner, root: str) -> None:
        self._local = local
        self._root = root
        self._folder: Optional[str] = None
        self._count = 0

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> Running:
        assert isinstance(task.action, Call)
        try:
            request = request_for(task, arguments_of(task, values))
        except (NotPicklable, Unbindable) as error:
            return Failed(failed(str(error)))
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix="taskrush-")
        self._count += 1
        path = os.path.join(self._folder, str(self._count))
        with open(path, "wb") as file:
            pickle.dump(request, file)
        paths = [entry or os.getcwd() for entry in sys.path]
        flags: List[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        words = (sys.executable, *flags, "-c", BOOT, path, *paths, self._root)
        child = evolve(task, action=Argv(words), arguments={}, extra=(), capture=False)
        return ChildRunning(task, path, self._local.start(child, on_output, {}))

    def interrupt(self, signum: int) -> None:
        """The local runner, which has the processes, is told as well."""

    def close(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


class Failed:
    """A `Running` that never ran."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def wait(self) -> Outcome:
        return self._outcome

    def cancel(self, force: bool = False) -> None:
        """It has ended."""


class ChildRunning:
    """One child under way; a `Running`."""

    def __init__(self, task: Task, path: str, handle: Running | Pollable) -> None:
        self._task = task
        self._path = path
        self._handle = handle

    def wait(self) -> Outcome:
        handle = self._handle
        outcome = carry(handle) if isinstance(handle, Pollable) else handle.wait()
        if outcome.state is State.CANCELLED:
            return outcome
        try:
            with open(self._path + ".reply", "rb") as file:
                reply: Dict[str, Any] = pickle.load(file)
        except (OSError, EOFError, pickle.UnpicklingError):  # it was killed, or ended itself by `os._exit`
            return outcome if not outcome.ok else failed("its process ended without a result", code=outcome.code)
        used = {name: getattr(outcome, name) for name in MEASURED}
        used["code"] = reply["code"]
        if not reply["ok"]:
            return failed(reply["reason"], raised=reply["raised"], **used)
        try:
            return succeeded(value=pickle.loads(reply["value"]), **used)
        except Exception as error:
            return failed(f"result of task `{self._task.id}` cannot be unpickled: {error}", **used)

    def cancel(self, force: bool = False) -> None:
        self._handle.cancel(force)


def request_for(task: Task, arguments: Mapping[str, Any]) -> Dict[str, Any]:
    """What the child is told. Raises `NotPicklable` for what cannot travel."""
    assert isinstance(task.action, Call)
    function = task.action.function
    file, module, name = _home(task, function)
    pickled = {
        key: _pickled(value, f"argument `{key}` of task `{task.id}` cannot be pickled")
        for key, value in arguments.items()
    }
    request: Dict[str, Any] = {"task": task.id, "file": file, "module": module, "name": name, "function": None}
    if name is None:
        request["function"] = _pickled(function, f"the callable of task `{task.id}` cannot be pickled")
    return {**request, "arguments": pickled, "extra": list(task.extra)}


def _home(task: Task, function: Callable[..., Any]) -> Tuple[Optional[str], str, Optional[str]]:
    """File, module and name under which the child finds the function; no name where it is to be pickled."""
    name = getattr(function, "__qualname__", None)
    plain = hasattr(function, "__code__") and not hasattr(function, "__self__")
    owner = function if plain else getattr(function, "func", getattr(function, "__func__", type(function)))
    module = getattr(owner, "__module__", None) or "__main__"
    loaded = sys.modules.get(module)
    file = getattr(loaded, "__file__", None)
    lead = f"task `{task.id}` cannot run in a process of its own"
    if module == "__main__" and file is None:
        raise NotPicklable(f"{lead}: it is defined in an interactive session", "move it to a file")
    if not plain:
        return file, module, None
    if name is None or "<lambda>" in name:
        raise NotPicklable(f"{lead}: it is a lambda", "make it a function with a name")
    if "<locals>" in name:
        hint = "move it to the top level of its module"
        raise NotPicklable(f"{lead}: `{name}` is defined inside another function", hint)
    found: Any = loaded
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is None:
        raise NotPicklable(f"{lead}: module `{module}` has no `{name}`", "keep it under its own name")
    return file, module, name


def _pickled(value: object, lead: str) -> bytes:
    try:
        return pickle.dumps(value)
    except Exception as error:
        raise NotPicklable(f"{lead}: {error}", "pass plain data, or leave out `isolate`") from error


def reply_for(outcome: Outcome, task: str) -> Dict[str, Any]:
    """What the child answers."""
    reply: Dict[str, Any] = {"ok": outcome.ok, "reason": outcome.reason, "code": outcome.code, "value": b""}
    reply["raised"] = outcome.raised
    if outcome.ok:
        try:
            reply["value"] = _pickled(outcome.value, f"result of task `{task}` cannot be pickled")
        except NotPicklable as error:
            reply.update(ok=False, reason=str(error))
    return reply


__all__: Sequence[str] = ["BOOT", "ChildRunning", "IsolatedRunner", "reply_for", "request_for"]
