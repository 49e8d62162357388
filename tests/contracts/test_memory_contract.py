"""Every memory keeps the contract."""

import pytest

from taskrush.cache.disabled import NoMemory
from taskrush.model.task import Task
from taskrush.protocols import Memory
from taskrush.testing.contracts import MemoryContract
from taskrush.testing.fakes import FakeMemory

pytestmark = pytest.mark.core


class TestDisabled(MemoryContract):
    """No cache at all."""

    def make_memory(self) -> Memory:
        return NoMemory()

    def make_task(self) -> Task:
        return Task(id="t", action="true")

    def test_it_covers_nothing(self) -> None:
        """So nobody asks it in vain."""
        assert not self.make_memory().covers(self.make_task())


class TestFake(MemoryContract):
    """The fake."""

    def make_memory(self) -> Memory:
        return FakeMemory()

    def make_task(self) -> Task:
        return Task(id="t", action="true")
