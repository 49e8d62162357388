"""Functions that run in fresh interpreters; a file of their own, as users have."""

import enum
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, List

from taskrush import result_of, run, task


class Color(enum.Enum):
    RED = "red"


@task
def first() -> List[int]:
    return [1, 2]


@task(isolate="process", cwd="sub", env={"WHO": "child"})
def good(numbers: List[int] = result_of(first), color: Color = Color.RED, *words: str) -> Any:
    print("out", os.environ["WHO"], Path.cwd().name, words)
    print("err", file=sys.stderr)
    sys.stdout.buffer.write(b"\xff\n")
    sys.stdout.flush()
    run("echo from a command")
    return (os.getpid(), numbers, color)


@task(isolate="process")
async def awaited() -> int:
    import asyncio

    await asyncio.sleep(0)
    return 5


@task(isolate="process")
def raising() -> None:
    raise ValueError("boom")


@task(isolate="process")
def exiting() -> None:
    sys.exit(7)


@task(isolate="process")
def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@task(isolate="process")
def vanishing() -> None:
    os._exit(0)


@task(isolate="process")
def unpicklable_result() -> object:
    return threading.Lock()


@task
def lock() -> Any:
    return threading.Lock()


@task(isolate="process")
def unpicklable_argument(count: int = 1, lock: Any = result_of(lock)) -> None: ...


def outer() -> Any:
    @task(isolate="process")
    def nested() -> None: ...

    return nested


nested = outer()
unnamed = task(name="unnamed", isolate="process")(lambda: 1)


@task(isolate="process")
def stubborn() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("started", flush=True)
    while True:
        time.sleep(0.05)


@task(isolate="process")
def tidy() -> None:
    try:
        print("started", flush=True)
        time.sleep(60)
    finally:
        print("cleaned", flush=True)
