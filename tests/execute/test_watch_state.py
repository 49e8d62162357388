"""What a watch does after which change: stories with a fake clock, and random edits against a small model."""

from typing import Dict, FrozenSet, List, Mapping, Sequence, Set, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.execute.watch_state import (
    DEBOUNCE,
    FINISH,
    INTERRUPTIONS,
    LIMIT,
    QUEUE,
    RESTART,
    Began,
    Begin,
    Change,
    Changed,
    Interrupt,
    RoundOver,
    Scope,
    StartRound,
    StopRound,
    Wake,
    WatchState,
    Woke,
)
from taskrush.model.task import TaskId
from tests.execute.watch_world import Job, World

pytestmark = pytest.mark.core


CHAIN = {
    "compile": Job(reads=("a.c", "a.h"), makes=("a.o",)),
    "link": Job(needs=("compile",), reads=("a.o",), makes=("app",)),
    "docs": Job(reads=("doc.md",), makes=("doc.html",)),
    "all": Job(needs=("link", "docs")),
}


def test_everything_runs_once_at_first_and_own_outputs_trigger_nothing() -> None:
    assert World(CHAIN).begin().settle().take() == [("compile", "link", "docs", "all")]


def test_only_what_is_affected_and_what_follows_runs_again() -> None:
    world = World(CHAIN).begin().settle()
    world.take()
    assert world.edit("doc.md").settle().take() == [("docs", "all")]
    assert world.causes[-1] == {"docs": ("doc.md",)}
    assert world.edit("a.c", "a.h").settle().take() == [("compile", "link", "all")]
    assert world.causes[-1] == {"compile": ("a.c", "a.h")}
    assert world.edit("unrelated.txt").settle().take() == []


def test_same_content_is_no_change() -> None:
    """A touch, or a file written again with what it held, starts nothing."""
    world = World(CHAIN).begin().settle()
    world.edit("a.c").settle()
    world.take()
    same = Change("a.c", str(world.files["a.c"]), world.now)
    assert world.state.handle(Changed((same,), world.now)) == []
    assert world.settle().take() == []
    world.edit("doc.md").wait().start_one()
    world.take()
    assert world.state.handle(Changed((same._replace(at=world.now),), world.now)) == []


def test_a_change_that_is_taken_back_in_time_is_none() -> None:
    """A temporary file that comes and goes before anything was done about it starts nothing."""
    world = World({"any": Job(reads=None)}).begin().settle()
    world.take()
    world.edit("scratch")
    world.state.handle(Changed((Change("scratch", None, world.now),), world.now))
    assert world.settle().take() == []
    assert world.edit("scratch").settle().take() == [("any",)]


def test_many_changes_make_one_round_once_they_pause() -> None:
    world = World(CHAIN).begin().settle()
    world.take()
    state = world.state
    first = state.handle(Changed((Change("a.c", "1", 2000.0),), 2000.0))
    second = state.handle(Changed((Change("a.h", "2", 2000.03),), 2000.03))
    assert (first, second) == ([Wake(2000.0 + DEBOUNCE)], [Wake(2000.03 + DEBOUNCE)])
    assert state.handle(Woke(2000.0 + DEBOUNCE)) == []
    assert state.handle(Woke(2000.03 + DEBOUNCE)) == [
        StartRound((TaskId("compile"), TaskId("link"), TaskId("all")), {TaskId("compile"): ("a.c", "a.h")})
    ]


def test_a_task_that_says_nothing_of_its_inputs_follows_any_change_but_of_declared_outputs() -> None:
    jobs = {"gen": Job(reads=("in",), makes=("out",)), "test": Job(reads=None)}
    world = World(jobs).begin().settle()
    assert world.take() == [("gen", "test")]
    assert world.edit("whatever").settle().take() == [("test",)]
    assert world.edit("in").settle().take() == [("gen", "test")]


def test_an_output_changed_by_hand_affects_its_readers_not_its_maker() -> None:
    world = World(CHAIN).begin().settle()
    world.take()
    assert world.edit("a.o").settle().take() == [("link", "all")]
    assert world.edit("app").settle().take() == []


