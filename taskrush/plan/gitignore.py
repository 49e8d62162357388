"""Which paths `.gitignore` files leave out; git's rules (gitignore(5)), without git.

It knows nothing of tasks. Reading is lazy: a folder's `.gitignore` is read when a path below it is asked for.
"""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional, Tuple

if TYPE_CHECKING:
    _Rule = Tuple["re.Pattern[str]", bool, bool]  # pattern, negated, for folders only


class GitIgnore:
    """Answers for one workspace. Paths are relative to it, with `/`."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._rules: Dict[str, List[_Rule]] = {}
        self._folders: Dict[str, bool] = {"": False}
        self._global: List[_Rule] = []
        exclude = os.path.join(root, ".git", "info", "exclude")
        self._global = _read(exclude)

    def ignored(self, path: str, is_folder: bool = False) -> bool:
        """Whether git would leave this untracked path out; a path below an ignored folder is ignored."""
        path = os.fsencode(path).decode("latin-1")
        parent = path.rpartition("/")[0]
        if self._folder_ignored(parent):
            return True
        return self._matches(path, is_folder)

    def _folder_ignored(self, folder: str) -> bool:
        known = self._folders.get(folder)
        if known is not None:
            return known
        chain = [folder]
        while chain[-1] not in self._folders:
            chain.append(chain[-1].rpartition("/")[0])
        answer = self._folders[chain.pop()]
        while chain:
            step = chain.pop()
            answer = answer or self._matches(step, True)
            self._folders[step] = answer
        return answer

    def _matches(self, path: str, is_folder: bool) -> bool:
        """The last rule that matches decides; deeper files come later."""
        folder = path.rpartition("/")[0]
        while True:
            inside = path[len(folder) + 1 :] if folder else path
            verdict = _decide(self._rules_of(folder), inside, is_folder)
            if verdict is not None:
                return verdict
            if not folder:
                break
            folder = folder.rpartition("/")[0]
        return bool(_decide(self._global, path, is_folder))

    def _rules_of(self, folder: str) -> List[_Rule]:
        rules = self._rules.get(folder)
        if rules is None:
            rules = self._rules[folder] = _read(self._file_of(folder))
        return rules

    def _file_of(self, folder: str) -> str:
        return os.path.join(self._root, os.fsdecode(folder.encode("latin-1")), ".gitignore")


def _decide(rules: List[_Rule], path: str, is_folder: bool) -> Optional[bool]:
    for pattern, negated, folders_only in reversed(rules):
        if folders_only and not is_folder:
            continue
        if pattern.match(path):
            return not negated
    return None


def _read(path: str) -> List[_Rule]:
    if os.path.islink(path):  # git does not follow a .gitignore that is a link
        return []
    try:
        with open(path, "rb") as file:
            text = file.read().decode("latin-1")  # git matches bytes: one character a byte
    except OSError:
        return []
    if text.startswith("\xef\xbb\xbf"):
        text = text[3:]
    rules = [_rule(line) for line in text.split("\n")]
    return [rule for rule in rules if rule is not None]


def _rule(line: str) -> Optional[_Rule]:
    line = line[:-1] if line.endswith("\r") else line
    while line.endswith(" ") and not line.endswith("\\ "):
        line = line[:-1]
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    if negated:
        line = line[1:]
    folders_only = line.endswith("/") and not line.endswith("\\/")
    if folders_only:
        line = line[:-1]
    if not line:
        return None
    anchored = "/" in line
    if line.startswith("/"):
        line = line[1:]
    body = _translate(line)
    if body is None:
        return None
    prefix = "" if anchored else "(?:.*/)?"
    return re.compile(prefix + body + r"\Z", re.DOTALL), negated, folders_only


def _translate(text: str) -> Optional[str]:
    """A regular expression for one pattern, or None for one that can match nothing."""
    out = []
    at, end = 0, len(text)
    while at < end:
        sign = text[at]
        if sign == "*":
            stars = at
            while at < end and text[at] == "*":
                at += 1
            whole = at - stars == 2 and (stars == 0 or text[stars - 1] == "/") and (at == end or text[at] == "/")
            if whole and at == end:
                out.append(".+")
            elif whole:
                out.append("(?:.*/)?")
                at += 1
            else:
                out.append("[^/]*")
            continue
        if sign == "?":
            out.append("[^/]")
        elif sign == "[":
            found = _bracket(text, at)
            if found is None:
                return None
            expression, at = found
            out.append(expression)
            continue
        elif sign == "\\":
            at += 1
            if at == end:
                return None
            out.append(re.escape(text[at]))
        else:
            out.append(re.escape(sign))
        at += 1
    return "".join(out)


_CLASSES = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \\t",
    "digit": "0-9",
    "lower": "a-z",
    "space": "\\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
    "punct": "!-/:-@\\[-`{-~",
}


def _bracket(text: str, start: int) -> Optional[Tuple[str, int]]:
    """A bracket expression from `start`, as a regular expression and where it ends; None if it never does."""
    at = start + 1
    negated = at < len(text) and text[at] in "!^"
    if negated:
        at += 1
    parts: List[str] = []
    first = True
    while at < len(text):
        sign = text[at]
        if sign == "]" and not first:
            body = "".join(parts)
            if not body:
                return "(?!)", at + 1
            return (f"[^/{body}]" if negated else f"(?!/)[{body}]"), at + 1
        first = False
        if text.startswith("[:", at):
            close = text.find(":]", at + 2)
            if close > 0:
                name = text[at + 2 : close]
                if name not in _CLASSES:
                    return None
                parts.append(_CLASSES[name])
                at = close + 2
                continue
        if sign == "\\":
            at += 1
            if at == len(text):
                return None
            sign = text[at]
        at += 1
        if at + 1 < len(text) and text[at] == "-" and text[at + 1] != "]":
            high = text[at + 1]
            at += 2
            if high == "\\" and at < len(text):
                high = text[at]
                at += 1
            if sign <= high:
                parts.append(f"{re.escape(sign)}-{re.escape(high)}")
            continue
        parts.append(re.escape(sign))
    return None
