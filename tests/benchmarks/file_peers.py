"""The tools that skip work by looking at files: how each is told about inputs and outputs. Nothing is measured here.

To add one: a function that writes its configuration for some work, and a row in `FILE_PEERS`.
"""

import glob
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from tests.benchmarks.peers import EVERYTHING


class FileJob(NamedTuple):
    """A task in its own folder `t/NAME`, which reads `in/*` there and makes `out/*` by `work.sh`."""

    name: str
    inputs: Tuple[str, ...]
    outputs: Tuple[str, ...]

    @property
    def folder(self) -> str:
        return f"t/{self.name}"

    @property
    def command(self) -> str:
        """From the top of the workspace."""
        return f"/bin/sh work.sh {self.name}"

    def below(self, names: Sequence[str]) -> List[str]:
        return [f"{self.folder}/{name}" for name in names]


STUB_FOLDER = ".stub"  # in front of PATH
Work = Sequence[FileJob]
Written = Dict[str, str]


def _rush(work: Work) -> Written:
    lines = ["cache:", "  backends: [{type: local, path: .rush-cache}]", "tasks:"]
    lines += [f"  {EVERYTHING}:", f"    deps: [{', '.join(job.name for job in work)}]"]
    for job in work:
        lines += [f"  {job.name}:", f"    cmd: {job.command}"]
        lines += [f"    inputs: ['{job.folder}/in/*']", f"    outputs: ['{job.folder}/out/*']"]
    return {".rush": "\n".join(lines)}


def _rush_linked(work: Work) -> Written:
    return {".rush": _rush(work)[".rush"].replace("tasks:", "  policies: {restore: link}\ntasks:", 1)}


def _make(work: Work) -> Written:
    lines = [f".PHONY: {EVERYTHING}", f"{EVERYTHING}: {' '.join(job.below(job.outputs)[0] for job in work)}"]
    for job in work:
        lines += [f"{job.below(job.outputs)[0]}: {' '.join(job.below(job.inputs))}", f"\t{job.command}"]
    return {"Makefile": "\n".join(lines)}


def _ninja(work: Work) -> Written:
    lines = ["rule do", "  command = $words"]
    for job in work:
        lines.append(f"build {' '.join(job.below(job.outputs))}: do {' '.join(job.below(job.inputs))}")
        lines.append(f"  words = {job.command}")
    made = " ".join(job.below(job.outputs)[0] for job in work)
    return {"build.ninja": "\n".join([*lines, f"build {EVERYTHING}: phony {made}"])}


def _task(work: Work) -> Written:
    tasks: Dict[str, Any] = {EVERYTHING: {"deps": [job.name for job in work]}}
    for job in work:
        tasks[job.name] = {
            "cmds": [job.command],
            "sources": [f"{job.folder}/in/*"],
            "generates": [f"{job.folder}/out/*"],
        }
    return {"Taskfile.yml": json.dumps({"version": "3", "silent": True, "method": "checksum", "tasks": tasks})}


def _doit(work: Work) -> Written:
    rows = [(job.name, job.command, job.below(job.inputs), job.below(job.outputs)) for job in work]
    return {
        "dodo.py": f"ROWS = {rows!r}\n"
        f"DOIT_CONFIG = {{'default_tasks': [{EVERYTHING!r}], 'verbosity': 0}}\n"
        "def task_rows():\n"
        f"    yield {{'basename': {EVERYTHING!r}, 'actions': None, 'task_dep': [row[0] for row in ROWS]}}\n"
        "    for name, command, inputs, outputs in ROWS:\n"
        "        yield {'basename': name, 'actions': [command], 'file_dep': inputs, 'targets': outputs}\n"
    }


