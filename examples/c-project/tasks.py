"""One task an object file, made in a loop; linking and testing follow from the files they read."""

import re
from pathlib import Path
from typing import List, Set

from taskrush import TaskSet, command, run, task

HERE = Path(__file__).parent
CC = "${CC:-cc} -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror"
SOURCES = sorted(path.relative_to(HERE).as_posix() for path in HERE.glob("src/*.c"))
CHECKS = sorted(path.relative_to(HERE).as_posix() for path in HERE.glob("tests/*.c"))
INCLUDE = re.compile(r'^#include "(.+)"', re.MULTILINE)


def headers(source: str) -> List[str]:
    """The project's headers that a source includes, directly or not: the compiler's `-MM`, without the compiler."""
    found: Set[Path] = set()
    unread = [HERE / source]
    while unread:
        path = unread.pop()
        for name in INCLUDE.findall(path.read_text()):
            header = (path.parent / name).resolve()
            if header not in found:
                found.add(header)
                unread.append(header)
    return sorted(path.relative_to(HERE.resolve()).as_posix() for path in found)


def built(source: str, suffix: str = "") -> str:
    return f"build/{Path(source).stem}{suffix}"


OBJECTS = [built(source, ".o") for source in SOURCES]
LIBRARY = [path for path in OBJECTS if path != "build/main.o"]

objects = TaskSet(
    command(
        f"mkdir -p build && {CC} -c {source} -o {built(source, '.o')}",
        name=f"compile:{Path(source).stem}",
        inputs=[source, *headers(source)],
        outputs=[built(source, ".o")],
        pass_env=["CC"],
        hidden=True,
    )
    for source in SOURCES
)

calc = command(
    f"{CC} {' '.join(OBJECTS)} -lm -o build/calc",
    description="Link the program",
    inputs=OBJECTS,
    outputs=["build/calc"],
    pass_env=["CC"],
)

checks = TaskSet(
    command(
        f"{CC} {source} {' '.join(LIBRARY)} -lm -o {built(source)} && {built(source)}",
        name=f"check:{Path(source).stem}",
        description=f"Build and run {source}",
        inputs=[source, *headers(source), *LIBRARY],
        outputs=[built(source)],
        pass_env=["CC"],
        tags=["check"],
    )
    for source in CHECKS
)


@task(inputs=["build/calc"])
def try_it() -> None:
    """Run the finished program."""
    answer = run(["build/calc", "r = 2", "3.14 * r ^ 2"], capture=True).stdout.split()
    assert answer == ["2", "12.56"], answer
    print("calc says", answer[-1])


@task(deps=[f"check:{Path(source).stem}" for source in CHECKS] + ["try-it"])
def test() -> None:
    """Everything: objects in parallel, the program, its tests."""
    print(f"{len(SOURCES)} sources, {len(CHECKS)} test programs: all well")


@task
def clean() -> None:
    """Remove what was built."""
    run(["rm", "-rf", "build"])
