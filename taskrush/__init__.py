"""TaskRush: a task runner that is a Python library first.

    from taskrush import Project, task, run

Names are loaded when they are first used, so that `import taskrush` costs next to nothing.
"""

from taskrush._version import __version__ as __version__

TYPE_CHECKING = False  # as type checkers know it; `typing` would be half of the cost of `taskrush --version`
if TYPE_CHECKING:
    from taskrush.compile.link import link as link
    from taskrush.declare.annotation import option as option
    from taskrush.declare.command import command as command
    from taskrush.declare.decorator import output_of as output_of
    from taskrush.declare.decorator import result_of as result_of
    from taskrush.declare.decorator import task as task
    from taskrush.declare.decorator import value_of as value_of
    from taskrush.declare.decorator import variable as variable
    from taskrush.declare.mark import Command as Command
    from taskrush.declare.taskset import TaskSet as TaskSet
    from taskrush.errors import CommandFailed as CommandFailed
    from taskrush.errors import ConfigError as ConfigError
    from taskrush.errors import GraphError as GraphError
    from taskrush.errors import MissingCapability as MissingCapability
    from taskrush.errors import NotPicklable as NotPicklable
    from taskrush.errors import Problem as Problem
    from taskrush.errors import TaskCancelled as TaskCancelled
    from taskrush.errors import TaskRushError as TaskRushError
    from taskrush.errors import UsageError as UsageError
    from taskrush.errors import Where as Where
    from taskrush.events import AttemptFinished as AttemptFinished
    from taskrush.events import FailureExplained as FailureExplained
    from taskrush.events import Record as Record
    from taskrush.events import RunFinished as RunFinished
    from taskrush.events import RunStarted as RunStarted
    from taskrush.events import StopRequested as StopRequested
    from taskrush.events import TaskFinished as TaskFinished
    from taskrush.events import TaskHeld as TaskHeld
    from taskrush.events import TaskOutput as TaskOutput
    from taskrush.events import TaskStarted as TaskStarted
    from taskrush.events import Warned as Warned
    from taskrush.execute.executor import Executor as Executor
    from taskrush.execute.follow import Run as Run
    from taskrush.execute.watch import Watcher as Watcher
    from taskrush.execute.watch_news import NotLoaded as NotLoaded
    from taskrush.execute.watch_news import Round as Round
    from taskrush.execute.watch_news import RoundStarted as RoundStarted
    from taskrush.execute.watch_news import SelfChanging as SelfChanging
    from taskrush.execute.watch_news import ServiceEnded as ServiceEnded
    from taskrush.execute.watch_news import Watching as Watching
    from taskrush.model.failure import Cause as Cause
    from taskrush.model.failure import Evidence as Evidence
    from taskrush.model.failure import Failure as Failure
    from taskrush.model.failure import Flakiness as Flakiness
    from taskrush.model.graph import Graph as Graph
    from taskrush.model.history import PastAttempt as PastAttempt
    from taskrush.model.history import PastRun as PastRun
    from taskrush.model.history import PastTask as PastTask
    from taskrush.model.limits import Limits as Limits
    from taskrush.model.limits import Pool as Pool
    from taskrush.model.limits import PoolUse as PoolUse
    from taskrush.model.limits import Resources as Resources
    from taskrush.model.notification import Channel as Channel
    from taskrush.model.notification import Notice as Notice
    from taskrush.model.notification import Notifications as Notifications
    from taskrush.model.outcome import Outcome as Outcome
    from taskrush.model.outcome import RunResult as RunResult
    from taskrush.model.outcome import State as State
    from taskrush.model.plan import Plan as Plan
    from taskrush.model.policy import Cache as Cache
    from taskrush.model.policy import FailureHint as FailureHint
    from taskrush.model.policy import Ingredient as Ingredient
    from taskrush.model.policy import Requirement as Requirement
    from taskrush.model.retry import Retry as Retry
    from taskrush.model.retry import Timeout as Timeout
    from taskrush.model.secret import Secret as Secret
    from taskrush.model.service import Ready as Ready
    from taskrush.model.service import Service as Service
    from taskrush.model.task import Argv as Argv
    from taskrush.model.task import Call as Call
    from taskrush.model.task import Dep as Dep
    from taskrush.model.task import Param as Param
    from taskrush.model.task import Shell as Shell
    from taskrush.model.task import Task as Task
    from taskrush.model.task import TaskId as TaskId
    from taskrush.plan.planner import make_plan as make_plan
    from taskrush.project import Project as Project
    from taskrush.report.graph_formats import draw as draw
    from taskrush.runners.body import Completed as Completed
    from taskrush.runners.body import checkpoint as checkpoint
    from taskrush.runners.body import run as run
    from taskrush.runners.followed import followed as followed
    from taskrush.runners.secret import secret as secret

_HOMES = {
    "compile.link": ("link",),
    "declare.annotation": ("option",),
    "declare.command": ("command",),
    "declare.decorator": ("output_of", "result_of", "task", "value_of", "variable"),
    "declare.mark": ("Command",),
    "declare.taskset": ("TaskSet",),
    "errors": (
        "CommandFailed",
        "ConfigError",
        "GraphError",
        "MissingCapability",
        "NotPicklable",
        "Problem",
        "TaskCancelled",
        "TaskRushError",
        "UsageError",
        "Where",
    ),
    "events": (
        "AttemptFinished",
        "FailureExplained",
        "Record",
        "RunFinished",
        "RunStarted",
        "StopRequested",
        "TaskFinished",
        "TaskHeld",
        "TaskOutput",
        "TaskStarted",
        "Warned",
    ),
    "execute.executor": ("Executor",),
    "execute.follow": ("Run",),
    "execute.watch": ("Watcher",),
    "execute.watch_news": ("NotLoaded", "Round", "RoundStarted", "SelfChanging", "ServiceEnded", "Watching"),
    "model.failure": ("Cause", "Evidence", "Failure", "Flakiness"),
    "model.graph": ("Graph",),
    "model.history": ("PastAttempt", "PastRun", "PastTask"),
    "model.limits": ("Limits", "Pool", "PoolUse", "Resources"),
    "model.notification": ("Channel", "Notice", "Notifications"),
    "model.outcome": ("Outcome", "RunResult", "State"),
    "model.plan": ("Plan",),
    "model.policy": ("Cache", "FailureHint", "Ingredient", "Requirement"),
    "model.retry": ("Retry", "Timeout"),
    "model.secret": ("Secret",),
    "model.service": ("Ready", "Service"),
    "model.task": ("Argv", "Call", "Dep", "Param", "Shell", "Task", "TaskId"),
    "plan.planner": ("make_plan",),
    "project": ("Project",),
    "report.graph_formats": ("draw",),
    "runners.body": ("Completed", "checkpoint", "run"),
    "runners.followed": ("followed",),
    "runners.secret": ("secret",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME_OF, "__version__"])


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'taskrush' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"taskrush.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    return __all__
