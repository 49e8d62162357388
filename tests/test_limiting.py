"""What a run may use besides its slots: put together from the machine, the history and the environment."""

import os
from pathlib import Path
from typing import Any, Dict, Iterable, List, Mapping, Tuple

import pytest

from taskrush.declare.command import command
from taskrush.declare.decorator import task
from taskrush.errors import ConfigError, GraphError, UsageError
from taskrush.execute.limited import limits_of_run, too_much
from taskrush.execute.starvation import Starvation
from taskrush.limiting import make_room
from taskrush.model.limits import Limits, Pool, Resources, pool_uses
from taskrush.model.outcome import Outcome, cancelled, failed, succeeded
from taskrush.model.plan import Plan
from taskrush.model.sizes import as_bytes, shown_bytes
from taskrush.model.task import Task, TaskId
from taskrush.project import Project

pytestmark = pytest.mark.core
GB = 10**9


class SmallMachine:
    """Ten gigabytes, and a kernel that kills when it is told to."""

    kills = 0

    def free_memory(self) -> int:
        return 10 * GB

    def memory_kills(self) -> int:
        return self.kills


class FakeHistory:
    """Remembers peaks, and whether it was asked."""

    def __init__(self, **peaks: int) -> None:
        self._peaks = peaks
        self.asked: List[str] = []

    def __call__(self) -> "FakeHistory":
        return self

    def peaks(self, tasks: Iterable[str]) -> Mapping[TaskId, int]:
        self.asked = list(tasks)
        return {TaskId(task): self._peaks[task] for task in self.asked if task in self._peaks}


def plan_of(root: Path, *tasks: Task) -> Plan:
    nothing: tuple = ((),) * len(tasks)  # type: ignore[type-arg]
    return Plan(tasks=tasks, needs=nothing, after=nothing, targets=(), root=str(root))


def room(plan: Plan, history: FakeHistory, **more: object) -> Dict[str, object]:
    made = make_room(plan, 4, environ={}, history=history, machine=SmallMachine(), **more)  # type: ignore[arg-type]
    return limits_of_run(plan, 4, made)


TASKS = tuple(Task(id=TaskId(name), action="true") for name in ("big", "large", "small"))


def test_history_is_only_asked_where_something_took_much_once(tmp_path: Path) -> None:
    """A run whose tasks took little leaves no mark; one with a heavy task does, and the next run asks."""
    plan = plan_of(tmp_path, *TASKS)
    history = FakeHistory(big=6 * GB, large=5 * GB, small=1000)
    first = make_room(plan, 4, environ={}, history=history, machine=SmallMachine())  # type: ignore[arg-type]
    first.learn({TaskId("small"): succeeded(peak_bytes=100 << 20)})
    assert "admission" not in room(plan, history)
    assert history.asked == []
    first.learn({TaskId("big"): succeeded(peak_bytes=2 * GB)})
    admission = room(plan, history)["admission"]
    assert history.asked == ["big", "large", "small"]
    assert [admission.wants(node) for node in range(3)] == [True, True, False]  # type: ignore[attr-defined]
    assert admission.take(0)  # type: ignore[attr-defined]
    assert not admission.take(1)  # type: ignore[attr-defined]
    assert admission.waits_for(1) == "memory"  # type: ignore[attr-defined]
    assert admission.give(0) == [1]  # type: ignore[attr-defined]


def test_memory_off_asks_nobody(tmp_path: Path) -> None:
    """No history, no limit, no second try."""
    plan = plan_of(tmp_path, *TASKS)
    (tmp_path / ".taskrush").mkdir()
    (tmp_path / ".taskrush" / "heavy").write_text("")
    history = FakeHistory(big=6 * GB, large=5 * GB)
    assert "admission" not in room(plan, history, memory="off")
    assert not make_room(plan, 4, "off", {}, machine=SmallMachine()).tries_alone  # type: ignore[arg-type]
    assert history.asked == []


