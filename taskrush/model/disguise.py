"""The forms in which programs print a value: encoded, escaped, quoted, cut into lines. Pure: bytes in, bytes out.

What is covered is listed in `docs/how-to/secrets.md`. It does not know which values are secrets, nor where they are
looked for. Nothing is imported for it that costs time: every encoding here is a few lines.
"""

from __future__ import annotations

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Iterator, List, Set

SHORTEST = 4  # bytes of a value; a shorter one stands in every second line by chance
DIGITS = 6  # a number of fewer digits is a port, a year, a count
SHORTEST_FORM = 6  # bytes of an encoded form, for the same reason
LINE = 8  # bytes of a line of a longer value
PIECE = 16  # bytes of a piece of an encoding that is cut into lines
WRAPS = (76, 64)  # columns at which base64 is cut into lines (base64, MIME; PEM, openssl)
_WORDS = """
true false none null nil undefined yes no on off default enabled disabled debug info warning error
test testing local localhost dev development prod production staging main master latest
"""
ORDINARY = frozenset(_WORDS.split())
"""Values that are no secrets whoever says so: without them hardly a line of output would be left."""

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_URL_SAFE = tuple(_LETTERS + more for more in ("_.-~", "_.-~/", "_.-!~*'()", "_.-!~*'();/?:@&=+$,#"))
_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def worth_hiding(value: bytes) -> bool:
    """Whether a value can be told from ordinary text: four bytes and more, and no word such as `true` or `8080`."""
    value = value.strip()
    if len(value) < SHORTEST or (value.isdigit() and len(value) < DIGITS):
        return False
    return value.decode("utf-8", "replace").lower() not in ORDINARY


def disguises(value: bytes) -> Set[bytes]:
    """All forms to look for; none for a value that is not worth hiding."""
    if not worth_hiding(value):
        return set()
    plain = {value, value.strip(b"\r\n"), value.strip()}
    found = set(plain)
    for one in plain:
        found.update(form for form in _encoded(one) if len(form) >= SHORTEST_FORM)
    found.update(_wrapped(value))
    lines = [line.strip() for line in value.splitlines()]
    if len(lines) > 1:  # a key in a file is often printed line by line; `-----BEGIN ...` gives nothing away
        found.update(line for line in lines if len(line) >= LINE and worth_hiding(line) and line[:5] != b"-----")
    return {form for form in found if len(form) >= SHORTEST}


def _encoded(value: bytes) -> Iterator[bytes]:
    yield from _base64(value)
    yield from _base32(value)
    yield from _in_digits(value)
    yield value[::-1]
    if len(value) >= LINE:
        yield from (value.upper(), value.lower())
    try:
        text = value.decode()
    except UnicodeDecodeError:
        yield from _escaped_bytes(value)
        return
    yield from _escaped_bytes(value)
    for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "latin-1"):
        try:
            yield text.encode(encoding)
        except UnicodeEncodeError:
            pass
    yield from _base64(text.encode("utf-16-le"))  # what PowerShell takes as a command
    for form in _texts(text):
        yield form.encode("utf-8", "surrogatepass")


# --- numbers ----------------------------------------------------------------------------


