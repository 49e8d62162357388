"""The secrets of one run: their values, who gets which, and what is known so far.

Values at hand (environment, files) are read at once; commands and keyrings are asked when the first task that names
them is about to run, once, whatever comes of it. It does not know how tasks run.

Rule 1: a value goes to the redactor before it goes to anybody else.
Rule 2: no message holds a value.
"""

from __future__ import annotations

import os
import threading
from importlib.util import find_spec

from taskrush.errors import Problem
from taskrush.model.disguise import worth_hiding
from taskrush.model.outcome import cancelled, failed, succeeded
from taskrush.model.redaction import Redactor
from taskrush.supply.sources import Command, NotToBeHad, from_environment, from_file, from_keyring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

    from taskrush.model.outcome import Outcome
    from taskrush.model.secret import Secret
    from taskrush.model.task import Task
    from taskrush.protocols import Running
    from taskrush.supply.sources import Parse

if TYPE_CHECKING:
    Warning = Tuple[str, Optional[str]]
    Learn = Callable[[Secret, Optional[str]], None]


class Vault:
    """`declared` are the secrets of whole files, `tasks` those that may run. `also` are further values to hide."""

    def __init__(
        self,
        root: str,
        environ: Mapping[str, str],
        declared: Iterable[Secret],
        tasks: Iterable[Task],
        parse: Parse,
        also: Iterable[str] = (),
    ) -> None:
        self._root = root
        self._environ = environ
        self._tasks = [task for task in tasks if task.secrets]
        self._declared: Dict[str, Secret] = {}
        for secret in declared:
            self._declared.setdefault(secret.name, secret)
        self._values: Dict[Secret, Optional[str]] = {}
        self._wrong: Dict[Secret, str] = {}
        self._lock = threading.Lock()
        self._fetches: Dict[Secret, _Fetch] = {}
        self._warnings: List[Warning] = []
        wanted = {secret for task in self._tasks for secret in self.secrets_of(task)}
        self.redactor = Redactor(growing=any(not secret.is_at_hand for secret in wanted))
        self._look([*wanted, *self._declared.values()], parse)
        self._also = tuple(also)
        self.redactor.add(os.fsencode(value) for value in self.values)

    @property
    def values(self) -> Tuple[str, ...]:
        """All that is known so far."""
        return tuple({value for value in (*self._also, *self._values.values()) if value})

    def secrets_of(self, task: Task) -> Tuple[Secret, ...]:
        """The secrets of a task; a name alone means what a file declares under it."""
        return tuple(
            self._declared.get(one.name, one) if one.is_bare and not one.dotenv else one for one in task.secrets
        )

    def problems(self) -> Sequence[Problem]:
        """What tasks need and is not there, as far as that can be told before anything runs."""
        found = []
        for task in self._tasks:
            for named, secret in zip(task.secrets, self.secrets_of(task)):
                if secret.keyring is not None and not secret.optional and find_spec("keyring") is None:
                    message = (
                        f"task `{task.id}` gets the secret `{secret.name}` from the keyring, which needs `keyring`"
                    )
                    found.append(Problem(message, named.where or secret.where, "pip install 'taskrush[keyring]'"))
                if self._values.get(secret) or not secret.is_at_hand:
                    continue
                reason = self._wrong.get(secret)
                if reason is None and (secret.optional or named.optional):
                    continue
                name = secret.env or secret.name
                hint = f"set it, or write `optional: true` for `{secret.name}` if the task can do without"
                if secret.file is not None:
                    reason = reason or f"there is no file `{secret.file}`"
                else:
                    reason = f"the variable `{name}` is not set"
                    hint = _alike(secret.name, self._declared) or hint
                message = f"task `{task.id}` needs the secret `{secret.name}`: {reason}"
                found.append(Problem(message, named.where or secret.where or task.where, hint))
        return tuple(dict.fromkeys(found))

    def warnings(self) -> Sequence[Warning]:
        """Messages, with hints, since the last call."""
        found, self._warnings = self._warnings, []
        return tuple(found)

    def environment(self, task: Task) -> Mapping[str, str]:
        """The variables that the task's commands get, as far as their values are known."""
        known = ((secret.name, self._values.get(secret)) for secret in self.secrets_of(task))
        return {name: value for name, value in known if value is not None}

    def fetch(self, task: Task) -> Optional[Running]:
        """What waits for the values that the task still lacks; None if it lacks none."""
        lacking = [secret for secret in self.secrets_of(task) if not secret.is_at_hand and secret not in self._values]
        return _Waiting(self, lacking) if lacking else None

    def in_key(self, secret: Secret) -> Optional[str]:
        """The value that counts for keys; None where none does. Asks and runs nothing."""
        return self._values.get(secret) if secret.in_key and secret.is_at_hand else None

    def close(self) -> None:
        """The run is over: nobody waits any more."""
        with self._lock:
            fetches = list(self._fetches.values())
        for fetch in fetches:
            fetch.cancel()

    # --- inside ---------------------------------------------------------------------------

    def _look(self, secrets: Iterable[Secret], parse: Parse) -> None:
        seen: Set[Secret] = set()
        for secret in secrets:
            if secret in seen or not secret.is_at_hand:
                continue
            seen.add(secret)
            try:
                if secret.file is not None:
                    value, warning = from_file(secret, self._root)
                    if warning is not None:
                        self._warnings.append((warning, f"chmod 600 {secret.file}"))
                else:
                    value = from_environment(secret, self._environ, self._root, parse)
            except NotToBeHad as error:
                self._wrong[secret] = str(error)
                continue
            self._values[secret] = value
            if value:
                self._check(secret, value)

    def _check(self, secret: Secret, value: str) -> None:
        if not worth_hiding(os.fsencode(value)):
            self._warnings.append(
                (
                    f"the secret `{secret.name}` is too short or too ordinary to be told from other text: "
                    "it is not taken out of output",
                    "secrets have four characters and more, and are no words such as `true`",
                )
            )

    def ask(self, secret: Secret) -> Optional[str]:
        """The value of a command or keyring, asked for once. May block. Raises `NotToBeHad`."""
        with self._lock:
            fetch = self._fetches.get(secret)
            if fetch is None:
                fetch = self._fetches[secret] = _Fetch(secret, self._root, self._environ)
        return fetch.value(self._learn)

    def _learn(self, secret: Secret, value: Optional[str]) -> None:
        if value:
            with self._lock:
                self.redactor.add([os.fsencode(value)])
            self._check(secret, value)
        self._values[secret] = value


