"""The file index never says that a changed file is unchanged, and does not read unchanged ones twice."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from taskrush.model import identity
from taskrush.model.identity import trusted
from taskrush.plan import file_index
from taskrush.plan.file_index import FileIndex

pytestmark = pytest.mark.core


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def age(path: Path, seconds: float = 10) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


def test_a_digest_is_the_sha256_of_the_content(tmp_path: Path) -> None:
    """Small, large and empty files; what is no file has none."""
    (tmp_path / "small").write_bytes(b"x")
    (tmp_path / "large").write_bytes(b"y" * (file_index.CHUNK * 2 + 1))
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    index = FileIndex(str(tmp_path))
    assert index.digest("small") == sha(b"x")
    assert index.digest("large") == sha(b"y" * (file_index.CHUNK * 2 + 1))
    assert index.digest("empty") == sha(b"")
    assert index.digest("folder") is None
    assert index.digest("nothing") is None
    assert index.digest("odd\0name") is None


def test_a_same_length_edit_with_the_old_time_put_back_is_seen(tmp_path: Path) -> None:
    """Content decides: the change time gives the edit away, and a young file is not trusted at all."""
    file = tmp_path / "f"
    file.write_bytes(b"one")
    age(file)
    index = FileIndex(str(tmp_path))
    assert index.digest("f") == sha(b"one")
    before = os.stat(file)
    file.write_bytes(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert index.digest("f") == sha(b"two")


def test_identity_is_trusted_only_two_seconds_after_both_times() -> None:
    """Git's racy rule, for the time of the content and that of the entry."""
    second = 1_000_000_000
    assert trusted((1, 10 * second, 10 * second, 5, 6), 12 * second, (1, 10 * second, 10 * second, 5, 6))
    assert not trusted((1, 10 * second, 10 * second, 5, 6), 12 * second - 1, (1, 10 * second, 10 * second, 5, 6))
    assert not trusted((1, 3 * second, 11 * second, 5, 6), 12 * second, (1, 3 * second, 11 * second, 5, 6))
    assert not trusted((1, 3 * second, 3 * second, 5, 6), 12 * second, (1, 3 * second, 3 * second, 5, 7))


def test_what_is_known_is_kept_and_a_damaged_file_counts_as_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second process reads no unchanged file; with a flipped byte in its state it reads all again."""
    root = tmp_path / "w"
    root.mkdir()
    (root / "f").write_bytes(b"content")
    state = tmp_path / "state"
    index = FileIndex(str(root), str(state))
    monkeypatch.setattr(identity, "SAFE_NS", -(10**18))  # as if the file were old enough
    assert index.digest("f") == sha(b"content")
    index.save()
    reads = []
    real_open = os.open

    def counting(path: str, *rest: object, **more: object) -> int:
        if str(path).endswith("/f"):
            reads.append(path)
        return real_open(path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", counting)
    assert FileIndex(str(root), str(state)).digest("f") == sha(b"content")
    assert reads == []
    data = bytearray(state.read_bytes())
    data[len(data) // 2] ^= 0xFF
    state.write_bytes(bytes(data))
    assert FileIndex(str(root), str(state)).digest("f") == sha(b"content")
    assert len(reads) == 1


def test_state_tells_kinds_and_the_executable_bit(tmp_path: Path) -> None:
    """`chmod +x`, links and missing files all look different in a key."""
    (tmp_path / "f").write_bytes(b"x")
    (tmp_path / "to-f").symlink_to("f")
    (tmp_path / "dangling").symlink_to("nowhere")
    index = FileIndex(str(tmp_path))
    plain = index.state("f")
    os.chmod(tmp_path / "f", 0o755)
    states = [plain, index.state("f"), index.state("to-f"), index.state("dangling"), index.state("gone")]
    assert len(set(states)) == 5
    assert states[4] == "missing"


def test_walk_sees_new_files_at_once_and_leaves_our_state_out(tmp_path: Path) -> None:
    """A listing is never older than the folder."""
    (tmp_path / "a").mkdir()
    (tmp_path / ".taskrush").mkdir()
    (tmp_path / ".taskrush" / "x").touch()
    index = FileIndex(str(tmp_path))
    assert list(index.walk()) == [("a", True)]
    (tmp_path / "a" / "new").touch()
    assert list(index.walk()) == [("a", True), ("a/new", False)]
    (tmp_path / "a" / "new").unlink()
    assert list(index.walk("a")) == []