def test_a_given_size_counts_instead_of_what_is_free(tmp_path: Path) -> None:
    """Twelve gigabytes hold both, whatever the machine has."""
    tasks = [Task(id=TaskId(name), action="true", limits=Limits(resources=Resources(memory=6 * GB))) for name in "ab"]
    plan = plan_of(tmp_path, *tasks)
    assert room(plan, FakeHistory())["admission"] is not None
    assert room(plan, FakeHistory(), memory="12GB")["admission"] is None
    with pytest.raises(UsageError, match="is a size such as"):
        make_room(plan, 4, "lots", {})


def test_what_needs_more_than_there_is_is_told_and_runs(tmp_path: Path) -> None:
    """It takes all of the memory, and nothing that needs much runs beside it."""
    tasks = [Task(id=TaskId(name), action="true", limits=Limits(resources=Resources(memory=20 * GB))) for name in "ab"]
    plan = plan_of(tmp_path, *tasks)
    made = make_room(plan, 4, environ={}, machine=SmallMachine())  # type: ignore[arg-type]
    notes = list(too_much(plan, made))
    assert notes[0][0] == "`a` says that it needs 20GB of memory, and 10GB are free"
    admission = limits_of_run(plan, 4, made)["admission"]
    assert (admission.take(0), admission.take(1)) == (True, False)


def test_a_plan_without_limits_costs_nothing(tmp_path: Path) -> None:
    """The scheduler gets no admission, no slots and no urgencies."""
    assert room(plan_of(tmp_path, *TASKS), FakeHistory()) == {"exclusive": []}
    assert make_room(plan_of(tmp_path, *TASKS), 4, environ={}).tokens is None


@pytest.mark.skipif(os.name != "posix", reason="named pipes are needed")
def test_a_jobserver_is_there_for_those_who_ask(tmp_path: Path) -> None:
    """And it is not there any more when it was closed."""
    asks = Task(id=TaskId("a"), action="make", limits=Limits(jobserver="fifo"))
    made = make_room(plan_of(tmp_path, asks, *TASKS), 4, environ={"MAKEFLAGS": "k"})
    assert made.sharing is not None
    assert made.tokens is not None
    assert made.sharing.environment(TASKS[0], {"MAKEFLAGS": "k"}) == {}
    flags = made.sharing.environment(asks, {"MAKEFLAGS": "k", "PATH": "/nowhere"})["MAKEFLAGS"]
    assert flags.startswith("k -j4 --jobserver-auth=fifo:")
    assert os.path.exists(flags.rpartition(":")[2])
    made.tokens.close()
    assert not os.path.exists(flags.rpartition(":")[2])


@pytest.mark.skipif(os.name != "posix", reason="named pipes are needed")
def test_a_jobserver_above_is_not_seen_by_those_who_do_not_ask(tmp_path: Path) -> None:
    """What it would give them is not theirs; where it cannot be reached, that is told."""
    flags = " -j2 --jobserver-auth=fifo:/not/there"
    made = make_room(plan_of(tmp_path, *TASKS), 4, environ={"MAKEFLAGS": flags})
    assert made.tokens is None
    assert made.sharing is not None
    assert made.sharing.environment(TASKS[0], {"MAKEFLAGS": flags}) == {"MAKEFLAGS": ""}
    assert [note[0] for note in made.notes] == [
        "the jobserver of the `make` above cannot be reached: its slots are not shared"
    ]