def _base64(value: bytes) -> Iterator[bytes]:
    """In each of the three places in which it can stand among other bytes, padded and not, in both alphabets."""
    for shift, first in ((0, 0), (1, 2), (2, 3)):
        whole = binascii.b2a_base64(b"\0" * shift + value, newline=False)
        bits = 8 * (shift + len(value))
        for part in (whole[first : bits // 6], whole[first:].rstrip(b"="), whole[first:]):
            yield part
            yield part.translate(bytes.maketrans(b"+/", b"-_"))


def _base32(value: bytes) -> Iterator[bytes]:
    for shift in range(5):
        bits = "".join(f"{byte:08b}" for byte in b"\0" * shift + value)
        first = -(-8 * shift // 5)
        digits = [int(bits[at : at + 5].ljust(5, "0"), 2) for at in range(5 * first, len(bits), 5)]
        whole = "".join(_BASE32[digit] for digit in digits).encode()
        yield from (whole, whole[:-1] if len(bits) % 5 else whole)


def _in_digits(value: bytes) -> Iterator[bytes]:
    for upper in (False, True):
        for apart in ("", " ", ":", "-", ", ", ","):
            text = value.hex() if not apart else apart.join(f"{byte:02x}" for byte in value)
            yield (text.upper() if upper else text).encode()
        for lead in ("\\x", "%", "0x", ", 0x", " 0x", ",0x"):
            text = lead.join(f"{byte:02X}" if upper else f"{byte:02x}" for byte in value)
            yield (lead.lstrip(", ") + text).encode()
    for apart in (", ", ",", " "):
        yield apart.join(str(byte) for byte in value).encode()
    yield "".join(f"\\{byte:03o}" for byte in value).encode()
    yield " ".join(f"{byte:03o}" for byte in value).encode()


def _wrapped(value: bytes) -> Iterator[bytes]:
    """The lines of dumps of a value and nothing else before it: `base64`, `xxd`, `od`, `hexdump -C`."""
    for whole in (value, value.rstrip(b"\r\n") + b"\n"):
        encoded = binascii.b2a_base64(whole, newline=False)
        lines = [encoded[at : at + width] for width in WRAPS for at in range(0, len(encoded), width)]
        if len(whole) > 30:
            lines += [whole[at : at + 30].hex().encode() for at in range(0, len(whole), 30)]
        if len(whole) > 8:
            lines += [whole[at : at + 8].hex(" ").encode() for at in range(0, len(whole), 8)]
            lines += [whole[at : at + 8].hex(" ", -2).encode() for at in range(0, len(whole), 8)]
        yield from (line for line in lines if len(line) >= PIECE)


# --- escapes ------------------------------------------------------------------------------


def _escaped_bytes(value: bytes) -> Iterator[bytes]:
    """As C, Python and git write what is not printable."""
    yield repr(value)[2:-1].encode()
    for number in ("\\{:03o}", "\\x{:02x}", "\\x{:02X}"):
        for special in ("\\", '\\"', "\\'"):
            shown = "".join(
                _SHORT_ESCAPES.get(chr(byte))
                or (
                    "\\" + chr(byte) if chr(byte) in special else chr(byte) if 32 <= byte < 127 else number.format(byte)
                )
                for byte in value
            )
            yield shown.encode()


def _texts(text: str) -> Iterator[str]:
    yield text[::-1]
    if len(text) >= LINE:
        yield from (text.upper(), text.lower())
    yield from _in_url(text)
    yield from _in_json(text)
    yield from _in_markup(text)
    yield from _in_shell(text)
    yield repr(text)[1:-1]
    yield ascii(text)[1:-1]
    yield text.encode("unicode_escape").decode()
    yield text.replace("'", "''")  # SQL, YAML
    yield text.replace('"', '""')  # CSV
    for special in (
        "()[]{}?*+-|^$\\.&~# \t\n\r\v\f",
        "()[]{}?*+|^$\\.",
    ):  # regular expressions, as of Python and others
        yield "".join("\\" + char if char in special else char for char in text)
    yield "".join(char if char in _LETTERS + "_" else "\\" + char for char in text)
    yield "".join(f"={byte:02X}" if byte == 61 or byte > 126 else chr(byte) for byte in text.encode("utf-8"))


def _in_url(text: str) -> Iterator[str]:
    for safe in _URL_SAFE:
        for digits in ("%{:02X}", "%{:02x}"):

            def quote(raw: str, safe: str = safe, digits: str = digits) -> str:
                return "".join(chr(byte) if chr(byte) in safe else digits.format(byte) for byte in raw.encode("utf-8"))

            quoted = quote(text)
            yield from (quoted, quoted.replace("%20", "+"), quote(quoted))


def _in_json(text: str) -> Iterator[str]:
    def escape(raw: str, always: Callable[[str], bool], digits: str, slash: str) -> str:
        pieces = []
        for char in raw:
            if always(char) and char not in _SHORT_ESCAPES and char not in '"\\':
                units = char.encode("utf-16-be", "surrogatepass")
                pieces += [
                    "\\u" + format(int.from_bytes(units[at : at + 2], "big"), digits) for at in range(0, len(units), 2)
                ]
            elif char in '"\\':
                pieces.append("\\" + char)
            else:
                pieces.append(slash if char == "/" else _SHORT_ESCAPES.get(char, char))
        return "".join(pieces)

    choices: List[Callable[[str], bool]] = [
        lambda char: char < " ",
        lambda char: not " " <= char < "\x7f",
        lambda char: not " " <= char < "\x7f" or char in "<>&",  # what goes into a page
        lambda char: not " " <= char < "\x7f" or char in "<>&'",
        lambda char: char < " " or char in "<>&",
    ]
    for always in choices:
        for digits in ("04x", "04X"):
            for slash in ("/", "\\/"):
                once = escape(text, always, digits, slash)
                yield from (once, escape(once, always, digits, slash))  # twice: JSON in JSON
    for digits in ("04x", "04X"):
        units = text.encode("utf-16-be", "surrogatepass")
        yield "".join(
            "\\u" + format(int.from_bytes(units[at : at + 2], "big"), digits) for at in range(0, len(units), 2)
        )


def _in_markup(text: str) -> Iterator[str]:
    bare = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for double in ('"', "&quot;", "&#34;", "&#x22;"):
        for single in ("'", "&#x27;", "&#39;", "&apos;"):
            yield bare.replace('"', double).replace("'", single)
    for form in ("&#{};", "&#x{:x};", "&#x{:X};"):
        yield "".join(form.format(ord(char)) for char in text)


def _in_shell(text: str) -> Iterator[str]:
    yield text.replace("'", "'\\''")
    yield text.replace("'", "'\"'\"'")
    for bare in (_LETTERS + "_.-/:=@%+,", _LETTERS + "_.-/:=@%+,~"):
        yield "".join(char if char in bare or char > "~" else "\\" + char for char in text)
        yield "".join(char if char in bare else "\\" + char for char in text)
    yield "".join("\\" + char if char in '"$`\\' else char for char in text)
    yield "".join("\\" + char if char in '"$`\\!' else char for char in text)
