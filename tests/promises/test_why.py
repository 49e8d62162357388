"""A change of exactly one ingredient, of every kind there is: that one is named, and no other."""

import json
from typing import Any, Dict, Tuple

import pytest

from tests.scenarios.rush import Scratch

RUSH = """
tasks:
  t:
    cmd: echo t >> trace; cat src/* > out; true {word}
    cwd: {cwd}
    env: {{LEVEL: "{level}"}}
    params: {{to: x}}
    inputs: [src/*, "p.json#a", {{env: "APP_*"}}, {{cmd: cat ../tool}}, {{result: value}}]
    outputs: [{outputs}]
    deps: [lib, lint]
  lib: {{cmd: cp lib.in lib.out, outputs: [lib.out]}}
  lint: {{cmd: "true {lint}", inputs: []}}
  words: {{argv: [echo, {word}], inputs: []}}
  shell: {{cmd: echo, shell: {shell}, inputs: []}}
"""
TASKS = """
from taskrush import task

LIMIT = {limit}

def helper():
    return {helper}

@task
def value():
    return {value}

@task(inputs=[])
def function(count: int = 1):
    {body}
    return helper() + LIMIT
"""
PLAIN = {"word": "a", "cwd": ".", "level": "1", "outputs": "out", "lint": "a", "shell": "sh"}
PYTHON = {"limit": "1", "helper": "1", "value": "1", "body": "pass"}

# task, what is changed, how it is run, what is named
Change = Tuple[str, Dict[str, Any], Tuple[str, ...], str]
CHANGES: "list[Change]" = [
    ("t", {"word": "b"}, (), "command 0 changed"),
    ("t", {"cwd": "./x"}, (), "cwd changed"),
    ("t", {"level": "2"}, (), "env LEVEL changed"),
    ("t", {"outputs": "'out*'"}, (), "output 0 changed"),
    ("t", {"lint": "b"}, (), "dependency lint changed"),
    ("t", {"value": "2"}, (), "result value changed"),
    ("t", {"w/lib.in": "2"}, (), "dependency lib changed"),
    ("t", {"w/src/a": "2"}, (), "input w/src/a changed"),
    ("t", {"w/src/b": "2"}, (), "input w/src/b is new"),
    ("t", {"w/src/a": None}, (), "input w/src/a is gone"),
    ("t", {"w/p.json": '{"a": 2}'}, (), "part w/p.json#a changed"),
    ("t", {"APP_A": "2"}, (), "variable APP_A changed"),
    ("t", {"tool": "2"}, (), "tool cd w && cat ../tool changed"),
    ("t", {}, ("--to", "y"), "argument to changed"),
    ("t", {}, ("--", "more"), "extra is new"),
    ("words", {}, ("-e", "NEW=1"), "env NEW is new"),
    ("words", {"word": "b"}, (), "argv changed"),
    ("shell", {"shell": "bash"}, (), "shell changed"),
    ("function", {"limit": "2"}, (), "constant LIMIT changed"),
    ("function", {"helper": "2"}, (), "source helper changed"),
    ("function", {"body": "count += 1"}, (), "source function changed"),
]


def write(scratch: Scratch, rush: Dict[str, Any], python: Dict[str, Any]) -> None:
    text = RUSH.format(**{**PLAIN, **rush})
    scratch.write("w/.rush", text)
    scratch.write("tasks.py", TASKS.format(**{**PYTHON, **python}))


@pytest.mark.parametrize(
    ("task", "change", "words", "named"), CHANGES, ids=[f"{number}-{one[3]}" for number, one in enumerate(CHANGES)]
)
def test_it_is_named_alone(
    scratch: Scratch, task: str, change: Dict[str, Any], words: Tuple[str, ...], named: str
) -> None:
    """On the line of the task; and by `why` where no argument or command is involved."""
    scratch.write(".rush", "include: [w]\ntasks: {}")
    write(scratch, {}, {})
    for path in ("w/src/a", "w/src/0", "w/lib.in", "w/p.json", "tool"):
        scratch.write(path, '{"a": 1}')
    (scratch.root / "w/x").mkdir()
    env = {"APP_A": "1"}
    done = scratch.rush(task, env=env)
    assert done.code == 0, done.all
    for name, value in change.items():
        if name.startswith("APP"):
            env[name] = value
        elif name in PLAIN or name in PYTHON:
            write(scratch, {name: value} if name in PLAIN else {}, {name: value} if name in PYTHON else {})
        elif value is None:
            (scratch.root / name).unlink()
        else:
            scratch.write(name, value)
    if not words and named.split()[0] not in ("tool", "result", "dependency"):
        said = json.loads(scratch.rush("why", task, "--json", env=env).out)
        if said["verdict"] == "miss":
            assert [f"{one['part']} {_verb(one['what'])}" for one in said["changes"]] == [named]
    at = words.index("-e") if "-e" in words else len(words)
    done = scratch.rush("-v", *words[at:], task, *words[:at], env=env)
    [line] = [line for line in done.err.splitlines() if line.startswith(f"▶ {task} ")]
    assert line == f"▶ {task}  ({named})", done.all


def _verb(what: str) -> str:
    return what if what == "changed" else f"is {what}"
