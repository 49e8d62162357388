"""Secrets from environment, files, commands and the keyring: who gets them, and what is said when there are none."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator

import pytest

from tests.scenarios.rush import Scratch, environment

VALUE = "s3cr3t-Value-of-a-token"
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def ours(scratch: Scratch) -> Iterator[Path]:
    for place in (scratch.root / ".taskrush", Path(os.environ["TASKRUSH_CACHE_DIR"])):
        yield from (path for path in place.rglob("*") if path.is_file())


def clean(scratch: Scratch, *texts: str) -> bool:
    """Whether no file of ours and none of these texts has the value."""
    return not any(VALUE.encode() in path.read_bytes() for path in ours(scratch)) and VALUE not in "".join(texts)


# --- where they come from --------------------------------------------------------------------


def test_a_secret_from_a_file(scratch: Scratch) -> None:
    """Relative to the file that declares it, without the line end; one that others can read is warned of."""
    scratch.write(
        "lib/.rush",
        "secrets: {TOKEN: {file: token.txt}}\ntasks: {use: {cmd: 'echo ${#TOKEN} [$TOKEN]', secrets: TOKEN}}",
    )
    scratch.write(".rush", "include: {lib: lib}")
    path = scratch.write("lib/token.txt", VALUE + "\n")
    path.chmod(0o600)
    done = scratch.rush("lib:use")
    assert (done.code, done.out.splitlines()[-1]) == (0, f"{len(VALUE)} [[secret]]")
    assert "warning" not in done.err
    path.chmod(0o644)
    done = scratch.rush("lib:use")
    assert "warning: `lib/token.txt`, which has the secret `TOKEN`, is open to others (mode 644)" in done.err
    assert "hint: chmod 600 lib/token.txt" in done.err
    assert clean(scratch, done.all)


COMMAND = """
secrets:
  TOKEN: {cmd: sh ask.sh}
tasks:
  one: {cmd: 'echo one $TOKEN', secrets: [TOKEN]}
  two: {cmd: 'echo two $TOKEN', secrets: [TOKEN], deps: [one]}
  kept: {cmd: 'test -n "$TOKEN" && echo ok > out', secrets: [TOKEN], inputs: [.rush], outputs: [out]}
  other: echo other [$TOKEN]
  all: {deps: [one, two, kept, other]}
"""


def test_a_command_is_asked_once_a_run_and_only_by_tasks_that_run(scratch: Scratch) -> None:
    """Never by what only looks (promise 12), never for a task that is fresh, and for whoever does not name it."""
    scratch.write(".rush", COMMAND)
    scratch.write("ask.sh", "echo asked >> asked; echo hush-hush >&2; cat token")
    scratch.write("token", VALUE + "\n")
    asked = scratch.root / "asked"
    for words in (
        ["--list"],
        ["all", "--dry-run"],
        ["graph"],
        ["why", "kept"],
        ["__complete", "--", ""],
        ["check"],
        ["other"],
    ):
        assert scratch.rush(*words).code in (0, 1)
        assert not asked.exists(), words
    done = scratch.rush("all", "-j4")
    assert done.code == 0
    assert asked.read_text() == "asked\n"
    assert sorted(line for line in done.out.splitlines() if line.startswith(("one", "two", "other"))) == [
        "one [secret]",
        "other []",
        "two [secret]",
    ]
    assert "hush-hush" not in done.all
    assert clean(scratch, done.all)
    asked.unlink()
    assert scratch.rush("kept").code == 0
    assert not asked.exists()


def test_a_command_that_fails_fails_those_tasks_alone(scratch: Scratch) -> None:
    """What it printed is told to nobody."""
    scratch.write(".rush", COMMAND)
    scratch.write("ask.sh", "echo asked >> asked; echo hush-hush >&2; cat token")
    scratch.write("token", "")
    done = scratch.rush("all", "--keep-going")
    assert done.code == 1
    assert "other []" in done.out
    assert "secret `TOKEN` is not to be had: `sh ask.sh` printed nothing" in done.err
    (scratch.root / "token").unlink()
    done = scratch.rush("one")
    assert done.code == 1
    assert "exited with 1; run it yourself to see why" in done.err
    assert "hush-hush" not in done.all
    assert "No such file" not in done.all


@linux
def test_a_slow_command_does_not_keep_a_run_from_ending(scratch: Scratch) -> None:
    """Ctrl-C ends it, and nothing of it is left."""
    scratch.write(
        ".rush",
        "secrets: {TOKEN: {cmd: 'echo $$ > pid; exec sleep 60'}}\ntasks: {use: {cmd: 'true', secrets: [TOKEN]}}",
    )
    run = subprocess.Popen(
        [sys.executable, "-m", "taskrush", "use", "--grace", "0.2"],
        cwd=scratch.root,
        env=environment(),
        stderr=subprocess.PIPE,
    )
    pid = scratch.root / "pid"
    until = time.monotonic() + 20
    while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < until:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=20)
    assert run.returncode == 130, said
    while Path(f"/proc/{pid.read_text().strip()}").exists():
        assert time.monotonic() < until
        time.sleep(0.02)


FAKE = """
from keyring.backend import KeyringBackend