def test_outputs_of_a_task_that_failed_start_nobody() -> None:
    """Whoever waits for it was skipped and would only fail again."""
    world = World(CHAIN)
    world.failing = {"compile"}
    world.begin()
    world.start_one()
    world.end_one()
    world.start_one()  # `link` is skipped, and only then it is seen what `compile` made
    world.see().settle()
    assert world.take() == [("compile", "link", "docs", "all")]


def test_a_task_whose_inputs_cover_its_own_outputs_does_not_follow_itself() -> None:
    world = World({"build": Job(reads=("src", "out"), makes=("out",))}).begin().settle()
    assert (world.take(), world.alone) == ([("build",)], [])
    assert world.edit("src").settle().take() == [("build",)]
    assert world.edit("out").settle().take() == []


def test_a_reader_of_an_output_that_does_not_wait_for_its_maker_still_follows() -> None:
    jobs = {"gen": Job(reads=("in",), makes=("out",)), "show": Job(reads=("out",))}
    world = World(jobs)
    world.jobs = {TaskId("show"): world.jobs[TaskId("show")], TaskId("gen"): world.jobs[TaskId("gen")]}
    world.begin().settle()
    world.take()
    assert world.edit("in").settle().take() == [("gen",), ("show",)]


@pytest.mark.parametrize(("on_change", "stopped"), [(RESTART, 1), (FINISH, 0), (QUEUE, 0)])
def test_a_change_of_what_a_running_task_reads(on_change: str, stopped: int) -> None:
    """By choice the run is cut short and begun again, or ends first; either way the task sees the change."""
    world = World(CHAIN, on_change).begin()
    assert world.start_one()
    world.edit("a.c").wait()
    assert world.stopped == stopped
    rounds = world.settle().take()
    if stopped:
        assert rounds == [("compile", "link", "docs", "all")] * 2
    else:
        assert rounds == [("compile", "link", "docs", "all"), ("compile", "link", "all")]
    assert world.seen_by["compile"]["a.c"] == world.files["a.c"]


def test_a_change_of_what_a_waiting_task_reads_changes_nothing() -> None:
    """It has yet to start and will see the change anyhow."""
    world = World(CHAIN).begin()
    assert world.start_one()
    world.edit("doc.md").wait()
    assert world.stopped == 0
    assert world.settle().take() == [("compile", "link", "docs", "all")]


def test_what_was_cut_runs_again_with_what_is_affected() -> None:
    """A restart forgets nothing: tasks that never got their turn are in the next round."""
    world = World(CHAIN).begin()
    while world.seen_by.get("compile") is None or world.seen_by.get("link") is None:
        world.start_one() or world.end_one()
    world.edit("a.h").wait()
    assert world.settle().take()[1:] == [("compile", "link", "docs", "all")]


def test_finish_makes_one_round_of_all_changes_and_queue_one_of_each() -> None:
    for on_change, expected in (
        (FINISH, [("compile", "link", "docs", "all")]),
        (QUEUE, [("compile", "link", "all"), ("docs", "all")]),
    ):
        world = World(CHAIN, on_change).begin()
        while "docs" not in world.seen_by:
            world.start_one() or world.end_one()
        world.edit("a.c").wait().edit("doc.md").wait()
        assert world.settle().take()[1:] == expected


def test_a_failed_task_waits_for_a_change_and_runs_again_for_whom_it_is_needed() -> None:
    world = World(CHAIN)
    world.failing = {"compile"}
    world.begin().settle()
    assert world.take() == [("compile", "link", "docs", "all")]
    assert world.edit("doc.md").settle().take() == [("compile", "link", "docs", "all")]
    world.failing = set()
    assert world.edit("a.c").settle().take() == [("compile", "link", "all")]
    assert world.edit("doc.md").settle().take() == [("docs", "all")]


def test_values_computed_on_demand_trigger_nothing_and_are_computed_for_those_who_ask() -> None:
    jobs = {
        "sha": Job(on_demand=True, reads=None),
        "build": Job(needs=("sha",), reads=("a",)),
        "test": Job(reads=("t",)),
    }
    world = World(jobs).begin().settle()
    world.take()
    assert world.edit("a").settle().take() == [("sha", "build")]
    assert world.edit("t").settle().take() == [("test",)]
    assert world.edit("other").settle().take() == []


