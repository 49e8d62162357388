"""What every test gets: the `needs` marker, and an environment free of the user's and of CI's settings."""

import os
import signal
import uuid
from typing import Iterator

import pytest
from hypothesis import settings

from tests.needs import IN_CI, is_hole, needs_program

FOREIGN = (
    "CI",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "TF_BUILD",
    "TEAMCITY_VERSION",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR_FORCE",
)

# Who starts the tests in the background of a shell has them ignore Ctrl-C, and so all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadlines: a busy machine is no fault of the code. CI repeats itself, so that only changes change what it says.
settings.register_profile("home", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if IN_CI else "home")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        needs_program(*mark.args)


def _refuse(report: "pytest.TestReport | pytest.CollectReport") -> None:
    if is_hole(report.outcome, report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, which promises what is lacking: {report.longrepr[2]}"  # type: ignore[index]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    _refuse((yield).get_result())  # type: ignore[misc,attr-defined]


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    _refuse((yield).get_result())  # type: ignore[misc,attr-defined]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of TaskRush, no sign of a CI service and no kept result leaks from outside into a test."""
    for name in list(os.environ):
        if name in FOREIGN or name.startswith("TASKRUSH"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TASKRUSH_CACHE_DIR", str(tmp_path_factory.getbasetemp() / f"cache-{uuid.uuid4().hex}"))
