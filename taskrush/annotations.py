"""What the annotations of a class mean: the texts in which modules keep them, evaluated when somebody looks.

Modules import what only annotations name under `if TYPE_CHECKING:`, which no run pays for. Here those imports are made
up for, in a name space of their own. It knows nothing of what is done with the types.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Mapping


def meanings(owner: type, texts: Mapping[str, Any]) -> Dict[str, Any]:
    """The types that annotations of a class stand for. What cannot be evaluated stays the text that it is."""
    names = _names_of(owner.__module__)
    return {name: _evaluated(text, names) if isinstance(text, str) else text for name, text in texts.items()}


def _evaluated(text: str, names: Dict[str, Any]) -> Any:
    try:
        return eval(text, names)
    except (NameError, TypeError):
        return text


def _names_of(module: str) -> Dict[str, Any]:
    """The names of a module, those under `if TYPE_CHECKING:` included where its source is at hand."""
    import ast
    import sys

    home = sys.modules[module]
    names = dict(vars(home))
    source_of = getattr(home.__loader__, "get_source", None)
    for node in ast.parse((source_of and source_of(module)) or "").body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            exec(compile(ast.Module(body=node.body, type_ignores=[]), f"<types of {module}>", "exec"), names)
    return names
