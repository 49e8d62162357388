"""The page about keys lists the parts that keys have, all of them, in their order."""

import re
from pathlib import Path
from typing import Iterable, List, Optional, Tuple

from taskrush.model.policy import Ingredient
from taskrush.model.task import Argv, Call, Task
from taskrush.plan.file_index import FileIndex
from taskrush.plan.fingerprinting import KEY_VERSION, WorkspaceFingerprinter

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "key.md"
ROW = re.compile(r"^\| `(\w+)[^`]*` \|", re.MULTILINE)
LEVEL = 3


def maker() -> object:
    kept = 7

    def work(level: int = 1) -> int:
        return level + kept + LEVEL

    return work


class Hidden:
    """Keeps one secret out of keys."""

    def __call__(self, text: str) -> Optional[str]:
        return None

    def parts(self, task: Task) -> Iterable[Tuple[str, str]]:
        yield "secret TOKEN", "d"


def kinds_of(root: Path, action: object) -> List[str]:
    task = Task(
        id="t",
        action=action,
        inputs=["*.txt"],
        outputs=["out"],
        env={"A": "1"},
        shell=("sh", "-c"),
        extra=("x",),
        arguments={"level": 1},
        ingredients=(Ingredient(env="B"), Ingredient(part="p.json#x"), Ingredient(command="true")),
    )
    (root / "a.txt").touch()
    made = WorkspaceFingerprinter(str(root), FileIndex(str(root)), {"B": "1"}, hide=Hidden())
    upstream = {"dependency x": "d", "result y": "d"}
    return list(dict.fromkeys(part.name.split(" ")[0] for part in made.fingerprint(task, upstream).parts))


def test_the_page_lists_every_part_in_order(tmp_path: Path) -> None:
    """What a key has is documented, what is documented exists."""
    listed = ROW.findall(PAGE.read_text(encoding="utf-8"))
    seen = set()
    for action in ("echo", Argv(("echo",)), Call(maker())):  # type: ignore[arg-type]
        kinds = kinds_of(tmp_path, action)
        assert kinds == [kind for kind in listed if kind in kinds]
        seen.update(kinds)
    assert sorted(seen) == sorted(listed)


def test_the_page_names_the_version() -> None:
    """A new version of keys is a new text."""
    assert f"This is version {KEY_VERSION};" in PAGE.read_text(encoding="utf-8")
