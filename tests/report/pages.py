"""Runs to make pages of, and a real browser to look at them."""

import queue
import threading
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest

from taskrush.model.failure import Cause, Failure
from taskrush.model.history import PastAttempt, PastRun, PastTask
from taskrush.model.task import TaskId
from taskrush.report.html.facts import Advice, Declared, Expected, Fared, Profiled, RunPage, Shift
from taskrush.report.spooled import Spooled
from tests.needs import needs_program

AT = 1767323045.0
EVIL = "</script><img src=x onerror=alert(1)>"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def past(name: str, start: float = 0.0, seconds: float = 1.0, state: str = "succeeded", **fields: Any) -> PastTask:
    known = {"run": "r9", "ok": state in ("succeeded", "warned", "fresh", "hit"), "began_at": AT + start}
    if state in ("fresh", "hit", "skipped"):
        known.update(began_at=None)
        seconds = 0.0
    return PastTask(task=TaskId(name), state=state, seconds=seconds, **{**known, **fields})


TASKS = (
    past("gen", 0.0, 1.0, why="input src.txt changed"),
    past("lib:core", 1.0, 4.0, log_bytes=9),
    past("lib:util", 1.0, 2.0, waited_seconds=0.5, peak_bytes=5 << 20),
    past("old", state="hit", saved_seconds=7.5),
    past(EVIL, 5.0, 1.0, "failed", code=3, reason=f"exit code 3 {EVIL}", log_bytes=99),
    past("lint", 3.0, 1.0, "warned", code=4, reason="exit code 4", log_bytes=5),
    past("e2e", 8.0, 1.0, attempts=2),
    past("package", state="skipped", reason=f"needs `{EVIL}`, which failed"),
)
EDGES = (("lib:core", "gen"), ("lib:util", "gen"), (EVIL, "lib:core"), ("e2e", "lib:core"), ("package", EVIL))
LOGS: Dict[str, bytes] = {
    "lib:core": b"\x1b[32mok\x1b[0m\n",
    EVIL: f"10%\r20%\r{EVIL}\r\n\x1b]0;title\x07bell\x07 ".encode() + b"\xff\x1b[31mred\x1b[0m\xe2\x80\xae",
    "lint": b"3 warnings\n",
}


def sample(**fields: Any) -> RunPage:
    """A run in which a bit of everything happened."""
    run = PastRun(
        run="r9", began_at=AT, seconds=9.0, exit_code=1, targets=(TaskId("package"),), jobs=2, host="here", tasks=8
    )
    tries = tuple(
        PastAttempt(run="r9", task=TaskId("e2e"), attempt=number, state=state, began_at=AT + at, seconds=1.0)
        for number, state, at in ((1, "failed", 6.0), (2, "succeeded", 8.0))
    )
    earlier = tuple(
        PastRun(run=f"r{number}", began_at=AT - 86400 * (9 - number), seconds=5.0 + number, ok=True, exit_code=0)
        for number in range(8, 0, -1)
    )
    before = [past("gen", seconds=float(number), run=f"r{number}") for number in range(1, 9)]
    known: Dict[str, Any] = {
        "run": Spooled(run=run, tasks=TASKS, numbers=tuple(range(8)), attempts=tries),
        "edges": EDGES,
        "path": ("gen", "lib:core", "e2e"),
        "slack": {"lib:util": 2.0, EVIL: 2.0, "lint": 4.0, "gen": 0.0},
        "declared": {"gen": Declared(description="makes sources", command="./gen", cached=True)},
        "failures": {EVIL: Failure(lines=("ValueError: <b>",), causes=(Cause(kind="x", message="no disk"),))},
        "log": lambda task, most: LOGS.get(task, b"")[-most:],
        "runs": earlier,
        "past": {"gen": before},
        "expected": Expected(
            seconds=8.5, low=8.0, high=9.5, runs=4, advice=(Advice(kind="faster", seconds=2.0, task="lib:core"),)
        ),
        "profile": Profiled(
            about="runs of a week",
            fared=(Fared(kind="task", name="gen", count=9, p50=4.0, p90=8.0, p99=8.0, base=2.0, sure=True),),
            shifts=(
                Shift(name="gen", measure="wall time", unit="seconds", at=AT - 86400, run="r8", before=2.0, after=4.0),
            ),
        ),
    }
    return RunPage(**{**known, **fields})


