"""Bundles of tasks, run again in an empty directory with an empty environment."""

import os
import shutil
import subprocess
import sys
import tarfile
import uuid
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Tuple

import pytest

from taskrush import Project, UsageError
from taskrush.reproducing import default_place, reproduce
from tests.scenarios.rush import Ran, Scratch

pytestmark = pytest.mark.skipif(os.name != "posix", reason="bundles are run by a POSIX shell")
SECRET = "s3cr3t-v4lue-of-a-token"


def bundle(scratch: Scratch, *words: str, env: Mapping[str, str] = {}) -> Tuple[Path, Ran]:
    """Make a bundle, take it out of the workspace, and the workspace away."""
    done = scratch.rush("repro", *words, "--to", "bundle", env={"TOKEN": SECRET, **env})
    assert done.code == 0, done.err
    away = scratch.root.parent / f"away of {scratch.root.name} {uuid.uuid4().hex[:8]}"
    away.mkdir()
    shutil.move(str(scratch.root / "bundle"), str(away / "it"))
    shutil.move(str(scratch.root), str(away / "gone"))
    return away / "it", done


def rerun(folder: Path, env: Mapping[str, str] = {}) -> Ran:
    """`env -i ./run.sh`, started elsewhere."""
    program = [str(folder / "run.sh")]
    done = subprocess.run(program, cwd="/", env=dict(env), capture_output=True, check=False, timeout=60)
    return Ran(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def everything(folder: Path) -> Iterator[bytes]:
    """Names, links and contents of all that is in a folder."""
    for path in folder.rglob("*"):
        yield os.fsencode(path.name)
        yield os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes() if path.is_file() else b""


@pytest.mark.core
def test_a_command_ends_with_the_same_code(scratch: Scratch) -> None:
    """With its inputs, parameters, variables, what followed `--`, and what its dependencies made."""
    scratch.write("src/in.txt", "input\n")
    scratch.write("src/left-out.log", "no input\n")
    scratch.write("outside-of-the-bundle", "  abc  def \n")
    scratch.write(
        ".rush",
        """
        vars: {sha: {cmd: cat outside-of-the-bundle}}
        tasks:
          gen: {cmd: mkdir -p gen/deep; echo made > gen/deep/out, outputs: [gen/]}
          lib: {cmd: echo lib > lib.txt, outputs: [lib.txt], deps: [gen]}
          test:
            deps: [lib]
            inputs: ["src/*.txt"]
            cwd: src
            env: {QUOTED: "it's \\"$HOME\\"", FROM: "<${sha}>"}
            params: {level: {default: low}}
            cmd:
              - cat in.txt ../gen/deep/out ../lib.txt
              - echo "$QUOTED $FROM $sha $level" && printf '[%s]' "$@" && exit 37
        """,
    )
    first = scratch.rush("test", "--level", "high", "--", "a b", "", "c'd")
    assert first.code == 1
    folder, told = bundle(scratch, "test")
    assert sorted(os.listdir(folder / "files")) == ["gen", "lib.txt", "src"]
    assert os.listdir(folder / "files/src") == ["in.txt"]
    again = rerun(folder)
    assert again.code == 37
    assert again.out == "input\nmade\nlib\nit's \"$HOME\" <abc  def> abc  def high\n[a b][][c'd]"
    assert "failed with exit code 37" in (folder / "README.md").read_text()
    assert rerun(folder).code == 37, "it cannot be run twice"
    assert "in run " in told.err


def test_the_run_that_is_meant(scratch: Scratch) -> None:
    """Its parameters, and how it ended there; one that was no part of it is refused."""
    scratch.write(".rush", "tasks: {t: {params: {code: '1'}, inputs: [], cmd: 'exit $code'}, other: exit 0}")
    scratch.rush("t", "--code", "5")
    scratch.rush("t", "--code", "6")
    scratch.rush("other")
    refused = scratch.rush("repro", "t", "last")
    assert (refused.code, "was no part of run" in refused.err) == (2, True)
    folder, _ = bundle(scratch, "t", "last~2")
    assert rerun(folder).code == 5


def test_a_task_that_never_ran_and_one_that_ends_well(scratch: Scratch) -> None:
    """A bundle needs no history."""
    scratch.write(".rush", "tasks: {t: {cmd: cat a, inputs: [a]}}")
    scratch.write("a", "content")
    folder, _ = bundle(scratch, "t")
    assert (rerun(folder).code, rerun(folder).out) == (0, "content")
    assert "It is not known how it ended before" in (folder / "README.md").read_text()


@pytest.mark.core
@pytest.mark.parametrize("archive", [False, True], ids=["folder", "archive"])
def test_links_modes_and_odd_names_survive(scratch: Scratch, archive: bool) -> None:
    """Executables stay so, links are links, dangling too, and a name may be anything a system takes."""
    root = scratch.root / "src"
    root.mkdir()
    names = ["plain", "with space", "quote'\"$x`", "new\nline", "-dash", "ünïcode", "#a;b", os.fsdecode(b"bytes\xff")]
    for name in names:
        (root / name).write_text(name.encode("utf-8", "surrogateescape").hex())
    (root / "tool").write_text("#!/bin/sh\nexit 41\n")
    (root / "tool").chmod(0o755)
    (root / "read-only").write_text("r")
    (root / "read-only").chmod(0o444)
    (root / "link").symlink_to("tool")
    (root / "dangling").symlink_to("nowhere/at all")
    (root / "real").mkdir()
    (root / "real/in").write_text("1")
    (root / "linked-folder").symlink_to("real")
    scratch.write(".rush", 'tasks: {t: {inputs: ["src/**"], cmd: src/link}}')
    assert scratch.rush("t").code == 1
    if archive:
        done = scratch.rush("repro", "t", "--to", "it.tar.gz")
        assert done.code == 0, done.err
        empty = scratch.root.parent / "empty"
        empty.mkdir()
        subprocess.run(["tar", "-xzf", str(scratch.root / "it.tar.gz")], cwd=empty, check=True)
        folder = empty / "it"
    else:
        folder, done = bundle(scratch, "t")
    assert rerun(folder).code == 41
    for base in (folder / "files/src", folder / "work/src"):
        found = set(os.listdir(base))
        assert found == {*names, "tool", "read-only", "link", "dangling", "real", "linked-folder"}
        assert all((base / name).read_text() == name.encode("utf-8", "surrogateescape").hex() for name in names)
        assert os.readlink(base / "dangling") == "nowhere/at all"
        assert os.readlink(base / "linked-folder") == "real"
        assert (base / "tool").stat().st_mode & 0o777 == 0o755
        assert (base / "read-only").stat().st_mode & 0o777 == 0o444


@pytest.mark.core
def test_no_secret_is_in_it(scratch: Scratch) -> None:
    """Neither in a variable, nor in a file, a name, a link, a command, a parameter, nor disguised; holes are named."""
    scratch.write(
        ".rush",
        f"""
        secrets: [TOKEN]
        tasks:
          t:
            params: {{key: {{default: "x"}}}}
            inputs: ["src/**"]
            pass_env: [TOKEN]
            env: {{URL: "https://${{TOKEN}}@host/", LOGIN: "https://user:pass@host/"}}
            requires: [{{cmd: test -n "$URL", message: "no {SECRET}"}}]
            cmd: |
              echo {SECRET} > /dev/null
              test "$TOKEN" = right && test "$URL" = https://right@host/ && test "$LOGIN" = in && exit 9
        """,
    )
    import base64

    scratch.write("src/plain", f"a {SECRET} b")
    scratch.write("src/disguised", base64.b64encode(b"xx" + SECRET.encode()).decode())
    scratch.write("src/fine", "nothing")
    scratch.write(f"src/named-{SECRET}", "")
    (scratch.root / "src/link").symlink_to(f"to/{SECRET}")
    scratch.rush("t", env={"TOKEN": SECRET})
    folder, told = bundle(scratch, "t")
    assert not [data for data in everything(folder) if SECRET.encode() in data]
    assert not [data for data in everything(folder) if base64.b64encode(b"xx" + SECRET.encode()) in data]
    assert SECRET not in told.all
    assert os.listdir(folder / "files/src") == ["fine"]
    unset = rerun(folder)
    assert (unset.code, "set these variables first" in unset.err) == (125, True)
    assert all(name in unset.err for name in ("TOKEN", "LOGIN"))
    assert rerun(folder, {"TOKEN": "right", "LOGIN": "in"}).code == 9  # the URL is made of the token, as it was
    assert rerun(folder, {"TOKEN": "wrong", "LOGIN": "in"}).code == 1


@pytest.mark.parametrize("name", ["API_TOKEN", "db_password", "AWS_SECRET_ACCESS_KEY", "SIGNING_KEY", "DATABASE_DSN"])
def test_what_looks_like_a_secret_is_treated_as_one(scratch: Scratch, name: str) -> None:
    """Although nobody declared it; names like AUTHOR are no secrets."""
    scratch.write(".rush", f'tasks: {{t: {{inputs: [], cmd: \'echo "$AUTHOR"; test "${name}" = given && exit 7\'}}}}')
    folder, _ = bundle(scratch, "t", env={name: "value-nobody-may-see", "AUTHOR": "somebody"})
    assert not [data for data in everything(folder) if b"value-nobody-may-see" in data]
    again = rerun(folder, {name: "given"})
    assert (again.code, again.out) == (7, "somebody\n")


def test_secrets_of_a_task(scratch: Scratch) -> None:
    """Those that come from files and commands are holes as well; no command is asked for it."""
    scratch.write("token.txt", SECRET)
    (scratch.root / "token.txt").chmod(0o600)
    scratch.write(
        ".rush",
        """
        tasks:
          t:
            inputs: ["*.txt"]
            secrets: [{name: FILED, file: token.txt}, {name: ASKED, cmd: touch asked; echo asked-for-value}]
            cmd: test "$FILED/$ASKED" = f/a && exit 8
        """,
    )
    folder, _ = bundle(scratch, "t")
    assert not [data for data in everything(folder) if SECRET.encode() in data]
    assert not [path for place in (scratch.root, folder) for path in place.glob("**/asked")]
    assert rerun(folder).code == 125
    assert rerun(folder, {"FILED": "f", "ASKED": "a"}).code == 8


@pytest.mark.core
def test_nothing_else_of_the_environment_is_seen(scratch: Scratch) -> None:
    """Neither by a task that is kept nor by one that is not; names of what the latter saw are told, not values."""
    scratch.write(".rush", "tasks: {t: 'env | sort', kept: {inputs: [], cmd: 'env | sort'}}")
    folder, told = bundle(scratch, "t", env={"UNDECLARED": "its-value"})
    shown = rerun(folder, {"NOISE": "1"}).out
    assert "NOISE" not in shown
    assert "UNDECLARED" not in shown
    assert f"HOME={folder}/work.home" in shown
    assert "UNDECLARED" in told.err
    assert not [data for data in everything(folder) if b"its-value" in data]


def test_paths_of_the_workspace_move_along(scratch: Scratch) -> None:
    """What a variable or a command says of the workspace is said of the folder in which it is run."""
    scratch.write("lib/x", "here")
    root = scratch.root.resolve()
    command = f'cat "$LIB/x" "{root}/lib/x"'
    scratch.write(
        ".rush", f"tasks:\n  t:\n    inputs: [lib/x]\n    env: {{LIB: {root}/lib}}\n    cmd: |\n      {command}\n"
    )
    folder, _ = bundle(scratch, "t")
    assert (rerun(folder).code, rerun(folder).out) == (0, "herehere")
    assert str(root) not in (folder / "run.sh").read_text()


def test_requirements_and_outputs_count(scratch: Scratch) -> None:
    """A task that fails before or after its command fails so in the bundle."""
    for text, message in (
        ("requires: [{program: no-such-program-here}]", "no-such-program-here"),
        ("requires: [{cmd: 'false', message: never holds}]", "never holds"),
        ("requires: [{file: not-there}]", "not-there"),
        ("requires: [{env: NOT_SET_AT_ALL}]", "NOT_SET_AT_ALL"),
        ("outputs: [made.txt]", "did not make its declared output `made.txt`"),
    ):
        here = Scratch(scratch.root / "each")
        here.write(".rush", f"tasks: {{t: {{inputs: [], {text}, cmd: 'true'}}}}")
        assert here.rush("t").code == 1
        folder, _ = bundle(here, "t")
        again = rerun(folder)
        assert (again.code, message in again.err) == (1, True), text
        shutil.rmtree(folder.parent)


@pytest.mark.parametrize("isolate", ["thread", "process"])
def test_python_functions(scratch: Scratch, isolate: str) -> None:
    """With the modules of the workspace that they import, parameters of any kind, and values of other functions."""
    scratch.write("helper/__init__.py", "from helper.deep import answer\n")
    scratch.write("helper/deep.py", "def answer(): return 40\n")
    scratch.write("data.txt", "2")
    scratch.write(
        "tasks.py",
        f"""
        import sys
        from pathlib import Path
        from typing import List
        from helper import answer
        from taskrush import command, result_of, task

        word = command("echo word", capture=True)

        @task
        def base() -> int:
            return answer()

        @task(inputs=["data.txt"], isolate="{isolate}", secrets=["TOKEN"])
        def work(path: Path, numbers: List[int], flag: bool = False, value=result_of(base), text=result_of(word)):
            print(path.name, numbers, flag, text)
            print("to stderr", file=sys.stderr)
            sys.exit(value + int(Path("data.txt").read_text()))
        """,
    )
    words = ["--path", "a/b c", "--numbers", "1", "--numbers", "2", "--flag"]
    first = scratch.rush("work", *words, env={"TOKEN": SECRET})
    assert first.code == 1, first.err
    folder, _ = bundle(scratch, "work", env={"TOKEN": SECRET})
    again = rerun(folder, {"TOKEN": "x"})
    assert (again.code, again.out) == (42, "b c [1, 2] True word\n"), again.err
    assert "to stderr" in again.err
    assert not [data for data in everything(folder) if SECRET.encode() in data]


def test_parameters_of_functions_that_are_secrets(scratch: Scratch) -> None:
    """Declared ones, and those that only look like it: holes, which reach the function as its parameters."""
    scratch.write(".rush", "secrets: [TOKEN]\ntasks: {unused: 'true'}")
    scratch.write(
        "tasks.py",
        """
        from taskrush import task

        @task
        def login(user: str = "nobody", password: str = "default-password", level: int = 1):
            raise SystemExit(11 if (user, password, level) == ("me", "mine", 5) else 12)
        """,
    )
    scratch.rush("login", "--user", "somebody", "--password", "unheard-of", "--level", "5", env={"TOKEN": SECRET})
    folder, told = bundle(scratch, "login")
    assert not [data for data in everything(folder) if b"unheard-of" in data]
    assert "password" in told.err
    assert rerun(folder, {"password": "mine"}).code == 12
    facts = folder / "task.json"
    facts.write_text(facts.read_text().replace("somebody", "me"))
    assert rerun(folder, {"password": "mine"}).code == 11


def test_a_function_that_raises(scratch: Scratch) -> None:
    """It ends with 1, as TaskRush does, and shows where."""
    scratch.write("tasks.py", "from taskrush import task\n@task\ndef work():\n    raise ValueError('this one')\n")
    folder, _ = bundle(scratch, "work")
    again = rerun(folder, {"PYTHON": sys.executable})
    assert (again.code, "ValueError: this one" in again.err) == (1, True)


def test_a_signal(scratch: Scratch) -> None:
    """What was killed is killed again: 128 and the number, as shells have it."""
    scratch.write(".rush", "tasks: {t: {inputs: [], cmd: 'kill -9 $$'}}")
    scratch.rush("t")
    folder, _ = bundle(scratch, "t")
    assert "exit code 137" in (folder / "README.md").read_text()
    assert rerun(folder).code == 137


def test_too_much_is_left_out_and_said(scratch: Scratch) -> None:
    """Files beyond the limit, services, and what is no file."""
    scratch.write("big", "x" * 3000)
    scratch.write("small", "x")
    os.mkfifo(scratch.root / "pipe")
    scratch.write(
        ".rush",
        """
        tasks:
          db: {cmd: sleep 100, service: true}
          t: {inputs: [big, small, pipe], deps: [db], cmd: cat small}
        """,
    )
    done = scratch.rush("repro", "t", "--to", "b", "--max-size", "2KB")
    assert done.code == 0, done.err
    assert os.listdir(scratch.root / "b/files") == ["small"]
    page = (scratch.root / "b/README.md").read_text()
    for line in ("`big`: it would be too much (3000 bytes)", "`pipe`: it is no file", "services that it needs: db"):
        assert line in page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing"], "no task is called `nothing`"),
        (["all"], "`all` does nothing itself"),
        (["t", "--to", "there"], "there is something at"),
        (["t", "--to", ".rush"], "there is something at"),
        (["t", "--max-size", "much"], "--max-size cannot be `much`"),
        (["t", "last"], "no run is remembered"),
    ],
)
def test_what_cannot_be_done_is_said(scratch: Scratch, words: List[str], message: str) -> None:
    """And nothing is written."""
    scratch.write(".rush", "tasks: {t: 'true', all: {deps: [t]}}")
    scratch.write("there/file", "")
    before = sorted(path for path in scratch.root.rglob("*") if ".taskrush" not in path.parts)
    done = scratch.rush("repro", *words)
    assert (done.code, message in done.err) == (2, True), done.err
    assert sorted(path for path in scratch.root.rglob("*") if ".taskrush" not in path.parts) == before


def test_where_it_goes(scratch: Scratch) -> None:
    """Out of the way of inputs and of git; each bundle has a name of its own; nobody's number is in the archive."""
    scratch.write(".rush", "tasks: {'docs:b/c': 'exit 3'}")
    places = [scratch.rush("repro", "docs:b/c").out.strip() for _ in range(2)]
    assert places == [f".taskrush/repro/docs-b-c-{number}.tar.gz" for number in (1, 2)]
    with tarfile.open(scratch.root / places[0]) as archive:
        owners: Dict[str, int] = {member.name: member.uid for member in archive}
    assert owners["docs-b-c-1/run.sh"] == 0
    assert default_place(str(scratch.root), "///").endswith("task-1.tar.gz")


def test_from_a_program(tmp_path: Path) -> None:
    """`reproduce` takes a project, a task and a place."""
    (tmp_path / ".rush").write_text("tasks: {t: {cmd: exit 12, inputs: []}}")
    made = reproduce(Project.load(str(tmp_path)), "t", str(tmp_path / "b"))
    assert (made.files, made.holes, rerun(tmp_path / "b").code) == (0, {}, 12)
    with pytest.raises(UsageError, match="already"):
        reproduce(Project.load(str(tmp_path)), "t", str(tmp_path / "b"))
