"""`.gitignore` files mean what they mean to git: compared with git itself on generated trees."""

import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import List

import pytest

from taskrush.plan.gitignore import GitIgnore

NAMES = ["a", "b", "foo", "foo.c", "bar.o", "x y", "é", "build", "[z]", "#h", "!n", "a*b", "doc.txt"]
RULES = (
    """
*.c|*.o|foo|/foo|foo/|a/|**/foo|foo/**|a/**/b|*|!*.c|!foo|!a/|/*|!/*/|[a-f]*|[!a]*|[^b]|\\#h|\\!n|x\\ y|x y |foo.?|a*
**|*/|build/|/build/*|!build/foo|a/b|*/foo|a\\*b|[[:alpha:]]|doc.tx[t]|[|a[|b]|***|a**|**b|/**/a|a/**|!a/**|**/|*/b/*
\\[z]|[]a]|[a-]*|# a comment|é|[é]|?
""".strip()
    .replace("\n", "|")
    .split("|")
)


def make_tree(root: Path, rnd: random.Random) -> List[str]:
    """Some folders and files with odd names, some of the folders with a `.gitignore`; the paths of all files."""
    folders = [""]
    for _ in range(6):
        path = f"{rnd.choice(folders)}/{rnd.choice(NAMES)}".lstrip("/")
        if not (root / path).exists():
            (root / path).mkdir()
            folders.append(path)
    files = []
    for _ in range(18):
        path = f"{rnd.choice(folders)}/{rnd.choice(NAMES)}".lstrip("/")
        if not (root / path).exists():
            (root / path).touch()
            files.append(path)
    for folder in rnd.sample(folders, min(len(folders), rnd.randint(1, 3))):
        text = "\n".join(rnd.choice(RULES) for _ in range(rnd.randint(1, 5))) + "\n"
        (root / folder / ".gitignore").write_text(text)
        files.append(f"{folder}/.gitignore".lstrip("/"))
    return files


@pytest.mark.parametrize("seed", range(40))
def test_the_same_files_are_left_out_as_by_git(seed: int, tmp_path: Path) -> None:
    """What `git ls-files --others --exclude-standard` lists is exactly what is not ignored."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    files = make_tree(tmp_path, random.Random(seed))
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-o", "--exclude-standard"], cwd=tmp_path, stdout=subprocess.PIPE, check=True
    ).stdout
    wanted = {os.fsdecode(name) for name in listed.split(b"\0") if name}
    ignore = GitIgnore(str(tmp_path))
    assert {path for path in files if not ignore.ignored(path)} == wanted


def test_exclude_of_the_repository_counts(tmp_path: Path) -> None:
    """Rules in `.git/info/exclude` hold too, and a `.gitignore` can take them back."""
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("*.log\n")
    (tmp_path / ".gitignore").write_text("!keep.log\n")
    ignore = GitIgnore(str(tmp_path))
    assert [name for name in ("a.log", "keep.log", "a.txt") if ignore.ignored(name)] == ["a.log"]
