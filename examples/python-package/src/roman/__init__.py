"""Roman numerals from 1 to 3999."""

VALUES = {
    "M": 1000, "CM": 900, "D": 500, "CD": 400, "C": 100, "XC": 90,
    "L": 50, "XL": 40, "X": 10, "IX": 9, "V": 5, "IV": 4, "I": 1,
}  # fmt: skip


def to_roman(number: int) -> str:
    """`1999` is `MCMXCIX`. Raises `ValueError` outside of 1 to 3999."""
    if not 0 < number < 4000:
        raise ValueError(f"no Roman numeral for {number}")
    text = ""
    for sign, value in VALUES.items():
        count, number = divmod(number, value)
        text += sign * count
    return text


def from_roman(text: str) -> int:
    """The number of a numeral in its usual form. Raises `ValueError` for anything else."""
    rest, number = text.upper(), 0
    for sign, value in VALUES.items():
        while rest.startswith(sign):
            rest, number = rest[len(sign) :], number + value
    if rest or not number or to_roman(number) != text.upper():
        raise ValueError(f"not a Roman numeral: {text}")
    return number
