"""`python -m taskrush`."""

from __future__ import annotations

import sys

from taskrush_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
