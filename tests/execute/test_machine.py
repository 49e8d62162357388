"""What the machine has is read from its files, control groups of both versions included."""

import os
from pathlib import Path

import pytest

from taskrush.execute.machine import Machine

pytestmark = pytest.mark.core
GB = 1 << 30


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def machine(tmp_path: Path, cgroup: str, memory_gb: int = 8) -> Machine:
    write(tmp_path, proc__meminfo=f"MemTotal: 99 kB\nMemAvailable: {memory_gb * GB // 1024} kB\n")
    write(tmp_path, proc__self__cgroup=cgroup, proc__vmstat="oom_kill 7\n")
    return Machine(str(tmp_path / "proc"), str(tmp_path / "groups"))


def test_without_groups_the_machine_counts(tmp_path: Path) -> None:
    """Memory that is available, and the kills of the whole machine."""
    there = machine(tmp_path, "")
    assert there.free_memory() == 8 * GB
    assert there.memory_kills() == 7
    assert there.processors() == len(os.sched_getaffinity(0))


def test_the_narrowest_group_of_version_2_counts(tmp_path: Path) -> None:
    """Of a group and those around it, the one with the least left; files that can be dropped are free."""
    there = machine(tmp_path, "0::/outer/inner\n")
    write(tmp_path, groups__outer__memory_dot_max=f"{4 * GB}\n", groups__outer__memory_dot_current=f"{3 * GB}\n")
    write(tmp_path, groups__outer__memory_dot_stat=f"anon 1\ninactive_file {GB}\n")
    write(tmp_path, groups__outer__inner__memory_dot_max="max\n", groups__outer__inner__memory_dot_current="5\n")
    write(
        tmp_path,
        groups__outer__inner__memory_dot_events="oom 3\noom_kill 2\n",
        groups__outer__cpu_dot_max="50000 100000\n",
    )
    assert there.free_memory() == 2 * GB
    assert there.memory_kills() == 2
    assert there.processors() == 1


def test_a_group_of_version_1_counts(tmp_path: Path) -> None:
    """Its files have other names; a limit near 2**63 is none."""
    there = machine(tmp_path, "4:memory:/box\n3:cpu,cpuacct:/\n")
    write(tmp_path, groups__memory__memory_dot_limit_in_bytes="9223372036854771712\n")
    write(tmp_path, groups__memory__memory_dot_usage_in_bytes="1\n")
    write(tmp_path, groups__memory__box__memory_dot_limit_in_bytes=f"{2 * GB}\n")
    write(tmp_path, groups__memory__box__memory_dot_usage_in_bytes=f"{GB}\n")
    write(tmp_path, groups__memory__box__memory_dot_oom_control="oom_kill_disable 0\noom_kill 4\n")
    (tmp_path / "groups" / "cpu,cpuacct").mkdir()
    (tmp_path / "groups" / "cpu,cpuacct" / "cpu.cfs_quota_us").write_text("100000\n")
    (tmp_path / "groups" / "cpu,cpuacct" / "cpu.cfs_period_us").write_text("100000\n")
    assert there.free_memory() == GB
    assert there.memory_kills() == 4
    assert there.processors() == 1


def test_a_path_of_the_host_is_looked_for_in_the_container(tmp_path: Path) -> None:
    """Where the folder of the own group is not to be seen, those around it count."""
    there = machine(tmp_path, "0::/not/here\n")
    write(tmp_path, groups__memory_dot_max=f"{GB}\n", groups__memory_dot_current="0\n")
    assert there.free_memory() == GB


def test_this_machine_has_something(tmp_path: Path) -> None:
    """The real files can be read."""
    there = Machine()
    assert there.processors() >= 1
    assert (there.free_memory() or 0) > 1 << 20
    assert there.memory_kills() >= 0
