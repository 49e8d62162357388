"""How programs print a value: more than thirty encodings, made by the standard library, not by the code under test."""

import base64
import html
import json
import quopri
import re
import shlex
import urllib.parse
import xml.sax.saxutils
from typing import Dict


def encodings(secret: str) -> Dict[str, bytes]:
    """The encodings of a value, by name."""
    raw = secret.encode()
    quoted = urllib.parse.quote(secret, safe="")
    found: Dict[str, str | bytes] = {
        "plain": secret,
        "in a line": f"--token={secret},",
        "base64": base64.b64encode(raw),
        "base64, no padding": base64.b64encode(raw).rstrip(b"="),
        "base64 after one byte": base64.b64encode(b":" + raw + b"; and more"),
        "base64 after two bytes": base64.b64encode(b"::" + raw + b"; and more"),
        "base64 of a login": base64.b64encode(b"user:" + raw),
        "base64 with a line end": base64.b64encode(raw + b"\n"),
        "base64, for URLs": base64.urlsafe_b64encode(raw),
        "base64, for URLs, no padding": base64.urlsafe_b64encode(b"x" + raw).rstrip(b"="),
        "base64 in lines": base64.encodebytes(raw),
        "base64 of UTF-16": base64.b64encode(secret.encode("utf-16-le")),
        "base32": base64.b32encode(raw),
        "base32 after two bytes": base64.b32encode(b"::" + raw),
        "base16": base64.b16encode(raw),
        "hex": raw.hex(),
        "hex, upper": raw.hex().upper(),
        "hex with colons": raw.hex(":"),
        "hex with spaces": raw.hex(" "),
        "hex with \\x": "".join(f"\\x{byte:02x}" for byte in raw),
        "octal": "".join(f"\\{byte:03o}" for byte in raw),
        "a list of numbers": json.dumps(list(raw)),
        "URL": quoted,
        "URL, slashes kept": urllib.parse.quote(secret),
        "URL, plus for space": urllib.parse.quote_plus(secret),
        "URL, twice": urllib.parse.quote(quoted, safe=""),
        "URL, lower case": re.sub("%..", lambda match: match[0].lower(), quoted),
        "URL, everything": "".join(f"%{byte:02X}" for byte in raw),
        "a query": urllib.parse.urlencode({"token": secret}),
        "JSON": json.dumps(secret),
        "JSON, UTF-8": json.dumps(secret, ensure_ascii=False),
        "JSON in JSON": json.dumps(json.dumps(secret)),
        "JSON, all escaped": "".join(f"\\u{ord(char):04x}" for char in secret if ord(char) < 0x10000),
        "JSON, all escaped, upper": "".join(f"\\u{ord(char):04X}" for char in secret if ord(char) < 0x10000),
        "JSON, slashes escaped": json.dumps(secret).replace("/", "\\/"),
        "JSON for a page": json.dumps(secret).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"),
        "HTML": html.escape(secret),
        "HTML, quotes kept": html.escape(secret, quote=False),
        "HTML, numbers": "".join(f"&#{ord(char)};" for char in secret),
        "HTML, hex numbers": "".join(f"&#x{ord(char):x};" for char in secret),
        "XML attribute": xml.sax.saxutils.quoteattr(secret),
        "shell": shlex.quote(secret),
        "shell, backslashes": re.sub(r"([^A-Za-z0-9_.\-/:=@%+,])", r"\\\1", secret),
        "shell, double quotes": '"' + re.sub(r'(["$`\\])', r"\\\1", secret) + '"',
        "Python": repr(secret),
        "Python, ASCII": ascii(secret),
        "Python, bytes": repr(raw),
        "unicode_escape": secret.encode("unicode_escape"),
        "UTF-16, little": secret.encode("utf-16-le"),
        "UTF-16, big": secret.encode("utf-16-be"),
        "UTF-32": secret.encode("utf-32-le"),
        "SQL": "'" + secret.replace("'", "''") + "'",
        "CSV": '"' + secret.replace('"', '""') + '"',
        "regular expression": re.escape(secret),
        "quoted-printable": quopri.encodestring(raw),
        "reversed": secret[::-1],
        "upper": secret.upper(),
        "lower": secret.lower(),
        "coloured": f"\x1b[1m{secret[:4]}\x1b[31m{secret[4:9]}\x1b[0m{secret[9:]}",
        "with a line end": secret + "\r\n",
    }
    return {name: form.encode() if isinstance(form, str) else form for name, form in found.items()}


def cores(secret: str) -> Dict[str, bytes]:
    """What must be found nowhere: each encoding without what its neighbours have a part in, and without its frame."""
    found = {}
    for name, form in encodings(secret).items():
        core = form.strip(b"\"'[]\r\n= ")
        if name.startswith("base") or name == "a list of numbers":
            core = core[8:-6] if len(core) > 24 else core
            core = max(core.split(b"\n"), key=len)
        if name == "quoted-printable":
            core = max(core.split(b"=\n"), key=len)
        for frame in (b"--token=", b"token="):
            core = core.replace(frame, b"").rstrip(b",")
        found[name] = core
    return found
