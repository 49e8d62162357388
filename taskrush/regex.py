"""Regular expressions that are compiled when they are first used: `re` takes 5 ms to import, and most runs use none.

It knows nothing of what the expressions mean. Flags stand in the expression: `(?is)`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from typing import AnyStr

    def expression(text: AnyStr) -> re.Pattern[AnyStr]:
        """What `re.compile` makes of a text, later."""

else:

    class expression:
        """What `re.compile` makes of a text, later."""

        def __init__(self, text):
            self.pattern = text

        def __getattr__(self, name):
            import re

            found = getattr(re.compile(self.pattern), name)
            setattr(self, name, found)
            return found