def _alike(name: str, names: Iterable[str]) -> Optional[str]:
    from difflib import get_close_matches

    found = get_close_matches(name, [other for other in names if other != name], 1)
    return f"did you mean `{found[0]}`?" if found else None


class _Fetch:
    """One question to a command or keyring, and its answer."""

    def __init__(self, secret: Secret, root: str, environ: Mapping[str, str]) -> None:
        self._secret = secret
        self._command = Command(secret, root, environ) if secret.command is not None else None
        self._lock = threading.Lock()
        self._done = False
        self._error: Optional[NotToBeHad] = None
        self._value: Optional[str] = None

    def value(self, learn: Learn) -> Optional[str]:
        with self._lock:  # who comes second waits for the first
            if not self._done:
                try:
                    self._value = self._command.value() if self._command is not None else from_keyring(self._secret)
                    if self._value is None and not self._secret.optional:
                        raise NotToBeHad("the keyring has none")
                except NotToBeHad as error:
                    self._error = None if self._secret.optional else error
                self._done = True
                if self._error is None:
                    learn(self._secret, self._value)
        if self._error is not None:
            raise self._error
        return self._value

    def cancel(self) -> None:
        if self._command is not None:
            self._command.cancel()


class _Waiting:
    """A task that waits for secrets; a `Running`."""

    def __init__(self, vault: Vault, lacking: Sequence[Secret]) -> None:
        self._vault = vault
        self._lacking = lacking
        self._cancelled = False

    def wait(self) -> Outcome:
        for secret in self._lacking:
            if self._cancelled:
                return cancelled("cancelled")
            try:
                self._vault.ask(secret)
            except NotToBeHad as error:
                if self._cancelled:
                    return cancelled("cancelled")
                return failed(f"secret `{secret.name}` is not to be had: {error}")
        return cancelled("cancelled") if self._cancelled else succeeded()

    def cancel(self, force: bool = False) -> None:
        """Others may wait for the same: what is asked is ended with the run, or with `force`."""
        self._cancelled = True
        if force:
            self._vault.close()
