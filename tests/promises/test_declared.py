"""Every way to ask for a cache does what it says: task by task, for the whole file, in YAML, TOML and Python."""

from pathlib import Path
from typing import List

import pytest

from tests.scenarios.rush import Scratch

CACHED = [
    "inputs: [in]",
    "inputs: in",
    "cache_files: [in]",
    "cache: in",
    "cache: [in]",
    "cache: {key_dependencies: [in]}",
    "cache: {key_dependencies: [in], outputs: [out]}",
    "cache: {key_dependencies: [in], enabled: true}",
    "{cache: true, inputs: [in]}",
    "cache: {share_across_team: false, key_dependencies: in}",
]
UNCACHED = [
    "cache: false",
    "{cache: false, inputs: [in]}",
    "{cache: {enabled: false}, inputs: [in]}",
    "cache: {key_dependencies: [in], enabled: false}",
    "outputs: [out]",
    "{inputs: [in], interactive: true}",
]


def write(scratch: Scratch, keys: str) -> None:
    inner = keys if keys.startswith("{") else f"{{{keys}}}"
    scratch.write(".rush", f"tasks: {{t: {{cmd: 'echo t >> trace; echo x > out', <<: {inner}}}}}")
    scratch.write("in", "1")


def runs_after_change(scratch: Scratch) -> List[str]:
    """Run, run again, change the input, run again."""
    for _ in range(2):
        assert scratch.rush("t").code == 0
    scratch.write("in", "2")
    assert scratch.rush("t").code == 0
    return scratch.ran()


@pytest.mark.parametrize("keys", CACHED)
def test_these_are_cached(scratch: Scratch, keys: str) -> None:
    """Once for each content of the input."""
    write(scratch, keys)
    assert runs_after_change(scratch) == ["t", "t"]


@pytest.mark.parametrize("keys", UNCACHED)
def test_these_are_not(scratch: Scratch, keys: str) -> None:
    """Every time."""
    write(scratch, keys)
    assert runs_after_change(scratch) == ["t", "t", "t"]


def test_outputs_below_cache_are_outputs(scratch: Scratch) -> None:
    """They are restored."""
    write(scratch, "cache: {key_dependencies: [in], outputs: [out]}")
    scratch.rush("t")
    (scratch.root / "out").unlink()
    assert "from cache" in scratch.rush("t").err
    assert scratch.text("out") == "x\n"


def test_cache_true_alone_reads_what_git_would_track_below_the_folder_of_the_file(scratch: Scratch) -> None:
    """Not what is ignored, not its own outputs, not what lies beside its folder."""
    scratch.write(".rush", "include: {web: web}\ntasks: {}")
    scratch.write("web/.rush", "tasks: {t: {cmd: 'echo t >> ../trace.log; echo x > out', outputs: [out], cache: true}}")
    scratch.write("web/.gitignore", "*.tmp\n")
    runs = []
    for path in ("web/a", "web/b.tmp", "beside", "web/deep/c", ".gitignore"):
        scratch.rush("web:t")
        scratch.write(path, "new")
        done = scratch.rush("web:t")
        runs.append("fresh" not in done.err)
    assert runs == [True, False, False, True, False]


@pytest.mark.parametrize("spelling", ["cache=True", "inputs=['in']"])
def test_python_tasks_are_cached_by_the_same_rules(scratch: Scratch, spelling: str) -> None:
    """`cache=True` alone counts everything below the folder of `tasks.py`."""
    scratch.write(".gitignore", "trace\n__pycache__\n")
    scratch.write(
        "tasks.py",
        f"""
        from taskrush import task

        @task({spelling})
        def t():
            with open("trace", "a") as file:
                file.write("t\\n")
        """,
    )
    scratch.write("in", "1")
    assert runs_after_change(scratch) == ["t", "t"]


