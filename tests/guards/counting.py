"""`python counting.py WHAT FILE WORDS`: the command line with WORDS, and in FILE what it took, as JSON.

`calls`: how many functions were called, and how many of these made an object; in every thread.
`bytes`: the most that was held at once.
"""

import json
import os
import sys
import threading
import tracemalloc

found = {"calls": 0, "made": 0, "bytes": 0}


def called(frame: object, event: str, value: object) -> None:
    if event == "call":
        found["calls"] += 1
        found["made"] += frame.f_code.co_name in ("__init__", "__new__")  # type: ignore[attr-defined]


def told(path: str) -> None:
    sys.setprofile(None)
    if tracemalloc.is_tracing():
        found["bytes"] = tracemalloc.get_traced_memory()[1]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(found, file)


def main(what: str, path: str, *words: str) -> None:
    leave = os._exit

    def leave_and_tell(code: int) -> None:
        told(path)
        leave(code)

    os._exit = leave_and_tell  # type: ignore[assignment]  # for whoever leaves without a way back
    if what == "bytes":
        tracemalloc.start()
    from taskrush_cli.main import main as run

    if what == "calls":
        threading.setprofile(called)
        sys.setprofile(called)
    try:
        code = run(list(words))
    finally:
        told(path)
    sys.exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