class Keyring(KeyringBackend):
    priority = 1

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError

    def get_password(self, service, username):
        with open("asked", "a") as file:
            file.write(f"{service} {username}\\n")
        return {("shop", "TOKEN"): VALUE, ("shop", "ann"): "another-Value-of-hers"}.get((service, username))
"""


def test_a_secret_from_the_keyring(scratch: Scratch) -> None:
    """Under its own name or another; one that is not there fails its task."""
    pytest.importorskip("keyring")
    scratch.write("fakering.py", f"VALUE = {VALUE!r}\n" + FAKE)
    scratch.write(
        ".rush",
        """
        secrets:
          TOKEN: {keyring: shop}
          HERS: {keyring: shop, user: ann}
          GONE: {keyring: none}
          PERHAPS: {keyring: none, optional: true}
        tasks:
          use: {cmd: 'echo ${#TOKEN} ${#HERS} $TOKEN $HERS [$PERHAPS]', secrets: [TOKEN, HERS, PERHAPS]}
          lack: {cmd: 'true', secrets: [GONE]}
        """,
    )
    env = {
        "PYTHON_KEYRING_BACKEND": "fakering.Keyring",
        "PYTHONPATH": f"{scratch.root}{os.pathsep}{environment()['PYTHONPATH']}",
    }
    done = scratch.rush("use", env=env)
    assert done.code == 0, done.err
    assert f"{len(VALUE)} 21 [secret] [secret] []" in done.out
    assert scratch.text("asked").splitlines() == ["shop TOKEN", "shop ann", "none PERHAPS"]
    done = scratch.rush("lack", env=env)
    assert done.code == 1
    assert "secret `GONE` is not to be had: the keyring has none" in done.err
    assert clean(scratch, done.all)


def test_a_secret_from_a_real_keyring(scratch: Scratch) -> None:
    """What the `keyring` program stored in a file is found."""
    pytest.importorskip("keyrings.alt.file")
    env = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring", "XDG_DATA_HOME": str(scratch.root / "data")}
    stored = subprocess.run(
        [sys.executable, "-m", "keyring", "set", "shop", "TOKEN"],
        input=VALUE.encode(),
        env=environment(env),
        capture_output=True,
        check=False,
    )
    assert stored.returncode == 0, stored.stderr
    scratch.write(".rush", "tasks: {use: {cmd: 'echo ${#TOKEN} $TOKEN', secrets: [{name: TOKEN, keyring: shop}]}}")
    done = scratch.rush("use", env=env)
    assert done.code == 0
    assert f"{len(VALUE)} [secret]" in done.out


def test_without_the_library_the_message_names_the_extra(scratch: Scratch) -> None:
    """Before anything starts, and only for who needs it."""
    scratch.write(".rush", "tasks: {use: {cmd: 'true', secrets: [{name: T, keyring: shop}]}, other: 'true'}")
    scratch.write("sitecustomize.py", "import sys\nsys.modules['keyring'] = None\n")
    env = {"PYTHONPATH": f"{scratch.root}{os.pathsep}{environment()['PYTHONPATH']}"}
    done = scratch.rush("use", env=env)
    assert done.code == 2
    assert "task `use` gets the secret `T` from the keyring, which needs `keyring`" in done.err
    assert "hint: pip install 'taskrush[keyring]'" in done.err
    assert scratch.rush("other", env=env).code == 0


def test_a_secret_in_a_dotenv_file_is_kept_nowhere(scratch: Scratch) -> None:
    """Also not in what is remembered of the files; another value counts."""
    scratch.write(".env", f"TOKEN={VALUE}\nPLAIN=yes\n")
    scratch.write(
        ".rush",
        """
        dotenv: .env
        secrets: [TOKEN]
        tasks:
          use: {cmd: 'echo $PLAIN ${#TOKEN} $TOKEN; echo use >> trace', inputs: [.rush]}
        """,
    )
    for _ in range(2):
        done = scratch.rush("use")
        assert done.code == 0
        assert f"yes {len(VALUE)} [secret]" in done.out
        scratch.rush("--list")
    assert scratch.ran() == ["use"]
    assert clean(scratch, done.all)
    scratch.write(".env", f"TOKEN={VALUE}2\nPLAIN=yes\n")
    assert scratch.rush("use").code == 0
    assert scratch.ran() == ["use"]


# --- who gets them ------------------------------------------------------------------------------


def test_only_tasks_that_name_it_get_it(scratch: Scratch) -> None:
    """Into the strict environment of a cached task too; under another name than the variable's."""
    scratch.write(
        ".rush",
        """
        secrets: {TOKEN: CI_JOB_TOKEN}
        defaults: {inputs: [.rush]}
        tasks:
          named: {cmd: 'env | grep -c ^TOKEN=', secrets: [TOKEN]}
          unnamed: {cmd: 'env | grep -c TOKEN= || true'}
          header: {cmd: 'sh -c "echo \\${#HEADER}"', env: {HEADER: 'Bearer ${TOKEN}'}}
        """,
    )
    done = scratch.rush("named", "unnamed", "header", "-j1", "--output=stream", env={"CI_JOB_TOKEN": VALUE})
    assert done.code == 0, done.err
    assert [line.split()[-1] for line in done.out.splitlines()] == ["1", "0", str(len(VALUE) + 7)]
    assert clean(scratch, done.all)


