"""The Node workspace is built in dependency order and tested."""

import json
from typing import Callable, Dict, List

import pytest

from taskrush import Project
from tests.scenarios.rush import Scratch

Example = Callable[[str], Scratch]


@pytest.mark.needs("node", "npm")
def test_it_is_built_and_tested(example: Example) -> None:
    """One command links, bundles and tests three packages; no package is taken from a registry."""
    project = example("node-workspace")
    done = project.rush("--output", "stream", "test")
    assert done.code == 0, done.all
    for package in ("text", "markup", "site"):
        assert (project.root / "packages" / package / "dist" / "index.js").exists()
    assert 'from "@example/text"' in project.text("packages/markup/dist/index.js")
    assert "escape.js" in project.text("packages/text/dist/index.js")
    lock = json.loads(project.text("package-lock.json"))
    assert not [entry for entry in lock["packages"].values() if "://" in str(entry.get("resolved", ""))]
    lines = [line for line in done.out.splitlines() if "modules" in line]
    assert [package for line in lines for package in ("text", "markup", "site") if package in line] == [
        "text",
        "markup",
        "site",
    ]


@pytest.mark.core
def test_names_resolve_across_namespaces(example: Example) -> None:
    """`markup:build` needs `text:build` and the `install` of the top; `text` needs nobody else."""
    project = Project.load(str(example("node-workspace").root))
    plans: Dict[str, List[str]] = {
        name: [task.id for task in project.plan(name).tasks] for name in ("text:test", "markup:build", "site:test")
    }
    assert plans == {
        "text:test": ["install", "text:build", "text:test"],
        "markup:build": ["install", "text:build", "markup:build"],
        "site:test": ["install", "text:build", "markup:build", "site:build", "site:test"],
    }
    assert project.task("text:build").cwd == "packages/text"


@pytest.mark.needs("node", "npm")
def test_a_broken_package_stops_those_that_use_it(example: Example) -> None:
    """With -k, the tests of what does not need the broken package still run."""
    project = example("node-workspace")
    source = project.root / "packages" / "markup" / "src" / "index.js"
    source.write_text(source.read_text().replace("./inline.js", "./absent.js"))
    done = project.rush("-k", "test")
    assert done.code == 1
    assert "absent.js" in done.all
    assert "signs of HTML are escaped" in done.out
    assert "a page is whole" not in done.out
