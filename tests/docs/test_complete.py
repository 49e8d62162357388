"""What users can use is in the documentation; the derived pages leave nothing out."""

import importlib.util
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import Dict, Set

import pytest

import taskrush
from taskrush.declare.keys import TASK_KEYS
from taskrush.declare.sections import FILE_KEYS
from taskrush.model.settings import options
from taskrush_cli.commands import COMMANDS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def load_hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", DOCS / "_hooks" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages() -> Dict[str, str]:
    made: Dict[str, str] = load_hook().pages()
    return made


def test_every_public_name_is_in_the_reference(pages: Dict[str, str]) -> None:
    """Each public name has one entry, and nothing else has one."""
    entries = re.findall(r"^::: taskrush\.(?:[\w.]+\.)?(\w+)$", pages["reference/api.md"], re.MULTILINE)
    assert sorted([*entries, "__version__"]) == list(taskrush.__all__)


@pytest.mark.parametrize("name", [name for name in taskrush.__all__ if name != "__version__"])
def test_every_public_name_says_what_it_is(name: str) -> None:
    """Classes and functions have docstrings of their own; so have their public methods."""
    thing = getattr(taskrush, name)
    if not (inspect.isclass(thing) or inspect.isfunction(thing)) or hasattr(thing, "__supertype__"):
        return  # an alias or a NewType; the reference says what it stands for
    doc = thing.__doc__ or ""
    assert doc.strip(), f"`{name}` has no docstring"
    if inspect.isclass(thing):
        for method, function in vars(thing).items():
            if inspect.isfunction(function) and not method.startswith("_"):
                assert function.__doc__, f"`{name}.{method}` has no docstring"


def test_every_setting_is_on_both_pages(pages: Dict[str, str]) -> None:
    """Flags are on the page of the command line and of settings, variables and file keys on the latter."""
    for name, option in options():
        for flag in option.flags:
            assert re.search(rf"`{re.escape(flag)}[ `]", pages["reference/command-line.md"]), flag
            assert re.search(rf"`{re.escape(flag)}[ `]", pages["reference/settings.md"]), flag
        assert f"| `{name}` |" in pages["reference/settings.md"]
        assert option.env is None or f"`{option.env}`" in pages["reference/settings.md"]


def test_every_subcommand_is_on_the_page_of_the_command_line(pages: Dict[str, str]) -> None:
    """So that a new one cannot be forgotten."""
    for name in COMMANDS:
        assert f"| `taskrush {name}` |" in pages["reference/command-line.md"]


def test_every_key_has_its_place_and_an_example(pages: Dict[str, str]) -> None:
    """Each spelling of each key is on the page, and each key of a task shows how it is written."""
    for key in (*FILE_KEYS, *TASK_KEYS):
        for spelling in key.names:
            assert f"`{spelling}`" in pages["reference/rush-keys.md"]
    for key in TASK_KEYS:
        assert key.example, f"`{key.names[0]}` has no example"


def test_every_page_is_in_the_navigation() -> None:
    """A page that nobody can find does not exist."""
    listed: Set[str] = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))
    written = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md") if "_hooks" not in path.parts}
    assert {page for page in written if not page.startswith("decisions/")} <= listed


def test_every_decision_has_its_four_parts() -> None:
    """Context, choice, rejected, consequence; numbered without gaps."""
    decisions = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]}. "), path.name
        for part in ("Context", "Choice", "Rejected", "Consequence"):
            assert f"**{part}.**" in text, f"{path.name} has no {part.lower()}"
