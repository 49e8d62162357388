"""Classes of `taskrush.values` behave as attrs' own do, for us and for attrs."""

import copy
import pickle
import subprocess
import sys
from typing import Any, ClassVar, Dict, List, Optional, Tuple

import attrs
import cattrs
import pytest

from taskrush import values
from taskrush.values import evolve, field, frozen

pytestmark = pytest.mark.core


def both(make: Any) -> Tuple[Any, Any]:
    """The same class by attrs and by us."""
    return make(attrs), make(values)


def plain(lib: Any) -> Any:
    @lib.frozen
    class Thing:
        name: str
        size: int = 3
        tags: List[str] = lib.field(factory=list)
        upper: str = lib.field(default=lib.Factory(lambda self: self.name.upper(), takes_self=True), eq=False)
        hidden: int = lib.field(default=0, repr=False, kw_only=True)
        number: int = lib.field(default="7", converter=int, metadata={"key": 1})
        _own: int = lib.field(init=False, eq=False, repr=False)
        _kept: int = 5

        def __attrs_post_init__(self) -> None:
            object.__setattr__(self, "_own", self.size * 2)

        def double(self) -> int:
            return self._own

    return Thing


def kw_only(lib: Any) -> Any:
    @lib.frozen(kw_only=True)
    class Thing:
        b: int
        a: int = 1

    return Thing


def mutable(lib: Any) -> Any:
    @lib.define
    class Thing:
        x: int
        y: int = 0

    return Thing


def by_identity(lib: Any) -> Any:
    @lib.frozen(eq=False)
    class Thing:
        x: int = 0

    return Thing


def bare(lib: Any) -> Any:
    @lib.frozen
    class Thing:
        pass

    return Thing


CALLS = [
    (plain, ("a",), {}),
    (plain, ("a", 4, ["t"]), {"hidden": 2, "number": "9", "upper": "B", "kept": 6}),
    (plain, (), {"name": "a", "size": 0}),
    (kw_only, (), {"b": 2}),
    (mutable, (1, 2), {}),
    (by_identity, (), {"x": 1}),
    (bare, (), {}),
]


@pytest.mark.parametrize(("make", "args", "named"), CALLS)
def test_instances_are_alike(make: Any, args: Any, named: Any) -> None:
    """Values, text, comparison and hash."""
    theirs, ours = both(make)
    one, other = theirs(*args, **named), ours(*args, **named)
    assert repr(one) == repr(other)
    assert attrs.asdict(one) == attrs.asdict(other)
    assert (one == theirs(*args, **named)) == (other == ours(*args, **named))
    assert other != one
    assert hashable(one) == hashable(other)


def hashable(thing: object) -> bool:
    try:
        hash(thing)
    except TypeError:
        return False
    return True


@pytest.mark.parametrize(
    ("make", "args", "named"),
    [
        (plain, (), {}),
        (plain, ("a",), {"nothing": 1}),
        (plain, ("a",), {"own": 1}),
        (kw_only, (1,), {}),
        (bare, (1,), {}),
    ],
)
def test_wrong_arguments_are_refused(make: Any, args: Any, named: Any) -> None:
    """By both, the first time and later."""
    for lib in both(make):
        for _ in range(10):
            with pytest.raises(TypeError):
                lib(*args, **named)


@pytest.mark.parametrize(("make", "args", "named"), CALLS)
def test_the_first_and_the_hundredth_are_alike(make: Any, args: Any, named: Any) -> None:
    """Whether or not a method was compiled for the class."""
    ours = make(values)
    first, others = ours(*args, **named), [ours(*args, **named) for _ in range(20)]
    assert {repr(other) for other in others} == {repr(first)}
    assert all((first == other) == (make is not by_identity) for other in others)


def test_frozen_ones_do_not_change() -> None:
    """And say so by attrs' own error; defined ones do change."""
    for lib in both(kw_only):
        thing = lib(b=1)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            thing.b = 2
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            del thing.b
    for lib in both(mutable):
        thing = lib(1)
        thing.x = 5
        assert thing == lib(5)
        with pytest.raises(AttributeError):
            thing.nothing = 1


