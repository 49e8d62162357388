"""The histories keep the contract of their seam."""

from pathlib import Path
from typing import Sequence

import pytest

from taskrush.model.history import PastAttempt, PastRun, PastTask
from taskrush.protocols import History
from taskrush.report.history_db import HistoryDatabase, open_database
from taskrush.report.history_take import insert, whole
from taskrush.report.spooled import Spooled
from taskrush.statefile import state_folder
from taskrush.testing.past import FakeHistory
from taskrush.testing.past_contract import HistoryContract

pytestmark = pytest.mark.core


class TestFakeHistory(HistoryContract):
    def make_history(
        self, runs: Sequence[PastRun], tasks: Sequence[PastTask], attempts: Sequence[PastAttempt]
    ) -> History:
        return FakeHistory(runs, tasks, attempts)


class TestHistoryDatabase(HistoryContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self._root = str(tmp_path)

    def make_history(
        self, runs: Sequence[PastRun], tasks: Sequence[PastTask], attempts: Sequence[PastAttempt]
    ) -> History:
        database = open_database(f"{state_folder(self._root)}/history.db")
        with whole(database):
            for run in runs:
                own = tuple(task for task in tasks if task.run == run.run)
                tried = tuple(one for one in attempts if one.run == run.run)
                insert(database, Spooled(run=run, tasks=own, numbers=tuple(range(len(own))), attempts=tried))
        database.close()
        return HistoryDatabase(self._root, print, take=False)
