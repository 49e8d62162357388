"""Delays and their end are tenacity's own, by its own loop under a fake clock; conditions are told one by one."""

import random
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest
import tenacity
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.execute.retry import AttemptFailed, Attempts, Policy, ended_so
from taskrush.model.outcome import Outcome, cancelled, failed, succeeded
from taskrush.model.retry import Retry, exception_name
from taskrush.testing.fakes import FakeClock

pytestmark = pytest.mark.core
ATTEMPT_SECONDS = 2.0  # how long each attempt takes
wait_fixed, wait_exponential = tenacity.wait_fixed, tenacity.wait_exponential


class Time:
    """What tenacity asks for the time."""

    def __init__(self, clock: FakeClock) -> None:
        self.monotonic = clock.monotonic
        self.sleep = clock.pass_


def by_tenacity(monkeypatch: pytest.MonkeyPatch, **policy: Any) -> List[float]:
    """The seconds that tenacity's own loop sleeps, when every attempt takes a while and fails."""
    clock = FakeClock()
    monkeypatch.setattr(tenacity, "time", Time(clock))
    slept: List[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.pass_(seconds)

    def attempt() -> None:
        clock.pass_(ATTEMPT_SECONDS)
        raise AttemptFailed(failed("no"))

    random.seed(7)
    with pytest.raises(tenacity.RetryError):
        tenacity.Retrying(sleep=sleep, **policy)(attempt)
    return slept


def by_us(retry: Retry) -> List[float]:
    """The same as `Attempts` has it."""
    clock = FakeClock()
    attempts = Attempts(retry, ".", clock)
    slept: List[float] = []
    random.seed(7)
    while len(slept) < 50:
        attempts.begin()
        clock.pass_(ATTEMPT_SECONDS)
        delay = attempts.delay(failed("no"))
        if delay is None:
            return slept
        slept.append(delay)
        clock.pass_(delay)
    return slept


class TwicePlusOne(tenacity.wait.wait_base):
    """A strategy of somebody's own."""

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        return 2.0 * retry_state.attempt_number + 1


def times(number: int) -> Any:
    return tenacity.stop_after_attempt(number)


def before(seconds: float) -> Any:
    """Older ones have none, and say so here."""
    return getattr(tenacity, "stop_before_delay", lambda _: pytest.skip("this tenacity cannot stop before a delay"))(
        seconds
    )


TABLE: Dict[str, Tuple[Retry, Callable[[], Dict[str, Any]], Optional[List[float]]]] = {
    "a number": (Retry(attempts=3), lambda: {"stop": times(3)}, [0, 0]),
    "one": (Retry(attempts=1), lambda: {"stop": times(1)}, []),
    "fixed": (
        Retry(attempts=4, delay="fixed 10s"),
        lambda: {"stop": times(4), "wait": wait_fixed(10)},
        [10, 10, 10],
    ),
    "a time": (Retry(attempts=2, delay="1m30s"), lambda: {"stop": times(2), "wait": wait_fixed(90)}, [90]),
    "exponential": (
        Retry(attempts=5, delay="exponential"),
        lambda: {"stop": times(5), "wait": wait_exponential()},
        [1, 2, 4, 8],
    ),
    "exponential from": (
        Retry(attempts=5, delay="exponential 500ms"),
        lambda: {"stop": times(5), "wait": wait_exponential(multiplier=0.5)},
        [0.5, 1, 2, 4],
    ),
    "exponential, bounded": (
        Retry(attempts=7, delay="exponential", max_delay="5s"),
        lambda: {"stop": times(7), "wait": wait_exponential(max=5)},
        [1, 2, 4, 5, 5, 5],
    ),
    "linear": (
        Retry(attempts=4, delay="linear 5s"),
        lambda: {"stop": times(4), "wait": tenacity.wait_incrementing(5, 5)},
        [5, 10, 15],
    ),
    "several": (
        Retry(attempts=6, delay="1s,5s, 30s"),
        lambda: {"stop": times(6), "wait": tenacity.wait_chain(wait_fixed(1), wait_fixed(5), wait_fixed(30))},
        [1, 5, 30, 30, 30],
    ),
    "a strategy of tenacity": (
        Retry(attempts=4, delay=TwicePlusOne()),
        lambda: {"stop": times(4), "wait": TwicePlusOne()},
        [3, 5, 7],
    ),
    "a function": (
        Retry(attempts=4, delay=lambda attempt: 10.0 * attempt),
        lambda: {"stop": times(4), "wait": lambda state: 10.0 * state.attempt_number},
        [10, 20, 30],
    ),
    "jitter": (
        Retry(attempts=9, delay="10s", jitter="2s"),
        lambda: {"stop": times(9), "wait": wait_fixed(10) + tenacity.wait_random(0, 2)},
        None,
    ),
    "jitter, exponential, bounded": (
        Retry(attempts=9, delay="exponential", jitter=1, max_delay=6),
        lambda: {"stop": times(9), "wait": tenacity.wait_exponential_jitter(initial=1, max=6, jitter=1)},
        None,
    ),
    "full jitter": (
        Retry(attempts=9, delay="exponential", jitter="full", max_delay="20s"),
        lambda: {"stop": times(9), "wait": tenacity.wait_random_exponential(multiplier=1, max=20)},
        None,
    ),
    "a deadline": (
        Retry(attempts=99, delay="10s", deadline="1m"),
        lambda: {"stop": times(99) | before(60), "wait": wait_fixed(10)},
        [10, 10, 10, 10],
    ),
    "a deadline, exponential": (
        Retry(attempts=99, delay="exponential", deadline=40),
        lambda: {"stop": times(99) | before(40), "wait": wait_exponential()},
        [1, 2, 4, 8],
    ),
    "attempts before the deadline": (
        Retry(attempts=3, delay="10s", deadline="1h"),
        lambda: {"stop": times(3) | before(3600), "wait": wait_fixed(10)},
        [10, 10],
    ),
    "numbers beyond all bounds": (
        Retry(attempts=40, delay="exponential 100d", max_delay="1h"),
        lambda: {"stop": times(40), "wait": wait_exponential(multiplier=8640000, max=3600)},
        [3600] * 39,
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_delays_are_those_of_tenacitys_loop(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every form of a policy sleeps what tenacity sleeps, as often as tenacity does."""
    retry, policy, expected = TABLE[name]
    theirs = by_tenacity(monkeypatch, **policy())
    ours = by_us(retry)
    assert ours == theirs
    assert expected is None or ours == expected
    if expected is None:
        assert len(set(ours)) > 3, "there is no chance in it"


@settings(max_examples=100, deadline=None)
@given(
    attempts=st.integers(1, 8),
    first=st.sampled_from([0.1, 1.0, 3.0]),
    most=st.none() | st.sampled_from([0.5, 4.0, 60.0]),
    deadline=st.none() | st.integers(1, 100),
)
def test_any_exponential_policy_agrees(
    attempts: int, first: float, most: Optional[float], deadline: Optional[int]
) -> None:
    """The same for policies that nobody thought of."""
    if deadline is not None and not hasattr(tenacity, "stop_before_delay"):
        return
    policy: Dict[str, Any] = {"stop": times(attempts) if deadline is None else times(attempts) | before(deadline)}
    policy["wait"] = wait_exponential(multiplier=first, **({} if most is None else {"max": most}))
    retry = Retry(attempts=attempts, delay=f"exponential {first}s", max_delay=most, deadline=deadline)
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert by_us(retry) == by_tenacity(monkeypatch, **policy)


def test_a_part_of_a_delay_by_chance() -> None:
    """`25%` makes it up to a quarter longer, never shorter, and `max_delay` bounds that too."""
    slept = by_us(Retry(attempts=40, delay="10s", jitter="25%"))
    assert 10 <= min(slept) < 11 < 12 < max(slept) <= 12.5
    assert max(by_us(Retry(attempts=40, delay="10s", jitter="25%", max_delay=11))) == 11


def test_full_jitter_of_any_delay() -> None:
    """Anything between nothing and the delay, not only of exponential ones."""
    slept = by_us(Retry(attempts=40, delay="10s", jitter="full"))
    assert 0 <= min(slept) < 2 < 8 < max(slept) <= 10


def test_a_delay_of_a_file(tmp_path: Path) -> None:
    """`custom FILE.py:FUNCTION` is loaded when it is needed, once."""
    (tmp_path / "ci").mkdir()
    (tmp_path / "ci" / "backoff.py").write_text("COUNT = []\ndef wait(attempt):\n    return attempt * 3\n")
    policy = Policy(Retry(attempts=9, delay="custom ci/backoff.py:wait"), str(tmp_path))
    assert [policy.delay(number, 0.0, 1.0, failed()) for number in (1, 2)] == [3.0, 6.0]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("def wait(attempt): return 'x'", TypeError),
        ("def wait(attempt): 1 / 0", ZeroDivisionError),
        ("x = 1", LookupError),
    ],
)
def test_a_delay_of_a_file_that_goes_wrong(tmp_path: Path, text: str, kind: Any) -> None:
    """Whatever it raises comes out; who asked says so."""
    (tmp_path / "backoff.py").write_text(text + "\n")
    with pytest.raises(kind):
        Policy(Retry(delay="custom backoff.py:wait"), str(tmp_path)).delay(1, 0.0, 1.0, failed())


def test_a_negative_delay_is_none() -> None:
    """Who computes less than nothing does not wait."""
    assert by_us(Retry(attempts=3, delay=lambda attempt: -5.0)) == [0, 0]


def test_the_time_that_a_task_has_for_all_of_its_attempts() -> None:
    """No attempt is waited for that could not start in time."""
    attempts = Attempts(Retry(attempts=9, delay="10s"), ".", FakeClock())
    attempts.begin()
    assert attempts.delay(failed(), time_left=10.5) == 10.0
    assert attempts.delay(failed(), time_left=10.0) is None


# --- conditions -----------------------------------------------------------------------


class Refused(ConnectionRefusedError): ...


def of(error: BaseException) -> Tuple[str, ...]:
    return tuple(exception_name(kind) for kind in type(error).__mro__)


CODE, SHELL, KILLED, LATE = failed(code=7), failed(code=137), failed(code=-9), failed(timed_out=True)
RAISED, QUIET = failed(raised=of(Refused())), failed("cannot be started")
REFUSED = f"{__name__}.Refused"

CONDITIONS: List[Tuple[str, Dict[str, Any], List[Outcome]]] = [
    ("nothing said", {}, [CODE, SHELL, KILLED, LATE, RAISED, QUIET]),
    ("on_codes", {"on_codes": [1, 7]}, [CODE]),
    ("on_codes of a shell", {"on_codes": 137}, [SHELL]),
    ("on_signal", {"on_signal": "SIGKILL"}, [SHELL, KILLED]),
    ("on_signal by number", {"on_signal": 9}, [SHELL, KILLED]),
    ("on another signal", {"on_signal": "TERM"}, []),
    ("on_timeout", {"on_timeout": True}, [LATE]),
    ("on_exception", {"on_exception": "Refused"}, [RAISED]),
    ("on_exception, a base", {"on_exception": "ConnectionError"}, [RAISED]),
    ("on_exception, in full", {"on_exception": REFUSED}, [RAISED]),
    ("on_exception, a class", {"on_exception": OSError}, [RAISED]),
    ("on another exception", {"on_exception": ["ValueError", "os.Refused"]}, []),
    ("any of several", {"on_codes": 7, "on_timeout": True, "on_signal": "KILL"}, [CODE, SHELL, KILLED, LATE]),
    ("never_on_codes", {"never_on_codes": 7}, [SHELL, KILLED, LATE, RAISED, QUIET]),
    ("never_on_signal", {"never_on_signal": "KILL"}, [CODE, LATE, RAISED, QUIET]),
    ("never_on_timeout", {"never_on_timeout": True}, [CODE, SHELL, KILLED, RAISED, QUIET]),
    ("never_on_exception", {"never_on_exception": OSError}, [CODE, SHELL, KILLED, LATE, QUIET]),
    ("never wins", {"on_codes": [7, 8], "never_on_codes": 7}, []),
]


@pytest.mark.parametrize(("name", "said", "wanted"), CONDITIONS, ids=[row[0] for row in CONDITIONS])
def test_which_ends_are_tried_again(name: str, said: Dict[str, Any], wanted: List[Outcome]) -> None:
    """Each condition alone and together, against every kind of end."""
    for outcome in (CODE, SHELL, KILLED, LATE, RAISED, QUIET):
        attempts = Attempts(Retry(attempts=2, **said), ".", FakeClock())
        attempts.begin()
        assert (attempts.delay(outcome) is not None) == any(outcome is one for one in wanted), outcome


@pytest.mark.parametrize("outcome", [succeeded(), cancelled("stop"), succeeded(code=0)])
def test_only_failures_are_tried_again(outcome: Outcome) -> None:
    """Neither what ended well nor what somebody ended."""
    attempts = Attempts(Retry(attempts=9), ".", FakeClock())
    attempts.begin()
    assert attempts.delay(outcome) is None


@pytest.mark.parametrize(
    ("said", "output", "again"),
    [
        ({"on_pattern": "time.?out"}, b"a timeout", True),
        ({"on_pattern": "time.?out"}, b"all is well", False),
        ({"never_on_pattern": "syntax"}, b"syntax error", False),
        ({"never_on_pattern": "syntax"}, b"timeout", True),
        ({"on_pattern": "timeout", "on_codes": 7}, b"timeout", True),
        ({"on_pattern": "timeout", "on_codes": 8}, b"timeout", False),
        ({"on_pattern": "timeout", "on_codes": 7}, b"", False),
        ({"on_pattern": "timeout", "never_on_pattern": "fatal"}, b"fatal timeout", False),
    ],
)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_patterns_narrow(said: Dict[str, Any], output: bytes, again: bool, stream: str) -> None:
    """A pattern is asked for as well as an end, on both streams; what one attempt wrote is none of the next one's."""
    attempts = Attempts(Retry(attempts=9, **said), ".", FakeClock())
    attempts.begin()
    attempts.hear(stream, output)
    assert (attempts.delay(CODE) is not None) is again
    attempts.begin()
    assert (attempts.delay(CODE) is not None) == ("never_on_pattern" in said and "on_pattern" not in said)


def test_codes_that_are_no_signal() -> None:
    """128 itself, numbers beyond all signals and no code at all."""
    assert [ended_so(failed(code=code), (), ("9",)) for code in (128, 250, 137, -9, None)] == [
        False,
        False,
        True,
        True,
        False,
    ]