def test_attrs_and_cattrs_take_them_for_their_own() -> None:
    """`has`, `fields`, `evolve`, `asdict`, structuring."""
    theirs, ours = both(plain)
    assert attrs.has(both(plain)[1])
    shown = [
        [(a.name, a.alias, a.init, a.kw_only, a.eq, a.repr, a.type) for a in attrs.fields(c)] for c in (theirs, ours)
    ]
    assert shown[0] == shown[1]
    assert attrs.fields(ours).number.metadata == {"key": 1}
    thing: Any = ours("a")
    for change in (attrs.evolve, values.evolve):
        changed: Any = change(thing, size=8, kept=1)
        assert (changed.size, changed.double(), changed._kept, changed.name) == (8, 16, 1, "a")
    assert values.asdict(thing, recurse=False)["tags"] is thing.tags
    simple: Any = both(kw_only)[1]
    assert cattrs.unstructure(simple(b=4)) == {"b": 4, "a": 1}
    assert cattrs.structure({"b": 4}, simple) == simple(b=4)


def test_defaults_are_made_anew() -> None:
    """One list for each."""
    ours = plain(values)
    assert ours("a").tags is not ours("a").tags


@values.frozen
class Top:
    """Found by pickle."""

    x: int
    inner: Any = None

    def __len__(self) -> int:
        return self.x


def test_they_are_copied_and_pickled() -> None:
    """Whole, and frozen again."""
    thing = Top(3, Top(4))
    for made in (copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
        assert made == thing
        assert len(made) == 3
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            made.x = 1  # type: ignore[misc]


def test_super_means_the_class_that_is_left() -> None:
    """A method that was compiled for the class as it was written still finds its way."""

    class Base:
        def say(self) -> str:
            return "base"

    @values.define(eq=False)
    class Thing(Base):
        x: int = 0

        def say(self) -> str:
            return super().say() + "!"

    assert Thing().say() == "base!"


def test_attrs_is_not_imported() -> None:
    """Not for making classes and instances."""
    code = "import sys, taskrush.model.outcome as o; o.succeeded(code=0); print('attr' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@frozen(kw_only=True, slots=False)
class Sparse:
    """Very many of these leave most at the default."""

    name: str
    words: Tuple[str, ...] = field(
        default=(), converter=tuple, metadata={"late": (lambda words: words or None, "said")}
    )
    rare: Tuple[int, ...] = field(default=(), converter=tuple)
    table: Dict[str, int] = field(factory=dict)
    hidden: bool = field(default=False, eq=False)

    COMMON: ClassVar[Tuple[str, ...]] = ("name", "said", "words")
    uncommon: ClassVar[bool] = False
    said: ClassVar[Optional[List[str]]] = None


def test_a_class_without_slots_keeps_what_differs_from_its_defaults() -> None:
    """What is at its default, given or not, is the class's; `uncommon` tells of what few have."""
    plain = Sparse(name="a")
    assert vars(plain) == {"name": "a"}
    assert vars(Sparse(name="a", rare=[], table={}, hidden=False)) == {"name": "a"}
    rare = Sparse(name="a", rare=[1])
    assert (plain.uncommon, rare.uncommon) == (False, True)
    assert (plain.rare, rare.rare) == ((), (1,))
    assert plain == Sparse(name="a", hidden=True)
    assert plain != rare
    assert evolve(rare, rare=()) == plain
    assert vars(evolve(rare, rare=())) == {"name": "a"}
    assert repr(rare) == "Sparse(name='a', words=(), rare=(1,), table={}, hidden=False)"
    assert attrs.evolve(plain, rare=[1]) == rare
    for same in (pickle.loads(pickle.dumps(rare)), copy.deepcopy(rare)):
        assert same == rare
        assert same.uncommon


def test_an_attribute_may_be_converted_when_somebody_looks() -> None:
    """Until then it is as it was given; afterwards the same object is there."""
    late = Sparse(name="a", words=["x"])
    assert vars(late) == {"name": "a", "said": ["x"]}
    assert late.words == ("x",)
    assert late.words is late.words
    assert late == Sparse(name="a", words=("x",))
    assert Sparse(name="a", words=[]).words == ()


def test_a_class_without_slots_refuses_wrong_arguments_and_changes() -> None:
    """As every other does."""
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'rarer'"):
        Sparse(name="a", rarer=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="name"):
        Sparse()  # type: ignore[call-arg]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        Sparse(name="a").name = "b"  # type: ignore[misc]
