"""`@task`, `command` and `result_of`: functions stay what they are, and what was said about them is kept."""

import functools
import inspect
from pathlib import Path
from typing import Any, Iterator

import pytest

from taskrush import ConfigError, Dep, Task, TaskSet, UsageError, command, result_of, task
from taskrush.model.policy import Cache, Requirement
from taskrush.model.task import Argv, Call, Shell

pytestmark = pytest.mark.core


def made(*things: Any) -> "dict[str, Task]":
    return {one.id: one for one in TaskSet(things).tasks}


def test_a_task_is_the_function_itself() -> None:
    """The decorator gives back the very function, and calling the task calls it."""

    def double(x: int) -> int:
        return 2 * x

    assert task(double) is double
    assert task(name="other")(double) is double
    assert double(4) == 8


def test_every_field_arrives() -> None:
    """Each keyword of `@task` becomes the field of `Task` it is named after."""

    @task
    def first() -> None: ...

    @task(
        name="second",
        deps=[first, "third", Dep("maybe", optional=True)],
        finally_=first,
        description="Given",
        inputs=["a.txt", Path("b.txt")],  # type: ignore[list-item]
        outputs="out",
        env={"A": "1"},
        pass_env=["HOME"],
        cwd="sub",
        cache=False,
        if_="test -f x",
        requires=["true", Requirement(file="y")],
        platforms=["linux"],
        confirm="Sure?",
        interactive=True,
        aliases=["s"],
        tags=["t"],
        hidden=True,
        isolate="process",
    )
    def function() -> None:
        """From the docstring."""

    second = made(first, function)["second"]
    assert second == Task(
        id="second",  # type: ignore[arg-type]
        action=Call(function, isolate="process"),
        deps=[Dep("first"), Dep("third"), Dep("maybe", optional=True)],
        finally_=[Dep("first")],
        description="Given",
        inputs=("a.txt", "b.txt"),
        outputs=("out",),
        env={"A": "1"},
        pass_env=("HOME",),
        cwd="sub",
        cache=Cache(enabled=False),
        condition="test -f x",
        requires=(Requirement(command="true"), Requirement(file="y")),
        platforms=("linux",),
        confirm="Sure?",
        interactive=True,
        aliases=("s",),
        tags=("t",),
        hidden=True,
    )


def test_name_and_description_come_from_the_function() -> None:
    """`run_tests` is called `run-tests`, and the first paragraph describes it in one line."""

    @task
    def run_tests() -> None:
        """Run all
        tests.

        More words.
        """

    one = made(run_tests)["run-tests"]
    assert one.description == "Run all tests."
    assert one.where is not None
    assert one.where.path.endswith("test_decorator.py")
    assert one.where.line == inspect.getsourcelines(run_tests)[1]


def test_commands_hold_text_for_the_shell_or_words() -> None:
    """A text is for the shell, a list is words; a command can be captured and have parameters."""
    shell = command("make -j", name="a", description="Make", shell=["bash", "-c"], capture=True)
    words = command(["make", "-j"], name="b", deps=shell)
    tasks = made(shell, words)
    assert tasks["a"].action == Shell(("make -j",))
    assert (tasks["a"].capture, tasks["a"].shell, tasks["a"].description) == (True, ("bash", "-c"), "Make")
    assert tasks["b"].action == Argv(("make", "-j"))
    assert tasks["b"].deps == (Dep("a"),)


def test_a_result_becomes_a_binding() -> None:
    """`result_of` as a default binds the parameter to the other task; it is no option."""

    @task
    def build() -> str:
        return "wheel"

    @task
    def publish(wheel: str = result_of(build), dry: bool = False) -> str:
        return wheel

    one = made(build, publish)["publish"]
    assert one.bindings == {"wheel": "build"}
    assert [param.name for param in one.params] == ["dry"]
    assert publish("mine") == "mine"


def test_a_marker_is_never_used_silently() -> None:
    """Called without a run, a parameter that waits for a result says so as soon as it is used."""

    @task
    def build() -> Any:
        return "wheel"

    @task
    def publish(wheel: Any = result_of(build)) -> Any:
        return wheel

    marker = publish()
    assert repr(marker) == "result_of(build)"
    uses = (
        lambda: str(marker),
        lambda: f"{marker}",
        lambda: marker + "x",
        lambda: "x" + marker,
        lambda: marker.upper(),
        lambda: Path(marker),
        lambda: list(marker),
        lambda: len(marker),
        lambda: bool(marker),
        lambda: marker == "wheel",
        lambda: marker[0],
        lambda: marker(),
        lambda: 1 / marker,
    )
    for number, use in enumerate(uses):
        with pytest.raises(UsageError) as caught:
            use()
        assert str(caught.value) == (
            "the result of `build` is only there when TaskRush runs the task\n"
            "hint: call the function with a value for this parameter, or run it as a task"
        ), number


def test_methods_lambdas_and_partials_can_be_tasks() -> None:
    """Bound methods are told apart by their object; lambdas and partials need a name."""

    class Builder:
        def __init__(self, what: str) -> None:
            self.what = what

        @task
        def build(self, count: int = 1) -> str:
            return self.what * count

    one = made(Builder("x").build)["build"]
    assert [param.name for param in one.params] == ["count"]
    assert isinstance(one.action, Call)
    assert one.action.function() == "x"

    double = task(name="double")(lambda x=2: 2 * x)
    assert [param.kind for param in made(double)["double"].params] == ["int"]
    partial = task(name="part")(functools.partial(Builder("y").build, count=3))
    assert made(partial)["part"].params[0].default == 3


def test_what_cannot_be_a_task_is_refused_where_it_is_declared() -> None:
    """Classes, generators, things that cannot be called and misspelt isolation raise with the user's line."""

    def generator() -> Iterator[int]:
        yield 1

    class Thing:
        pass

    cases = [
        (lambda: task(generator), "generator function `generator` cannot be a task: calling it runs nothing"),
        (lambda: task(Thing), "class `Thing` cannot be a task"),
        (lambda: task("build"), "`'build'` cannot be a task: it is not callable"),  # type: ignore[type-var]
        (lambda: task(staticmethod(len)), "`@task` stands above `@staticmethod`"),
        (lambda: task(isolate="box")(len), "task `len`: unknown isolation 'box'"),  # type: ignore[call-overload]
        (lambda: result_of(generator), "`generator` has no result: it is no task"),
        (lambda: made(generator), "`generator` is no task"),
        (lambda: made(command("x")), "a command that no variable of a module holds has no name"),
        (lambda: made(task(lambda: 1)), "a lambda that no variable of a module holds has no name"),
    ]
    for attempt, message in cases:
        with pytest.raises(ConfigError) as caught:
            attempt()
        problem = caught.value.problems[0]
        assert problem.message == message
        assert problem.hint
        if problem.where is not None:
            assert problem.where.path.endswith("test_decorator.py")
            assert problem.source is not None