def large(count: int) -> RunPage:
    """A run of so many tasks, each with a name, edges and times of its own."""
    names = [f"group-{number % 7}:module-{number:05}" for number in range(count)]
    tasks = tuple(
        past(
            name,
            number // 8 * 0.5,
            0.25 + number % 9 * 0.031,
            waited_seconds=0.0123 * (number % 5),
            cpu_user_seconds=0.1234,
            cpu_system_seconds=0.0123,
            peak_bytes=20_000_000 + 4096 * number,
            why=f"input src/{number % 50}.c changed",
            log_bytes=100,
        )
        for number, name in enumerate(names)
    )
    edges = [
        (names[number], names[on]) for number in range(count) for on in {number // 2, number - 1} if 0 <= on < number
    ]
    run = PastRun(run="r9", began_at=AT, seconds=count / 16 + 1, ok=True, exit_code=0, jobs=8, tasks=count)
    return RunPage(
        run=Spooled(run=run, tasks=tasks, numbers=tuple(range(count))),
        edges=edges,
        path=names[:40],
        slack={name: 0.5 * (number % 3) for number, name in enumerate(names)},
        declared={name: Declared(command=f"cc -c {name}.c", cached=True) for name in names},
        log=lambda task, most: b"compiled without a warning\n" * 4,
    )


Script = Callable[[Any, Any], Any]


class Browser:
    """Chromium, driven from a thread of its own: playwright's loop must not be seen by other tests."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Any] = queue.Queue()
        self._answers: queue.Queue[Tuple[Any, Any]] = queue.Queue()
        self._thread = threading.Thread(target=self._drive, daemon=True)
        self._thread.start()

    def _drive(self) -> None:
        from playwright.sync_api import sync_playwright

        try:
            with sync_playwright() as started:
                browser = started.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
                while True:
                    job = self._jobs.get()
                    if job is None:
                        browser.close()
                        return
                    try:
                        self._answers.put((job(started, browser), None))
                    except BaseException as error:
                        self._answers.put((None, error))
        except BaseException as error:
            self._answers.put((None, error))

    def visit(self, path: Path, script: Script, device: str = "", **options: Any) -> Tuple[Any, List[str], List[str]]:
        """What a script gives that is run on the page, complaints of its console, and requests beyond the file."""

        def job(started: Any, browser: Any) -> Any:
            context = browser.new_context(
                **{"reduced_motion": "reduce", **(started.devices[device] if device else {}), **options}
            )
            try:
                page = context.new_page()
                page.set_default_timeout(15_000)
                complaints: List[str] = []
                requests: List[str] = []
                page.on("console", lambda message: complaints.append(message.text))
                page.on("pageerror", lambda error: complaints.append(str(error)))
                page.on("dialog", lambda dialog: (complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
                page.on("request", lambda request: requests.append(request.url))
                page.goto(path.as_uri())
                page.wait_for_selector("html[data-ready]")
                found = script(page, context)
                return found, complaints, [url for url in requests[1:] if not url.startswith("data:")]
            finally:
                context.close()

        self._jobs.put(job)
        answer, error = self._answers.get(timeout=120)
        if error is not None:
            raise error
        return answer  # type: ignore[no-any-return]

    def close(self) -> None:
        self._jobs.put(None)
        self._thread.join(20)


def real_browser() -> Browser:
    """Started, or the test is skipped for a reason that is said."""
    import sys

    if sys.version_info < (3, 10):
        pytest.skip("pages are looked at by Python 3.10 and later: playwright supports no older one")
    needs_program("chromium")
    pytest.importorskip("playwright.sync_api")
    return Browser()