def test_toml_says_the_same(scratch: Scratch) -> None:
    """With inputs of every kind."""
    scratch.write(
        "taskrush.toml",
        """
        [tasks.t]
        cmd = "echo t >> trace"
        inputs = ["in", "p.toml#x.y", {env = "CI_*"}, {cmd = "echo 1"}]
        """,
    )
    scratch.write("p.toml", "[x]\ny = 1\nz = 1")
    assert runs_after_change(scratch) == ["t", "t"]
    scratch.write("p.toml", "[x]\ny = 1\nz = 2")
    assert "fresh" in scratch.rush("t").err
    scratch.write("p.toml", "[x]\ny = 2\nz = 2")
    assert "(part p.toml#x.y changed)" in scratch.rush("t").err
    assert "(variable CI_A is new)" in scratch.rush("t", env={"CI_A": "1"}).err


def test_defaults_hold_for_all_tasks(scratch: Scratch) -> None:
    """`inputs` and `incremental` may be said once."""
    scratch.write(
        ".rush",
        """
        defaults: {inputs: [in, {env: MODE}], incremental: true}
        tasks:
          t: {cmd: 'echo t >> trace; echo "$(cat out 2>/dev/null)x" > out', outputs: [out]}
        """,
    )
    scratch.write("in", "1")
    assert runs_after_change(scratch) == ["t", "t"]
    assert scratch.text("out") == "xx\n"


@pytest.mark.parametrize("path", [".results", "${PLACE}/results", "~/results"])
def test_a_local_back_end_says_where_results_lie(scratch: Scratch, tmp_path: Path, path: str) -> None:
    """Relative to the workspace, in the home folder, or where a variable says."""
    scratch.write(
        ".rush", f"cache: {{backends: [{{type: local, path: '{path}'}}]}}\ntasks: {{t: {{cmd: 'true', inputs: []}}}}"
    )
    env = {"TASKRUSH_CACHE_DIR": "", "HOME": str(tmp_path / "home"), "PLACE": str(tmp_path / "place")}
    assert scratch.rush("t", env=env).code == 0
    right = {
        ".results": scratch.root / ".results",
        "${PLACE}/results": tmp_path / "place" / "results",
        "~/results": tmp_path / "home" / "results",
    }[path]
    assert list((right / "records").rglob("*"))


def test_policies_bound_what_is_kept(scratch: Scratch) -> None:
    """`max_size` and `ttl` are the limits of `cache status` and `prune`."""
    scratch.write(
        ".rush",
        """
        cache: {strategy: content-aware, policies: {max_size: 2kB, ttl: 1h, compression: true}}
        tasks: {t: {cmd: 'head -c 5000 /dev/urandom > out', inputs: [in], outputs: [out]}}
        """,
    )
    scratch.write("in", "1")
    assert scratch.rush("t").code == 0
    said = scratch.rush("cache", "status", "--json").out
    assert '"max_size": 2000' in said
    assert '"ttl_seconds": 3600.0' in said
    assert '"results": 0' in said  # 5 kB are too much


def test_the_roadmap_s_file_is_refused_only_for_what_is_lacking(scratch: Scratch) -> None:
    """Without its cloud back end and its team it runs as written there."""
    roadmap = (Path(__file__).parents[1] / "scenarios" / "files" / "roadmap-cache.rush").read_text()
    lines = [line for line in roadmap.splitlines() if "share_across_team" not in line]
    at = next(number for number, line in enumerate(lines) if "type: cloud" in line)
    del lines[at : at + 3]
    scratch.write(
        ".rush", "\n".join(lines).replace("make bundle", "echo bundle >> trace; mkdir -p dist; cp Makefile dist")
    )
    scratch.write("Makefile", "x")
    scratch.write("src/a.c", "a")
    env = {"TASKRUSH_CACHE_DIR": "", "HOME": str(scratch.root / "home")}
    for _ in range(2):
        done = scratch.rush("bundle", env=env)
        assert done.code == 0, done.all
    assert scratch.ran() == ["bundle"]
    assert (scratch.root / "home" / ".taskrush" / "cache" / "records").is_dir()
