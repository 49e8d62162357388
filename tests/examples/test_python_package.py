"""The Python package is linted, tested and built into a wheel that works."""

import sys
import zipfile
from typing import Callable

import pytest

from tests.scenarios.rush import Scratch

pytest.importorskip("hatchling", reason="the `examples` dependency group is not installed")
pytest.importorskip("ruff", reason="the `examples` dependency group is not installed")
Example = Callable[[str], Scratch]
HERE = ("-e", f"PYTHON={sys.executable}")


def test_the_wheel_is_built_and_works(example: Example) -> None:
    """`try` lints, tests, builds and runs the program from inside the wheel, in that order."""
    project = example("python-package")
    done = project.rush(*HERE, "try")
    assert done.code == 0, done.all
    assert "7 passed" in done.out
    assert "MMXXIV\n1999\n" in done.out
    (wheel,) = (project.root / "dist").iterdir()
    assert wheel.name == "roman-1.2-py3-none-any.whl"
    with zipfile.ZipFile(str(wheel)) as archive:
        names = archive.namelist()
        assert {"roman/__init__.py", "roman/__main__.py"} < set(names)
        assert not [name for name in names if "test" in name]
        scripts = archive.read("roman-1.2.dist-info/entry_points.txt").decode()
    assert "roman = roman.__main__:main" in scripts
    assert not (project.root / ".venv").exists()


def test_a_failing_test_stops_the_wheel(example: Example) -> None:
    """Nothing is built from what does not pass."""
    project = example("python-package")
    source = project.root / "src" / "roman" / "__init__.py"
    source.write_text(source.read_text().replace('"XC": 90', '"XC": 91'))
    done = project.rush(*HERE, "wheel")
    assert done.code == 1
    assert "failed" in done.all
    assert not (project.root / "dist").exists()


def test_a_careless_line_stops_the_wheel(example: Example) -> None:
    """What the linter finds is shown with its place."""
    project = example("python-package")
    source = project.root / "src" / "roman" / "__main__.py"
    source.write_text(source.read_text().replace("import sys", "import os\nimport sys"))
    done = project.rush(*HERE, "-k", "wheel")
    assert done.code == 1
    assert "F401" in done.all
    assert not (project.root / "dist").exists()
