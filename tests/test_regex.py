"""Expressions that are compiled late mean what they would mean at once; some rules are written without one."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.model.simple_command import _is_name, _is_plain
from taskrush.model.sizes import SIZE, as_bytes
from taskrush.regex import expression
from taskrush.report.log import _is_run

pytestmark = pytest.mark.core

PLAIN = r"[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*(?:[ \t]+[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*)*"
NAME = r"[A-Za-z0-9_.][A-Za-z0-9_+.-]*|[A-Za-z0-9_.,@:]*/[A-Za-z0-9_+.,@%:/-]*"


def texts(pattern: str, letters: str) -> st.SearchStrategy[str]:
    """What the pattern matches, and what is much like it."""
    return st.from_regex(pattern, fullmatch=True) | st.text(letters, max_size=12)


@given(texts(PLAIN, "a/=- \t+$é'"))
def test_plain_commands(text: str) -> None:
    """Words of harmless characters, without blanks around them."""
    text = text.strip(" \t\n")
    assert (_is_plain(text) and bool(text)) == bool(re.fullmatch(PLAIN, text))


@given(texts(NAME, "a/=-+.,@:%é"))
def test_names_of_programs(text: str) -> None:
    """Letters, or a path of them."""
    assert (_is_name(text) and bool(text)) == bool(re.fullmatch(NAME, text))


@given(texts(SIZE, "12. kKmMgGtTiIbB\n"))
def test_sizes(text: str) -> None:
    """`4GB`, and nothing else than the documented form."""
    found = re.fullmatch(SIZE, text.strip())
    if found is None:
        with pytest.raises(ValueError, match="is not a size"):
            as_bytes(text)
    else:
        number, unit, binary = found.groups()
        factor = (1024 if binary else 1000) ** (" kmgt".index(unit.lower()) if unit else 0)
        assert as_bytes(text) == int(float(number) * factor)


@given(texts(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}", "0T-a"))
def test_names_of_runs(text: str) -> None:
    """`20260102T030405-0a1b2c3d`."""
    assert _is_run(text) == bool(re.fullmatch(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}", text))


def test_an_expression_is_compiled_when_it_is_used() -> None:
    """With all that `re` can do, and not before."""
    one = expression(r"(?i)a(\d)")
    assert one.sub("b", "xA1") == "xb"
    assert one.fullmatch("a2").group(1) == "2"
    assert expression(rb"\x1b").search(b"a\x1b").start() == 1
    code = "import sys; from taskrush.model import simple_command, pattern, policy; print('re' in sys.modules)"
    bare = "import sys; print('re' in sys.modules)"
    found = [subprocess.run([sys.executable, "-c", one], capture_output=True, text=True).stdout for one in (bare, code)]
    assert found[1] == "False\n" or found[0] == "True\n"
