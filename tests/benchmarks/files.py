"""The work with files that is measured, and the proof that a tool did what it says: every task leaves a mark.

A command whose marks or outputs are not those that its case asks for is broken, not quick.
"""

import functools
import hashlib
import os
import random
import shutil
import subprocess
import time
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Sequence

from tests.benchmarks.file_peers import FILE_PEERS, STUB_FOLDER, FileJob, FilePeer, Work
from tests.benchmarks.measure import BrokenCommand, Command

SCRIPT = """\
echo x >> marks/$1
[ -d t/$1/out ] || mkdir t/$1/out
cd t/$1/out
%s
"""
JOINED = "cat ../in/* > done"
COPIED = 'read line < ../in/f0 && echo "$line" > done'  # the shell alone: ten thousand of them are quick
SPLIT = "split -b 65536 -a 2 -d ../in/data part"
PART = 65536


def small_files(folder: Path, count: int, inputs: int) -> List[FileJob]:
    """Tasks that read some small files and make one."""
    return _reading(folder, count, inputs, JOINED)


def one_file(folder: Path, count: int) -> List[FileJob]:
    """Tasks that copy the first line of a small file."""
    return _reading(folder, count, 1, COPIED)


def _reading(folder: Path, count: int, inputs: int, work: str) -> List[FileJob]:
    jobs = []
    for number in range(count):
        job = FileJob(f"t{number:05}", tuple(f"in/f{n}" for n in range(inputs)), ("out/done",))
        for path in job.below(job.inputs):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(f"{path}\n" * 20)
        jobs.append(job)
    _finish(folder, work)
    return jobs


def many_outputs(folder: Path, count: int, outputs: int) -> List[FileJob]:
    """Tasks that cut a file into pieces of 64 KiB, half of whose bits are noise."""
    rnd = random.Random(1)
    jobs = []
    for number in range(count):
        job = FileJob(f"t{number:05}", ("in/data",), tuple(f"out/part{n:02}" for n in range(outputs)))
        (folder / job.folder / "in").mkdir(parents=True)
        size = PART * outputs // 2
        (folder / job.folder / "in" / "data").write_bytes(
            rnd.getrandbits(size * 8).to_bytes(size, "big").hex().encode()
        )
        jobs.append(job)
    _finish(folder, SPLIT)
    return jobs


def _finish(folder: Path, work: str) -> None:
    (folder / "work.sh").write_text(SCRIPT % work)
    (folder / "marks").mkdir()


