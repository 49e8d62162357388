"""Going on with the last run: after failures, after Ctrl-C, after the runner was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, List, Optional, Sequence

import pytest

from taskrush import Project, State, TaskSet, UsageError, result_of, task
from taskrush.model.history import UNDER_WAY, PastAttempt, PastRun, PastTask
from taskrush.model.task import TaskId
from taskrush.resuming import Rest, rest
from tests.scenarios.rush import Scratch, environment

FILE = """
tasks:
  a: {cmd: echo a >> trace}
  b: {cmd: echo b >> trace; test -e fixed, deps: [a]}
  c: {cmd: echo c >> trace, deps: [b]}
  d: {cmd: echo d >> trace; test -e fixed}
  e: {cmd: echo e >> trace}
  all: {deps: [c, d, e]}
"""


def ran_now(scratch: Scratch, *words: str) -> List[str]:
    """What this command line runs, in order."""
    scratch.ran()
    scratch.rush("-j1", *words)
    return scratch.ran()


@pytest.mark.core
def test_failed_runs_what_failed_and_resume_what_did_not_end_well(scratch: Scratch) -> None:
    """Nothing that ended well runs again; going on twice is going on with the same targets."""
    scratch.write(".rush", FILE)
    assert ran_now(scratch, "-k", "all") == ["a", "b", "d", "e"]
    assert ran_now(scratch, "-k", "run", "--failed") == ["b", "d"]
    scratch.write("fixed", "")
    assert ran_now(scratch, "--failed") == ["b", "d"]
    assert ran_now(scratch, "--resume") == ["c"]
    done = scratch.rush("--resume")
    assert (done.code, done.out) == (0, "")
    assert "nothing is left to do of run" in done.err
    assert "nothing failed in run" in scratch.rush("run", "--failed").err


def test_resume_at_once(scratch: Scratch) -> None:
    """The failed ones and what needed them, in one go, with their options, as a dry run too."""
    scratch.write(".rush", FILE)
    ran_now(scratch, "-k", "all")
    scratch.write("fixed", "")
    shown = json.loads(scratch.rush("--resume", "--dry-run", "--output=json").out)
    assert (shown["tasks"], shown["targets"]) == (["b", "c", "d", "all"], ["all"])
    assert ran_now(scratch, "--resume") == ["b", "c", "d"]


def test_the_first_failure_leaves_the_rest(scratch: Scratch) -> None:
    """Without `-k` most never ran: resuming runs them, `--failed` does not."""
    scratch.write(".rush", FILE)
    assert ran_now(scratch, "all") == ["a", "b"]
    scratch.write("fixed", "")
    done = scratch.rush("-j1", "--failed")
    assert scratch.ran() == ["b"]
    assert done.code == 0
    assert ran_now(scratch, "--resume") == ["c", "d", "e"]


def test_parameters_and_extra_words_are_those_of_the_last_run(scratch: Scratch) -> None:
    """Lists, odd texts, flags, paths, and what followed `--`; giving them anew is refused."""
    scratch.write(
        ".rush",
        """
        tasks:
          t:
            params:
              name: {default: x}
              many: {many: true}
              flag: {type: bool, default: false}
              number: {type: int, default: 1}
            cmd: |
              p() { printf '<%s>' "$@"; }
              p "$name" "$many" "$flag" "$number" "$@" >> out; echo >> out; exit 1
        """,
    )
    words = ["--name", "it's $HOME", "--many", "a b", "--many", "c", "--flag", "--number=7", "--", "-x", "y z", ""]
    assert scratch.rush("t", *words).code == 1
    assert scratch.rush("--failed").code == 1
    assert scratch.rush("run", "--resume").code == 1
    lines = (scratch.root / "out").read_text().splitlines()
    assert lines == ["<it's $HOME><a b c><true><7><-x><y z><>"] * 3
    done = scratch.rush("--failed", "t", "--number=8")
    assert (done.code, "with the parameters that they had" in done.err) == (2, True)


def test_a_secret_is_not_remembered_and_asked_for(scratch: Scratch) -> None:
    """A parameter that held one cannot be given again."""
    scratch.write(".rush", "secrets: [TOKEN]\ntasks: {t: {params: {key: ''}, cmd: exit 1}}")
    assert scratch.rush("t", "--key", "hunter2000", env={"TOKEN": "hunter2000"}).code == 1
    done = scratch.rush("--failed", env={"TOKEN": "hunter2000"})
    assert done.code == 2
    assert "parameter `key` of task `t` held a secret" in done.err
    assert "hunter2000" not in done.all


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--failed"], "no run is remembered"),
        (["--resume", "d"], "no run of `d` is remembered"),
        (["--failed", "--resume"], "it is either `--failed` or `--resume`"),
        (["--failed", "--watch"], "`--failed` does not go with `--watch`"),
        (["--resume", "--only"], "`--resume` does not go with `--only`"),
    ],
)
def test_what_cannot_be_done_is_said(scratch: Scratch, words: List[str], message: str) -> None:
    """And nothing is run."""
    scratch.write(".rush", FILE)
    done = scratch.rush("run", *words)
    assert (done.code, message in done.err) == (2, True), done.err
    assert not (scratch.root / "trace").exists()


def test_tasks_that_are_gone(scratch: Scratch) -> None:
    """One of several is a warning, the only one is all there is to say, a target is an error."""
    scratch.write(".rush", FILE)
    ran_now(scratch, "-k", "all")
    scratch.write(".rush", FILE.replace("  d: {", "  x: {").replace("[c, d, e]", "[c, e]"))
    done = scratch.rush("-j1", "--failed")
    assert "warning: `d` failed in run" in done.err
    assert scratch.ran()[-1] == "b"
    scratch.write(".rush", "tasks: {other: 'true'}")
    done = scratch.rush("--failed")
    assert (done.code, "was of `all`, which does not exist any more" in done.err) == (2, True)


def test_the_last_run_of_a_target(scratch: Scratch) -> None:
    """With a name it is the last run of that, whatever ran since."""
    scratch.write(".rush", FILE)
    ran_now(scratch, "d")
    ran_now(scratch, "e")
    assert "nothing failed in run" in scratch.rush("--failed").err
    assert ran_now(scratch, "--failed", "d") == ["d"]


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_after_an_interruption(scratch: Scratch, number: int) -> None:
    """What ran, what waited and what never came up goes on; what had ended well stays out; and again after that."""
    scratch.write(
        ".rush",
        """
        tasks:
          one: {cmd: echo one >> trace}
          two: {cmd: "echo two >> trace; test -e go || sleep 30", deps: [one]}
          three: {cmd: "echo three >> trace; test -e go2 || sleep 30", deps: [two]}
          four: {cmd: echo four >> trace, deps: [three]}
        """,
    )
    interrupt(scratch, ["four"], "two", number)
    scratch.write("go", "")
    interrupt(scratch, ["--resume"], "three", number)
    scratch.write("go2", "")
    assert scratch.ran() == ["one", "two", "two", "three"]
    done = scratch.rush("--failed")
    assert (done.code, "hint: `taskrush run --resume`" in done.err) == (0, True)
    assert ran_now(scratch, "run", "--resume") == ["three", "four"]
    assert "nothing is left to do" in scratch.rush("--resume").err


def interrupt(scratch: Scratch, words: Sequence[str], at: str, number: int) -> None:
    """Run until a task has left its trace, then send a signal to the runner."""
    program = [sys.executable, "-m", "taskrush", *words]
    started = subprocess.Popen(program, cwd=scratch.root, env=environment(None), stderr=subprocess.DEVNULL)
    trace = scratch.root / "trace"
    until = time.monotonic() + 20
    while at not in (trace.read_text() if trace.exists() else ""):
        assert time.monotonic() < until
        time.sleep(0.02)
    time.sleep(0.1)
    started.send_signal(number)
    assert started.wait(20) in (130, -signal.SIGKILL)


def test_kept_dependencies_are_asked_and_values_made_again(scratch: Scratch) -> None:
    """A kept task is fresh or, with another input, runs again; a value comes from the task that returns it."""
    scratch.write("src", "1")
    scratch.write(
        ".rush",
        """
        tasks:
          plain: {cmd: echo plain >> trace}
          kept: {cmd: echo kept >> trace; cp src made, deps: [plain], inputs: [src], outputs: [made]}
        """,
    )
    scratch.write(
        "tasks.py",
        """
        import os
        from taskrush import task, result_of

        def trace(text):
            with open("trace", "a") as file:
                file.write(text + "\\n")

        @task
        def number():
            trace("number")
            return 41

        @task(deps=["kept"])
        def last(value=result_of(number)):
            trace(f"last {value + 1} {open('made').read()}")
            if not os.path.exists("fixed"):
                raise SystemExit(2)
        """,
    )
    assert sorted(ran_now(scratch, "last")) == ["kept", "last 42 1", "number", "plain"]
    assert ran_now(scratch, "--failed") == ["number", "last 42 1"]
    scratch.write("src", "2")
    scratch.write("fixed", "")
    assert sorted(ran_now(scratch, "--failed")) == ["kept", "last 42 2", "number"]


def test_what_stands_on_something_left_out_is_not_kept(scratch: Scratch) -> None:
    """Nobody can tell what a task without outputs did in a former run, so nothing is remembered as made from it."""
    scratch.write(
        ".rush",
        """
        tasks:
          gen: {cmd: "echo gen >> trace; echo old > generated"}
          pack: {cmd: "echo pack >> trace; cp generated packed; test -e fixed", deps: [gen], inputs: [src],
                 outputs: [packed]}
        """,
    )
    scratch.write("src", "1")
    ran_now(scratch, "pack")
    scratch.write("fixed", "")
    text = (scratch.root / ".rush").read_text()
    scratch.write(".rush", text.replace("echo old >", "echo new >"))
    assert ran_now(scratch, "--resume") == ["pack"]
    assert ran_now(scratch, "pack") == ["gen", "pack"]
    assert (scratch.root / "packed").read_text() == "new\n"


def test_finally_tasks_of_what_runs_again(scratch: Scratch) -> None:
    """They clean up again, and hear how those ended that they follow."""
    scratch.write(
        ".rush",
        """
        tasks:
          clean: {cmd: 'echo "clean $TASKRUSH_OUTCOME" >> trace'}
          test: {cmd: echo test >> trace; test -e fixed, finally: [clean]}
        """,
    )
    assert ran_now(scratch, "test") == ["test", "clean failed"]
    scratch.write("fixed", "")
    assert ran_now(scratch, "--failed") == ["test", "clean succeeded"]


def test_a_finally_task_that_failed_itself(scratch: Scratch) -> None:
    """It hears how those ended that ran before it in the last run, and are not run again."""
    scratch.write(
        ".rush",
        """
        tasks:
          clean: {cmd: 'echo "clean $TASKRUSH_OUTCOME_TASK $TASKRUSH_OUTCOME" >> trace; exit 1'}
          test: {cmd: echo test >> trace, finally: [clean]}
        """,
    )
    assert ran_now(scratch, "test") == ["test", "clean test succeeded"]
    assert ran_now(scratch, "--failed") == ["clean test succeeded"]


# --- by the protocol alone --------------------------------------------------------------------------------------------


class Past:
    """A history of a few runs, the newest last."""

    def __init__(self, *runs: PastRun, tasks: Sequence[PastTask] = ()) -> None:
        self._runs = runs
        self._tasks = tasks

    def runs(self, limit: Optional[int] = None, **wanted: Any) -> Sequence[PastRun]:
        target = wanted.get("target")
        return [run for run in reversed(self._runs) if target is None or target in run.targets][:limit]

    def tasks(self, run: Optional[str] = None, **wanted: Any) -> Sequence[PastTask]:
        return [past for past in self._tasks if past.run == run]

    def attempts(self, run: str, task: str) -> Sequence[PastAttempt]:
        return ()

    def durations(self, tasks: Any) -> Any:
        return {}

    def peaks(self, tasks: Any) -> Any:
        return {}


def past_task(run: str, name: str, state: State) -> PastTask:
    return PastTask(run=run, task=TaskId(name), state=state.value, ok=state is State.SUCCEEDED)


@task
def first() -> None: ...


@task(deps=[first])
def second(value: int = 1) -> None: ...


@task(deps=[second])
def third(value: None = result_of(first)) -> None: ...


PROJECT = Project.of(TaskSet([first, second, third]))


def left(history: Past, **options: Any) -> Rest:
    return rest(PROJECT, history, **options)  # type: ignore[arg-type]


def test_a_run_that_goes_on_is_not_the_last_one() -> None:
    """Somebody watches in another terminal; what they do is not over."""
    target = (TaskId("third"),)
    history = Past(
        PastRun(run="1", began_at=1.0, exit_code=1, targets=target),
        PastRun(run="2", began_at=2.0, targets=target, reason=UNDER_WAY),
        tasks=[past_task("1", "first", State.SUCCEEDED), past_task("1", "second", State.FAILED)],
    )
    assert left(history).run.run == "1"
    with pytest.raises(UsageError, match="no run is remembered"):
        left(Past(PastRun(run="2", began_at=2.0, targets=target, reason=UNDER_WAY)))


def test_only_a_run_that_resumes_stands_on_an_earlier_one() -> None:
    """A new run that was killed at once has done nothing, whatever had been done before."""
    target = (TaskId("second"),)
    tasks = [past_task("1", "first", State.SUCCEEDED), past_task("1", "second", State.FAILED)]
    one = PastRun(run="1", began_at=1.0, exit_code=1, targets=target)
    fresh = PastRun(run="2", began_at=2.0, targets=target)
    resumed = PastRun(run="2", began_at=2.0, targets=target, resumes="1")
    assert left(Past(one, fresh, tasks=tasks)).undone == ("first", "second")
    assert left(Past(one, resumed, tasks=tasks)).undone == ("second",)
    ring = PastRun(run="1", began_at=1.0, targets=target, resumes="2")
    assert left(Past(ring, resumed, tasks=tasks)).undone == ("second",)


def test_parameters_are_settled_as_they_were() -> None:
    """Values, not texts; a parameter that is gone is left out."""
    run = PastRun(
        run="1",
        began_at=1.0,
        exit_code=1,
        targets=(TaskId("second"),),
        arguments={"second": {"value": "7", "gone": "x"}, "nobody": {"a": "b"}},
    )
    found = left(Past(run, tasks=[past_task("1", "second", State.FAILED)]), failed=True)
    assert [(one.id, dict(one.arguments)) for one in found.plan.tasks] == [("second", {"value": 7})]


def test_a_program_can_go_on_as_well(tmp_path: Path) -> None:
    """`rest` gives a plan and what it stands on to `Project.executor`."""
    (tmp_path / ".rush").write_text("tasks: {a: 'true', b: {cmd: test -e fixed, deps: [a]}}")
    project = Project.load(str(tmp_path))
    tasks = [past_task("1", "a", State.SUCCEEDED), past_task("1", "b", State.FAILED)]
    history = Past(PastRun(run="1", began_at=1.0, exit_code=1, targets=(TaskId("b"),)), tasks=tasks)
    (tmp_path / "fixed").write_text("")
    found = rest(project, history)  # type: ignore[arg-type]
    result = project.executor(found.plan, earlier=found.earlier).run()
    assert (result.ok, list(result.outcomes)) == (True, ["b"])
