"""Checks a built wheel from outside: both packages, their type markers and scripts are in it, and nothing else."""

import json
import sys
import zipfile

NEEDED = ("taskrush/py.typed", "taskrush_cli/py.typed", "taskrush/__main__.py", "taskrush_cli/main.py")
PAGE = "taskrush/report/html"


def problems(path: str) -> "list[str]":
    """What is wrong with the wheel at `path`."""
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        carried = json.loads(wheel.read(f"{PAGE}/vendor/vendored.json"))
        scripts = "".join(wheel.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    vendored = [f"{PAGE}/vendor/{name}" for package in carried for name in package["files"]]
    needed = [*NEEDED, *vendored, *(f"{PAGE}/assets/{name}" for name in ("page.js", "page.css"))]
    found = [f"{name} is missing" for name in needed if name not in names]
    found += [
        f"script {name} is missing"
        for name in ("taskrush", "rush")
        if f"{name} = taskrush_cli.main:main" not in scripts
    ]
    tops = {name.split("/")[0] for name in names}
    found += [f"{top} does not belong in it" for top in sorted(tops) if not top.startswith("taskrush")]
    found += ["no licence"] if not any(name.endswith("licenses/LICENSE") for name in names) else []
    return found


if __name__ == "__main__":
    wrong = problems(sys.argv[1])
    print("\n".join(wrong) or f"{sys.argv[1].rsplit('/', 1)[-1]}: as it should be")
    sys.exit(bool(wrong))