def test_a_formatter_runs_once_more_to_prove_its_work_clean_and_then_rests() -> None:
    world = World({"fmt": Job(reads=("a.py",), rewrites=("a.py",))})
    world.begin()
    world.start_one()
    world.end_one()
    world.jobs[TaskId("fmt")].rewrites = ()  # the second time there is nothing left to change
    world.settle()
    assert world.take() == [("fmt",), ("fmt",)]


@pytest.mark.parametrize("on_change", [RESTART, FINISH, QUEUE])
def test_a_task_that_always_changes_what_it_reads_is_left_alone_and_says_so_once(on_change: str) -> None:
    world = World({"stamp": Job(reads=("version",), rewrites=("version",))}, on_change).begin().settle()
    assert world.take() == [("stamp",)] * (LIMIT + 1)
    assert world.alone == ["stamp"]
    assert world.edit("version").settle().take() == [("stamp",)] * (LIMIT + 1), "a change from outside still counts"
    assert world.alone == ["stamp", "stamp"]


def test_two_tasks_that_change_each_others_inputs_come_to_rest() -> None:
    jobs = {"ping": Job(reads=("a",), rewrites=("b",)), "pong": Job(reads=("b",), rewrites=("a",))}
    world = World(jobs).begin().settle()
    assert len(world.take()) <= 2 * LIMIT + 2
    assert world.edit("a").settle().take()


def test_only_so_many_interruptions_by_changes_that_may_be_the_tasks_own() -> None:
    """Then what runs may end first, so that a run that is longer than the pauses between edits ends at all."""
    world = World({"slow": Job(reads=("a",))}).begin()
    for _ in range(INTERRUPTIONS + 2):
        assert world.start_one()
        world.edit("a").wait()
        world.end_one()
        world.end_round()
        world.wait()
    assert world.stopped == INTERRUPTIONS
    world.settle()
    assert world.seen_by["slow"]["a"] == world.files["a"]


def test_an_interruption_from_outside_runs_what_was_cut_again() -> None:
    world = World(CHAIN).begin()
    world.start_one()
    world._feed(Interrupt(world.now))
    assert world.stopped == 1
    assert world.settle().take() == [("compile", "link", "docs", "all")] * 2


def test_nothing_starts_while_held() -> None:
    world = World(CHAIN).begin().settle()
    world.take()
    world.state.held = True
    assert world.edit("a.c").settle().take() == []
    assert world.state.stale == {"compile"}


def test_tasks_that_are_to_run_again_do_so_when_it_is_woken() -> None:
    world = World(CHAIN)
    world.state.run_again([TaskId("docs")], "tasks.py")
    assert world.state.handle(Woke(world.now)) == [
        StartRound((TaskId("docs"), TaskId("all")), {TaskId("docs"): ("tasks.py",)})
    ]


# --- random edits -----------------------------------------------------------------

FILES = ("f0", "f1", "f2", "f3")


@st.composite
def jobs(draw: st.DrawFn) -> Dict[str, Job]:
    found: Dict[str, Job] = {}
    for number in range(draw(st.integers(1, 6))):
        earlier = sorted(found)
        needs = tuple(draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3))) if earlier else ()
        reads = draw(st.one_of(st.none(), st.lists(st.sampled_from(FILES), unique=True).map(tuple)))
        if reads is not None:
            reads = (*reads, *(f"out-{need}" for need in needs))
        makes = (f"out-t{number}",) if draw(st.booleans()) else ()
        found[f"t{number}"] = Job(needs=needs, reads=reads, makes=makes)
    return found


def closure(jobs: Mapping[str, Job], first: Set[str]) -> FrozenSet[str]:
    """`first` and all that wait for them: the model, by repetition."""
    found = set(first)
    while True:
        more = {name for name, job in jobs.items() if set(job.needs) & found} - found
        if not more:
            return frozenset(found)
        found |= more


def affected(jobs: Mapping[str, Job], paths: Sequence[str]) -> Set[str]:
    return {name for name, job in jobs.items() if job.reads is None or set(job.reads) & set(paths)}


