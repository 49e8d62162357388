"""Promise 10, at length: a secret in any of its encodings reaches neither console, log, history nor cache."""

import base64
import hashlib
import os
import pickle
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Iterator

import pytest

from taskrush.model.disguise import disguises
from taskrush.model.redaction import MARK, RedactedStreams, Redactor
from tests.planted import cores, encodings
from tests.scenarios.rush import Scratch, environment

PLAIN = "s3cr3t-Value-of-a-token"
SECRETS = {
    "plain": PLAIN,
    "special": "p@ss/w=rd '\"<&$`\\ of+me",
    "foreign": "schlüssel-Ωmega/37 ~ ключ",
    "password": "hunter22!x",
}
KEY = "-----BEGIN KEY-----\n" + "\n".join(
    base64.b64encode(bytes((7 * line + 31 * at) % 256 for at in range(48))).decode() for line in range(12)
)
SHOW = """
import os, pickle, sys, time
for name, form in pickle.load(open(sys.argv[1], "rb")).items():
    for stream in (sys.stdout.buffer, sys.stderr.buffer):
        half = len(form) // 2
        stream.write(form[:half])
        stream.flush()
        if name in ("plain", "base64", "JSON"):
            time.sleep(0.05)  # in two pieces, as somebody else sees them
        stream.write(form[half:] + b"\\n")
        stream.flush()
sys.exit(int(sys.argv[2]))
"""


def everywhere(scratch: Scratch, *texts: str) -> Iterator[bytes]:
    """Every byte that we wrote: below `.taskrush`, below the cache, names of files, the console."""
    for place in (scratch.root / ".taskrush", Path(os.environ["TASKRUSH_CACHE_DIR"])):
        for path in place.rglob("*"):
            yield os.fsencode(str(path))
            if path.is_file():
                yield path.read_bytes()
    yield from (text.encode() for text in texts)


def leaks(scratch: Scratch, wanted: Dict[str, bytes], *texts: str) -> "list[str]":
    whole = b"\n".join(everywhere(scratch, *texts))
    return [name for name, core in wanted.items() if core in whole]


@pytest.mark.core
@pytest.mark.parametrize("kind", sorted(SECRETS))
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_no_encoding_gets_through(kind: str, size: int) -> None:
    """In pieces of any size, each by itself and among others."""
    secret = SECRETS[kind]
    redactor = Redactor([secret.encode()])
    everything = b" / ".join(encodings(secret).values())
    assert len(encodings(secret)) > 50
    for form in (everything, *encodings(secret).values()):
        streams = RedactedStreams(redactor)
        fed = [one for at in range(0, len(form), size) for one in streams.feed("stdout", form[at : at + size])]
        out = b"".join(data for _, data in (*fed, *streams.flush()))
        assert MARK in out
        assert [name for name, core in cores(secret).items() if core in out] == []


@pytest.mark.core
def test_a_key_is_hidden_line_by_line_and_however_it_is_dumped() -> None:
    """As it is, without its line ends, indented, in base64 of two widths, in hex."""
    redactor = Redactor([KEY.encode() + b"\n"])
    lines = KEY.split("\n")[1:]
    dumps = {
        "as it is": KEY,
        "indented": "\n".join("    " + line for line in KEY.split("\n")),
        "one line": "\\n".join(KEY.split("\n")),
        "one of its lines": lines[5],
    }
    for name, text in dumps.items():
        out = redactor.clean(text.encode())
        assert not any(line.encode() in out for line in lines), name
    for width in (64, 76):
        encoded = base64.b64encode(KEY.encode() + b"\n").decode()
        wrapped = "\n".join(encoded[at : at + width] for at in range(0, len(encoded), width))
        assert set(redactor.clean(wrapped.encode()).split(b"\n")) <= {MARK, wrapped.split("\n")[-1].encode()[-8:]}
    dumped = KEY.encode().hex(" ")
    assert dumped[30:80].encode() not in redactor.clean(dumped.encode())


