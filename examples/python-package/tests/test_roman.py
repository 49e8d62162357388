import pytest

from roman import from_roman, to_roman


def test_every_numeral_comes_back():
    assert [from_roman(to_roman(number)) for number in range(1, 4000)] == list(range(1, 4000))


@pytest.mark.parametrize("text", ["", "IIII", "VX", "MMMM", "hello"])
def test_nonsense_is_refused(text):
    with pytest.raises(ValueError, match="numeral"):
        from_roman(text)


def test_known_ones():
    assert to_roman(1999) == "MCMXCIX"
    assert from_roman("mmxxiv") == 2024