def _turbo(work: Work) -> Written:
    top = {"name": "bench", "version": "1.0.0", "private": True, "workspaces": ["t/*"], "packageManager": "npm@10.0.0"}
    packages: Dict[str, Any] = {"": {"name": "bench", "version": "1.0.0", "workspaces": ["t/*"]}}
    written: Written = {"package.json": json.dumps(top)}
    for job in work:
        packages[job.folder] = {"name": job.name, "version": "1.0.0"}
        packages[f"node_modules/{job.name}"] = {"resolved": job.folder, "link": True}
        script = {"build": f"cd ../.. && {job.command}"}
        package = {"name": job.name, "version": "1.0.0", "private": True, "scripts": script}
        written[f"{job.folder}/package.json"] = json.dumps(package)
    lock = {"name": "bench", "version": "1.0.0", "lockfileVersion": 3, "packages": packages}
    written["package-lock.json"] = json.dumps(lock)
    written["turbo.json"] = json.dumps({"tasks": {"build": {"inputs": ["in/**"], "outputs": ["out/**"]}}})
    return written


STUB = """\
#!/bin/sh
[ "$1" = run ] && exec sh ./build.sh
echo 10.0.0
"""


def _turbo_stub(work: Work) -> Written:
    """The same, but what turbo takes for npm starts a script: turbo itself, without npm's 0.2 s a task."""
    scripts = {f"{job.folder}/build.sh": f"cd ../.. && exec {job.command}" for job in work}
    return {**_turbo(work), **scripts, f"{STUB_FOLDER}/npm": STUB}


def _nx(work: Work) -> Written:
    settings = {"neverConnectToCloud": True, "analytics": False, "namedInputs": {"src": ["{projectRoot}/in/**/*"]}}
    written = {
        "package.json": json.dumps({"name": "bench", "version": "1.0.0", "private": True}),
        "nx.json": json.dumps(settings),
    }
    for job in work:
        build = {
            "executor": "nx:run-commands",
            "cache": True,
            "inputs": ["src"],
            "outputs": ["{projectRoot}/out"],
            "options": {"command": job.command},
        }
        written[f"{job.folder}/project.json"] = json.dumps({"name": job.name, "targets": {"build": build}})
    return written


def _moon(work: Work) -> Written:
    written = {
        ".moon/workspace.yml": "projects:\n  globs: ['t/*']\ntelemetry: false\n"
        "vcs:\n  client: git\n  defaultBranch: main\n"
    }
    for job in work:
        build = {
            "script": f"cd ../.. && {job.command}",
            "toolchains": ["system"],
            "inputs": ["in/**/*"],
            "outputs": ["out/**/*"],
        }
        written[f"{job.folder}/moon.yml"] = json.dumps({"tasks": {"build": build}})
    return written


def _wireit(work: Work) -> Written:
    scripts = {job.name: "wireit" for job in work}
    config: Dict[str, Any] = {EVERYTHING: {"dependencies": [job.name for job in work]}}
    for job in work:
        config[job.name] = {
            "command": job.command,
            "files": [f"{job.folder}/in/**"],
            "output": [f"{job.folder}/out/**"],
            "packageLocks": [],
        }
    package = {"name": "bench", "private": True, "scripts": {**scripts, EVERYTHING: "wireit"}, "wireit": config}
    return {"package.json": json.dumps(package)}


QUIET_NODE = {"NO_UPDATE_NOTIFIER": "1", "DO_NOT_TRACK": "1", "npm_config_update_notifier": "false"}


