"""Whatever happens to a workspace, after a run that says success its outputs are those of a clean build.

Real files, the real executor and the real cache; only the commands are played by a runner in this process, and a kill
is an error from which no code gets a chance to recover: from then on every change of a file fails.
"""

import os
import random
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping

import attrs
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from taskrush import caching
from taskrush.cache.locks import KeyLock
from taskrush.compile.link import link
from taskrush.execute.executor import Executor
from taskrush.model.outcome import Outcome, failed, succeeded
from taskrush.model.task import Argv, Task, TaskId
from taskrush.plan import file_index
from taskrush.plan.planner import make_plan
from taskrush.protocols import OnOutput
from taskrush.wiring import SystemClock

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "300"))
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # nothing here is about disks
NAMES = ("a", "b", "c", "d")
TEXTS = ("", "x", "y", "xy", "yx", "x\ny")


class Killed(BaseException):
    """The process is gone."""


class Play:
    """A runner that does in this process what the commands of the test's tasks stand for."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def start(self, task: Task, on_output: OnOutput, values: Mapping[str, object]) -> "Played":
        assert isinstance(task.action, Argv)
        on_output("stdout", f"{task.id} ran\n".encode())
        return Played(do(self.root, task.action.words))

    def interrupt(self, signum: int) -> None:
        pass

    def close(self) -> None:
        pass


@attrs.frozen
class Played:
    result: Outcome

    def wait(self) -> Outcome:
        return self.result

    def cancel(self, force: bool = False) -> None:
        pass


def do(root: Path, words: "tuple[str, ...]") -> Outcome:
    """`join`: all sources into one file. `split`: a file for each line of it. `top`: their names and one source."""
    verb, version = words
    out = root / "out"
    sources = sorted((root / "src").glob("*"))
    if verb == "join":
        out.mkdir(exist_ok=True)
        text = "".join(f"{path.name}={path.read_text()!r}\n" for path in sources)
        (out / "joined").write_text(version + "\n" + text)
    elif verb == "split":
        (out / "parts").mkdir(parents=True, exist_ok=True)
        for line in (out / "joined").read_text().splitlines()[1:]:
            name, _, value = line.partition("=")
            if "yx" in value:
                return failed("half-way")
            (out / "parts" / name).write_text(version + value)
            (out / "parts" / name).chmod(0o755 if "x" in value else 0o644)
        last = out / "parts" / "last"
        if last.is_symlink():
            last.unlink()
        if sources:
            last.symlink_to(sources[-1].name)
    elif verb == "top":
        if not (root / "src" / "a").exists():
            return failed("no a")
        names = " ".join(sorted(path.name for path in (out / "parts").iterdir()))
        (out / "top").write_text(f"{version} {names} {(root / 'src' / 'a').read_text()}")
    return succeeded(code=0)


def tasks(versions: Mapping[str, str]) -> List[Task]:
    return [
        Task(id="join", action=["join", versions["join"]], inputs=["src/*"], outputs=["out/joined"]),
        Task(
            id="split", action=["split", versions["split"]], deps=["join"], inputs=["out/joined"], outputs=["out/parts"]
        ),
        Task(
            id="top",
            action=["top", versions["top"]],
            deps=["split"],
            inputs=["out/parts", "src/a"],
            outputs=["out/top"],
        ),
        Task(id="check", action=["check", "1"], deps=["top"], inputs=["out/top"]),
    ]


def outputs(root: Path) -> Dict[str, str]:
    """Everything that is on disk below `out`, without what a person put there."""
    found = {}
    for path in sorted((root / "out").rglob("*")):
        if path.name.startswith("mine"):
            continue
        if path.is_symlink():
            found[str(path.relative_to(root))] = "-> " + os.readlink(path)
        elif path.is_file():
            found[str(path.relative_to(root))] = f"{path.stat().st_mode & 0o777:o} {path.read_text()}"
    return found


def loosely(found: Mapping[str, str]) -> Dict[str, str]:
    """Without the difference of modes that links make: they are read-only."""
    return {name: text.replace("444 ", "644 ", 1) if text.startswith("444 ") else text for name, text in found.items()}


class Tracked(KeyLock):
    """A lock that is remembered, so that it can be let go of when its process is said to be dead."""

    made: "List[Tracked]" = []

    def __init__(self, folder: str, key: str) -> None:
        super().__init__(folder, key)
        Tracked.made.append(self)


class Workspace(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        caching.KeyLock = Tracked  # type: ignore[misc]
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        self.root = self.folder / "w"
        (self.root / "src").mkdir(parents=True)
        self.versions = {"join": "1", "split": "1", "top": "1"}
        self.skew = 0
        self.link = False
        self.real_now = time.time_ns
        file_index.time.time_ns = lambda: self.real_now() + self.skew  # type: ignore[attr-defined,assignment]

    def teardown(self) -> None:
        file_index.time.time_ns = self.real_now  # type: ignore[attr-defined]
        caching.KeyLock = KeyLock  # type: ignore[misc]
        shutil.rmtree(self.folder)

    @initialize(link=st.booleans())
    def start(self, link: bool) -> None:
        self.link = link  # tasks here rewrite their outputs in place, and so does who spoils them
        (self.root / "src" / "a").write_text("x")
        (self.root / "src" / "b").write_text("y")

    # --- what may happen ----------------------------------------------------

    @rule(name=st.sampled_from(NAMES), text=st.sampled_from(TEXTS), keep_time=st.booleans())
    def edit(self, name: str, text: str, keep_time: bool) -> None:
        path = self.root / "src" / name
        before = path.stat() if path.exists() else None
        path.write_text(text)
        if keep_time and before is not None:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(name=st.sampled_from(NAMES), when=st.sampled_from([0, 10**9, 2 * 10**9]))
    def touch(self, name: str, when: int) -> None:
        path = self.root / "src" / name
        if path.exists():
            os.utime(path, (when, when) if when else None)

    @rule(name=st.sampled_from(NAMES[1:]))
    def delete(self, name: str) -> None:
        path = self.root / "src" / name
        if path.exists():
            path.unlink()

    @rule(name=st.sampled_from(NAMES), to=st.sampled_from(NAMES))
    def rename(self, name: str, to: str) -> None:
        path = self.root / "src" / name
        if path.exists() and name != "a":
            path.rename(self.root / "src" / to)

    @rule(task=st.sampled_from(["join", "split", "top"]), version=st.sampled_from("12"))
    def redefine(self, task: str, version: str) -> None:
        self.versions[task] = version

    @rule(seed=st.integers(0, 1000))
    def spoil_outputs(self, seed: int) -> None:
        rnd = random.Random(seed)
        found = [path for path in sorted((self.root / "out").rglob("*")) if not path.name.startswith("mine")]
        if found:
            path = rnd.choice(found)
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif rnd.random() < 0.5 or path.is_symlink():
                path.unlink()
            else:
                path.write_text("spoilt")

    @rule()
    def put_something_of_mine(self) -> None:
        if (self.root / "out").is_dir():
            (self.root / "out" / "mine").write_text("mine")

    @rule(seed=st.integers(0, 1000), how=st.sampled_from(["flip", "cut", "remove"]))
    def damage(self, seed: int, how: str) -> None:
        rnd = random.Random(seed)
        found = [p for place in (self.folder / "store", self.root / ".taskrush") for p in sorted(place.rglob("*"))]
        found = [path for path in found if path.is_file()]
        if not found:
            return
        path = rnd.choice(found)
        data = bytearray(path.read_bytes())
        path.unlink()
        if how == "remove":
            return
        if how == "flip" and data:
            data[rnd.randrange(len(data))] ^= 1 << rnd.randrange(8)
        path.write_bytes(bytes(data) if how == "flip" else bytes(data[: len(data) // 2]))

    @rule(hours=st.sampled_from([-24, -1, 0, 1, 24]))
    def clock(self, hours: int) -> None:
        self.skew = hours * 3600 * 10**9

    @rule(goal=st.sampled_from(["join", "split", "top", "check"]), after=st.integers(0, 60))
    def run_and_be_killed(self, goal: str, after: int) -> None:
        with killed_after(after):
            try:
                self.play(goal)
            except BaseException:  # nothing of the dead process counts
                pass
        for lock in Tracked.made:  # the kernel lets go of a dead process's locks
            lock.release()
        Tracked.made.clear()

    @rule(goal=st.sampled_from(["join", "split", "top", "check"]), force=st.booleans())
    def run(self, goal: str, force: bool) -> None:
        result = self.play(goal, force)
        assert result.exit_code in (0, 1)
        if result.ok:
            names = {"join": {"joined"}, "split": {"joined", "parts"}}.get(goal, {"joined", "parts", "top"})
            wanted = {name: text for name, text in self.clean_build(goal).items() if name.split("/")[1] in names}
            got = {name: text for name, text in outputs(self.root).items() if name.split("/")[1] in names}
            assert got == wanted or (self.link and loosely(got) == loosely(wanted))

    @invariant()
    def what_is_mine_stays(self) -> None:
        path = self.root / "out" / "mine"
        if path.exists():
            assert path.read_text() == "mine"

    # --- inside -----------------------------------------------------------------

    def play(self, target: str, force: bool = False) -> Any:
        plan = make_plan(link(tasks(self.versions)), [TaskId(target)], str(self.root))
        memory = caching.make_memory(
            plan,
            caching.CacheSettings(folder=str(self.folder / "store"), link=self.link),
            "run",
            {},
            None,
            caching.Modes(force=force),
        )
        runner = Play(self.root)
        return Executor(plan, runners={"local": runner}, clock=SystemClock(), run_id="run", jobs=2, memory=memory).run()

    def clean_build(self, target: str) -> Dict[str, str]:
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            shutil.copytree(self.root / "src", Path(folder) / "src")
            for verb in {"join": ["join"], "split": ["join", "split"]}.get(target, ["join", "split", "top"]):
                do(Path(folder), (verb, self.versions[verb]))
            return outputs(Path(folder))


class killed_after:
    """From the n-th change of a file on, every change fails with `Killed`, as if nobody were there to make it."""

    NAMES = (
        "replace",
        "rename",
        "link",
        "unlink",
        "rmdir",
        "mkdir",
        "write",
        "symlink",
        "chmod",
        "fchmod",
        "utime",
        "ftruncate",
    )

    def __init__(self, count: int) -> None:
        self._left = count
        self._real: Dict[str, Callable[..., Any]] = {}

    def __enter__(self) -> None:
        for name in self.NAMES:
            self._real[name] = getattr(os, name)
            setattr(os, name, self._wrapped(name))

    def __exit__(self, *exception: object) -> None:
        for name, function in self._real.items():
            setattr(os, name, function)

    def _wrapped(self, name: str) -> Callable[..., Any]:
        real = self._real[name]

        def wrapped(*args: Any, **more: Any) -> Any:
            if name == "write" and not stat.S_ISREG(os.fstat(args[0]).st_mode):
                return real(*args, **more)  # the executor waking itself up is no change of a file
            self._left -= 1
            if self._left < 0:
                raise Killed
            return real(*args, **more)

        return wrapped


Workspace.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@pytest.mark.timeout(1800)
class TestWorkspace(Workspace.TestCase):  # type: ignore[misc,valid-type]
    """Edit, touch, delete, rename, revert, redefine, spoil, damage, skew, kill, run: always a clean build."""


def test_a_kill_really_interrupts(tmp_path: Path) -> None:
    """The planted kill stops changes: with none allowed, nothing is written at all."""
    with pytest.raises(Killed), killed_after(0):
        os.mkdir(tmp_path / "x")
    assert not (tmp_path / "x").exists()
