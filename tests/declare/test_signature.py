"""A function's parameters as options: kinds, choices, lists, defaults and help, in every spelling of annotations."""

import enum
import sys
from pathlib import Path
from typing import Any, Callable, List, Literal, Optional, Sequence, Union

import pytest

from taskrush import option, result_of, task
from taskrush.declare.options import choice_texts
from taskrush.declare.signature import read_signature
from taskrush.model.task import Param

if sys.version_info >= (3, 9):
    from typing import Annotated
else:
    from typing_extensions import Annotated

pytestmark = pytest.mark.core


class Color(enum.Enum):
    RED = "red"
    BLUE = 2


def params_of(function: Callable[..., Any]) -> "dict[str, Param]":
    signature = read_signature(function, "t")
    assert signature.problems == ()
    return {param.name: param for param in signature.params}


def brief(param: Param) -> object:
    """Kind, list or not, required or not, default."""
    return (param.kind, param.many, param.required, param.default)


def test_annotations_tell_the_kind() -> None:
    """Plain types, lists and what may be missing."""

    def function(
        a: str,
        b: int,
        c: float = 1.5,
        d: bool = True,
        e: Path = Path("x"),
        f: Optional[int] = None,
        g: List[Path] = [],  # noqa: B006
        h: Sequence[int] = (),
        i: Union[None, str] = None,  # noqa: RUF036
        j: Any = 3,
        k: Optional[List[str]] = None,
        l: list = [],  # type: ignore[type-arg]  # noqa: B006, E741
        m=2,  # type: ignore[no-untyped-def]
        n=None,  # type: ignore[no-untyped-def]
        *rest: str,
        o: Optional[float],
        **more: int,
    ) -> None: ...

    assert {name: brief(param) for name, param in params_of(function).items()} == {
        "a": ("str", False, True, None),
        "b": ("int", False, True, None),
        "c": ("float", False, False, 1.5),
        "d": ("bool", False, False, True),
        "e": ("path", False, False, Path("x")),
        "f": ("int", False, False, None),
        "g": ("path", True, False, []),
        "h": ("int", True, False, ()),
        "i": ("str", False, False, None),
        "j": ("str", False, False, 3),
        "k": ("str", True, False, None),
        "l": ("str", True, False, []),
        "m": ("int", False, False, 2),
        "n": ("str", False, False, None),
        "o": ("float", False, False, None),
    }


def test_annotations_that_are_texts_work_on_every_interpreter() -> None:
    """`list[int] | None` as a text is understood on interpreters that cannot evaluate it; local names too."""

    class Local(enum.Enum):
        X = "x"

    def function(
        a: "int | None" = None,
        b: "list[int]" = [],  # noqa: B006
        c: "Literal['x', 'y']" = "x",
        d: "Optional['Path']" = None,
        e: "list['Color'] | None" = None,
        f: "Local" = Local.X,
        g: "Annotated[int, option(env='G'), 'help']" = 0,
    ) -> Any:
        return Local

    found = params_of(function)
    assert [brief(found[name])[:2] for name in "abcdefg"] == [  # type: ignore[index]
        ("int", False),
        ("int", True),
        ("str", False),
        ("path", False),
        ("str", True),
        ("str", False),
        ("int", False),
    ]
    assert found["c"].choices == ("x", "y")
    assert found["e"].choices == tuple(Color)
    assert found["f"].choices == (Local.X,)
    assert (found["g"].env, found["g"].help) == ("G", "help")


def test_enums_and_literals_are_choices() -> None:
    """Members are typed by value or name, and arrive as members; literals keep their type."""

    def function(color: Color, mode: Literal["fast", 3, True] = "fast") -> None: ...

    found = params_of(function)
    assert choice_texts(found["color"]) == ("red", "2")
    convert = found["color"].convert
    assert convert is not None
    assert [convert(text) for text in ("red", "2", "BLUE")] == [Color.RED, Color.BLUE, Color.BLUE]
    assert choice_texts(found["mode"]) == ("fast", "3", "true")
    convert = found["mode"].convert
    assert convert is not None
    assert convert("3") == 3


GOOGLE = """Do.

    Args:
        count: How
            many.
        *name (str): Whose.

    Returns:
        other: x
    """
NUMPY = """Do.

    Parameters
    ----------
    count : int
        How
        many.
    name
        Whose.

    Returns
    -------
    other
        x
    """
SPHINX = """Do.

    :param count: How
        many.
    :param str name: Whose.
    :returns: x
    """


@pytest.mark.parametrize("docstring", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_help_comes_from_the_docstring(docstring: str) -> None:
    """The three usual styles are read; what does not follow them is no help."""

    def function(count: int = 1, name: str = "", other: str = "") -> None: ...

    function.__doc__ = docstring
    found = read_signature(function, "t")
    assert found.description == "Do."
    assert {param.name: param.help for param in found.params} == {"count": "How many.", "name": "Whose.", "other": ""}


def test_annotated_wins_over_the_docstring() -> None:
    """A text in `Annotated` is help, `option` gives help and the variable to fall back to."""

    def function(
        a: Annotated[int, "from here"] = 1,
        b: Annotated[Optional[str], option(help="b's", env="B")] = None,
    ) -> None:
        """Do.

        Args:
            a: from there
        """

    found = params_of(function)
    assert (found["a"].help, found["b"].help, found["b"].env, found["b"].required) == ("from here", "b's", "B", False)


def test_what_is_not_supported_is_told_at_the_parameter() -> None:
    """Every unsupported annotation is a problem with the column of the parameter; all are told at once."""

    @task
    def other() -> None: ...

    # fmt: off
    def function(
        good: int,
        a: dict, b: Union[int, str] = 1,  # type: ignore[type-arg]
        c: "Missing" = 2,  # type: ignore[name-defined]  # noqa: F821
        cache: bool = True, no_cache: int = 1,
        d: None = result_of(other),
        *numbers: int,
    ) -> None: ...
    # fmt: on

    problems = read_signature(function, "t").problems
    assert [problem.message for problem in problems] == [
        "task `t`: parameter `a` cannot be an option: dict is not supported",
        "task `t`: parameter `b` cannot be an option: Union[int, str] is not supported",
        "task `t`: parameter `c` cannot be an option: Missing is not supported",
        "task `t`: `*numbers` takes what follows `--`, which are texts",
        "task `t`: parameters `cache` and `no_cache` are both the option --no-cache",
    ]
    first = function.__code__.co_firstlineno
    places = [problem.where for problem in problems]
    assert [(where.line - first, where.column) for where in places if where] == [
        (2, 9),
        (2, 18),
        (3, 9),
        (6, 10),
        (4, 29),
    ]
    assert problems[0].hint == "use str, int, float, bool, Path, an Enum, Literal, List or Optional of these"
    assert str(problems[0]).splitlines()[2].index("^") == 4 + 8
