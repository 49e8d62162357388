"""A picture gallery: another tool that builds a graph on the fly and runs it with TaskRush as its engine.

    python gallery.py PICTURES SITE

Each PPM picture gets a thumbnail of its own, in parallel; the page waits for all of them; a picture that cannot be
read spoils its own thumbnail and the page, not the others.
"""

import sys
from functools import partial
from pathlib import Path

from taskrush import Project, RunStarted, Task, TaskFinished

SIZE = 32


def shrink(picture: Path, thumbnail: Path) -> str:
    """Write a smaller picture by taking every n-th dot; return its size as text."""
    data = picture.read_bytes()
    magic, width, height, depth = data.split(None, 4)[:4]
    if magic != b"P6" or depth != b"255":
        raise ValueError(f"{picture.name} is not a PPM picture")
    columns, rows = int(width), int(height)
    dots = data[-columns * rows * 3 :]
    step = max(1, -(-max(columns, rows) // SIZE))
    small = [[dots[(y * columns + x) * 3 :][:3] for x in range(0, columns, step)] for y in range(0, rows, step)]
    size = f"{len(small[0])} {len(small)}"
    thumbnail.write_bytes(f"P6 {size} 255\n".encode() + b"".join(b"".join(row) for row in small))
    return size


def write_page(site: Path, names: "list[str]") -> None:
    (site / "index.html").write_text("".join(f'<img src="{name}" alt="{name}">\n' for name in names))


def build(pictures: Path, site: Path) -> int:
    site.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in pictures.glob("*.ppm"))
    tasks = [Task(id=f"thumb:{name}", action=partial(shrink, pictures / name, site / name)) for name in names]
    page = Task(id="page", action=partial(write_page, site, names), deps=list(tasks))
    total = done = 0
    with Project.of([*tasks, page]).start("page", on_failure="keep-going") as run:
        for record in run:
            event = record.event
            if isinstance(event, RunStarted):
                total = len(event.tasks)
            elif isinstance(event, TaskFinished):
                done += 1
                detail = event.outcome.value or event.outcome.reason or ""
                line = f"{done:3}/{total} {event.task:24} {event.outcome.state.value:10} {detail}"
                print(line.rstrip(), flush=True)
    return run.result().exit_code


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1]), Path(sys.argv[2])))
