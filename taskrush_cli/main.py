"""The entry of the command line: find the subcommand, run it, turn errors into messages and exit codes."""

import sys
from typing import List, Optional


def main(argv: Optional[List[str]] = None) -> int:
    """Run one command line and return its exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments in (["--version"], ["-V"]):
        from taskrush._version import __version__

        print(f"taskrush {__version__}")
        return 0
    from taskrush.errors import TaskRushError

    try:
        from taskrush_cli.parser import parse

        command, options = parse(arguments)
        return command(options)
    except TaskRushError as error:
        from taskrush_cli.render.error import render_error

        sys.stderr.write(render_error(error))
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
