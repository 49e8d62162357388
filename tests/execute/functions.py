"""Functions that end in every way there is, for tests of those who call them."""

import time

from taskrush.errors import CommandFailed, TaskCancelled


def nothing() -> None:
    """Returns None."""


def value() -> str:
    return "value"


async def later() -> int:
    return 7


def fails() -> None:
    raise ValueError("no luck")


def fails_by_command() -> None:
    raise CommandFailed("false", 3)


def exits_well() -> None:
    raise SystemExit(0)


def exits() -> None:
    raise SystemExit(3)


def exits_with_words() -> None:
    raise SystemExit("because")


def gives_up() -> None:
    raise TaskCancelled("enough")


def lacks_memory() -> None:
    raise MemoryError("too much")


def dawdles() -> None:
    time.sleep(0.002)


def takes(**values: object) -> object:
    return sorted(values.items(), key=repr)
