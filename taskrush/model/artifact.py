"""What a result is made of: a manifest of files, and the record that a cache keeps under a key."""

from __future__ import annotations

import hashlib

from taskrush.values import asdict, field, frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Mapping, Optional, Tuple

FILE = "file"
LINK = "link"
FOLDER = "folder"
_HEXADECIMAL = "0123456789abcdef"


@frozen
class Entry:
    """One output: its path relative to the workspace, with `/`, and what is there.

    For a file `digest` is the SHA-256 of its content in hexadecimal, `size` its length in bytes and `mode` its
    permission bits; for a link `target` is what it points to; a folder is listed only if it is empty.
    """

    path: str
    kind: str
    digest: str = ""
    size: int = 0
    mode: int = 0o644
    target: str = ""


@frozen(kw_only=True)
class Manifest:
    """All outputs of one result, sorted by path."""

    entries: Tuple[Entry, ...]

    @property
    def digest(self) -> str:
        """One digest (SHA-256, hexadecimal) of all entries; empty where there are none."""
        if not self.entries:
            return ""
        rows = repr([(e.path, e.kind, e.digest, e.mode, e.target) for e in self.entries])
        return hashlib.sha256(rows.encode("utf-8", "surrogateescape")).hexdigest()

    def to_json(self) -> List[List[Any]]:
        """Plain lists; `from_json` reads them back."""
        return [[e.path, e.kind, e.digest, e.size, e.mode, e.target] for e in self.entries]

    @classmethod
    def from_json(cls, rows: Any) -> Manifest:
        """Raises `ValueError` unless every row has exactly the right shape."""
        if not isinstance(rows, list):
            raise ValueError("a manifest is a list")
        entries = []
        for row in rows:
            if not isinstance(row, list) or len(row) != 6:
                raise ValueError("a manifest row has six fields")
            path, kind, digest, size, mode, target = row
            if not (isinstance(path, str) and isinstance(digest, str) and isinstance(target, str)):
                raise ValueError("path, digest and target are texts")
            if kind not in (FILE, LINK, FOLDER):
                raise ValueError(f"unknown kind {kind!r}")
            if type(size) is not int or type(mode) is not int or size < 0 or mode & ~0o777:
                raise ValueError("size and mode are numbers within their limits")
            if kind == FILE and (len(digest) != 64 or digest.strip(_HEXADECIMAL)):
                raise ValueError("a digest is 64 hexadecimal digits")
            entries.append(Entry(path, kind, digest, size, mode, target))
        return cls(entries=tuple(entries))


@frozen(kw_only=True)
class Stored:
    """A stored result: under which key, for which task, its outputs, its log and facts about the run that made it.

    `log` is the digest of the object that holds the output of the task, both streams in order; None without output.
    `attempts` is how often the task was tried until it ended well.
    `parts` are the digests of the fingerprint's parts by name, for explaining later misses.
    """

    key: str
    task: str
    manifest: Manifest
    log: Optional[str] = None
    log_cut: bool = False
    value: Optional[str] = None
    seconds: float = 0.0
    attempts: int = 1
    made_at: float = 0.0
    run: str = ""
    parts: Mapping[str, str] = field(factory=dict)

    def to_json(self) -> Dict[str, Any]:
        """Plain values for the wire."""
        data = asdict(self, recurse=False)
        data["manifest"] = self.manifest.to_json()
        data["parts"] = dict(self.parts)
        if self.attempts == 1:
            del data["attempts"]  # versions that know nothing of it read what they always did
        return data
