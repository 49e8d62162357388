"""`tasks.py` and `.rush` together, depending on each other."""

from typing import Callable

import pytest

from taskrush import Project
from tests.scenarios.rush import Scratch

Example = Callable[[str], Scratch]
pytestmark = pytest.mark.core


def test_the_command_of_its_readme(example: Example) -> None:
    """Parameters of both sides arrive, a Python result reaches a Python task, files reach the shell."""
    cafe = example("mixed")
    done = cafe.rush("serve", "--guest", "Ada", "bill", "--table", "4", "--style", "festive")
    assert done.code == 0, done.all
    assert "Ada pays 14.70" in done.out
    assert cafe.text("build/bill.txt").splitlines() == [
        "* table 4, all in EUR",
        "crêpe          7.20",
        "soup           5.00",
        "tea            2.50",
    ]
    assert cafe.text("build/card-lunch.txt") == "Café & Sons: 3 dishes for lunch\n"
    assert cafe.text("build/card-dinner.txt") == "Café & Sons: 3 dishes for dinner\n"
    assert "the table is clean" in done.out
    assert "plays" not in done.out


def test_the_order_crosses_the_border_both_ways(example: Example) -> None:
    """serve (Python) after bill (shell) after prices (Python) after menu (shell)."""
    planned = [task.id for task in Project.load(str(example("mixed").root)).plan("serve").tasks]
    places = [planned.index(name) for name in ("menu", "prices", "bill", "serve")]
    assert places == sorted(places)


def test_a_parameter_of_a_function(example: Example) -> None:
    """`--surcharge 0.1` is a number; nonsense is refused before anything runs."""
    cafe = example("mixed")
    assert cafe.rush("prices", "--surcharge", "0.1").code == 0
    assert "7.92" in cafe.text("build/prices.txt")
    assert cafe.rush("bill", "--table", "four").code == 2
    assert cafe.rush("bill", "--style", "grim").code == 2
    shown = cafe.rush("prices", "--help").out
    assert "--surcharge" in shown
    assert "how much dearer" in shown


def test_the_table_is_wiped_after_a_failure(example: Example) -> None:
    """A failing bill still leads to `wipe`, and `serve` does not run."""
    cafe = example("mixed")
    rush = cafe.root / ".rush"
    rush.write_text(rush.read_text(encoding="utf-8").replace('cat "$out/prices.txt"', "false"), encoding="utf-8")
    done = cafe.rush("serve")
    assert done.code == 1
    assert "the table is clean" in done.out
    assert "pays" not in done.out


def test_conditions_requirements_questions_and_aliases(example: Example) -> None:
    """`if` skips, `requires` explains, `confirm` wants --yes, an alias is another name."""
    cafe = example("mixed")
    assert "Quartet plays" in cafe.rush("-e", "BAND=Quartet", "music").out
    assert cafe.rush("all", "--guest", "Bob").code == 0
    refused = cafe.rush("close")
    assert refused.code != 0
    assert (cafe.root / "build").exists()
    assert cafe.rush("--yes", "close").code == 0
    assert not (cafe.root / "build").exists()
    (cafe.root / "menu.csv").unlink()
    done = cafe.rush("fetch")
    assert done.code == 1
    assert "without menu.csv there is nothing to serve" in done.all
