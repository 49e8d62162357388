"""One file a subcommand, with `add_arguments(parser)` and `run(options) -> exit code`, imported when it is used."""

from __future__ import annotations

COMMANDS = {
    "run": "run tasks, whatever they are called",
    "list": "list the tasks",
    "graph": "show how tasks depend on each other",
    "watch": "run tasks again whenever files change that matter",
    "why": "say what has changed since a task last ended well",
    "history": "show past runs, or how a task fared in them",
    "last": "show the end of the last run again",
    "failures": "say what can be said about past failures",
    "log": "write again what a task wrote in a past run",
    "replay": "show a run again from a file of its records",
    "diff": "say what was different in two runs",
    "repro": "write a bundle with which a task runs again elsewhere",
    "analyze": "show where the time goes, and what would make a run shorter",
    "simulate": "say how long a run would take, and what if",
    "profile": "show how runs and tasks fared over a time, and what has changed",
    "cache": "look into the cache and keep it in order",
    "notify": "send a test message to a channel, or list the channels",
    "check": "report everything that is wrong with the task files",
    "fmt": "put `.rush` files into their usual form",
    "schema": "print the JSON Schema of `.rush` files",
    "init": "write a first task file",
    "completions": "print a script that completes words for a shell",
    "builtin": "use a subcommand although a task has its name",
}
