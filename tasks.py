"""The project's own tasks: `taskrush ci` checks everything, with the tools of the environment it runs in.

`nox` runs the same checks in environments of their own, on every interpreter.
"""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import List

from taskrush import command, result_of, run, task

SOURCES = ["taskrush/**/*.py", "taskrush_cli/**/*.py"]
PYTHON = [
    *SOURCES,
    "tests/**/*.py",
    "examples/**/*.py",
    "noxfile.py",
    "tasks.py",
    "pyproject.toml",
    "examples/*/pyproject.toml",
]


def tool(module: str, *words: str) -> List[str]:
    """A tool of this environment as a command."""
    return [sys.executable, "-m", module, *words]


lint = command(tool("ruff", "check", "."), description="Look for mistakes", inputs=PYTHON, tags=["check"])
format_check = command(
    tool("ruff", "format", "--check", "."), description="Is everything formatted?", inputs=PYTHON, tags=["check"]
)
types = command(tool("mypy"), description="Check the types", inputs=[*SOURCES, "pyproject.toml"], tags=["check"])


@task
def format() -> None:
    """Format the code and repair what can be repaired."""
    run(tool("ruff", "check", "--fix", "--quiet", "."))
    run(tool("ruff", "format", "."))


@task(inputs=[*SOURCES, "pyproject.toml"], tags=["check"])
def layers() -> None:
    """Does every module import lower layers only?"""
    run([str(Path(sys.executable).parent / "lint-imports"), "--no-cache"])


@task(name="tests", tags=["check"])
def run_tests(python: Path = Path(sys.executable), keyword: str = "", core: bool = False) -> None:
    """Run the tests.

    Args:
        python: the interpreter, with TaskRush and pytest installed
        keyword: run only tests whose name matches
        core: run only the quick subset
    """
    words = [str(python), "-m", "pytest", "-q", "-m", "core and not soak" if core else "not soak"]
    if str(python) == sys.executable and find_spec("xdist") is not None:
        words += ["-n", "auto", "--dist", "loadfile"]
    run([*words, "-k", keyword] if keyword else words)


@task(
    inputs=["docs/**", "mkdocs.yml", "*.md", *SOURCES],
    outputs=["site/"],
    requires=f'"{sys.executable}" -c "import mkdocs"',
)
def docs() -> None:
    """Build the documentation; wants the `docs` dependency group."""
    run(tool("mkdocs", "build", "--strict", "--quiet"))


@task(deps=["clean-dist"], inputs=[*SOURCES, "pyproject.toml", "README.md"], outputs=["dist/*.whl"])
def wheel() -> str:
    """Build the wheel and return its path."""
    run(tool("build", "--wheel", "--no-isolation", "--outdir", "dist"))
    (built,) = Path("dist").glob("*.whl")
    return str(built)


@task
def inspect_wheel(path: str = result_of(wheel)) -> None:
    """Does the wheel hold both packages, and do they start from inside it?"""
    run([sys.executable, "tests/wheel_contents.py", path])
    run([sys.executable, "-m", "taskrush", "--version"], env={"PYTHONPATH": path})


@task(hidden=True)
def clean_dist() -> None:
    """Remove what was built before."""
    shutil.rmtree("dist", ignore_errors=True)


@task(deps=["clean-dist"])
def clean() -> None:
    """Remove everything that tools leave behind."""
    for name in ("build", "site", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"):
        shutil.rmtree(name, ignore_errors=True)


@task(deps=[lint, format_check, types, layers, run_tests, inspect_wheel])
def ci() -> None:
    """Everything that has to hold."""
    print("all checks passed")
