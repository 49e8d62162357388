"""Makes tasks of declarations: what is inherited filled in, matrices multiplied out, variables substituted.

`${NAME}` means, the first that has it: the command line's `-e`, the task's `env`, its parameters and matrix, dotenv
files and the file's `env`, the task's `vars`, the file's `vars`, the environment. In `cmd` nothing is substituted:
the shell finds the same values in its environment. What is wrong with a task is kept in its `problems`.
"""

from __future__ import annotations

from collections import ChainMap

from taskrush.compile import ingredients, missing
from taskrush.compile.action import action_of, shell_texts
from taskrush.compile.computed import Computed, parameters_mentioned, without
from taskrush.compile.delays import placed
from taskrush.compile.dotenv import parse_dotenv
from taskrush.compile.hinting import hints_of
from taskrush.compile.inherit import Grown, full_name, inherit
from taskrush.compile.limiting import limits_of
from taskrush.compile.matrix import combinations, every_value, member_names
from taskrush.compile.paths import rebase, rebase_folder, wrong_output
from taskrush.compile.secrecy import HINT, exposed, names_of, secrets_of
from taskrush.compile.serving import service_of
from taskrush.compile.variables import Scope, placeholders, settle, shell_mentions
from taskrush.errors import Problem
from taskrush.model.declaration import TaskDecl
from taskrush.model.notification import FAILURE, Notice
from taskrush.model.policy import Cache
from taskrush.model.task import Dep, Task, TaskId
from taskrush.values import define, evolve, field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import AbstractSet, Any, Callable, Dict, Iterable, List, Mapping, Optional, Tuple

    from taskrush.compile.matrix import Combination
    from taskrush.errors import Where
    from taskrush.model.declaration import FileDecl, Variable
    from taskrush.model.policy import Requirement
    from taskrush.model.task import Param

if TYPE_CHECKING:
    ReadText = Callable[[str], Optional[str]]
    """The text of a file by its path relative to the workspace; None if there is none."""


@frozen
class Surroundings:
    """What declarations are read against: the environment, what wins over everything, and how dotenv files are read."""

    environ: Mapping[str, str] = field(factory=dict)
    overrides: Mapping[str, str] = field(factory=dict)
    read_text: ReadText = lambda path: None


def expand(files: Tuple[FileDecl, ...], around: Optional[Surroundings] = None) -> Tuple[Task, ...]:
    """The tasks that these files declare, in order; commands of variables follow as hidden tasks."""
    expander = _Expander(around or Surroundings())
    tasks: List[Task] = []
    for grown in inherit(files):
        tasks.extend(expander.tasks(grown))
    tasks.extend(expander.captures())
    return tuple(tasks)


@define
class _Context:
    """What texts of one task are filled in from, and the environment that its commands get."""

    scope: Scope
    variables: Dict[str, str]
    env: Dict[str, str]
    lazies: Mapping[str, Tuple[TaskId, Variable]]
    hidden: AbstractSet[str] = frozenset()
    dotenv: Tuple[str, ...] = ()
    in_dotenv: Tuple[str, ...] = ()


