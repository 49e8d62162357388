"""Texts to values: the options that a task's parameters are on a command line, and what is typed into them.

It serves Python tasks and `.rush` tasks alike. It does not know where texts come from, nor how a function is read:
`declare/signature.py` makes `Param`s of functions.

Lists are options that may be repeated (`--tag a --tag b`); in an environment variable their items stand between commas.
"""

from __future__ import annotations

import enum

from taskrush.errors import UsageError
from taskrush.model.spelling import dashed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

    from taskrush.model.task import Param, Task

KINDS = ("str", "int", "float", "bool", "path")
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")


def option_strings(param: Param) -> Tuple[str, ...]:
    """How a parameter is spelled: `--dry-run`; a yes-or-no one also `--no-dry-run`."""
    name = dashed(param.name)
    return (f"--{name}", f"--no-{name}") if is_flag(param) else (f"--{name}",)


def is_flag(param: Param) -> bool:
    """Whether the option stands alone: yes-or-no parameters take no value."""
    return param.kind == "bool" and not param.many


def takes_value(param: Param) -> bool:
    """Whether a text follows the option (`--count 3` or `--count=3`)."""
    return not is_flag(param)


def flag_text(param: Param, option: str) -> Optional[str]:
    """The text that an option without value stands for (`true`, `false`), or None when it takes a value."""
    if takes_value(param):
        return None
    return "false" if option == option_strings(param)[1] else "true"


def choice_texts(param: Param) -> Tuple[str, ...]:
    """What may be typed for a parameter with choices; empty when anything may."""
    return tuple(text_of(choice) for choice in param.choices)


def text_of(value: object) -> str:
    """How a value is typed: members of an enum by their value, booleans in lower case."""
    if isinstance(value, enum.Enum):
        return text_of(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return " ".join(map(text_of, value))
    return str(value)


def parse_arguments(task: Task, tokens: Sequence[str]) -> Tuple[Dict[str, List[str]], List[str]]:
    """The texts given for parameters by name, and the rest from the first token that is no option of the task.

    Raises `UsageError` for an option without its value, or a flag with one.
    """
    known = {option: param for param in task.params for option in option_strings(param)}
    given: Dict[str, List[str]] = {}
    position = 0
    while position < len(tokens):
        option, equals, text = tokens[position].partition("=")
        param = known.get(option)
        if param is None:
            break
        position += 1
        alone = flag_text(param, option)
        if alone is not None:
            if equals and option != option_strings(param)[0]:
                raise UsageError(f"task `{task.id}`: {option} takes no value")
            text = text if equals else alone
        elif not equals:
            if position == len(tokens):
                raise UsageError(f"task `{task.id}`: {option} needs a value", f"write `{option}={metavar(param)}`")
            text = tokens[position]
            position += 1
        given.setdefault(param.name, []).append(text)
    return given, list(tokens[position:])


def metavar(param: Param) -> str:
    """What stands for the value in a help text: the choices, or the kind in capitals."""
    return "|".join(choice_texts(param)) or {"str": "TEXT", "int": "N", "float": "X"}.get(
        param.kind, param.kind.upper()
    )


def convert(task: Task, param: Param, texts: Sequence[str]) -> Any:
    """The value of what was typed; the last text wins unless the parameter is a list. Raises `UsageError`."""
    return _convert(task, param, texts, option_strings(param)[0])


def fill(task: Task, given: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> Mapping[str, Any]:
    """The value of every parameter of `task`: from the texts given, else its environment variable, else its default.

    An environment variable that is set but empty counts as unset, save for texts. Raises `UsageError` for
    unknown names, texts that are no value and everything required that is missing.
    """
    names = [param.name for param in task.params]
    for name in given:
        if name not in names:
            raise UsageError(f"task `{task.id}` has no parameter `{name}`", _near(name, names))
    values: Dict[str, Any] = {}
    missing: List[Param] = []
    for param in task.params:
        text = None if param.env is None else environ.get(param.env)
        if param.name in given:
            values[param.name] = convert(task, param, given[param.name])
        elif text is not None and (text or param.kind == "str"):
            texts = [item.strip() for item in text.split(",")] if param.many else [text]
            values[param.name] = _convert(task, param, texts, f"{option_strings(param)[0]} (from ${param.env})")
        elif param.required:
            missing.append(param)
        else:
            values[param.name] = default_value(task, param)
    if missing:
        options = " and ".join(option_strings(param)[0] for param in missing)
        example = " ".join(f"{option_strings(param)[0]}={metavar(param)}" for param in missing)
        raise UsageError(f"task `{task.id}` needs {options}", f"add `{example}`{_variables(missing)}")
    return values


def default_value(task: Task, param: Param) -> Any:
    """The default, converted where it is a text for something else than a text (as in files)."""
    default = param.default
    if isinstance(default, str) and (param.many or param.kind != "str" or param.convert or param.choices):
        return _convert(task, param, [default], f"default of {option_strings(param)[0]}")
    if param.many and isinstance(default, (list, tuple)) and all(isinstance(item, str) for item in default):
        return _convert(task, param, default, f"default of {option_strings(param)[0]}")
    return default


def _convert(task: Task, param: Param, texts: Sequence[str], what: str) -> Any:
    values = [_one(task, param, text, what) for text in (texts if param.many else texts[-1:])]
    return values if param.many else values[0]


def _one(task: Task, param: Param, text: str, what: str) -> Any:
    try:
        value = (param.convert or _CONVERTERS[param.kind])(text)
    except ValueError as error:
        if not param.choices:
            message = str(error) if param.convert else f"not {_NOUNS[param.kind]}: {text!r}"
            raise UsageError(f"task `{task.id}`: {what}: {message}") from None
    else:
        if not param.choices or value in param.choices:
            return value
    allowed = choice_texts(param)
    raise UsageError(f"task `{task.id}`: {what}: not one of {', '.join(allowed)}: {text!r}", _near(text, allowed))


def _bool(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def _path(text: str) -> Any:
    from pathlib import Path  # dear, and few tasks have such parameters

    return Path(text)


_CONVERTERS: Dict[str, Callable[[str], Any]] = {"str": str, "int": int, "float": float, "bool": _bool, "path": _path}
_NOUNS = {
    "str": "a text",
    "int": "an integer",
    "float": "a number",
    "bool": "a yes or no (true, false)",
    "path": "a path",
}


def _near(text: str, allowed: Sequence[str]) -> Optional[str]:
    import difflib  # only needed once something is wrong

    close = difflib.get_close_matches(text, list(allowed), n=1, cutoff=0.5)
    return f"did you mean `{close[0]}`?" if close else None


def _variables(missing: Sequence[Param]) -> str:
    names = [f"${param.env}" for param in missing if param.env]
    return f" or set {' and '.join(names)}" if names else ""
