"""Whatever changes, a run that may be told quickly does what one does that looks at everything."""

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import Callable, List, Tuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.idle_place import Place, quickened, settle


def same_size(place: Place) -> None:
    path = place.root / "main"
    status = path.stat()
    path.write_bytes(bytes(byte ^ 1 if byte > 32 else byte for byte in path.read_bytes()))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def touch(place: Place) -> None:
    os.utime(place.root / "src/lib/one")


def from_the_future(place: Place) -> None:
    later = time.time() + 3600
    os.utime(place.root / "src/lib/two", (later, later))


def remove_input(place: Place) -> None:
    with contextlib.suppress(OSError):
        (place.root / "more/a.txt").unlink()


def add_input(place: Place) -> None:
    (place.root / "more" / f"b{len(os.listdir(place.root / 'more'))}.txt").write_text("b")


def add_what_is_left_out(place: Place) -> None:
    (place.root / "more/no.txt").write_text(f"{time.time()}")


def appear(place: Place) -> None:
    (place.root / "maybe").write_text("there")


def disappear(place: Place) -> None:
    with contextlib.suppress(OSError):
        (place.root / "maybe").unlink()


def rename_folder(place: Place) -> None:
    if (place.root / "more").is_dir():
        (place.root / "more").rename(place.root / "less")
        shutil.copytree(place.root / "less", place.root / "more", symlinks=True)
        shutil.rmtree(place.root / "less")


def link_input(place: Place) -> None:
    path = place.root / "src/lib/one"
    if not path.is_symlink():
        path.rename(place.home / "elsewhere")
        path.symlink_to(place.home / "elsewhere")


def link_folder_of_outputs(place: Place) -> None:
    """The same files by way of a link, through which nothing of ours may go."""
    path = place.root / "out/env"
    if not path.is_symlink():
        number = len(os.listdir(place.root))
        path.rename(place.root / f"real{number}")
        path.symlink_to(f"../real{number}")


def executable(place: Place) -> None:
    (place.root / "main").chmod(0o755)


def private(place: Place) -> None:
    (place.root / "app").chmod(0o600) if (place.root / "app").exists() else None


def edit_output(place: Place) -> None:
    (place.root / "app").write_text("spoilt")


def remove_output(place: Place) -> None:
    with contextlib.suppress(OSError):
        (place.root / "out/lib/a").unlink()


def add_output(place: Place) -> None:
    (place.root / "out/lib/extra").write_text("not ours")


def variable(place: Place) -> None:
    place.env["FLAVOUR"] = f"f{time.time_ns()}"


def passing_variable(place: Place) -> None:
    place.env["SHLVL"] = f"{time.time_ns() % 97}"


def edit_tasks(place: Place) -> None:
    path = place.root / ".rush"
    path.write_text(path.read_text().replace("inputs: [main]", "inputs: [main, .rush]"))


def another_task_file(place: Place) -> None:
    (place.root / "tasks.py").write_text("x = 1\n")


def forget_a_mark(place: Place) -> None:
    marks = sorted((place.root / ".taskrush/marks").iterdir())
    if marks:
        marks[len(marks) // 2].unlink()


def somebody_else_runs(place: Place) -> None:
    place.run("lib", "--force")


def damage(place: Place) -> None:
    for path in place.kept:
        path.write_bytes(path.read_bytes()[:-7])


def nothing(place: Place) -> None:
    pass


MUTATIONS: Tuple[Callable[[Place], None], ...] = (
    nothing,
    same_size,
    touch,
    from_the_future,
    remove_input,
    add_input,
    add_what_is_left_out,
    appear,
    disappear,
    rename_folder,
    link_input,
    link_folder_of_outputs,
    executable,
    private,
    edit_output,
    remove_output,
    add_output,
    variable,
    passing_variable,
    edit_tasks,
    another_task_file,
    forget_a_mark,
    somebody_else_runs,
    damage,
)
STEPS = st.lists(st.tuples(st.sampled_from(MUTATIONS), st.booleans(), st.integers(1, 3)), min_size=1, max_size=5)


def held_beside_the_whole_way(home: Path, steps: List[Tuple[Callable[[Place], None], bool, int]]) -> None:
    """After every change the run that may be quick does what one does that looks at everything."""
    place = Place(home / "here")
    place.make()
    with quickened():
        settle()
        place.run()
        settle()
        place.run(), place.run()
        for number, (mutate, old, times) in enumerate(steps):
            mutate(place)
            if old:
                settle()
            expected = place.copy(home / f"copy{number}").run()
            assert place.run() == expected, mutate.__name__
            for _ in range(times):
                assert place.run()[0] == place.copy(home / f"again{number}").run()[0]
                shutil.rmtree(home / f"again{number}")
                settle()


@pytest.mark.core
@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: str(mutate.__name__))
def test_each_change_is_seen(mutate: Callable[[Place], None], tmp_path: Path) -> None:
    """One change, old and young, and what follows."""
    held_beside_the_whole_way(tmp_path, [(mutate, True, 2), (mutate, False, 1)])


@pytest.mark.soak
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_changes_in_any_order_are_seen(steps: List[Tuple[Callable[[Place], None], bool, int]]) -> None:
    """Several changes, one after the other."""
    import tempfile

    with tempfile.TemporaryDirectory() as home:
        held_beside_the_whole_way(Path(home), steps)
