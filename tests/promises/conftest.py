"""The scratch project of a promise."""

from tests.scenarios.conftest import scratch

__all__ = ["scratch"]
