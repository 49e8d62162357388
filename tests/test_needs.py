"""Programs that tests need: a skip at home, a failure in CI."""

from typing import Tuple

import pytest

from tests import needs
from tests.needs import is_hole, needs_program


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Skipped: `zsh` is not installed", True),
        ("Skipped: could not import 'rich'", True),
        ("Skipped: uses a POSIX shell and signals", False),
    ],
)
def test_only_what_ci_installs_makes_a_hole(words: str, expected: bool) -> None:
    """A skip for another reason is one everywhere, and at home every skip is."""
    reason: Tuple[str, int, str] = ("file.py", 1, words)
    assert is_hole("skipped", reason, in_ci=True) is expected
    assert not is_hole("skipped", reason, in_ci=False)
    assert not is_hole("passed", None, in_ci=True)


def test_a_program_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is no obstacle; what is not skips at home, and in CI fails if CI promises it."""
    monkeypatch.setattr(needs.shutil, "which", lambda name: None)
    monkeypatch.setattr(needs, "IN_CI", False)
    with pytest.raises(pytest.skip.Exception, match="`zsh` is not installed"):
        needs_program("zsh")
    monkeypatch.setattr(needs, "IN_CI", True)
    with pytest.raises(pytest.fail.Exception, match="CI promises it"):
        needs_program("zsh")
    monkeypatch.setattr(needs.shutil, "which", lambda name: "/bin/" + name)
    needs_program("zsh")
