"""Completion, in the shells themselves."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from taskrush_cli.complete import FILES, candidates
from tests.cli.terminal import REPOSITORY

TASKS = """
from typing import Literal

from taskrush import command, task


@task(aliases=("d",))
def deploy(env: Literal["prod", "test"], count: int = 1) -> None:
    \"\"\"Bring it to the servers.\"\"\"


build_docs = command("touch made-by-completion", description="Build: the docs")
"""
RUSH = """
vars: {now: {cmd: touch made-by-completion}}
include: {docs: docs/.rush}
tasks: {lint: {cmd: 'echo ${now}', if: touch made-by-completion}}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / "docs").mkdir(parents=True)
    (folder / "tasks.py").write_text(TASKS)
    (folder / ".rush").write_text(RUSH)
    (folder / "docs" / ".rush").write_text("tasks: {publish: {cmd: x}, preview: {cmd: y}}")
    (folder / "notes.txt").write_text("")
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    script = bin_ / "taskrush"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m taskrush "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.chdir(folder)
    return folder


def words(*typed: str) -> List[str]:
    return [word for word, _ in candidates(typed)]


@pytest.mark.core
def test_names_flags_and_values(project: Path) -> None:
    """Tasks with their namespaces and aliases, subcommands, parameters with their choices, and our own options."""
    found = words("")
    assert {"deploy", "d", "build-docs", "lint", "docs:publish", "list", "graph"} <= set(found)
    assert "list" not in words("deploy", "")
    assert words("deploy", "--env", "") == ["prod", "test"]
    assert words("deploy", "--env=") == ["--env=prod", "--env=test"]
    assert {"--env", "--count", "--keep-going", "--output"} <= set(words("deploy", "-"))
    assert "--count" not in words("deploy", "lint", "-")
    assert words("--output", "") == ["grouped", "stream", "errors", "none", "json"]
    assert words("deploy", "--count", "") == []
    assert words("-C", "") == [FILES]
    assert words("list", "--by", "") == ["namespace", "tag", "file"]
    assert words("lint", "--", "") == [FILES]
    assert not (project / "made-by-completion").exists()


@pytest.mark.core
def test_the_actions_of_the_cache_and_their_tasks() -> None:
    """`show` and `clear` take a task, the others none."""
    assert words("cache", "") == ["status", "stats", "show", "prune", "clear", "verify"]
    for action in ("show", "clear"):
        assert {"deploy", "lint", "docs:publish"} <= set(words("cache", action, ""))
    assert "lint" not in words("cache", "stats", "")
    assert {"deploy", "lint"} <= set(words("why", ""))
    assert {"deploy", "lint"} <= set(words("repro", ""))
    assert {"deploy", "lint"} <= set(words("failures", ""))
    assert {"--max-size", "--older-than", "--json"} <= set(words("cache", "prune", "--"))


@pytest.mark.core
def test_a_broken_project_still_completes_what_is_ours(project: Path) -> None:
    """Subcommands and flags need no project, and nothing is printed that is no candidate."""
    (project / ".rush").write_text("tasks: [")
    assert "completions" in words("")
    assert "--keep-going" in words("--")


def bash(line: str) -> List[str]:
    """What bash offers for a line, with words split as it splits them."""
    script = """
        source <(taskrush completions bash)
        COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9
        read -ra typed <<< "$(sed 's/\\([:=]\\)/ \\1 /g' <<< "$1")"
        COMP_WORDS=("${typed[@]}")
        [[ $1 == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _taskrush
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-c", script, "-", line], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_bash() -> None:
    """Also across the colons and equals signs at which bash splits words."""
    assert bash("taskrush de") == ["deploy"]
    assert bash("taskrush docs:p") == ["publish", "preview"]
    assert bash("taskrush docs:pu") == ["publish"]
    assert bash("taskrush deploy --env=p") == ["prod"]
    assert bash("taskrush deploy --env ") == ["prod", "test"]
    assert bash("taskrush deploy --co") == ["--count", "--color"]
    assert bash("taskrush lint -- no") == ["notes.txt"]


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_fish() -> None:
    def fish(line: str) -> List[str]:
        script = f"taskrush completions fish | source; complete -C {shlex.quote(line)}"
        done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, check=False)
        return done.stdout.splitlines()

    assert fish("taskrush de") == ["deploy\tBring it to the servers."]
    assert sorted(fish("taskrush docs:p")) == ["docs:preview", "docs:publish"]
    assert fish("taskrush deploy --env=p") == ["--env=prod"]
    assert "notes.txt" in fish("taskrush lint -- no")


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh() -> None:
    """What is handed to `compadd`."""

    def zsh(*typed: str) -> List[str]:
        script = """
            compadd() { print -l -- "${names[@]}" }
            compdef() { : }
            _files() { print -- FILES }
            source <(taskrush completions zsh)
            words=("$@") CURRENT=$#
            _taskrush
        """
        done = subprocess.run(["zsh", "-f", "-c", script, "-", *typed], capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.stdout.split()

    assert zsh("taskrush", "de") == ["deploy"]
    assert zsh("taskrush", "docs:p") == ["docs:publish", "docs:preview"]
    assert zsh("taskrush", "deploy", "--env", "") == ["prod", "test"]
    assert zsh("taskrush", "lint", "--", "no") == ["FILES"]