@given(jobs(), st.lists(st.lists(st.sampled_from(FILES), min_size=1, unique=True), max_size=4))
@settings(max_examples=150, deadline=None)
def test_edits_while_nothing_runs_start_exactly_the_affected_and_what_follows(
    jobs: Dict[str, Job], edits: List[List[str]]
) -> None:
    world = World(jobs).begin().settle()
    assert [set(tasks) for tasks in world.take()] == [set(jobs)]
    for paths in edits:
        expected = closure(jobs, affected(jobs, paths))
        assert [frozenset(tasks) for tasks in world.edit(*paths).settle().take()] == ([expected] if expected else [])


@given(
    jobs(),
    st.sampled_from((RESTART, FINISH, QUEUE)),
    st.lists(st.sampled_from((*FILES, "start", "end", "round", "wait", "see")), max_size=25),
)
@settings(max_examples=300, deadline=None)
def test_whatever_happens_when_no_edit_is_lost(jobs: Dict[str, Job], on_change: str, script: List[str]) -> None:
    """In the end every task ran after the last change of what it reads and after the last run of what it needs."""
    world = World(jobs, on_change).begin()
    for word in script:
        if word in FILES:
            world.edit(word, see=False)
        else:
            getattr(world, {"start": "start_one", "end": "end_one", "round": "end_round"}.get(word, word))()
    world.settle()
    if world.alone:  # edits that kept coming while the same task ran, more often than the limit allows
        assert script.count("start") >= LIMIT
        return
    for name, job in jobs.items():
        reads = FILES if job.reads is None else job.reads
        seen = {path: world.seen_by[name].get(path, 0) for path in reads}
        assert seen == {path: world.files.get(path, 0) for path in reads}, name


def served() -> WatchState:
    """`build` makes what the service `web` runs, `test` needs it, `other` does not."""
    readers = {"src": ["build"], "web.conf": ["web"], "test.c": ["test"], "other.c": ["other"]}
    scope = Scope(
        tasks=tuple(map(TaskId, ("build", "web", "test", "other"))),
        needs={TaskId("web"): (TaskId("build"),), TaskId("test"): (TaskId("web"),)},
        readers=lambda path: map(TaskId, readers.get(path, ())),
        makers=lambda path: (),
        services=frozenset([TaskId("web")]),
    )
    return WatchState(scope, dict.fromkeys(readers, "old"))


def change(state: WatchState, path: str, now: float) -> List[object]:
    state.handle(Changed((Change(path, f"at {now}", now),), now))
    return list(state.handle(Woke(now + DEBOUNCE)))


def over(state: WatchState, well: str, cut: str = "", now: float = 0.0) -> List[object]:
    names = [frozenset(map(TaskId, text.split())) for text in (well, cut)]
    return list(state.handle(RoundOver(names[0], names[1], now)))


def rounds(instructions: List[object]) -> List[Tuple[str, str]]:
    return [(" ".join(one.tasks), " ".join(one.renewed)) for one in instructions if isinstance(one, StartRound)]


def test_a_service_is_in_each_round_that_needs_it_and_renewed_only_by_what_concerns_it() -> None:
    state = served()
    assert rounds(list(state.handle(Begin(0.0)))) == [("build web test other", "")]
    over(state, "build web test other", now=1.0)
    assert rounds(change(state, "test.c", 2.0)) == [("web test", "")]
    over(state, "web test", now=3.0)
    assert rounds(change(state, "other.c", 4.0)) == [("other", "")]
    over(state, "other", now=5.0)
    assert rounds(change(state, "web.conf", 6.0)) == [("web test", "web")]
    over(state, "web test", now=7.0)
    assert rounds(change(state, "src", 8.0)) == [("build web test", "web")]


def test_a_round_that_is_cut_brings_its_service_back_but_nothing_for_its_sake() -> None:
    """`test` is interrupted by its own change; the service that was cut with it is lent again, as it is."""
    state = served()
    state.handle(Begin(0.0))
    over(state, "build web test other", now=1.0)
    change(state, "test.c", 2.0)
    for task in ("web", "test"):
        state.handle(Began(TaskId(task), 2.1))
    assert StopRound() in change(state, "test.c", 3.0)
    assert rounds(over(state, "", "web test", now=3.2)) == [("web test", "")]
