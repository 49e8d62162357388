"""The command line: thin over the library, with nothing in it that a library user cannot do."""
