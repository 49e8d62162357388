"""`python -m taskrush`."""

import sys

from taskrush_cli.main import main

if __name__ == "__main__":
    sys.exit(main())
