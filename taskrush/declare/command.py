"""`command`: a task that is only a command, declared in Python."""

from __future__ import annotations

from typing import overload

from taskrush.declare.hints_given import hints_given
from taskrush.declare.mark import Command, Mark, allowed_codes, limits_of, several, shared_fields, texts
from taskrush.declare.place import place_of_caller
from taskrush.model.notification import as_notices
from taskrush.model.retry import as_retry, as_timeout
from taskrush.model.secret import as_secrets
from taskrush.model.service import as_service
from taskrush.model.task import Argv, Shell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Iterable, Literal, Mapping, Optional, Sequence, Union

    from taskrush.declare.mark import Dependency, Input
    from taskrush.model.limits import PoolGiven, Resources
    from taskrush.model.notification import Notice
    from taskrush.model.policy import Cache, FailureHint, Requirement
    from taskrush.model.retry import Retry, TimeoutGiven
    from taskrush.model.secret import SecretsGiven
    from taskrush.model.service import ServiceGiven
    from taskrush.model.task import Param


@overload
def command(
    action: Union[str, Sequence[str]],
    *,
    capture: Literal[True],
    name: Optional[str] = ...,
    deps: Union[Dependency, Iterable[Dependency]] = ...,
    finally_: Union[Dependency, Iterable[Dependency]] = ...,
    description: str = ...,
    params: Iterable[Param] = ...,
    inputs: Union[Input, Iterable[Input], None] = ...,
    outputs: Iterable[str] = ...,
    incremental: bool = ...,
    env: Optional[Mapping[str, str]] = ...,
    pass_env: Iterable[str] = ...,
    secrets: SecretsGiven = ...,
    cwd: str = ...,
    shell: Iterable[str] = ...,
    cache: Union[bool, Cache, None] = ...,
    if_: Optional[str] = ...,
    requires: Union[str, Iterable[Union[str, Requirement]]] = ...,
    platforms: Iterable[str] = ...,
    confirm: Optional[str] = ...,
    interactive: bool = ...,
    retry: Union[int, Retry, None] = ...,
    hints: Iterable[FailureHint] = ...,
    timeout: TimeoutGiven = ...,
    pool: PoolGiven = ...,
    mutex: Union[str, Iterable[str]] = ...,
    exclusive: bool = ...,
    resources: Union[Resources, Mapping[str, Any], None] = ...,
    priority: Optional[int] = ...,
    jobserver: Union[bool, str] = ...,
    allow_failure: Union[bool, int, Iterable[int]] = ...,
    notify: Union[str, Notice, Iterable[Union[str, Notice]]] = ...,
    service: ServiceGiven = ...,
    remote: Optional[str] = ...,
    aliases: Iterable[str] = ...,
    tags: Iterable[str] = ...,
    hidden: bool = ...,
) -> Command[str]: ...
@overload
def command(
    action: Union[str, Sequence[str]],
    *,
    capture: Literal[False] = ...,
    name: Optional[str] = ...,
    deps: Union[Dependency, Iterable[Dependency]] = ...,
    finally_: Union[Dependency, Iterable[Dependency]] = ...,
    description: str = ...,
    params: Iterable[Param] = ...,
    inputs: Union[Input, Iterable[Input], None] = ...,
    outputs: Iterable[str] = ...,
    incremental: bool = ...,
    env: Optional[Mapping[str, str]] = ...,
    pass_env: Iterable[str] = ...,
    secrets: SecretsGiven = ...,
    cwd: str = ...,
    shell: Iterable[str] = ...,
    cache: Union[bool, Cache, None] = ...,
    if_: Optional[str] = ...,
    requires: Union[str, Iterable[Union[str, Requirement]]] = ...,
    platforms: Iterable[str] = ...,
    confirm: Optional[str] = ...,
    interactive: bool = ...,
    retry: Union[int, Retry, None] = ...,
    hints: Iterable[FailureHint] = ...,
    timeout: TimeoutGiven = ...,
    pool: PoolGiven = ...,
    mutex: Union[str, Iterable[str]] = ...,
    exclusive: bool = ...,
    resources: Union[Resources, Mapping[str, Any], None] = ...,
    priority: Optional[int] = ...,
    jobserver: Union[bool, str] = ...,
    allow_failure: Union[bool, int, Iterable[int]] = ...,
    notify: Union[str, Notice, Iterable[Union[str, Notice]]] = ...,
    service: ServiceGiven = ...,
    remote: Optional[str] = ...,
    aliases: Iterable[str] = ...,
    tags: Iterable[str] = ...,
    hidden: bool = ...,
) -> Command[None]: ...
def command(
    action: Union[str, Sequence[str]],
    *,
    capture: bool = False,
    name: Optional[str] = None,
    deps: Union[Dependency, Iterable[Dependency]] = (),
    finally_: Union[Dependency, Iterable[Dependency]] = (),
    description: str = "",
    params: Iterable[Param] = (),
    inputs: Union[Input, Iterable[Input], None] = None,
    outputs: Iterable[str] = (),
    incremental: bool = False,
    env: Optional[Mapping[str, str]] = None,
    pass_env: Iterable[str] = (),
    secrets: SecretsGiven = (),
    cwd: str = ".",
    shell: Iterable[str] = (),
    cache: Union[bool, Cache, None] = None,
    if_: Optional[str] = None,
    requires: Union[str, Iterable[Union[str, Requirement]]] = (),
    platforms: Iterable[str] = (),
    confirm: Optional[str] = None,
    interactive: bool = False,
    retry: Union[int, Retry, None] = None,
    hints: Iterable[FailureHint] = (),
    timeout: TimeoutGiven = None,
    pool: PoolGiven = (),
    mutex: Union[str, Iterable[str]] = (),
    exclusive: bool = False,
    resources: Union[Resources, Mapping[str, Any], None] = None,
    priority: Optional[int] = None,
    jobserver: Union[bool, str] = False,
    allow_failure: Union[bool, int, Iterable[int]] = False,
    notify: Union[str, Notice, Iterable[Union[str, Notice]]] = (),
    service: ServiceGiven = None,
    remote: Optional[str] = None,
    aliases: Iterable[str] = (),
    tags: Iterable[str] = (),
    hidden: bool = False,
) -> Command[Any]:
    """A task that is only a command: a string for the shell or a list of words. Its name is the variable's.

    With `capture` the text it writes to stdout, without spaces at both ends, is its result.
    """
    fields = shared_fields(
        inputs, outputs, incremental, env, pass_env, cwd, cache, if_, requires, platforms, confirm, interactive
    )
    fields.update(aliases=texts(aliases), tags=texts(tags), hidden=hidden, service=as_service(service))
    fields.update(allow_failure=allowed_codes(allow_failure), secrets=as_secrets(secrets))
    fields.update(limits=limits_of(pool, mutex, exclusive, resources, priority, jobserver))
    fields.update(retry=as_retry(retry), timeout=as_timeout(timeout), notify=as_notices(notify), remote=remote)
    fields.update(hints=hints_given(hints))
    fields.update(capture=capture, params=tuple(params), shell=texts(shell))
    mark = Mark(
        name=name,
        explicit=name is not None,
        deps=several(deps),
        finally_=several(finally_),
        fields=fields,
        description=description,
        where=place_of_caller(1),
    )
    return Command(Shell((action,)) if isinstance(action, str) else Argv(tuple(action)), mark)
