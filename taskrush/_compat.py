"""What differs between versions of Python; nothing else asks for the version."""

import sys
from typing import Any

tomllib: Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

__all__ = ["tomllib"]
