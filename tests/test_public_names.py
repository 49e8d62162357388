"""The public names: declared once for type checkers and once for loading, all there, none of them a folder."""

import ast
import importlib
from pathlib import Path
from typing import Dict

import pytest

import taskrush

pytestmark = pytest.mark.core

SOURCE = Path(taskrush.__file__)


def declared_for_type_checkers() -> Dict[str, str]:
    """Name -> module, from the `if TYPE_CHECKING:` block."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.dump(node.test).count("TYPE_CHECKING")]
    assert len(blocks) == 1
    found = {}
    for node in blocks[0].body:
        assert isinstance(node, ast.ImportFrom)
        for alias in node.names:
            assert alias.asname == alias.name, f"`{alias.name}` is not re-exported"
            found[alias.name] = str(node.module)
    return found


def test_both_lists_of_names_are_the_same() -> None:
    """What type checkers see is what is loaded, from the same module."""
    loaded = {name: f"taskrush.{home}" for home, names in taskrush._HOMES.items() for name in names}
    assert declared_for_type_checkers() == loaded


def test_all_is_sorted_and_complete() -> None:
    """`__all__` holds every public name once, and `dir()` shows them."""
    assert taskrush.__all__ == sorted({*declared_for_type_checkers(), "__version__"})
    assert set(taskrush.__all__) <= set(dir(taskrush))


def test_every_name_is_there() -> None:
    """Each is loaded from its home when it is first used, and stays."""
    for name, module in declared_for_type_checkers().items():
        assert getattr(taskrush, name) is getattr(importlib.import_module(module), name)
        assert vars(taskrush)[name] is getattr(taskrush, name)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """So that `hasattr` and `from taskrush import` behave."""
    assert not hasattr(taskrush, "no_such_name")
    with pytest.raises(ImportError):
        exec("from taskrush import no_such_name")


def test_no_public_name_is_a_folder() -> None:
    """`import taskrush.plan` must not hide anything."""
    folders = {path.name for path in SOURCE.parent.iterdir() if path.is_dir()}
    modules = {path.stem for path in SOURCE.parent.glob("*.py")}
    assert set(taskrush.__all__) & (folders | modules) == set()
