"""Growth is measured, kept and drawn."""

import importlib.util
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.benchmarks.functions import ENGINES, layers
from tests.benchmarks.growth import SUBJECTS, main, many_files, with_a_file
from tests.benchmarks.growth_page import MARKS, Line, Point, from_json, page, picture, slope, slopes, to_json

pytestmark = pytest.mark.skipif(os.name != "posix", reason="measures by wait4")
LINE = Line("list", "tasks", "list", 1)
POINTS = tuple(Point(size, 0.01 * size, 0.02 * size, size << 20, 0.02 * size, 3) for size in (100, 1000, 10_000))


def test_a_slope_is_an_exponent() -> None:
    assert slope([(10, 3.0), (100, 30.0), (1000, 300.0)]) == pytest.approx(1.0)
    assert slope([(10, 1.0), (100, 100.0)]) == pytest.approx(2.0)
    assert slopes(POINTS) == pytest.approx((1.0, 1.0, 1.0))


def test_what_grows_too_fast_is_in_bold() -> None:
    """And what was measured once more is what was kept."""
    worse = (*POINTS, POINTS[-1]._replace(size=100_000, least=1_000_000.0))
    text = page(from_json(to_json({LINE: worse})), "a machine")
    assert "| 1.81 | **3.70** | 0.00 |" in text
    assert "**" not in page({LINE: POINTS}, "a machine")


def test_a_plot_shows_every_point() -> None:
    """As well-formed SVG, with the name of each line below."""
    tree = ElementTree.fromstring(picture({LINE: POINTS, LINE._replace(title="run `x`", look=3): POINTS}, "tasks"))
    namespace = "{http://www.w3.org/2000/svg}"
    marks = [path for path in tree.iter(f"{namespace}path") if path.get("d") == MARKS[3]]
    assert len(marks) == 2 * len(POINTS) + 1
    assert "run x" in [text.text for text in tree.iter(f"{namespace}text")]


def test_every_line_can_be_told_from_the_others() -> None:
    for unit in ("tasks", "files"):
        looks = [subject.line.look for subject in SUBJECTS if subject.line.unit == unit]
        assert len(set(looks)) == len(looks)


def test_the_work_has_as_many_files_as_it_says(tmp_path: Path) -> None:
    for number, prepare in enumerate((with_a_file, many_files)):
        folder = tmp_path / str(number)
        folder.mkdir()
        prepare(folder, 1234)
        assert sum(path.is_file() for path in folder.rglob("*")) == 1234 + 1


@pytest.mark.parametrize("engine", ENGINES)
def test_engines_call_all_functions(engine: str) -> None:
    module = {"graphlib": "graphlib", "doit": "doit"}.get(engine)
    if module is not None and importlib.util.find_spec(module) is None:
        pytest.skip(f"no {module} for this interpreter")
    assert ENGINES[engine]()(layers(50)) == 50


def test_the_whole_of_it_for_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figures are added to those that were kept."""
    data = tmp_path / "growth.json"
    data.write_text(to_json({LINE._replace(name="first", unit="files", title="old", look=0): POINTS}))
    assert main(["--line", "list", "--most", "1000", "--data", str(data)]) == 0
    found = capsys.readouterr()
    assert "| old | 2.0 s" in found.out
    assert "list 1,000: " in found.err
