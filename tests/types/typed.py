# pyright: strict
"""Declarations whose types are asserted; read by `mypy --strict` and `pyright`, never run."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Coroutine, List, Optional

from typing_extensions import Any, assert_type

from taskrush import (
    Command,
    Executor,
    Ingredient,
    Plan,
    Project,
    Record,
    Run,
    RunResult,
    Task,
    TaskSet,
    command,
    output_of,
    result_of,
    run,
    task,
    value_of,
    variable,
)


@task
def plain(count: int, *, name: str = "x") -> Path:
    return Path(name * count)


assert_type(plain(3, name="y"), Path)
plain("3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@task(deps=[plain, "lint"], outputs=["dist/*.whl"], cache=False, isolate="process", if_="true", requires="git log")
def build(flags: Optional[List[str]] = None) -> List[Path]:
    return []


assert_type(build(), List[Path])


@task
async def fetch(url: str = "") -> bytes:
    return url.encode()


as_declared: Callable[[str], Coroutine[Any, Any, bytes]] = fetch

version = command("git describe", capture=True)
lint = command(["ruff", "check"], deps=[build], tags=["check"])
assert_type(version, Command[str])
assert_type(lint, Command[None])

assert_type(result_of(plain), Path)
assert_type(result_of(fetch), bytes)
assert_type(result_of(version), str)


@task
def publish(
    wheels: List[Path] = result_of(build),
    label: str = result_of(version),
    data: bytes = result_of(fetch),
) -> None:
    assert_type(run(["twine", "upload", *map(str, wheels)]).code, int)


@task
def wrong(label: int = result_of(version)) -> None:  # type: ignore[assignment]  # pyright: ignore[reportArgumentType]
    pass


task(isolate="proces")  # type: ignore[call-overload]  # pyright: ignore
task(inptus=["x"])  # type: ignore[call-overload]  # pyright: ignore


assert_type(output_of("node --version"), Ingredient)
assert_type(variable("NODE_*"), Ingredient)
command("true", inputs=["src/**", Path("x"), variable("CI"), output_of("cc -v"), value_of(version), value_of("lint")])
task(inputs=value_of(build), incremental=True)
task(inputs=[{"env": "CI"}])  # type: ignore[list-item]  # pyright: ignore


class Builder:
    @task
    def method(self, count: int) -> int:
        return count


assert_type(Builder().method(1), int)

tasks = TaskSet([plain, version, Task(id="all", action="true", deps=["lint"])])


@tasks.task
def inner(x: int) -> str:
    return str(x)


assert_type(inner(1), str)
assert_type(tasks.include(TaskSet([lint]), namespace="docs"), TaskSet)


async def embedded(project: Project) -> None:
    plan = project.plan("all", arguments={"plain": {"count": 3}})
    assert_type(plan, Plan)
    assert_type(project.executor(plan, capture_prints=True), Executor)
    assert_type(project.run("all"), RunResult)
    with project.start("all") as following:
        assert_type(following, Run)
        for record in following:
            assert_type(record, Record)
        assert_type(following.result(), RunResult)
    async with project.start("all") as following:
        async for record in following:
            assert_type(record, Record)
        assert_type(await following, RunResult)
