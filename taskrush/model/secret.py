"""A secret: a named value that a task may be given and nobody else may see. Where it comes from, never what it is."""

from __future__ import annotations

from taskrush.values import evolve, field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Optional, Tuple, Union

    from taskrush.errors import Where


@frozen
class Secret:
    """A value that reaches the tasks that name it as the variable `name`, and is taken out of everything else.

    It comes from the variable `env` of the environment (`name` unless given), or from one of these: a `file`, relative
    to the file that declares it, without the line end at its end; the output of a `command`, run at most once a run and
    only when a task that names the secret really runs; the `keyring` of the user, where it is the password of `user`
    (`name` unless given) for that service.

    An `optional` one may be absent. With `in_key` false another value is no reason to run again; values of commands and
    keyrings never are. `folder` is where `command` runs; `dotenv` are files that may set the variable.
    """

    name: str
    env: Optional[str] = field(default=None, kw_only=True)
    file: Optional[str] = field(default=None, kw_only=True)
    command: Optional[str] = field(default=None, kw_only=True)
    keyring: Optional[str] = field(default=None, kw_only=True)
    user: Optional[str] = field(default=None, kw_only=True)
    optional: bool = field(default=False, kw_only=True)
    in_key: bool = field(default=True, kw_only=True)
    folder: str = field(default=".", kw_only=True)
    dotenv: Tuple[str, ...] = field(default=(), kw_only=True)
    where: Optional[Where] = field(default=None, eq=False, kw_only=True)

    @property
    def is_bare(self) -> bool:
        """Whether only its name was said: then a declaration of that name tells the rest."""
        return self.source == f"variable {self.name}"

    @property
    def is_at_hand(self) -> bool:
        """Whether its value can be had without running or asking anything."""
        return self.command is None and self.keyring is None

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        if self.file is not None:
            return f"file {self.file}"
        if self.command is not None:
            return f"command {self.command}"
        if self.keyring is not None:
            return f"keyring {self.keyring} {self.user or self.name}"
        return f"variable {self.env or self.name}"


if TYPE_CHECKING:
    SecretsGiven = Union[str, Secret, Iterable[Union[str, Secret]]]
    """What `secrets` of a task takes in Python."""


def as_secrets(values: SecretsGiven) -> Tuple[Secret, ...]:
    """Names and secrets, all as secrets; one alone counts as a list of one."""
    some = (values,) if isinstance(values, (str, Secret)) else values
    return tuple(value if isinstance(value, Secret) else Secret(value) for value in some)


def placed(secret: Secret, folder: str) -> Secret:
    """The secret of a file in this folder: relative paths as they are seen from the workspace."""
    path = secret.file
    if path is not None and not path.startswith(("/", "~")):
        path = path if folder == "." else f"{folder}/{path}"
    return evolve(secret, file=path, folder=folder)
