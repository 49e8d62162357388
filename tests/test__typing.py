"""Named tuples and protocols of ours behave as those of `typing`."""

from __future__ import annotations

import pickle
import typing
from typing import Any, List

import pytest

from taskrush import _typing

pytestmark = pytest.mark.core


class Theirs(typing.NamedTuple):
    """A text."""

    a: int
    b: str = "x"
    c: float = 0.5


class Ours(_typing.NamedTuple):
    """A text."""

    a: int
    b: str = "x"
    c: float = 0.5


class Bare(_typing.NamedTuple):
    """Nothing in it."""


CALLS: List[Any] = [
    ((1,), {}),
    ((1, "y"), {}),
    ((1, "y", 2.0), {}),
    ((), {"a": 1}),
    ((1,), {"c": 2.0}),
    ((), {"c": 2.0, "a": 1, "b": "z"}),
]


@pytest.mark.parametrize(("args", "named"), CALLS)
@pytest.mark.parametrize("times", [1, 12], ids=["first", "later"])
def test_tuples_are_alike(args: Any, named: Any, times: int) -> None:
    """However they are made, the first ones and those for which a method was compiled."""
    for _ in range(times):
        ours, theirs = Ours(*args, **named), Theirs(*args, **named)
    assert ours == theirs
    assert (ours.a, ours.b, ours.c) == (theirs.a, theirs.b, theirs.c)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert ours._asdict() == theirs._asdict()
    assert ours._replace(b="q") == theirs._replace(b="q")
    assert Ours._fields == Theirs._fields
    assert Ours._make([1, "b", 2]) == (1, "b", 2)
    assert type(pickle.loads(pickle.dumps(ours))) is Ours
    assert hash(ours) == hash(theirs)
    assert not hasattr(ours, "__dict__")
    with pytest.raises(AttributeError):
        ours.a = 2


@pytest.mark.parametrize(
    ("args", "named"),
    [
        ((), {}),
        ((1, 2, 3, 4), {}),
        ((1,), {"a": 2}),
        ((1,), {"nothing": 2}),
        ((), {"b": "x"}),
        ((1, "b", 2.0), {"c": 1.0}),
    ],
)
def test_wrong_arguments_are_refused(args: Any, named: Any) -> None:
    """By both."""
    for kind in (Ours, Theirs):
        with pytest.raises(TypeError):
            kind(*args, **named)
    with pytest.raises(TypeError):
        Bare(1)
    assert Bare() == ()


def test_a_protocol_is_met_by_who_has_its_methods() -> None:
    """Where it may be asked for; who inherits from it has its methods."""

    @_typing.runtime_checkable
    class Opens(_typing.Protocol):
        def open(self) -> int: ...
        def close(self) -> int: ...

    class Half:
        def open(self) -> int:
            return 1

    class Whole(Half):
        def close(self) -> int:
            return 2

    class Child(Opens):
        def open(self) -> int:
            return 3

    assert [isinstance(one, Opens) for one in (Half(), Whole(), Child(), 1)] == [False, True, True, False]
    assert Child().open() == 3
    assert isinstance({}, _typing.Mapping)


def test_our_protocols_are_those() -> None:
    """A process can be polled, a thread cannot."""
    from taskrush.protocols import OnOutput, Pollable
    from taskrush.runners.process import LocalRunning

    assert isinstance(object.__new__(LocalRunning), Pollable)
    assert not isinstance(object(), Pollable)
    assert OnOutput == typing.Callable[[str, bytes], None]
