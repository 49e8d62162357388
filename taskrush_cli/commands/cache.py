"""`taskrush cache status|stats|show|prune|clear|verify`: look into the cache and keep it in order."""

from __future__ import annotations

import json
import os
import time

from taskrush.cache.evict import Limits, evict, parse_age, parse_size
from taskrush.cache.stats import read_stats
from taskrush.cache.verify import verify
from taskrush.caching import cache_settings, open_cache
from taskrush.compile.select import select
from taskrush.errors import UsageError
from taskrush.model.task import TaskId

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any, Dict, List, Optional

    from taskrush.cache.objects import ObjectStore
    from taskrush.caching import WorkspaceCache
    from taskrush.model.graph import Graph

ACTIONS = ("status", "stats", "show", "prune", "clear", "verify")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=ACTIONS, help="what to do: status, stats, show TASK, prune, clear, verify")
    parser.add_argument("task", nargs="?", metavar="TASK", help="for show and clear: of this task only")
    parser.add_argument("--max-size", metavar="SIZE", help="for prune: keep no more than this (`10GB`, `512MiB`)")
    parser.add_argument("--older-than", metavar="AGE", help="for prune: remove what was not used for this long (`30d`)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(options: argparse.Namespace) -> int:
    project = options.workspace.project
    settings = cache_settings(project.files, project.root, os.environ)
    cache = open_cache(project.root, settings, "", os.environ, None, lambda message: None)
    task = project.graph.tasks[select(project.graph, (options.task,))[0]] if options.task else None
    if options.action == "status":
        return _show(options, _status(cache))
    if options.action == "stats":
        return _stats(options, cache, project.graph)
    if options.action == "show":
        if task is None:
            raise UsageError("`taskrush cache show` needs the name of a task")
        return _show_task(options, cache, task)
    if options.action == "prune":
        try:
            limits = Limits(
                max_size=parse_size(options.max_size) if options.max_size else settings.limits.max_size,
                ttl=parse_age(options.older_than) if options.older_than else settings.limits.ttl,
            )
        except ValueError as error:
            raise UsageError(f"`taskrush cache prune`: {error}") from None
        done = evict(cache.store, limits)
        return _show(
            options,
            {"records_removed": done.records, "objects_removed": done.objects, "freed": done.freed, "left": done.left},
        )
    if options.action == "clear":
        return _show(options, {"records_removed": clear(cache.store, None if task is None else task.id)})
    found = verify(cache.store)
    code = _show(
        options,
        {"objects": found.objects, "records": found.records, "damaged": found.damaged, "incomplete": found.incomplete},
    )
    return code if not found.damaged and not found.incomplete else 1


def clear(store: ObjectStore, task: Optional[str]) -> int:
    """Remove every stored result, or those of one task; how many. Objects nobody names go with the next pruning."""
    removed = 0
    for key, _ in list(store.records()):
        if task is None or _task_of(store, key) == task:
            removed += store.delete_record(key)
    if task is None:
        store.clear()
    return removed


def _task_of(store: ObjectStore, key: str) -> Any:
    try:
        return json.loads((store.get_record(key) or b"").partition(b"\n")[2]).get("task")
    except (ValueError, AttributeError):
        return None


def _status(cache: WorkspaceCache) -> Dict[str, Any]:
    objects = [status.size for _, status in cache.store.objects()]
    return {
        "folder": cache.store.root,
        "results": sum(1 for _ in cache.store.records()),
        "objects": len(objects),
        "size": sum(objects),
        "max_size": cache.limits.max_size,
        "ttl_seconds": cache.limits.ttl,
    }


def _stats(options: argparse.Namespace, cache: WorkspaceCache, graph: Graph) -> int:
    rows = read_stats(cache.root)
    sizes = {row.task: _bytes(cache, graph, row.task) for row in rows}
    if options.json:
        tasks = [
            {
                "task": row.task,
                "fresh": row.fresh,
                "hit": row.hit,
                "miss": row.miss,
                "ratio": round(row.ratio, 6),
                "bytes": sizes[row.task],
                "saved_seconds": round(row.saved_seconds, 6),
            }
            for row in rows
        ]
        print(json.dumps({"version": 1, "tasks": tasks}, indent=2))
        return 0
    if not rows:
        print("nothing was counted yet")
        return 0
    width = max(len(row.task) for row in rows)
    print(f"{'task':<{width}}  {'fresh':>6} {'hit':>6} {'miss':>6} {'ratio':>6} {'size':>10} {'saved':>9}")
    for row in rows:
        print(
            f"{row.task:<{width}}  {row.fresh:>6} {row.hit:>6} {row.miss:>6} {row.ratio:>6.0%}"
            f" {human_size(sizes[row.task]):>10} {row.saved_seconds:>8.1f}s"
        )
    return 0


def _bytes(cache: WorkspaceCache, graph: Graph, name: str) -> int:
    """How much the outputs of a task's last result take."""
    task = graph.tasks.get(TaskId(name))
    mark = None if task is None else cache.results.mark(task)
    return sum(entry.size for entry in mark.manifest.entries) if mark is not None else 0


def _show_task(options: argparse.Namespace, cache: WorkspaceCache, task: Any) -> int:
    mark = cache.results.mark(task)
    if mark is None:
        print(f"task `{task.id}` has no result here")
        return 1
    if options.json:
        facts = {"task": task.id, "key": mark.key, "attempts": mark.attempts, "outputs": mark.manifest.to_json()}
        print(json.dumps({"version": 1, **facts}, indent=2))
        return 0
    print(f"key   {mark.key}")
    found = cache.results.stored_under(task, mark.key)
    if found is not None:
        made = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(found.made_at))
        print(f"made  {made} in {found.seconds:.2f}s by run {found.run}")
    if mark.attempts > 1:
        print(f"flaky passed on attempt {mark.attempts}")
    for entry in mark.manifest.entries:
        kind = f"-> {entry.target}" if entry.target else f"{entry.size} bytes" if entry.kind == "file" else entry.kind
        print(f"  {entry.mode:04o}  {entry.path}  {kind}")
    return 0


def _show(options: argparse.Namespace, facts: Dict[str, Any]) -> int:
    if options.json:
        print(json.dumps({"version": 1, **facts}, indent=2))
        return 0
    lines: List[str] = []
    for name, value in facts.items():
        text = "no limit" if value is None else human_size(value) if name in SIZES else str(value)
        if name == "ttl_seconds":
            name, text = "ttl", "no limit" if value is None else f"{value / 86400:g} days"
        lines.append(f"{name.replace('_', ' ')}: {text}")
    print("\n".join(lines))
    return 0


SIZES = ("size", "max_size", "freed", "left")


def human_size(count: int) -> str:
    """`1.5 GB`."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            return f"{int(size)} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError
