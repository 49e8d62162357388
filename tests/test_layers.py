"""What import-linter's contracts (pyproject.toml) cannot say about imports."""

import ast
from pathlib import Path
from typing import Iterator, Tuple

import pytest

import taskrush

pytestmark = pytest.mark.core

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for package in ("taskrush", "taskrush_cli") for path in (ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[Tuple[int, str]]:
    """Line and full name of everything that a module imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, "." * node.level + f"{node.module or ''}.{alias.name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_import_from_where_a_thing_lives(path: Path) -> None:
    """No module of ours goes through the public names (the top layer), and none uses relative imports."""
    public = {"taskrush", *(f"taskrush.{name}" for name in taskrush.__all__)}
    assert [f"{path.name}:{line}" for line, name in imports(path) if name in public or name.startswith(".")] == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_opens_with_what_it_decides(path: Path) -> None:
    """Each module has a docstring and none has grown fat."""
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert len(text.splitlines()) <= 470, (
        "split it: one idea a file"
    )  # imports included, some 20 of them for annotations
