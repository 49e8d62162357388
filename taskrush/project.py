"""`Project`: load -> graph -> plan -> run, the facade for people and programs."""

from __future__ import annotations

import itertools
import os

from taskrush.compile.select import select
from taskrush.declare.discover import RUSH_NAMES, discover
from taskrush.errors import ConfigError, GraphError, MissingCapability, UsageError
from taskrush.kept_graph import recall_graph
from taskrush.model.environment import withheld
from taskrush.model.policy import DRAIN
from taskrush.model.task import Task, TaskId
from taskrush.plan.planner import in_order, make_plan
from taskrush.report.spool import new_run_id
from taskrush.values import evolve, field, frozen
from taskrush.wiring import (
    REPORTERS,
    SystemClock,
    load,
    make_calls,
    make_memory,
    make_notifier,
    make_priority,
    make_runners,
    make_vault,
    open_history,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Mapping, Optional, Sequence, Tuple, Union

    from taskrush.declare.taskset import Declared, TaskSet
    from taskrush.errors import Problem
    from taskrush.events import Event
    from taskrush.execute.executor import Executor
    from taskrush.execute.follow import Run
    from taskrush.execute.watch import Watcher
    from taskrush.model.declaration import FileDecl
    from taskrush.model.graph import Graph
    from taskrush.model.limits import Pool
    from taskrush.model.notification import Notifications
    from taskrush.model.outcome import Outcome, RunResult
    from taskrush.model.plan import Plan
    from taskrush.model.policy import Ingredient
    from taskrush.model.secret import SecretsGiven
    from taskrush.protocols import Advisor, History, Memory, ServiceKeeper, Subscriber
    from taskrush.report.notify_past import Remembered
    from taskrush.supply.vault import Vault
    from taskrush.unchanged import Witness

if TYPE_CHECKING:
    Targets = Union[str, Iterable[str]]


@frozen
class Project:
    """A workspace and its graph of tasks. `root` is absolute, as are `sources`, the files that declare the tasks.

    `files` are the task files without their tasks, which are in the graph.
    `looked` are all paths whose state loading depended on: there or not, save for those that discovery looks for.
    `origin`, of a graph that was kept, tells whether it would be the same now (see `taskrush.kept.still`).
    """

    root: str
    graph: Graph
    files: Tuple[FileDecl, ...] = ()
    sources: Tuple[str, ...] = ()
    looked: Tuple[str, ...] = ()
    origin: Any = field(default=None, eq=False, repr=False)

    @classmethod
    def load(cls, path: str = ".", *, env: Optional[Mapping[str, str]] = None) -> Project:
        """Find the workspace at or above `path` and load everything that declares tasks in it.

        `env` wins over what files declare where they mention `${NAME}`. What is wrong with a single task is told when
        it is planned. Raises `UsageError` when there is no workspace, `ConfigError` with all problems of the files.
        """
        found = discover(path)
        if found is None:
            names = ", ".join((*RUSH_NAMES, "tasks.py"))
            raise UsageError(f"no task file ({names}) here or in any folder above", "`taskrush init` makes one")
        kept = None if env or found.python else recall_graph(found.root, found.rush)
        if kept is not None:
            graph, (files, sources, looked), origin = kept
            return cls(found.root, graph, files, sources, looked, origin)
        from taskrush.loading import load_and_keep

        try:
            return cls(found.root, *load_and_keep(found, env or {}))
        except ConfigError as error:
            raise type(error)(*(_with_line(problem) for problem in error.problems)) from error.__cause__

    @classmethod
    def of(
        cls,
        tasks: Union[TaskSet, Iterable[Declared]],
        root: str = ".",
        *,
        pools: Iterable[Pool] = (),
        notify: Optional[Notifications] = None,
        secrets: SecretsGiven = (),
    ) -> Project:
        """A project of tasks made by a program: a set of them, or tasks, functions with `@task` and commands.

        `pools` are those that tasks name; pools that are given to tasks as such are known anyway. `notify` has the
        channels that tasks name, and rules. `secrets` are hidden in the output of all tasks, and are
        what tasks mean that name them.
        """
        from taskrush.compile.channels import check_channels
        from taskrush.compile.link import link
        from taskrush.declare.taskset import TaskSet
        from taskrush.model.declaration import FileDecl
        from taskrush.model.secret import as_secrets

        files = (FileDecl(path="", notify=notify, secrets=as_secrets(secrets)),) if notify or secrets else ()
        if isinstance(tasks, TaskSet):
            made = link(check_channels(files, tasks.tasks), [*tasks.pools, *pools])
            return cls(os.path.abspath(root), made, files)
        things = list(tasks)
        plain = [thing for thing in things if isinstance(thing, Task)]
        found = plain if len(plain) == len(things) else TaskSet(things).tasks
        return cls(os.path.abspath(root), link(check_channels(files, found), pools), files)

    def plan(
        self,
        targets: Targets,
        *,
        only: bool = False,
        arguments: Optional[Mapping[str, Mapping[str, Any]]] = None,
        extra: Sequence[str] = (),
    ) -> Plan:
        """What has to run for `targets`, with every parameter settled; nothing is run or asked.

        `arguments` are values of parameters by task and name; without one counts the parameter's variable in the
        environment, then its default. `extra` goes to the last target. Members of a matrix get what is given for their
        group. Raises `UsageError` for what is not there or missing, `GraphError` for what is wrong with these tasks.
        """
        chosen = select(self.graph, (targets,) if isinstance(targets, str) else targets)
        given = {select(self.graph, (name,))[0]: values for name, values in (arguments or {}).items()}
        try:
            plan = make_plan(self.graph, chosen, self.root, only)
        except GraphError as error:
            raise GraphError(*(_with_line(problem) for problem in error.problems)) from None
        tasks = []
        for task in plan.tasks:
            if not (task.uncommon or given or extra):
                tasks.append(task)
                continue
            own = {**given.get(task.group or task.id, {}), **given.get(task.id, {})}
            if task.params or own:
                task = settle_parameters(task, own)
            if extra and chosen[-1] in (task.id, task.group):
                task = evolve(task, extra=tuple(extra))
            tasks.append(task)
        whole: Optional[Plan] = None
        if only:
            try:
                whole = self.plan(targets, arguments=arguments, extra=extra)
            except (GraphError, UsageError):  # nobody asked for these; but then nobody knows what this stands on
                tasks = [evolve(task, cache=evolve(task.cache, enabled=False)) for task in tasks]
        return evolve(plan, tasks=tuple(tasks), whole=whole)

    @property
    def problems(self) -> Tuple[Problem, ...]:
        """Everything that planning one task or another would refuse; empty where all is well."""
        found = [one.problem for one in self.graph.problems]
        found += [problem for task in self.graph for problem in task.problems]
        sound = {task.id: evolve(task, problems=()) for task in self.graph}
        try:
            make_plan(evolve(self.graph, tasks=sound, problems=()), sound, self.root)
        except GraphError as error:
            found += error.problems
        return tuple(_with_line(problem) for problem in in_order(found))

    @property
    def missing(self) -> Tuple[Problem, ...]:
        """What tasks declare rightly and this version or install cannot do."""
        found = [problem for task in self.graph for problem in task.missing]
        return tuple(_with_line(problem) for problem in in_order(found))

    def require(self, plan: Plan) -> None:
        """Raises `MissingCapability` when a planned task needs what this version or install does not have."""
        missing = [problem for task in plan.tasks if task.uncommon for problem in task.missing]
        if missing:
            raise MissingCapability(*(_with_line(problem) for problem in in_order(missing)))

    def secrets(self, plan: Plan, env: Mapping[str, str]) -> Tuple[str, ...]:
        """The values of secrets and of what channels are made of, as far as nothing has to be run or asked."""
        vault = self.vault(plan, env)
        return () if vault is None else vault.values

    def vault(self, plan: Plan, env: Mapping[str, str]) -> Optional[Vault]:
        """The secrets of the planned tasks and of the files, for one run; None where there are none."""
        return make_vault(plan, self.files, os.environ, env)

    def executor(
        self,
        plan: Plan,
        *,
        subscribers: Sequence[Subscriber] = (),
        jobs: Optional[int] = None,
        on_failure: str = DRAIN,
        grace: float = 5.0,
        timeout: Optional[float] = None,
        warned_exit_code: int = 0,
        env: Optional[Mapping[str, str]] = None,
        capture_prints: bool = False,
        cache: str = "local:rw",
        force: bool = False,
        whole: Optional[Plan] = None,
        earlier: Optional[Mapping[TaskId, Outcome]] = None,
        notify: Union[bool, Remembered] = True,
        notify_wait: float = 5.0,
        advisors: Sequence[Advisor] = (),
        memory: str = "auto",
        remember: bool = False,
        measure: str = "end",
        keeper: Optional[ServiceKeeper] = None,
        witness: Optional[Witness] = None,
    ) -> Executor:
        """An executor for one run of `plan`. `env` wins over what tasks declare.

        `on_failure` is what becomes of the others when a task fails: `drain`, `fail-fast`, `keep-going` (also called
        `dependants-only`). `warned_exit_code` is the exit code of a run in which nothing failed but what may.
        `cache` is what may be done with kept results: `local:rw`, `local:r`, `local:w` or `off`; with `force` every
        task runs, and its result is kept.

        After `timeout` seconds the run is stopped; its exit code is 1.

        Where `plan` is a part of another one, `whole` is that one and `earlier` are the outcomes of what is left out.
        Of a plan made with `only`, results are kept where all that was left out declares its outputs: else nobody
        can tell what they were made from.

        Whoever `notify` sections name is told, unless `notify` is False; that may put off the end of the run by
        `notify_wait` seconds. Of the rounds of a watch it is what they share.

        Tasks that say or are known to take much memory run beside each other as far as `memory` goes: a size such as
        `8GB`, `auto` (what is free), or `off`.

        How memory and processor time of commands are measured says `measure`: `end` (what the system tells at the end
        of their processes), `sample` (by also looking at whole trees while they run) or `cgroup`.

        A `keeper` keeps services up for the next run; without one those that were asked for stay up until the run is
        told to stop.

        With `remember` the run becomes part of the `history` of the workspace.

        `advisors` know causes of failures: given the `Evidence`, each returns `Cause`s, which come before those that
        TaskRush knows.

        A `witness` is told what tasks were found fresh by.

        With `capture_prints` what functions print to `sys.stdout` and `sys.stderr` is the output of their tasks.
        Raises `MissingCapability` when a planned task needs what this version does not have.
        """
        self.require(plan)
        run_id = new_run_id()
        secrets = self.vault(plan, env or {})
        lacking = secrets.problems() if secrets is not None else ()
        if lacking:
            raise ConfigError(*(_with_line(problem) for problem in in_order(lacking)))
        whole = whole or plan
        if whole.whole is not None:
            planned = {task.id for task in whole.tasks}
            whole = whole.whole
            if any(task.action and not task.outputs for task in whole.tasks if task.id not in planned):
                cache = cache.replace("w", "")
        if notify is not False and any(file.notify is not None for file in self.files):
            notifier = make_notifier(plan, self.files, env, notify, notify_wait, secrets)
            subscribers = [*subscribers, *([notifier] if notifier is not None else ())]
        if remember:
            hidden = () if secrets is None else secrets.values
            subscribers = [*subscribers, load(REPORTERS["history"])(plan, hidden)]
        from taskrush.execute.executor import Executor  # not needed to list, plan and complete
        from taskrush.execute.functions_only import functions_only
        from taskrush.execute.machine import Machine
        from taskrush.limiting import make_room

        slots = jobs or Machine().processors()
        room = make_room(plan, slots, memory, {**os.environ, **(env or {})})
        if any(task.retry is not None for task in plan.tasks):
            from taskrush.compile.channels import unheard

            room = evolve(room, notes=(*room.notes, *unheard(self.files, plan.tasks)))

        def unseen(task: Task) -> Sequence[str]:
            return [name for name in withheld(os.environ, task) if name not in (env or {})]

        def explain(run: str, outcomes: Mapping[TaskId, Outcome], memory: Optional[Memory]) -> Iterable[Event]:
            from taskrush.explaining import explained  # only when something failed

            why = memory.reason if memory is not None else lambda task: ""
            return explained(self.root, run, plan.tasks, outcomes, why, unseen, env, advisors)

        runners = make_runners(
            self.root,
            run_id,
            overrides=env,
            capture_prints=capture_prints,
            secrets=secrets,
            sharing=room.sharing,
            measure=measure,
        )
        kind: Callable[..., Executor] = Executor
        if secrets is None and room.tokens is None and functions_only(plan):
            from functools import partial

            from taskrush.execute.function_executor import FunctionExecutor

            kind = partial(FunctionExecutor, make_calls=make_calls(runners, capture_prints))
        return kind(
            plan,
            runners=runners,
            clock=SystemClock(),
            run_id=run_id,
            subscribers=subscribers,
            jobs=slots,
            on_failure=on_failure,
            grace=grace,
            timeout=timeout,
            warned_exit_code=warned_exit_code,
            memory=make_memory(whole, self.files, run_id, env, cache, force, secrets, remember, witness),
            secrets=secrets,
            earlier=earlier,
            priority=make_priority(plan, slots),
            room=room,
            withheld=unseen,
            explain=explain,
            keeper=keeper,
        )

    def run(
        self,
        targets: Targets,
        *,
        only: bool = False,
        arguments: Optional[Mapping[str, Mapping[str, Any]]] = None,
        extra: Sequence[str] = (),
        **options: Any,
    ) -> RunResult:
        """Plan and run in this thread; never raises for a task that failed.

        `only`, `arguments` and `extra` as for `plan`, the rest as for `executor`.
        """
        return self.executor(self.plan(targets, only=only, arguments=arguments, extra=extra), **options).run()

    def start(
        self,
        targets: Targets,
        *,
        only: bool = False,
        arguments: Optional[Mapping[str, Mapping[str, Any]]] = None,
        extra: Sequence[str] = (),
        subscribers: Sequence[Subscriber] = (),
        **options: Any,
    ) -> Run:
        """Plan and run in a thread, and follow it: `with project.start("build") as run: for record in run: ...`

        `only`, `arguments` and `extra` as for `plan`, the rest as for `executor`.
        """
        from taskrush.execute.follow import Run

        plan = self.plan(targets, only=only, arguments=arguments, extra=extra)
        return Run(lambda own: self.executor(plan, subscribers=[*subscribers, *own], **options))

    def watch(self, targets: Targets, **options: Any) -> Watcher:
        """Run `targets`, then again whatever a change affects; iterating yields each round that has ended.

        Options as for `taskrush.watching.watcher`. The files that declare the tasks are loaded again when they change.
        """
        from taskrush.watching import watcher

        return watcher(self, targets, **options)

    def history(self) -> History:
        """What is remembered of the runs of this workspace: of those from the command line, and of those that were told
        to `remember`."""
        return open_history(self.root)

    def task(self, name: str) -> Task:
        """The task that a name or alias means."""
        return self.graph.tasks[select(self.graph, (name,))[0]]


def settle_parameters(task: Task, given: Mapping[str, Any]) -> Task:
    """The task with a value for each of its parameters, filled in where its texts mention them.

    Raises `UsageError` for a name that is no parameter, and for a required one without a value.
    """
    from taskrush.compile.names import near
    from taskrush.compile.paths import wrong_output
    from taskrush.declare.options import fill
    from taskrush.model.substitution import as_text, substitute

    names = [param.name for param in task.params]
    for name in given:
        if name not in names:
            raise UsageError(f"task `{task.id}` has no parameter `{name}`", near(name, names))
    open_ones = evolve(task, params=tuple(param for param in task.params if param.name not in given))
    settled = {**fill(open_ones, {}, os.environ), **given}
    arguments = {name: settled[name] for name in names}
    texts = {name: as_text(value) or "" for name, value in arguments.items()}
    outputs = tuple(substitute(text, texts) for text in task.outputs)
    for text in outputs:
        wrong = wrong_output(text)
        if wrong:
            raise UsageError(f"task `{task.id}` would have `{text}` in `outputs`: {wrong}")
    return evolve(
        task,
        arguments=arguments,
        description=substitute(task.description, texts),
        confirm=None if task.confirm is None else substitute(task.confirm, texts),
        inputs=None if task.inputs is None else tuple(substitute(text, texts) for text in task.inputs),
        ingredients=tuple(_settled(ingredient, texts) for ingredient in task.ingredients),
        outputs=outputs,
    )


def _settled(ingredient: Ingredient, texts: Mapping[str, str]) -> Ingredient:
    """With parameters filled in: quoted where a shell reads them."""
    import shlex

    from taskrush.model.substitution import substitute

    quoted = {name: shlex.quote(text) for name, text in texts.items()}
    return evolve(
        ingredient,
        part=None if ingredient.part is None else substitute(ingredient.part, texts),
        env=None if ingredient.env is None else substitute(ingredient.env, texts),
        command=None if ingredient.command is None else substitute(ingredient.command, quoted),
    )


def _with_line(problem: Problem) -> Problem:
    """The problem with the line of text that it points at, if it has none and the file is there.

    Without a column the caret goes below the first letter.
    """
    where = problem.where
    if where is None or problem.source is not None or not where.line:
        return problem
    try:
        with open(where.path, encoding="utf-8", errors="replace") as file:
            line = next(itertools.islice(file, where.line - 1, None), "").rstrip("\n")
    except OSError:
        return problem
    if not line.strip():
        return problem
    column = where.column or len(line) - len(line.lstrip()) + 1
    return evolve(problem, where=evolve(where, column=column), source=line)


__all__ = ["Project", "TaskId", "new_run_id"]
