"""Loads `tasks.py` by path, without leaving it on `sys.path`."""

import importlib.util
import os
import sys
from types import ModuleType

from taskrush.errors import ConfigError, Problem, Where

MODULE_NAME = "taskrush_tasks"


def load_module(path: str) -> ModuleType:
    """Execute a Python file as a module; its own folder can be imported from meanwhile."""
    spec = importlib.util.spec_from_file_location(MODULE_NAME, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    folder = os.path.dirname(path)
    sys.path.insert(0, folder)
    sys.modules[MODULE_NAME] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        trace = error.__traceback__
        line = 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == path:
                line = trace.tb_lineno
            trace = trace.tb_next
        raise ConfigError(Problem(f"{type(error).__name__}: {error}", Where(path, line))) from error
    finally:
        sys.path.remove(folder)
    return module