@pytest.mark.parametrize(
    ("outcome", "stderr", "words"),
    [
        (failed(code=-9), b"", "was killed (SIGKILL, not by this run), which happens when memory is short"),
        (failed(code=137), b"", "was killed (SIGKILL, not by this run), which happens when memory is short"),
        (failed("MemoryError: no"), b"", "ran out of memory (MemoryError)"),
        (failed(code=1), b"Traceback\nMemoryError\n", "ran out of memory (MemoryError)"),
        (failed(code=-6), b"  what():  std::bad_alloc\n", "ran out of memory (what():  std::bad_alloc)"),
        (failed(code=2), b"cc1: Cannot allocate memory", "ran out of memory (cc1: Cannot allocate memory)"),
        (failed(code=1), b"MemoryError\n1\n2\n3\n", ""),
        (failed(code=1), b"ValueError: MemoryError\n", ""),
        (failed("ValueError: MemoryError"), b"", ""),
        (failed(code=-15), b"", ""),
        (cancelled(code=-9), b"", ""),
        (succeeded(code=0), b"MemoryError", ""),
    ],
)
def test_lack_of_memory_is_told_from_other_failures(outcome: Outcome, stderr: bytes, words: str) -> None:
    """Facts are told as facts, and a kill that nobody knows the reason of as that."""
    assert Starvation(lambda: 0).words(outcome, stderr) == words


def test_a_kill_that_the_kernel_counted_is_a_fact() -> None:
    """Each one counts once."""
    machine = SmallMachine()
    starvation = Starvation(lambda: machine.kills)
    machine.kills = 1
    assert starvation.words(failed(code=-9), b"") == "was killed for lack of memory"
    assert starvation.words(failed(code=-9), b"").startswith("was killed (SIGKILL")


@pytest.mark.parametrize(
    ("text", "count", "shown"),
    [("4GB", 4 * GB, "4GB"), ("4 GiB", 4 << 30, "4.29GB"), ("512m", 512 * 10**6, "512MB"), ("1.5k", 1500, "1.5kB")],
)
def test_sizes(text: str, count: int, shown: str) -> None:
    """`GB` counts thousands, `GiB` 1024s."""
    assert as_bytes(text) == count
    assert shown_bytes(count) == shown


def test_pools_are_named_in_many_ways() -> None:
    """Names, pools, several of them, and how much."""
    pool = Pool("p", 3)
    assert [use.weight for use in pool_uses({pool: 2, "q": 1})] == [2, 1]
    assert pool_uses("p") == pool_uses(["p"])
    assert pool_uses(pool)[0].size == 3
    with pytest.raises(ValueError, match="whole number of at least 1"):
        pool_uses({"p": 0})


def test_pools_of_a_program(tmp_path: Path) -> None:
    """Given to the project by name, or with the tasks; too much of one is an error with a hint."""
    named = Task(id=TaskId("a"), action="true", limits=Limits(pools=pool_uses("p")))
    project = Project.of([named], str(tmp_path), pools=[Pool("p", 2)])
    limits = project.task("a").limits
    assert limits is not None
    assert [(use.pool, use.weight, use.size) for use in limits.pools] == [("p", 1, 2)]
    with pytest.raises(GraphError) as raised:
        Project.of([command("true", name="b", pool={Pool("p", 2): 3})], str(tmp_path)).plan("b")
    (problem,) = raised.value.problems
    assert problem.message == "task `b` takes 3 of pool `p`, which holds 2"
    assert problem.hint == "take at most 2, or make the pool larger"
    assert problem.where is not None
    assert problem.where.path.endswith("test_limiting.py")
    with pytest.raises(GraphError, match="takes from pool `p`, which is not declared"):
        Project.of([named], str(tmp_path)).plan("a")


def test_what_python_gets_wrong_is_told_at_its_line() -> None:
    """A weight of nothing, an unknown resource, a style that nobody speaks; a function with a jobserver."""
    wrong: Tuple[Dict[str, Any], ...] = (
        {"pool": {"p": 0}},
        {"resources": {"gpu": 1}},
        {"resources": {"cpu": -1}},
        {"jobserver": "pigeon"},
    )
    for arguments in wrong:
        with pytest.raises(ConfigError) as raised:
            command("true", **arguments)
        where = raised.value.problems[0].where
        assert where is not None
        assert where.path.endswith("test_limiting.py")
    with pytest.raises(GraphError, match="is a function and cannot be given a jobserver"):
        Project.of([task(jobserver=True)(test_sizes)]).plan("test-sizes")
