"""Files of our own state: written whole, read only if this user alone can have written them and nothing is damaged.

State is disposable: whatever is wrong with a file, it counts as absent. It knows nothing of what is inside.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys

from taskrush._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

_SALT = f"{__version__} {sys.implementation.cache_tag} {marshal.version}".encode()
FOLDER = ".taskrush"
OPENSSL_PAYS = 1 << 20
SEAL = 32  # bytes before the body


def state_folder(root: str) -> str:
    """The workspace's state folder, made private and invisible to git; raises `OSError` if it cannot be."""
    folder = os.path.join(root, FOLDER)
    if not os.path.isdir(folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
    ignore = os.path.join(folder, ".gitignore")
    if not os.path.exists(ignore):
        write_whole(ignore, b"*\n")
    return folder


def write_whole(path: str, data: bytes, mode: int = 0o600, sync: bool = False) -> None:
    """Write a file so that a reader sees all of it or nothing of it; raises `OSError`."""
    beside = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), mode)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            if sync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(beside, path)
    except BaseException:
        try:
            os.unlink(beside)
        except OSError:
            pass
        raise


def save_state(path: str, kind: str, value: Any) -> bool:
    """Keep plain values (numbers, texts, bytes, tuples, lists, dicts); False if that is not possible here."""
    body = marshal.dumps(value)
    try:
        write_whole(path, _seal(kind, body) + body)
    except OSError:
        return False
    return True


def load_state(path: str, kind: str) -> Optional[Any]:
    """What `save_state` kept, or None if it is absent, damaged, foreign, or of another version."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return None
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
            return None
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read()
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return opened(data, kind)


def opened(data: bytes, kind: str) -> Optional[Any]:
    """What a file with these bytes holds, or None if it is damaged, foreign, or of another version."""
    body = memoryview(data)[SEAL:]
    if data[:SEAL] != _seal(kind, body):
        return None
    try:
        return marshal.loads(body)
    except (ValueError, EOFError, TypeError):
        return None


def digest_of(data: bytes) -> bytes:
    """SHA-256. OpenSSL's is five times as fast as the interpreter's own, but takes as long to load as 1 MiB to hash."""
    if len(data) > OPENSSL_PAYS and "hashlib" not in sys.modules:
        __import__("hashlib")
    found = sys.modules.get("hashlib") or sys.modules.get("_sha2") or sys.modules.get("_sha256") or _hashes()
    digest: bytes = found.sha256(data).digest()
    return digest


def _hashes() -> Any:
    for name in ("_sha2", "_sha256", "hashlib"):
        try:
            return __import__(name)
        except ImportError:
            pass
    raise AssertionError("no SHA-256 in this interpreter")


def _seal(kind: str, body: Any) -> bytes:
    """What tells damage: BLAKE2 takes a quarter of the time that SHA-256 does without OpenSSL."""
    try:
        from _blake2 import blake2b  # what `hashlib` has it from
    except ImportError:
        from hashlib import blake2b
    seal = blake2b(_SALT + b"\0" + kind.encode() + b"\0", digest_size=SEAL)
    seal.update(body)
    return seal.digest()
