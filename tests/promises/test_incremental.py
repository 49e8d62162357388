"""What a task made earlier is gone when it starts, unless it says that it is incremental."""

import pytest

from tests.scenarios.rush import Scratch

TASK = """
tasks:
  build:
    cmd: |
      mkdir -p out; ls out > seen
      for name in $(cat names); do test -e out/$name || echo "$name" > out/$name; done
    inputs: [names]
    outputs: [out/*]
    incremental: {incremental}
"""


@pytest.mark.parametrize(("incremental", "seen"), [("true", ["a", "b"]), ("false", [])])
def test_earlier_outputs_are_there_only_if_asked_for(scratch: Scratch, incremental: str, seen: "list[str]") -> None:
    """An incremental task finds them; any other one starts as if for the first time."""
    scratch.write(".rush", TASK.format(incremental=incremental))
    scratch.write("names", "a b")
    scratch.rush("build")
    scratch.write("names", "b c")
    assert scratch.rush("build").code == 0
    assert scratch.text("seen").split() == seen
    assert sorted(path.name for path in (scratch.root / "out").iterdir()) == (["a", "b", "c"] if seen else ["b", "c"])


def test_what_an_incremental_task_left_untouched_is_part_of_its_result(scratch: Scratch) -> None:
    """Restored elsewhere, nothing is missing."""
    scratch.write(".rush", TASK.format(incremental="true"))
    for names in ("a b", "a b c"):
        scratch.write("names", names)
        assert scratch.rush("build").code == 0
    for path in (scratch.root / "out").iterdir():
        path.unlink()
    assert "from cache" in scratch.rush("build").err
    assert sorted(path.name for path in (scratch.root / "out").iterdir()) == ["a", "b", "c"]


def test_python_tasks_can_say_so_too(scratch: Scratch) -> None:
    """`incremental=True`."""
    scratch.write(
        "tasks.py",
        """
        from pathlib import Path
        from taskrush import task

        @task(inputs=["in"], outputs=["out"], incremental=True)
        def build() -> None:
            out = Path("out")
            out.write_text((out.read_text() if out.exists() else "") + Path("in").read_text())
        """,
    )
    for text in "ab":
        scratch.write("in", text)
        scratch.rush("build")
    assert scratch.text("out") == "ab"