class _Expander:
    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._wanted: Dict[TaskId, Computed] = {}
        self._variables: Dict[str, Dict[str, str]] = {}
        self._dotenv: Dict[str, Tuple[Mapping[str, str], Tuple[Problem, ...], bool]] = {}

    def tasks(self, grown: Grown) -> Iterable[Task]:
        decl = grown.decl
        if decl.matrix is None:
            return (self._task(grown, decl.name, {}),)
        scope = self._context(grown, decl.name, {}).scope
        problems: List[Problem] = []
        try:
            found = combinations(decl.matrix, scope, decl.matrix.where or decl.where)
        except ValueError as error:
            problems.append(Problem(f"task `{decl.name}` has {error}", decl.matrix.where or decl.where))
            found = ()
        group = TaskId(full_name(grown.file, decl.name))
        members = [
            evolve(self._task(grown, name, combination), group=group, aliases=())
            for name, combination in zip(member_names(decl.name, found), found)
        ]
        whole = Task(
            id=group,
            description=_shown(decl.description, evolve(scope, values={**scope.values, **every_value(found)})),
            deps=tuple(Dep(":" + member.id, where=decl.where) for member in members),
            params=decl.params or (),
            aliases=_aliases(grown),
            tags=decl.tags or (),
            hidden=bool(decl.hidden),
            problems=(*grown.problems, *scope.problems, *problems),
            where=decl.where,
        )
        return (whole, *members)

    def captures(self) -> Iterable[Task]:
        """The hidden tasks for the variables that tasks made so far mention; they may mention further ones."""
        done: List[TaskId] = []
        while self._wanted.keys() - set(done):
            for task_id in [task_id for task_id in self._wanted if task_id not in done]:
                done.append(task_id)
                lazy = self._wanted[task_id]
                file, own = without(lazy)
                decl = TaskDecl(
                    name=task_id,
                    cmd=(lazy.variable.command or "",),
                    env=own.env,
                    vars=own.vars,
                    dotenv=own.dotenv,
                    cwd=own.cwd,
                    shell=own.shell,
                    secrets=own.secrets,
                    hidden=True,
                    cache=Cache(enabled=False),
                    where=lazy.variable.where or own.where,
                    places=own.places,
                )
                grown = Grown(file, decl)
                task = self._task(grown, lazy.owner, lazy.combination, lazy)
                wrong = parameters_mentioned(lazy)
                yield evolve(task, id=task_id, capture=True, problems=(*task.problems, *wrong))

    # --- one task -------------------------------------------------------------

    def _task(self, grown: Grown, name: str, combination: Combination, computes: Optional[Computed] = None) -> Task:
        file, decl = grown.file, grown.decl
        context = self._context(grown, name, combination, computes.name if computes else None)
        scope = context.scope

        def fill(text: str, *keys: str) -> str:
            return scope.fill(text, _place(decl, *keys))

        def fill_deps(deps: Optional[Tuple[Dep, ...]], key: str) -> Tuple[Dep, ...]:
            return tuple(
                evolve(dep, task=self._early(scope, context, dep.task, dep.where or _place(decl, key), key))
                for dep in deps or ()
            )

        def fill_paths(paths: Iterable[Tuple[int, str]], key: str) -> Tuple[str, ...]:
            found = []
            for number, path in paths:
                where = _place(decl, f"{key}.{number}", key)
                text, wrong = rebase(file.folder, self._early(scope, context, path, where, key))
                wrong = wrong or (wrong_output(text) if key == "outputs" else None)
                if wrong:
                    scope.problems.append(Problem(f"task `{name}` has a path in `{key}`, `{path}`: {wrong}", where))
                found.append(text)
            return tuple(found)

        def fill_ingredient(text: str, where: Optional[Where]) -> str:
            return self._early(scope, context, text, where, "inputs")

        def fill_command(text: str, where: Optional[Where]) -> str:
            for variable in placeholders(text):
                if variable in context.lazies:
                    fill_ingredient(f"${{{variable}}}", where)
            return _shown(text, scope)  # what is not known is left to the shell

        patterns, others = ingredients.split(decl.inputs)
        action = action_of(decl, fill)
        for param in decl.params or ():
            if param.name in combination:
                message = f"`{param.name}` of task `{decl.name}` is a parameter and an axis of its matrix"
                scope.problems.append(
                    Problem(message, _place(decl, f"params.{param.name}", "params"), "rename one of them")
                )
        cwd = rebase_folder(file.folder, fill(decl.cwd, "cwd") if decl.cwd else None)
        confirm = None if decl.confirm is None else fill(decl.confirm, "confirm")
        texts = (cwd, confirm or "", *getattr(action, "words", ()))
        holder = computes.grown if computes else grown
        retry, unplaced = placed(decl, file, self._around.read_text)
        scope.problems.extend(unplaced)
        env, bindings = self._bound(holder, shell_texts(action, decl), texts, context, combination, name)
        if context.hidden:
            seen = [
                (key, text or "", _place(decl, key)) for key, text in (("cwd", cwd), ("confirm", confirm), ("argv", ""))
            ]
            scope.problems.extend(exposed(name, set(context.hidden), seen, action))
        return Task(
            id=TaskId(full_name(file, name)),
            action=action,
            description=_shown(decl.description, scope),
            deps=fill_deps(decl.deps, "deps"),
            finally_=fill_deps(decl.finally_, "finally"),
            inputs=None if patterns is None else fill_paths(patterns, "inputs"),
            ingredients=tuple(ingredients.filled(one, file.folder, fill_ingredient, fill_command) for one in others),
            outputs=fill_paths(enumerate(decl.outputs or ()), "outputs"),
            incremental=bool(decl.incremental),
            pass_env=decl.pass_env or (),
            secrets=secrets_of(file, decl, env, context.dotenv, context.in_dotenv),
            folder=file.folder,
            cwd=cwd,
            env=env,
            bindings=bindings,
            shell=decl.shell or file.shell or (),
            params=tuple(_param(param, fill) for param in decl.params or ()),
            cache=decl.cache or Cache(),
            condition=decl.condition,
            requires=tuple(_requirement(file, one, scope) for one in decl.requires or ()),
            platforms=decl.platforms or (),
            confirm=confirm,
            interactive=bool(decl.interactive),
            aliases=_aliases(grown),
            tags=decl.tags or (),
            hidden=bool(decl.hidden),
            retry=retry,
            hints=hints_of(file, decl, name),
            timeout=decl.timeout,
            limits=limits_of(decl),
            notify=_notices(decl),
            allow_failure=decl.allow_failure or False,
            service=service_of(decl, fill),
            remote=decl.remote,
            missing=(*missing.of_task(decl, file), *missing.of_file(file)),
            where=decl.where,
            problems=tuple(  # the last one: what comes before finds them
                dict.fromkeys((*grown.problems, *scope.problems, *missing.wrong_remote(decl, file)))
            ),
        )

    def _early(self, scope: Scope, context: _Context, text: str, where: Optional[Where], key: str) -> str:
        """Fill in a text that must be known before anything runs."""
        filled = scope.fill(text, where)
        for name in placeholders(filled):
            if name in context.lazies:
                message = f"`${{{name}}}` is computed while running and cannot be part of `{key}`"
                scope.problems.append(Problem(message, where, "give the variable a text instead of a command"))
            elif name in context.hidden:
                scope.problems.append(Problem(f"`${{{name}}}` is a secret and cannot be part of `{key}`", where, HINT))
            elif name in scope.later and key in ("deps", "finally"):
                message = f"`${{{name}}}` is a parameter and cannot be part of `{key}`"
                scope.problems.append(Problem(message, where, "which tasks run is settled before parameters are known"))
        return filled

    def _bound(
        self,
        grown: Grown,
        commands: Iterable[str],
        texts: Iterable[str],
        context: _Context,
        combination: Combination,
        owner: str,
    ) -> Tuple[Mapping[str, str], Mapping[str, TaskId]]:
        """The task's environment, and the computed variables that its `commands` or other `texts` mention."""
        mentions = set()
        for text in commands:
            mentions.update(shell_mentions(text))
        env: Dict[str, str] = {}
        for name, value in context.variables.items():
            if name in mentions or not any(other in context.lazies for other in placeholders(value)):
                env[name] = value
        env.update(context.env)
        if not context.lazies:
            return env, {}
        for text in (*env.values(), *texts):
            mentions.update(placeholders(text))
        bindings = {}
        for name, (task_id, variable) in context.lazies.items():
            if name in mentions:
                bindings[name] = task_id
                lazy = Computed(grown, name, variable, combination, owner)
                if name not in (grown.decl.vars or {}):  # the file's own: the same for all of its tasks
                    lazy = Computed(Grown(grown.file, TaskDecl(name="")), name, variable, {}, "")
                self._wanted.setdefault(task_id, lazy)
        return env, bindings

    # --- what texts are filled in from --------------------------------------------

    def _context(self, grown: Grown, name: str, combination: Combination, computes: Optional[str] = None) -> _Context:
        file, decl = grown.file, grown.decl
        overrides, environ = self._around.overrides, self._around.environ
        parameters = {param.name for param in decl.params or ()}
        hidden = names_of(file, decl) - parameters
        declared = {**file.vars, **(decl.vars or {})}
        lazies: Dict[str, Tuple[TaskId, Variable]] = {}
        texts: Dict[str, str] = {}
        for variable_name, variable in declared.items():
            if variable_name in parameters or variable_name in combination or variable_name in overrides:
                continue
            if variable.command is None:
                texts[variable_name] = variable.value or ""
            elif variable_name != computes:
                own = variable_name in (decl.vars or {})
                task_id = TaskId(full_name(file, f"{name}${variable_name}" if own else f"${variable_name}"))
                lazies[variable_name] = (task_id, variable)
        scope = Scope(
            ChainMap(overrides, combination, environ),  # type: ignore[arg-type]
            parameters | set(lazies) | hidden,
            name,
        )
        scope.unseen = dict.fromkeys(
            (*file.env, *(decl.env or {})), "it is set in `env`, which can use `vars`, not the reverse"
        )
        variables = self._settled(file, decl, combination, texts, scope, computes is None)
        scope.unseen = {}
        below = scope.values
        env: Dict[str, str] = dict(combination)
        scope.values = ChainMap(overrides, env, below)  # type: ignore[arg-type]
        before = len(scope.problems)
        secret: List[str] = []
        self._fill_env(file, decl, scope, env, {*parameters, *combination})
        if file.dotenv or decl.dotenv:  # their paths may use `env`, and `env` may use what stands in them
            del scope.problems[before:]
            read: Dict[str, str] = {}
            for values in self._dotenvs(file, decl, scope):
                secret.extend(key for key in values if key in hidden)
                read.update(
                    (key, value) for key, value in values.items() if key not in {*environ, *parameters, *hidden}
                )
            env.clear()
            env.update({**combination, **read})
            self._fill_env(file, decl, scope, env, {*parameters, *env})
        for key, text in (decl.env or {}).items():
            env[key] = scope.fill(text, _place(decl, f"env.{key}", "env"))
        dotenv = self._dotenv_paths(file, decl, scope) if hidden else ()
        return _Context(scope, variables, env, lazies, hidden, dotenv, tuple(secret))

    def _fill_env(
        self, file: FileDecl, decl: TaskDecl, scope: Scope, env: Dict[str, str], taken: AbstractSet[str]
    ) -> None:
        """Add the file's `env`, save for what is `taken`; each may use what comes before it."""
        for key, text in file.env.items():
            if key not in taken:
                env[key] = scope.fill(text, file.places.get(f"env.{key}", decl.where), f"`{key}` in `env`")

    def _settled(
        self,
        file: FileDecl,
        decl: TaskDecl,
        combination: Combination,
        texts: Dict[str, str],
        scope: Scope,
        whole: bool,
    ) -> Dict[str, str]:
        """The values of variables; worked out once for all tasks of a file that have none of their own.

        `whole` is whether these are all that the file has.
        """
        if not texts:
            return {}
        common = whole and not (decl.vars or combination or decl.params)
        if common and file.path in self._variables:
            variables = self._variables[file.path]
            scope.values = ChainMap(variables, scope.values)  # type: ignore[arg-type]
            return variables
        declared = {**file.vars, **(decl.vars or {})}
        variables = settle(texts, scope, {key: declared[key].where or decl.where for key in texts})
        if common and not scope.problems:
            self._variables[file.path] = variables
        return variables

    def _dotenv_paths(self, file: FileDecl, decl: TaskDecl, scope: Scope) -> Tuple[str, ...]:
        """Where secrets are looked for that the environment does not have, seen from the workspace."""
        quiet = Scope(scope.values, scope.later)
        return tuple(rebase_folder(file.folder, quiet.fill(path)) for path in (*file.dotenv, *(decl.dotenv or ())))

    def _dotenvs(self, file: FileDecl, decl: TaskDecl, scope: Scope) -> Iterable[Mapping[str, str]]:
        """The values of the file's dotenv files, then of the task's. One that does not exist is no error."""
        for number, path in enumerate((*file.dotenv, *(decl.dotenv or ()))):
            own = number - len(file.dotenv)
            where = _place(decl, f"dotenv.{own}", "dotenv")
            if own < 0:
                where = file.places.get(f"dotenv.{number}") or file.places.get("dotenv") or decl.where
            filled = scope.fill(path, where, "`dotenv`" if own < 0 else "")
            for name in placeholders(filled):
                if name in scope.later:
                    message = f"`${{{name}}}` is only known while running and cannot be part of `dotenv`"
                    scope.problems.append(Problem(message, where))
            if placeholders(filled):
                continue
            place = rebase_folder(file.folder, filled)
            if place not in self._dotenv:
                text = self._around.read_text(place)
                self._dotenv[place] = (*parse_dotenv(text or "", place), text is not None)
            values, problems, exists = self._dotenv[place]
            scope.problems.extend(problems)
            if not exists:
                scope.hints = (*scope.hints, f"the dotenv file `{place}` does not exist")
            yield values


