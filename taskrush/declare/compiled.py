"""The checked declarations of a file, kept in `.taskrush/` so that a text is parsed once per change.

The form is made of plain tuples and dicts without paths: a copied workspace stays right. What cannot be read is
absent, what cannot be written is not kept; neither is ever an error.
"""

from __future__ import annotations

import hashlib
import os

from taskrush.declare.nodes import shown
from taskrush.errors import Problem, Where
from taskrush.model.declaration import (
    CacheConfig,
    FileDecl,
    Include,
    Matrix,
    Places,
    PluginUse,
    Remote,
    TaskDecl,
    Variable,
)
from taskrush.model.limits import Pool, PoolUse, Resources
from taskrush.model.notification import Channel, Notice, Notifications
from taskrush.model.policy import Cache, FailureHint, Ingredient, Requirement
from taskrush.model.retry import Retry, Timeout
from taskrush.model.secret import Secret
from taskrush.model.service import Ready, Service
from taskrush.model.task import Dep, Param
from taskrush.statefile import FOLDER, load_state, save_state, state_folder
from taskrush.values import evolve, fields

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

FORMAT = 15
"""Raised whenever the same text is to be read in another way."""

_TUPLE, _WHERE, _PLACES, _FIRST = range(4)
_CLASSES: Tuple[Any, ...] = (
    FileDecl,
    TaskDecl,
    Variable,
    PluginUse,
    Matrix,
    Include,
    Remote,
    CacheConfig,
    Cache,
    Retry,
    Timeout,
    Requirement,
    Ingredient,
    Dep,
    Param,
    Problem,
    Channel,
    Notice,
    Notifications,
    Pool,
    PoolUse,
    Resources,
    Ready,
    Service,
    Secret,
    FailureHint,
)
_NUMBERS: Dict[Any, int] = {made: number for number, made in enumerate(_CLASSES, _FIRST)}
_PLAIN = (str, int, float, bool, type(None))


def load(root: str, path: str, data: bytes) -> Optional[FileDecl]:
    """The declarations kept for a file with exactly these bytes, or None."""
    form = load_state(_place(root, path), _kind(data))
    if form is None:
        return None
    try:
        decl = _thaw(form, shown(path))
    except (TypeError, ValueError, IndexError, KeyError):
        return None
    return evolve(decl, path=path) if isinstance(decl, FileDecl) else None


def save(root: str, path: str, data: bytes, decl: FileDecl) -> None:
    """Keep the declarations of a file with these bytes, if this workspace can be written to."""
    try:
        state_folder(root)
        os.makedirs(os.path.dirname(_place(root, path)), mode=0o700, exist_ok=True)
        save_state(_place(root, path), _kind(data), _freeze(evolve(decl, path="")))
    except (OSError, ValueError):
        pass


def _place(root: str, path: str) -> str:
    name = hashlib.sha256(os.path.relpath(path, root).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return os.path.join(root, FOLDER, "declared", name)


def _kind(data: bytes) -> str:
    return f"declarations {FORMAT} {hashlib.sha256(data).hexdigest()}"


def _freeze(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is tuple:
        return (_TUPLE, *[_freeze(item) for item in value])
    if kind is list:
        return [_freeze(item) for item in value]
    if kind is dict:
        return {key: _freeze(item) for key, item in value.items()}
    if kind is Where:
        return (_WHERE, value.line, value.column)
    if kind is Places:
        return (_PLACES, dict(value.spots))
    number = _NUMBERS.get(kind)
    if number is None:
        raise ValueError(f"cannot be kept: {kind.__name__}")
    said: Dict[str, Any] = {}
    for field in fields(kind):
        item = getattr(value, field.name)
        if item is not None:
            said[field.name] = _freeze(item)
    return (number, said)


def _thaw(form: Any, path: str) -> Any:
    kind = type(form)
    if kind in _PLAIN:
        return form
    if kind is list:
        return [_thaw(item, path) for item in form]
    if kind is dict:
        return {key: _thaw(item, path) for key, item in form.items()}
    number = form[0]
    if number == _TUPLE:
        items: List[Any] = [_thaw(item, path) for item in form[1:]]
        return tuple(items)
    if number == _WHERE:
        return Where(path, form[1], form[2])
    if number == _PLACES:
        return Places(path, form[1])
    made = _CLASSES[number - _FIRST]
    return made(**{name: _thaw(item, path) for name, item in form[1].items()})
