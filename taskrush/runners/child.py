"""The other end of `isolated.py`: runs in the fresh interpreter, calls one function and leaves the answer in a file."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import signal
import sys

from taskrush.errors import TaskCancelled
from taskrush.model.outcome import State, failed
from taskrush.runners.invoke import invoke
from taskrush.runners.isolated import reply_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Callable, Dict, Optional

    from taskrush.model.outcome import Outcome


def main(path: str) -> None:
    """Do what the request at `path` says; ends this process with the exit code of the task."""
    with open(path, "rb") as file:
        request = pickle.load(file)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="surrogateescape")  # type: ignore[union-attr]

    def stop(number: int, frame: Optional[FrameType]) -> None:
        raise TaskCancelled("cancelled")

    if hasattr(signal, "SIGTERM"):
        signal.signal(signal.SIGTERM, stop)
    outcome = _call(request)
    if outcome.state is State.CANCELLED:
        sys.exit(130)
    reply = reply_for(outcome, request["task"])
    with open(path + ".part", "wb") as answer:
        pickle.dump(reply, answer)
    os.replace(path + ".part", path + ".reply")
    code = reply["code"]
    sys.exit(0 if reply["ok"] else code or 1)


def _call(request: Dict[str, Any]) -> Outcome:
    try:
        function = _function(request)
    except BaseException as error:
        return failed(f"cannot load the function: {type(error).__name__}: {error}")
    arguments = {}
    for name, data in request["arguments"].items():
        try:
            arguments[name] = pickle.loads(data)
        except Exception as error:
            return failed(f"argument `{name}` of task `{request['task']}` cannot be unpickled: {error}")
    return invoke(function, arguments, request["extra"], _tell_error, lambda tell: None)


def _function(request: Dict[str, Any]) -> Callable[..., Any]:
    found: Any = _module(request["file"], request["module"])
    if request["name"] is None:
        return pickle.loads(request["function"])  # type: ignore[no-any-return]
    for part in request["name"].split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]


def _module(path: Optional[str], name: str) -> Any:
    """Import by name; by path what has no name that could be imported: `tasks.py`, and the script itself."""
    if path is None or not (name == "__main__" or name.startswith("taskrush_tasks_")):
        return importlib.import_module(name)
    inside = "__taskrush_main__" if name == "__main__" else name
    spec = importlib.util.spec_from_file_location(inside, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[inside] = module
    if name == "__main__":
        sys.modules["__main__"] = module  # pickled objects name their class by this module
    folder = os.path.dirname(os.path.abspath(path))
    if folder not in sys.path:
        sys.path.append(folder)
    spec.loader.exec_module(module)
    return module


def _tell_error(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(text)
    sys.stderr.flush()
