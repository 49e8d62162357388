"""The wire form of records: one JSON object a line, UTF-8, versioned. It knows how they look, not who reads them.

    {"v": 1, "run": "20260102T030405-0a1b2c3d", "seq": 2, "at": 1767323045.5,
     "event": {"type": "TaskOutput", "task": "build", "stream": "stdout", "data": "hello\\n"}}

`v` is the version, `seq` counts from 0, `at` is in seconds since 1970, `type` names one of the classes in
`taskrush.events` and the other keys are its fields. `data` is a text where the bytes are UTF-8, else
`{"base64": "..."}`. The `value` of an outcome stays at home. Within a version fields and types may be added: readers
ignore what they do not know, and missing fields have their defaults.
"""

from __future__ import annotations

import base64
import functools
import json
from typing import get_args

from taskrush.errors import UsageError
from taskrush.events import WIRE_VERSION, Event, Record
from taskrush.model.outcome import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any, Iterable, Iterator, Optional, Union

TYPE = "type"


class JsonlReporter:
    """Writes each record to a binary stream, at once."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def on_record(self, record: Record) -> None:
        self._stream.write(to_line(record))
        self._stream.flush()


def to_line(record: Record) -> bytes:
    """A record as a line, with its end."""
    event = _converter().unstructure(record.event, unstructure_as=Event)
    wire = {"v": WIRE_VERSION, "run": record.run, "seq": record.seq, "at": record.at, "event": event}
    return json.dumps(wire, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


def from_line(line: Union[bytes, str]) -> Optional[Record]:
    """The record of a line; None for a type of event that is not known here.

    Raises `ValueError` for what is no record, `UsageError` for one of a newer version.
    """
    text = line.decode("utf-8", "surrogatepass") if isinstance(line, bytes) else line
    wire = json.loads(text)
    if not isinstance(wire, dict) or not isinstance(wire.get("v"), int):
        raise ValueError("not a record: it has no version")
    if wire["v"] > WIRE_VERSION:
        raise UsageError(f"a record of version {wire['v']} was made by a newer TaskRush", "update TaskRush to read it")
    try:
        event = wire["event"]
        if event[TYPE] not in _TYPES:
            return None
        return Record(str(wire["run"]), int(wire["seq"]), float(wire["at"]), _converter().structure(event, Event))
    except Exception as error:  # cattrs has many kinds, all of which mean this
        raise ValueError(f"not a record: {error}") from error


def read_records(lines: Iterable[Union[bytes, str]]) -> Iterator[Record]:
    """The records of a recording, blank lines and unknown types left out. A last line that was cut off ends it."""
    for line in lines:
        if not line.strip():
            continue
        try:
            record = from_line(line)
        except ValueError:
            if line[-1:] in (b"\n", "\n"):
                raise
            return
        if record is not None:
            yield record


_TYPES = {kind.__name__: kind for kind in get_args(Event)}


@functools.lru_cache(maxsize=None)
def _converter() -> Any:
    import cattrs
    from cattrs.gen import make_dict_unstructure_fn, override
    from cattrs.strategies import configure_tagged_union

    converter = cattrs.Converter()
    converter.register_unstructure_hook(bytes, _data_to_wire)
    converter.register_structure_hook(bytes, lambda value, _: _data_from_wire(value))
    converter.register_unstructure_hook(
        Outcome, make_dict_unstructure_fn(Outcome, converter, value=override(omit=True), raised=override(omit=True))
    )
    configure_tagged_union(Event, converter, tag_name=TYPE)
    return converter


def _data_to_wire(data: bytes) -> Any:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def _data_from_wire(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8")
    return base64.b64decode(value["base64"], validate=True)