@linux
def test_a_value_is_never_a_word_of_a_command(scratch: Scratch) -> None:
    """What would put it there is refused with its place; the worker's own words do not have it either."""
    scratch.write(
        ".rush",
        """
        secrets: [TOKEN]
        tasks:
          words:
            argv: [curl, -H, 'Authorization: ${TOKEN}']
          other:
            argv: [curl, '${CI_TOKEN}']
            secrets: {KEY: CI_TOKEN}
          made:
            cmd: 'true'
            outputs: ['${TOKEN}/x']
          fine: {cmd: 'tr "\\\\0" " " < /proc/$$/cmdline; tr "\\\\0" " " < /proc/$PPID/cmdline', secrets: [TOKEN]}
        """,
    )
    done = scratch.rush("words", env={"TOKEN": VALUE})
    assert done.code == 2
    place, _, message = done.err.splitlines()[0].partition(": ")
    assert place.startswith(".rush:5:")
    assert message == "`${TOKEN}` is a secret and cannot be part of `argv` of task `words`"
    assert "hint: give it to the task (`secrets`) and let its command read the variable" in done.err
    done = scratch.rush("other", env={"CI_TOKEN": VALUE})
    assert done.code == 2
    assert "`${CI_TOKEN}` is a secret and cannot be part of `argv` of task `other`" in done.err
    assert clean(scratch, done.all)
    done = scratch.rush("made", env={"TOKEN": VALUE})
    assert done.code == 2
    assert "`${TOKEN}` is a secret and cannot be part of `outputs`" in done.err
    done = scratch.rush("fine", env={"TOKEN": VALUE})
    assert done.code == 0
    assert "/proc/" in done.out
    assert "[secret]" not in done.out
    assert clean(scratch, done.all)


def test_another_value_is_a_reason_to_run_unless_said_otherwise(scratch: Scratch) -> None:
    """`in_key: false` for tokens that change all the time; where it comes from always counts."""
    text = """
        secrets: {%s}
        tasks:
          use: {cmd: 'echo use >> trace', inputs: [in], secrets: [TOKEN]}
        """
    scratch.write("in", "1")
    scratch.write(".rush", text % "TOKEN: {}")
    for value in (VALUE, VALUE, VALUE + "2"):
        assert scratch.rush("use", env={"TOKEN": value}).code == 0
    assert scratch.ran() == ["use", "use"]
    scratch.write(".rush", text % "TOKEN: {in_key: false}")
    for value in (VALUE, VALUE, VALUE + "2"):
        assert scratch.rush("use", env={"TOKEN": value}).code == 0
    assert scratch.ran() == ["use"]
    scratch.write(".rush", text % "TOKEN: {env: OTHER, in_key: false}")
    assert scratch.rush("use", env={"OTHER": VALUE}).code == 0
    assert scratch.ran() == ["use"]
    assert clean(scratch)


# --- when there are none -----------------------------------------------------------------------


def test_a_missing_one_is_told_before_anything_starts(scratch: Scratch) -> None:
    """All of them at once, with the place and what to do; only who needs one is kept from running."""
    scratch.write(
        ".rush",
        """
        secrets: {API_TOKEN: {}, PASSWORD: {file: gone.txt}, EXTRA: {optional: true}}
        tasks:
          first: echo first >> trace
          deploy: {cmd: 'true', deps: [first], secrets: [API_TOKEN, PASSWORD, EXTRA]}
          typo: {cmd: 'true', secrets: [API_TOKN]}
          free: {cmd: 'echo [$EXTRA]', secrets: [EXTRA]}
        """,
    )
    done = scratch.rush("deploy")
    assert done.code == 2
    assert scratch.ran() == []
    lines = done.err.splitlines()
    assert lines[0].endswith("task `deploy` needs the secret `API_TOKEN`: the variable `API_TOKEN` is not set")
    assert lines[0].startswith(".rush:5:")
    assert lines[2].strip() == "^"
    assert lines[3] == "hint: set it, or write `optional: true` for `API_TOKEN` if the task can do without"
    assert "task `deploy` needs the secret `PASSWORD`: there is no file `gone.txt`" in done.err
    assert "hint: did you mean `API_TOKEN`?" in scratch.rush("typo").err
    done = scratch.rush("free")
    assert done.code == 0
    assert "[]" in done.out


