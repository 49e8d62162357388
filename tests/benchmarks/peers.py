"""The tools that are compared: how each is found, configured and called. Sizes and figures are none of its business.

To add one: a function that writes its configuration for a list of jobs, and a row in `PEERS`.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

EVERYTHING = "everything"  # the target that needs all jobs


class Job(NamedTuple):
    """A task for any tool: a command of plain words, and the names of jobs that come first."""

    name: str
    command: str
    needs: Tuple[str, ...] = ()


def last(jobs: Sequence[Job]) -> List[str]:
    """The jobs that no other job needs."""
    needed = {need for job in jobs for need in job.needs}
    return [job.name for job in jobs if job.name not in needed]


def _rush(jobs: Sequence[Job]) -> Dict[str, str]:
    lines = ["tasks:", f"  {EVERYTHING}:", f"    deps: [{', '.join(last(jobs))}]"]
    for job in jobs:
        lines += [f"  {job.name}:", f"    cmd: {job.command}"]
        if job.needs:
            lines.append(f"    deps: [{', '.join(job.needs)}]")
    return {".rush": "\n".join(lines)}


def _make(jobs: Sequence[Job]) -> Dict[str, str]:
    lines = [f".PHONY: {EVERYTHING} {' '.join(job.name for job in jobs)}", f"{EVERYTHING}: {' '.join(last(jobs))}"]
    for job in jobs:
        lines += [f"{job.name}: {' '.join(job.needs)}", f"\t{job.command}"]
    return {"Makefile": "\n".join(lines)}


def _ninja(jobs: Sequence[Job]) -> Dict[str, str]:
    lines = ["rule do", "  command = $words"]
    for job in jobs:
        lines += [f"build {job.name}: do | {' '.join(job.needs)}".rstrip(" |"), f"  words = {job.command}"]
    return {"build.ninja": "\n".join([*lines, f"build {EVERYTHING}: phony {' '.join(last(jobs))}"])}


def _just(jobs: Sequence[Job]) -> Dict[str, str]:
    lines = ["[parallel]", f"{EVERYTHING}: {' '.join(last(jobs))}"]
    for job in jobs:
        lines += [f"{job.name}: {' '.join(job.needs)}", f"  {job.command}"]
    return {"justfile": "\n".join(lines)}


def _task(jobs: Sequence[Job]) -> Dict[str, str]:
    tasks: Dict[str, object] = {EVERYTHING: {"deps": last(jobs)}}
    for job in jobs:
        tasks[job.name] = {"cmds": [job.command], "deps": list(job.needs)}
    return {"Taskfile.yml": json.dumps({"version": "3", "silent": True, "run": "once", "tasks": tasks})}


def _doit(jobs: Sequence[Job]) -> Dict[str, str]:
    rows = [(job.name, job.command, list(job.needs)) for job in jobs]
    return {
        "dodo.py": f"ROWS = {rows!r}\n"
        f"DOIT_CONFIG = {{'default_tasks': [{EVERYTHING!r}], 'verbosity': 0}}\n"
        "def task_rows():\n"
        f"    yield {{'basename': {EVERYTHING!r}, 'actions': None, 'task_dep': {last(jobs)!r}}}\n"
        "    for name, command, needs in ROWS:\n"
        "        yield {'basename': name, 'actions': [command], 'task_dep': needs}\n"
    }


def _invoke(jobs: Sequence[Job]) -> Dict[str, str]:
    lines = ["from invoke import task"]
    for job in jobs:
        lines += [f"@task(pre=[{', '.join(job.needs)}])", f"def {job.name}(c):", f"    c.run({job.command!r})"]
    return {"tasks.py": "\n".join([*lines, f"@task(pre=[{', '.join(last(jobs))}])", f"def {EVERYTHING}(c): pass"])}


def _poe(jobs: Sequence[Job]) -> Dict[str, str]:
    lines = [f"[tool.poe.tasks.{EVERYTHING}]", 'cmd = "/bin/true"', f"deps = {json.dumps(last(jobs))}"]
    for job in jobs:
        lines += [f"[tool.poe.tasks.{job.name}]", f"cmd = {json.dumps(job.command)}"]
        lines.append(f"deps = {json.dumps(job.needs)}")
    return {"pyproject.toml": "\n".join(lines)}


class Peer(NamedTuple):
    """One tool. `run` are the words before the target; `{jobs}` stands for how many may run at a time."""

    name: str
    program: str
    configure: Callable[[Sequence[Job]], Dict[str, str]]
    run: Tuple[str, ...]
    listing: Optional[Tuple[str, ...]]
    note: str = ""
    parallel: bool = True

    def find(self, folders: Sequence[str]) -> Optional[str]:
        return shutil.which(self.program, path=os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)]))

    def prepare(self, folder: Path, jobs: Sequence[Job]) -> None:
        folder.mkdir(parents=True)
        for name, text in self.configure(jobs).items():
            (folder / name).write_text(text + "\n")

    def words(self, target: str, jobs: int) -> List[str]:
        return [*(word.format(jobs=jobs) for word in self.run), target]


PEERS = (
    Peer("taskrush", "taskrush", _rush, ("run", "-j{jobs}"), ("list",)),
    Peer("make", "make", _make, ("-s", "-r", "-j{jobs}"), None),
    Peer("ninja", "ninja", _ninja, ("--quiet", "-j{jobs}"), ("-t", "targets", "all")),
    Peer("just", "just", _just, ("-q", "--jobs", "{jobs}"), ("--list",)),
    Peer("task", "task", _task, ("-s", "-C", "{jobs}"), ("--list-all",)),
    Peer("doit", "doit", _doit, ("run", "-n", "{jobs}", "-P", "thread"), ("list",)),
    Peer("invoke", "invoke", _invoke, (), ("--list",), "one at a time", parallel=False),
    Peer("poe", "poe", _poe, ("-q",), ("--help",), "no limit of jobs", parallel=False),
)


def environment(home: Path) -> Mapping[str, str]:
    """A small, fixed environment, so that nothing of the person who measures is in the figures."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LANG": "C.UTF-8", "TERM": "dumb"}
