"""What a cached task sees of the environment is what it declares, what its commands mention, and a fixed list."""

import pytest

from taskrush.model.environment import declared, visible, withheld
from taskrush.model.policy import Ingredient
from taskrush.model.task import Task

pytestmark = pytest.mark.core

ENV = {"PATH": "/bin", "HOME": "/h", "TARGET": "release", "NODE_ENV": "x", "NODE_KEY": "k", "SECRET": "s"}


def test_uncached_tasks_see_everything() -> None:
    """No declared inputs, no key, no need to withhold."""
    assert visible(ENV, Task(id="t", action="true")) == ENV


def test_cached_tasks_see_what_they_declare_and_what_is_always_passed() -> None:
    """Patterns, with the last one that matches deciding."""
    task = Task(id="t", action="true", inputs=(), ingredients=(Ingredient(env="NODE_*"), Ingredient(env="!NODE_KEY")))
    assert sorted(visible(ENV, task)) == ["HOME", "NODE_ENV", "PATH"]
    assert declared(ENV, task) == ["NODE_ENV"]
    assert withheld(ENV, task) == ["NODE_KEY", "SECRET", "TARGET"]


@pytest.mark.parametrize("command", ["echo $TARGET", "echo ${TARGET:-debug}", 'x "${TARGET}"', "${TARGET}"])
def test_variables_that_a_command_mentions_count_as_declared(command: str) -> None:
    """`TARGET=release taskrush build` is another key than without: files of version 0.2.6 rely on it."""
    task = Task(id="t", action=command, inputs=())
    assert declared(ENV, task) == ["TARGET"]
    assert visible(ENV, task)["TARGET"] == "release"


def test_path_is_passed_and_no_part_of_a_key_even_if_mentioned() -> None:
    """`PATH=$PWD/bin:$PATH x` would tie every key to one machine."""
    assert declared(ENV, Task(id="t", action="PATH=bin:$PATH x", inputs=())) == []


def test_pass_env_is_seen_and_no_part_of_the_key() -> None:
    """For what must not make a difference, such as tokens."""
    task = Task(id="t", action="true", inputs=(), pass_env=("SECRET",))
    assert "SECRET" in visible(ENV, task)
    assert declared(ENV, task) == []
