"""Revision and branch as git has them, read without git."""

import os
import subprocess
from pathlib import Path

import pytest

from taskrush.report.revision import revision_of

pytestmark = pytest.mark.needs("git")
WHO = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
WHO.update({f"GIT_{role}_{what}": f"{role}@x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")})


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=folder, env={**os.environ, **WHO}, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    return folder


def head(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD")


def test_a_branch_also_from_below(checkout: Path) -> None:
    """With slashes in its name, before it has a commit of its own and after."""
    (checkout / "a" / "b").mkdir(parents=True)
    assert revision_of(str(checkout / "a" / "b")) == (head(checkout), "main")
    git(checkout, "checkout", "-q", "-b", "topic/one")
    git(checkout, "commit", "-q", "--allow-empty", "-m", "y")
    assert revision_of(str(checkout)) == (head(checkout), "topic/one")


def test_packed_refs(checkout: Path) -> None:
    """As `git gc` leaves them, and with a ref whose name ends alike."""
    git(checkout, "branch", "x/main")
    git(checkout, "pack-refs", "--all")
    assert not (checkout / ".git" / "refs" / "heads" / "main").exists()
    assert revision_of(str(checkout)) == (head(checkout), "main")


def test_detached(checkout: Path) -> None:
    """No branch then."""
    git(checkout, "checkout", "-q", "--detach")
    assert revision_of(str(checkout)) == (head(checkout), None)


def test_a_worktree(checkout: Path) -> None:
    """Its HEAD is its own, the branches are those of the checkout; packed too."""
    other = checkout.parent / "other"
    git(checkout, "worktree", "add", "-q", "-b", "side", str(other))
    git(other, "commit", "-q", "--allow-empty", "-m", "z")
    assert revision_of(str(other)) == (head(other), "side")
    git(checkout, "pack-refs", "--all")
    assert revision_of(str(other)) == (head(other), "side")
    assert revision_of(str(checkout)) == (head(checkout), "main")


def test_where_there_is_nothing_to_tell(tmp_path: Path) -> None:
    """No checkout, one without a commit, and one that is damaged."""
    folder = tmp_path / "new"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    assert revision_of(str(folder)) == (None, "main")
    (folder / ".git" / "HEAD").write_bytes(b"\xff\x00 nonsense")
    assert revision_of(str(folder)) == (None, None)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/a\n")
    (folder / ".git" / "refs" / "heads" / "a").write_text("ref: refs/heads/a\n")  # a ring
    assert revision_of(str(folder)) == (None, "a")
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / ".git").write_text("gitdir: nowhere\n")
    assert revision_of(str(bare)) == (None, None)