class FilePeer(NamedTuple):
    """One tool. `words` follow the program; `{jobs}` stands for how many may run at a time. `state` is what it keeps
    in the workspace. `restores`: it brings back outputs that are gone. `most`: for more tasks it takes minutes."""

    name: str
    program: str
    configure: Callable[[Work], Written]
    words: Tuple[str, ...]
    state: Tuple[str, ...] = ()
    restores: bool = False
    most: int = 100_000
    env: Mapping[str, str] = {}
    needs_modules: bool = False
    needs_git: bool = False
    has_stub: bool = False
    note: str = ""

    def find(self, folders: Sequence[str], npm: Optional[str]) -> Optional[str]:
        if self.needs_modules and not npm:
            return None
        if self.program.startswith("npm:"):
            found = sorted(glob.glob(os.path.join(npm, "node_modules", self.program[4:]))) if npm else []
            return found[0] if found else None
        return shutil.which(self.program, path=os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)]))

    def prepare(self, folder: Path, work: Work, npm: Optional[str]) -> None:
        """Write the configuration beside the work that is there."""
        for name, text in self.configure(work).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text + "\n", encoding="utf-8")
        if self.has_stub:
            (folder / STUB_FOLDER / "npm").chmod(0o755)
        if self.needs_modules and npm:
            (folder / "node_modules").symlink_to(os.path.join(os.path.abspath(npm), "node_modules"))
        if self.needs_git:
            ignored = "out/\nmarks/\nnode_modules\n.*\n!.gitignore\n!.moon\n.moon/cache\n"
            (folder / ".gitignore").write_text(ignored, encoding="utf-8")
            who = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
            for words in (["init", "-q", "-b", "main"], ["add", "-A"], [*who, "commit", "-q", "-m", "bench"]):
                subprocess.run(["git", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)


TURBO = FilePeer(
    "turbo",
    "npm:@turbo/linux-*/bin/turbo",
    _turbo,
    ("run", "build", "--concurrency={jobs}", "--cache=local:rw", "--output-logs=none", "--no-update-notifier"),
    (".turbo",),
    restores=True,
    most=1000,
    env={**QUIET_NODE, "TURBO_TELEMETRY_DISABLED": "1"},
    needs_git=True,
    note="each task by `npm run`",
)

FILE_PEERS = (
    FilePeer(
        "taskrush",
        "taskrush",
        _rush,
        ("run", "-j{jobs}", EVERYTHING),
        (".taskrush", ".rush-cache"),
        restores=True,
        note="content; copies",
    ),
    FilePeer(
        "taskrush, links",
        "taskrush",
        _rush_linked,
        ("run", "-j{jobs}", EVERYTHING),
        (".taskrush", ".rush-cache"),
        restores=True,
        most=200,  # beside copies only where something is brought back
        note="content; read-only links",
    ),
    FilePeer("make", "make", _make, ("-s", "-r", "-j{jobs}", EVERYTHING), note="times only"),
    FilePeer("ninja", "ninja", _ninja, ("--quiet", "-j{jobs}", EVERYTHING), (".ninja_log",), note="times and command"),
    FilePeer(
        "task",
        "task",
        _task,
        ("-s", "-C", "{jobs}", EVERYTHING),
        (".task",),
        most=1000,
        note="content, read each time",
    ),
    FilePeer(
        "doit",
        "doit",
        _doit,
        ("run", "-n", "{jobs}", "-P", "thread"),
        (".doit.db", ".doit.db.db", ".doit.db.dat", ".doit.db.dir", ".doit.db.bak"),
        note="times, then content",
    ),
    TURBO,
    TURBO._replace(
        name="turbo-stub",
        configure=_turbo_stub,
        has_stub=True,
        note="a script of two lines in place of npm",
    ),
    FilePeer(
        "nx",
        "npm:.bin/nx",
        _nx,
        ("run-many", "-t", "build", "--parallel={jobs}", "--outputStyle=static"),
        (".nx",),
        restores=True,
        most=1000,
        env={**QUIET_NODE, "NX_NO_CLOUD": "true", "NX_TUI": "false", "NX_DAEMON": "false"},
        needs_modules=True,
        needs_git=True,
        note="no daemon",
    ),
    FilePeer(
        "moon",
        "npm:@moonrepo/core-linux-*/moon",
        _moon,
        ("run", ":build", "--concurrency", "{jobs}", "--log", "error"),
        (".moon/cache",),
        restores=True,
        most=1000,
        env={"MOON_TOOLCHAIN_FORCE_GLOBALS": "true", "MOON_TELEMETRY": "false"},
        needs_git=True,
        note="no daemon",
    ),
    FilePeer(
        "wireit",
        "npm",
        _wireit,
        ("run", "--silent", EVERYTHING),
        (".wireit",),
        restores=True,
        most=1000,
        env={**QUIET_NODE, "WIREIT_CACHE": "local", "WIREIT_PARALLEL": "2"},
        needs_modules=True,
        note="started by `npm run`",
    ),
)
