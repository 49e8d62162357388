"""What the annotations of a class mean: the texts in which modules keep them, evaluated when somebody looks.

Modules import what only annotations name under `if TYPE_CHECKING:`, which no run pays for. Here those imports are made
up for, in a name space of their own. It knows nothing of what is done with the types.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from typing import Any, Dict, Mapping


def meanings(owner: type, texts: Mapping[str, Any]) -> Dict[str, Any]:
    """The types that annotations of a class stand for. What cannot be evaluated stays the text that it is."""
    names = _names_of(owner.__module__, {})
    return {name: _evaluated(text, names) if isinstance(text, str) else text for name, text in texts.items()}


def _evaluated(text: str, names: Dict[str, Any]) -> Any:
    try:
        return eval(text, names)
    except (NameError, TypeError):
        return text


def _names_of(module: str, known: Dict[str, Dict[str, Any]]) -> Dict[str, Any]:
    """The names of a module, those under `if TYPE_CHECKING:` included where its source is at hand."""
    import ast
    import importlib

    if module in known:
        return known[module]
    home = importlib.import_module(module)
    names = known[module] = dict(vars(home))
    source_of = getattr(home.__loader__, "get_source", None)
    for node in ast.parse((source_of and source_of(module)) or "").body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            for one in node.body:
                if isinstance(one, ast.ImportFrom):
                    names.update(_imported(one, known))
                else:
                    exec(compile(ast.Module(body=[one], type_ignores=[]), f"<types of {module}>", "exec"), names)
    names.update(vars(home))
    return names


def _imported(node: ast.ImportFrom, known: Dict[str, Dict[str, Any]]) -> Dict[str, Any]:
    """What an import names, things included that are there for type checkers alone."""
    import importlib

    home = importlib.import_module(node.module or "")
    found = {}
    for alias in node.names:
        if hasattr(home, alias.name):
            found[alias.asname or alias.name] = getattr(home, alias.name)
        else:
            found[alias.asname or alias.name] = _names_of(home.__name__, known).get(alias.name)
    return found
