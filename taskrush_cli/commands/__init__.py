"""One file a subcommand; each has `run(arguments) -> exit code`."""
