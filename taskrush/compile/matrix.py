"""The combinations of a matrix and the names of the tasks they make.

A member of `test` is called `test@3.8,linux`: the values in the order of the axes. What a name may not contain becomes
`_`; two members that would be called the same are numbered.
"""

from __future__ import annotations

import itertools

from taskrush.compile.names import what_is_wrong
from taskrush.compile.variables import PLACEHOLDER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Optional, Tuple

    from taskrush.compile.variables import Scope
    from taskrush.errors import Where
    from taskrush.model.declaration import Matrix

if TYPE_CHECKING:
    Combination = Mapping[str, str]
LIMIT = 10_000


def combinations(matrix: Matrix, scope: Scope, where: Optional[Where] = None) -> Tuple[Combination, ...]:
    """What the axes give, without what `exclude` names, and with what `include` adds, in order.

    An axis that is a single `${NAME}` takes the words of that variable as its values.
    """
    axes = {name: _values(values, scope, where) for name, values in matrix.axes.items()}
    size = 1
    for values in axes.values():
        size *= max(1, len(values))
    if size > LIMIT:
        raise ValueError(f"a matrix of {size} combinations; {LIMIT} are the most")
    found: List[Dict[str, str]] = []
    if axes:
        for values in itertools.product(*axes.values()):
            combination = dict(zip(axes, values))
            if not any(_covers(excluded, combination) for excluded in matrix.exclude):
                found.append(combination)
    found.extend(dict(extra) for extra in matrix.include if dict(extra) not in found)
    return tuple({tuple(sorted(one.items())): one for one in found}.values())


def member_names(name: str, found: Tuple[Combination, ...]) -> Tuple[str, ...]:
    """The names of the members, all different."""
    names: List[str] = []
    taken: Dict[str, int] = {}
    for combination in found:
        member = f"{name}@{','.join(_word(value) for value in combination.values())}"
        count = taken[member] = taken.get(member, 0) + 1
        names.append(member if count == 1 else f"{member},{count}")
    return tuple(names)


def every_value(found: Tuple[Combination, ...], limit: int = 4) -> Dict[str, str]:
    """What each axis stands for in all combinations, for people to read: `3.8|3.13`."""
    values: Dict[str, Dict[str, None]] = {}
    for combination in found:
        for name, value in combination.items():
            values.setdefault(name, {})[value] = None
    return {
        name: "|".join([*list(all_)[:limit], *(["..."] if len(all_) > limit else [])]) for name, all_ in values.items()
    }


def _values(values: Tuple[str, ...], scope: Scope, where: Optional[Where]) -> Tuple[str, ...]:
    if len(values) == 1 and PLACEHOLDER.fullmatch(values[0]):
        return tuple(dict.fromkeys(scope.fill(values[0], where).split()))
    return tuple(dict.fromkeys(scope.fill(value, where) for value in values))


def _covers(excluded: Combination, combination: Combination) -> bool:
    return bool(excluded) and all(combination.get(name) == value for name, value in excluded.items())


def _word(value: str) -> str:
    return "".join("_" if sign in ":," or what_is_wrong("x" + sign) else sign for sign in value) or "_"