@pytest.mark.parametrize("mode", ["grouped", "stream", "json", "errors"])
@pytest.mark.parametrize("kind", ["plain", "special"])
def test_a_planted_secret_is_found_nowhere(scratch: Scratch, kind: str, mode: str) -> None:
    """A task prints every encoding to both streams, ends well (and is kept and shown again) or badly."""
    secret = SECRETS[kind]
    scratch.write("show.py", SHOW)
    (scratch.root / "forms").write_bytes(pickle.dumps(encodings(secret)))
    scratch.write(
        ".rush",
        f"""
        secrets: [API_TOKEN]
        tasks:
          good: {{cmd: '{sys.executable} show.py forms 0', inputs: [show.py], secrets: [API_TOKEN]}}
          bad: {{cmd: '{sys.executable} show.py forms 3', inputs: [show.py]}}
        """,
    )
    texts = []
    for task in ("good", "good", "bad"):
        done = scratch.rush(task, f"--output={mode}", "-v", env={"API_TOKEN": secret})
        assert done.code == (1 if task == "bad" else 0)
        texts += [done.out, done.err]
    if mode != "errors":
        assert "[secret]" in texts[0]
    assert leaks(scratch, cores(secret), *texts) == []


def test_what_holds_an_encoding_is_not_kept(scratch: Scratch) -> None:
    """In a file, in the name of one, in where a link leads, in what a function returns: each is said."""
    scratch.write("in", "1")
    encoded = base64.b64encode(b"::" + PLAIN.encode()).decode().rstrip("=")
    scratch.write(
        ".rush",
        f"""
        secrets: [API_TOKEN]
        defaults: {{inputs: [in]}}
        tasks:
          file: {{cmd: 'printf %s {encoded} > out', outputs: [out]}}
          name: {{cmd: 'mkdir -p d && : > d/{PLAIN.encode().hex()}', outputs: [d/**]}}
          link: {{cmd: 'ln -sf {PLAIN} l', outputs: [l]}}
          far: {{cmd: 'head -c 70000 /dev/zero > far; printf %s "$API_TOKEN" >> far', outputs: [far]}}
        """,
    )
    scratch.write(
        "tasks.py",
        """
        import os
        from taskrush import task

        @task(inputs=["in"])
        def value() -> "list[str]":
            return [os.environ["API_TOKEN"][::-1]]
        """,
    )
    done = scratch.rush("file", "name", "link", "far", "value", env={"API_TOKEN": PLAIN})
    assert done.code == 0
    for words in (
        "`file`: its result is not kept: output `out` holds a secret",
        "`name`: its result is not kept: the name of an output, `d/[secret]`, holds a secret",
        "`link`: its result is not kept: output `l` is a link to a name that holds a secret",
        "`far`: its result is not kept: output `far` holds a secret",
        "`value`: its result is not kept: its return value holds a secret",
    ):
        assert words in done.err
    cache = Path(os.environ["TASKRUSH_CACHE_DIR"])
    forms = disguises(PLAIN.encode())
    kept = b"\n".join(path.read_bytes() for path in cache.rglob("*") if path.is_file())
    assert not [form for form in forms if form in kept]


@pytest.mark.soak
def test_a_gigabyte_goes_by_in_bounded_memory_and_time(scratch: Scratch) -> None:
    """With twenty secrets looked for, among them a key of many lines: below a minute and 80 MiB."""
    names = [f"TOKEN_{number}" for number in range(20)]
    values = {name: hashlib.sha256(name.encode()).hexdigest() for name in names}
    values["TOKEN_0"] = KEY
    line = "b'2026-11-22T13:44:24 INFO module.%d: compiled file src/foo/bar_%d.py in 0.%03ds\\n'"
    scratch.write(
        "write.py",
        f"import sys\npiece = b''.join({line} % (n, n, n % 999) for n in range(12000))\n"
        "left = 1 << 30\nwhile left > 0:\n    left -= sys.stdout.buffer.write(piece)\n",
    )
    scratch.write(".rush", f"secrets: {names}\ntasks: {{write: {sys.executable} write.py}}")
    started = time.monotonic()
    run = subprocess.Popen(
        [sys.executable, "-m", "taskrush", "write", "--output=none"], cwd=scratch.root, env=environment(values)
    )
    _, status, used = os.wait4(run.pid, 0)
    run.returncode = status
    assert status == 0
    assert time.monotonic() - started < 60
    assert used.ru_maxrss < 80 << 10