class FileBench:
    """The workspaces of all tools for one piece of work, each built once."""

    def __init__(
        self,
        home: Path,
        bins: Sequence[str],
        npm: Optional[str],
        env: Mapping[str, str],
        jobs: int,
        only: Sequence[str],
    ) -> None:
        self._home = home
        self._npm = npm
        self._env = env
        self._jobs = jobs
        self._found = {peer.name: found for peer in FILE_PEERS for found in [peer.find(bins, npm)] if found}
        self._peers = [peer for peer in FILE_PEERS if peer.name in self._found and (not only or peer.name in only)]
        self._made: Dict[str, List[FileJob]] = {}
        self.broken: Dict[str, str] = {}

    def programs(self) -> Dict[str, str]:
        """Of the tools that are measured."""
        return {peer.name: self._found[peer.name] for peer in self._peers}

    def idle(
        self, name: str, make: Callable[[Path], List[FileJob]], size: int, only: Sequence[str] = ()
    ) -> Dict[str, Command]:
        """Everything is up to date: nothing runs."""
        return self._commands(name, make, size, self._nothing, self._ran_nothing, only=only)

    def changed(self, name: str, make: Callable[[Path], List[FileJob]], size: int) -> Dict[str, Command]:
        """One input changed: one task runs."""
        return self._commands(name, make, size, self._change, self._ran_one)

    def stored(self, name: str, make: Callable[[Path], List[FileJob]], size: int) -> Dict[str, Command]:
        """Nothing is known: all run, and what they make is kept."""
        return self._commands(name, make, size, self._forget, self._ran_all, restoring=True)

    def restored(self, name: str, make: Callable[[Path], List[FileJob]], size: int) -> Dict[str, Command]:
        """All outputs are gone: all come back, and nothing runs."""
        return self._commands(name, make, size, self._lose, self._came_back, restoring=True)

    # --- inside -----------------------------------------------------------------

    def _commands(
        self,
        name: str,
        make: Callable[[Path], List[FileJob]],
        size: int,
        before: Callable[[FilePeer, Path, Work], None],
        after: Callable[[Path, Work], None],
        restoring: bool = False,
        only: Sequence[str] = (),
    ) -> Dict[str, Command]:
        found: Dict[str, Command] = {}
        for peer in self._peers:
            if peer.most < size or (restoring and not peer.restores) or (only and peer.name not in only):
                continue
            folder = self._home / name / peer.name.replace(", ", "-")
            command = Command(
                self._words(peer, folder),
                folder,
                functools.partial(self._before, before, peer, folder, name),
                functools.partial(self._after, after, folder, name),
            )
            try:
                self._build(peer, folder, name, make)
            except (BrokenCommand, subprocess.SubprocessError) as error:
                self.broken[peer.name] = str(error)
                continue
            found[peer.name] = command
        return found

    def _words(self, peer: FilePeer, folder: Path) -> List[str]:
        words = [self._found[peer.name], *(word.format(jobs=self._jobs) for word in peer.words)]
        env = dict(peer.env)
        if peer.has_stub:
            env["PATH"] = f"{folder / STUB_FOLDER}{os.pathsep}{self._env['PATH']}"
        return [str(shutil.which("env")), *(f"{key}={value}" for key, value in env.items()), *words] if env else words

    def _build(self, peer: FilePeer, folder: Path, name: str, make: Callable[[Path], List[FileJob]]) -> None:
        """The first time: make everything with the tool, and see that it ran it all."""
        if folder.exists():
            return
        folder.mkdir(parents=True)
        self._made[str(folder)] = work = make(folder)
        peer.prepare(folder, work, self._npm)
        done = subprocess.run(
            self._words(peer, folder),
            cwd=folder,
            env=dict(self._env),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=600,
        )
        if done.returncode:
            raise BrokenCommand(f"{peer.name} failed: {done.stdout[-300:]}{done.stderr[-300:]}")
        self._ran_all(folder, work)
        time.sleep(2.1)  # what is younger than two seconds is read again by who wants to be sure

    def _before(self, act: Callable[[FilePeer, Path, Work], None], peer: FilePeer, folder: Path, name: str) -> None:
        shutil.rmtree(folder / "marks")
        (folder / "marks").mkdir()
        act(peer, folder, self._made[str(folder)])

    def _after(self, prove: Callable[[Path, Work], None], folder: Path, name: str) -> None:
        prove(folder, self._made[str(folder)])

    def _nothing(self, peer: FilePeer, folder: Path, work: Work) -> None:
        pass

    def _change(self, peer: FilePeer, folder: Path, work: Work) -> None:
        job = work[len(work) // 2]
        with open(folder / job.below(job.inputs)[0], "a", encoding="utf-8") as file:
            file.write("more\n")

    def _lose(self, peer: FilePeer, folder: Path, work: Work) -> None:
        for job in work:
            shutil.rmtree(folder / job.folder / "out", ignore_errors=True)

    def _forget(self, peer: FilePeer, folder: Path, work: Work) -> None:
        self._lose(peer, folder, work)
        for name in peer.state:
            path = folder / name
            if path.is_dir():
                shutil.rmtree(path)
            elif path.exists():
                path.unlink()

    def _ran_nothing(self, folder: Path, work: Work) -> None:
        _expect(folder, 0)

    def _ran_one(self, folder: Path, work: Work) -> None:
        _expect(folder, 1)

    def _ran_all(self, folder: Path, work: Work) -> None:
        _expect(folder, len(work))

    def _came_back(self, folder: Path, work: Work) -> None:
        _expect(folder, 0)
        for job in work:
            whole, parts = hashlib.sha256(), hashlib.sha256()
            whole.update((folder / job.folder / "in" / "data").read_bytes())
            for path in job.below(job.outputs):
                parts.update((folder / path).read_bytes() if (folder / path).exists() else b"missing")
            if whole.digest() != parts.digest():
                raise BrokenCommand(f"{folder.name} did not bring back the outputs of {job.name}")


def _expect(folder: Path, count: int) -> None:
    ran = len(os.listdir(folder / "marks"))
    if ran != count:
        raise BrokenCommand(f"{folder.name} ran {ran} tasks instead of {count}")
