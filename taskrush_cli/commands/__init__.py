"""One file a subcommand, with `add_arguments(parser)` and `run(options) -> exit code`, imported when it is used."""

COMMANDS = {
    "run": "run tasks, whatever they are called",
    "list": "list the tasks",
    "graph": "show how tasks depend on each other",
    "watch": "run tasks again whenever files change that matter",
    "why": "say what has changed since a task last ended well",
    "history": "show past runs, or how a task fared in them",
    "last": "show the end of the last run again",
    "log": "write again what a task wrote in a past run",
    "diff": "say what was different in two runs",
    "repro": "write a bundle with which a task runs again elsewhere",
    "cache": "look into the cache and keep it in order",
    "notify": "send a test message to a channel, or list the channels",
    "check": "report everything that is wrong with the task files",
    "fmt": "put `.rush` files into their usual form",
    "schema": "print the JSON Schema of `.rush` files",
    "init": "write a first task file",
    "completions": "print a script that completes words for a shell",
    "builtin": "use a subcommand although a task has its name",
}