def _place(decl: TaskDecl, *keys: str) -> Optional[Where]:
    return next((decl.places[key] for key in keys if key in decl.places), decl.where)


def _notices(decl: TaskDecl) -> Tuple[Notice, ...]:
    told = decl.notify or ()
    if decl.retry is None or not decl.retry.notify_on_failure:
        return told
    where = _place(decl, "retry.notify_on_failure", "retry")
    return (*told, Notice(to=(decl.retry.notify_on_failure,), on=(FAILURE,), where=where))


def _aliases(grown: Grown) -> Tuple[str, ...]:
    return tuple(full_name(grown.file, alias) for alias in grown.decl.aliases or ())


def _shown(text: Optional[str], scope: Scope) -> str:
    """A description: what is not known stays as it is, and is no problem."""
    return Scope(scope.values, scope.later).fill(text or "")


def _param(param: Param, fill: Callable[..., str]) -> Param:
    if isinstance(param.default, str) and "${" in param.default:
        return evolve(param, default=fill(param.default, f"params.{param.name}"))
    return param


def _requirement(file: FileDecl, requirement: Requirement, scope: Scope) -> Requirement:
    changes: Dict[str, Any] = {}
    if requirement.file is not None:
        changes["file"] = rebase_folder(file.folder, scope.fill(requirement.file, requirement.where))
    if requirement.message is not None:
        changes["message"] = _shown(requirement.message, scope)
    return evolve(requirement, **changes) if changes else requirement