def test_a_value_that_is_no_secret_is_said_to_be_shown(scratch: Scratch) -> None:
    """`true` and `1` stay where they are: without them no line would be left."""
    scratch.write(".rush", "secrets: [ON, ONE]\ntasks: {use: 'echo it is true that 1 is $ONE'}")
    done = scratch.rush("use", env={"ON": "true", "ONE": "1"})
    assert done.code == 0
    assert "it is true that 1 is 1" in done.out
    for name in ("ON", "ONE"):
        assert f"warning: the secret `{name}` is too short or too ordinary to be told from other text" in done.err


# --- other forms, other tongues ------------------------------------------------------------------


def test_the_same_in_toml(scratch: Scratch) -> None:
    """Sections by name and lists."""
    scratch.write(
        "taskrush.toml",
        """
        [secrets]
        TOKEN = {file = "token"}
        [tasks.use]
        cmd = "echo ${#TOKEN} $TOKEN"
        secrets = ["TOKEN"]
        """,
    )
    scratch.write("token", VALUE).chmod(0o600)
    done = scratch.rush("use")
    assert done.code == 0
    assert f"{len(VALUE)} [secret]" in done.out


PYTHON = """
    from taskrush import Secret, command, run, secret, task

    TOKEN = Secret("TOKEN", command="echo asked >> asked; cat token")

    @task(secrets=[TOKEN])
    def inside() -> None:
        print("inside", len(secret("TOKEN")), secret("TOKEN"))
        run("echo run ${#TOKEN} $TOKEN")
        raise ValueError("it is " + secret("TOKEN"))

    @task(secrets=["TOKEN"], isolate="process")
    def apart() -> None:
        print("apart", len(secret("TOKEN")), secret("TOKEN"))

    @task
    def without() -> None:
        secret("TOKEN")

    plain = command("echo plain ${#TOKEN} $TOKEN", secrets=TOKEN)
"""


def test_the_same_in_python(scratch: Scratch) -> None:
    """Functions ask for it, also in a process of their own; their commands have it; what they raise hides it."""
    scratch.write("tasks.py", PYTHON)
    scratch.write("token", VALUE + "\n")
    done = scratch.rush("inside", "apart", "without", "plain", "--keep-going", "-j1")
    assert done.code == 1
    for line in ("inside 23 [secret]", "run 23 [secret]", "apart 23 [secret]", "plain 23 [secret]", "it is [secret]"):
        assert line in done.all, line
    assert "task `without` has no secret `TOKEN`" in done.err
    assert scratch.text("asked") == "asked\n"
    assert clean(scratch, done.all)


def test_a_bug_of_ours_does_not_tell_either(scratch: Scratch) -> None:
    """What is said about an exception that nobody meant to raise, details included."""
    scratch.write(".rush", "secrets: [TOKEN]\ntasks: {use: 'true'}")
    scratch.write(
        "sitecustomize.py",
        f"""
        import taskrush.execute.scheduler as scheduler

        def handle(self, stimulus):
            raise RuntimeError("it is {VALUE}")

        scheduler.Scheduler.handle = handle
        """,
    )
    path = f"{scratch.root}{os.pathsep}{environment()['PYTHONPATH']}"
    for more in ({}, {"TASKRUSH_DEBUG": "1"}):
        done = scratch.rush("use", env={"TOKEN": VALUE, "PYTHONPATH": path, **more})
        assert done.code == 3
        assert "RuntimeError: it is [secret]" in done.err
        assert VALUE not in done.all


def test_records_have_none_either(scratch: Scratch) -> None:
    """Reasons, commands and warnings in JSON; retries do not ask again."""
    scratch.write("token", VALUE)
    scratch.write(
        ".rush",
        f"""
        secrets: {{TOKEN: {{cmd: 'echo asked >> asked; cat token'}}}}
        tasks:
          use: {{cmd: 'echo {VALUE}; exit 3', secrets: [TOKEN], retry: {{attempts: 2, delay: 0s}}}}
        """,
    )
    done = scratch.rush("use", "--output=json")
    assert done.code == 1
    events = [json.loads(line)["event"] for line in done.out.splitlines()]
    assert scratch.text("asked") == "asked\n"
    outputs = [event["data"] for event in events if event["type"] == "TaskOutput"]
    assert outputs == ["[secret]\n", "[secret]\n"]
