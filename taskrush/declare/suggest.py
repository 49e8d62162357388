"""Which known name somebody probably meant."""

from __future__ import annotations

import difflib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, Optional


def did_you_mean(word: str, known: Iterable[str]) -> Optional[str]:
    """A hint that names the nearest known words, or None."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower()[:80], list(by_lower), n=2, cutoff=0.7)
    return "did you mean " + " or ".join(f"`{by_lower[name]}`" for name in close) + "?" if close else None
