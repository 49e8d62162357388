"""How much memory or disk something takes, as people write it: `512MiB`, `4GB`. Knows nothing of what is so large."""

from __future__ import annotations

SIZE = r"([0-9]+(?:\.[0-9]+)?) ?(?:([kmgtKMGT])([iI]?)[bB]?|[bB])?"
_UNITS = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgt", 1):
    _UNITS.update(dict.fromkeys((_letter, f"{_letter}b"), 1000**_power))
    _UNITS.update(dict.fromkeys((f"{_letter}i", f"{_letter}ib"), 1024**_power))
SIZE_WORDS = "a size such as `4GB` or `512MiB`"


def as_bytes(text: str) -> int:
    """`4GB` as a number of bytes: `GB` counts thousands, `GiB` 1024s. Raises `ValueError` for what is no size."""
    size = text.strip()
    unit = size.lstrip("0123456789.")
    number = size[: len(size) - len(unit)]
    factor = _UNITS.get((unit[1:] if unit[:1] == " " else unit).lower())
    whole, dot, part = number.partition(".")
    if factor is None or not whole or not (part.isdigit() if dot else True):
        raise ValueError(f"`{text}` is not {SIZE_WORDS}")
    return int(float(number) * factor)


def shown_bytes(count: float) -> str:
    """`4.2GB`; what `as_bytes` reads."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 999.5 or unit == "TB":
            return f"{count:.3g}{unit}"
        count /= 1000
    raise AssertionError("not reached")
