"""The JSON Schema and the reference say what the parser does."""

import json
import string
from pathlib import Path
from typing import Any, Dict, Iterator, List

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.declare.keys import TASK_KEYS
from taskrush.declare.nodes import Source, decode, plain
from taskrush.declare.reference import reference
from taskrush.declare.rushfile import parse, read_text
from taskrush.declare.schema import json_schema
from taskrush.declare.sections import FILE_KEYS
from taskrush.declare.structures import Key
from taskrush.errors import ConfigError

HERE = Path(__file__).parent
SHARED = HERE.parents[1].parent / "shared" / "v026" / "files"
REAL = sorted((HERE.parent / "scenarios" / "files").glob("*.rush")) + sorted(SHARED.glob("*.rush"))
WRONG = sorted(path for path in (HERE / "wrong").iterdir() if path.suffix != ".txt")

# What a schema cannot say: values that depend on other values, and characters by their code.
BEYOND_A_SCHEMA = {"cache-and-inputs.rush", "matrix-include.rush", "nul-escape.rush"}

VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def parser_accepts(text: str) -> bool:
    try:
        read_text(Source(".rush", text), ".rush")
    except ConfigError:
        return False
    return True


def data_of(path: Path) -> Any:
    """The values in a file; None where it is no YAML or TOML, or has duplicate keys."""
    try:
        source = decode(path.name, path.read_bytes())
        tree = parse(source, path.name)
    except ConfigError:
        return None
    return None if source.problems or tree is None else plain(tree)


def test_it_is_a_schema() -> None:
    """Of the draft that it names."""
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_real_files_are_valid(path: Path) -> None:
    """What the parser loads, an editor does not underline."""
    VALIDATOR.validate(data_of(path))


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.name)
def test_wrong_files_are_invalid(path: Path) -> None:
    """Where a schema can say so."""
    data = data_of(path)
    if data is not None:
        assert VALIDATOR.is_valid(data) == (path.name in BEYOND_A_SCHEMA)


NAMES = st.text(string.ascii_lowercase + string.digits + "_-", min_size=1, max_size=6).filter(
    lambda name: name[0] != "-"
)
WORDS = st.text(string.ascii_letters, min_size=1, max_size=4)
IDENTIFIERS = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,4}\Z")
TEXTS = WORDS | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
EMPTY = TEXTS | st.just("")


POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "max_size": st.sampled_from(["10GB", "5 MiB", 1000, "1.5tb", "7B"]),
        "ttl": st.sampled_from(["30d", "12h", "0.5w"]),
        "compression": st.booleans(),
        "restore": st.sampled_from(["copy", "link"]),
    },
)


def listed(item: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[Any]:
    return item | st.lists(item, min_size=least, max_size=3)


def record(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


DEPS = listed(WORDS | st.fixed_dictionaries({"task": WORDS}, optional={"optional": st.booleans()}))
ENV = st.dictionaries(IDENTIFIERS, EMPTY, max_size=2)
VARS = st.dictionaries(IDENTIFIERS, EMPTY | st.fixed_dictionaries({"cmd": TEXTS}), max_size=2)
PARAMS = st.dictionaries(
    IDENTIFIERS,
    st.none()
    | EMPTY
    | st.lists(WORDS, max_size=2)
    | record(type=st.sampled_from(["str", "path"]), default=TEXTS, help=TEXTS, env=IDENTIFIERS)
    | record(type=st.just("int"), choices=st.lists(st.integers(), min_size=1, max_size=2), required=st.booleans())
    | record(type=st.just("bool"), many=st.just(True), default=listed(st.booleans())),
    max_size=2,
)
DURATIONS = st.sampled_from(["10s", "1m30s", "500ms", 3, 0.5])
RETRY = st.integers(1, 9) | record(
    attempts=st.integers(1, 9),
    delay=st.sampled_from(["exponential", "10s", "500ms", 3, 0.5, "fixed 1m30s", "1s,5s", [1, "5s"], "custom a.py:b"]),
    jitter=st.sampled_from(["full", "25%", "2s", 1]),
    max_delay=DURATIONS,
    deadline=DURATIONS,
    on_codes=listed(st.integers(0, 255)),
    on_pattern=WORDS,
    on_signal=listed(st.sampled_from(["SIGKILL", "TERM", 9, "64"])),
    on_timeout=st.booleans(),
    on_exception=listed(st.sampled_from(["ValueError", "requests.exceptions.Timeout"])),
    never_on_codes=listed(st.integers(0, 255)),
    never_on_pattern=WORDS,
    notify_on_failure=WORDS,
)
TIMEOUT = DURATIONS | st.dictionaries(st.sampled_from(["attempt", "task", "idle"]), DURATIONS, min_size=1)
REQUIRES = listed(
    TEXTS
    | st.builds(
        lambda kind, value, more: {kind: value, **more},
        st.sampled_from(["cmd", "env", "file", "program"]),
        WORDS,
        record(message=TEXTS),
    )
)
INPUTS = listed(
    TEXTS
    | st.sampled_from(["a.json#b", "!x", "!a.toml#b", "x#y"])
    | st.builds(lambda kind, value: {kind: value}, st.sampled_from(["env", "cmd", "result"]), WORDS)
)
CACHE = TEXTS | st.lists(TEXTS, max_size=2) | record(key_dependencies=INPUTS, enabled=st.booleans())
PLUGINS = (
    listed(WORDS)
    | st.dictionaries(NAMES, EMPTY, max_size=2)
    | st.lists(st.fixed_dictionaries({"name": WORDS}, optional={"config": st.none() | ENV}), max_size=2)
)
AXES = st.dictionaries(
    IDENTIFIERS.filter(lambda name: name not in ("include", "exclude")),
    st.lists(EMPTY, min_size=1, max_size=2),
    min_size=1,
    max_size=2,
)
TASK = st.builds(
    lambda action, rest: {**action, **rest},
    st.sampled_from(
        [{"cmd": "x"}, {"cmd": ["x", 1]}, {"argv": ["x", ""]}, {"deps": "a"}, {"extends": "b"}, {"after": "x"}]
    ),
    record(
        before=listed(TEXTS, 1),
        desc=EMPTY,
        depends_on=DEPS,
        cache_files=INPUTS,
        incremental=st.booleans(),
        outputs=listed(TEXTS),
        env=ENV,
        pass_env=listed(TEXTS),
        dotenv=listed(TEXTS),
        cwd=TEXTS,
        shell=WORDS | st.lists(TEXTS, min_size=1, max_size=2),
        vars=VARS,
        params=PARAMS,
        platforms=listed(st.sampled_from(["linux", "macos", "windows"]), 1),
        confirm=TEXTS,
        interactive=st.booleans(),
        matrix=AXES | st.lists(EMPTY, min_size=1, max_size=2),
        aliases=listed(NAMES),
        tags=listed(TEXTS),
        hidden=st.booleans(),
        retry=RETRY,
        timeout=TIMEOUT,
        remote=TEXTS,
        plugins=PLUGINS,
        requires=REQUIRES,
        **{"if": TEXTS, "finally": DEPS},
    )
    | record(cache=CACHE),
).filter(lambda task: not {"deps", "depends_on"} <= set(task))
FILE = record(
    tasks=st.dictionaries(NAMES, TASK | TEXTS | st.lists(TEXTS, min_size=1, max_size=2), max_size=3),
    vars=VARS,
    env=ENV,
    dotenv=listed(TEXTS),
    include=TEXTS
    | st.dictionaries(NAMES, WORDS | st.fixed_dictionaries({"path": WORDS}, optional={"optional": st.booleans()}))
    | st.lists(st.fixed_dictionaries({"path": WORDS}, optional={"namespace": NAMES}), max_size=2),
    defaults=record(env=ENV, shell=WORDS, tags=listed(TEXTS), retry=RETRY, cache=st.booleans()),
    settings=record(jobs=st.integers(0, 9), keep_going=st.booleans(), output=st.sampled_from(["grouped", "json"])),
    shell=WORDS,
    plugins=PLUGINS,
    remotes=st.dictionaries(NAMES, st.fixed_dictionaries({"type": WORDS}, optional={"host": WORDS}), max_size=2),
    cache=record(
        strategy=WORDS, backends=st.lists(st.fixed_dictionaries({"type": WORDS, "x": WORDS})), policies=POLICIES
    ),
    **{"$schema": WORDS, "x-any": ENV},
)


@settings(max_examples=250)
@given(FILE)
def test_both_accept_what_is_right(file: Dict[str, Any]) -> None:
    """Documents made by the rules are valid for the schema and for the parser."""
    VALIDATOR.validate(file)
    text = json.dumps(file)
    read_text(Source(".rush", text), ".rush")


WRONG_VALUES: List[Any] = [
    None,
    True,
    5,
    -1,
    0.5,
    "",
    "a b",
    [],
    {},
    [None],
    [[]],
    [5],
    {"a": None},
    {"a b": 1},
    {"type": "x"},
]


@settings(max_examples=400)
@given(FILE, st.data())
def test_both_judge_a_changed_document_alike(file: Dict[str, Any], data: st.DataObject) -> None:
    """One value anywhere is replaced by one that may be wrong there, or a key is added."""
    holders = [file, *below(file)]
    holder = data.draw(st.sampled_from(range(len(holders))))
    inside = holders[holder]
    if isinstance(inside, dict):
        keys = [*inside, "strange", *(key.names[0] for key in TASK_KEYS)]
        inside[data.draw(st.sampled_from(keys))] = data.draw(st.sampled_from(WRONG_VALUES))
    else:
        inside.append(data.draw(st.sampled_from(WRONG_VALUES)))
    text = json.dumps(file)
    if parser_accepts(text):
        VALIDATOR.validate(file)
    elif VALIDATOR.is_valid(file):
        with pytest.raises(ConfigError) as caught:
            read_text(Source(".rush", text), ".rush")
        for problem in caught.value.problems:
            assert any(words in problem.message for words in ONLY_THE_PARSER), problem


ONLY_THE_PARSER = (
    "is not an axis",
    "gives no value for",
    "not a regular expression",
    "both name",
    "not one of its choices",
    "must be a whole number, not",  # a parameter's default, by its type
    "must be a number, not",
    "must be `true` or `false`, not",
    "is required and has a default",
    "is a list",
    "must be text, not",
    "must be a path, not",
    "has no value; it must be",
)


def below(value: Any) -> Iterator[Any]:
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, (dict, list)):
            yield item
            yield from below(item)


@pytest.mark.parametrize("key", TASK_KEYS, ids=lambda key: key.name)
def test_the_example_of_a_task_key_is_right(key: Key) -> None:
    """Examples of the reference load."""
    action = "" if key.name in ("cmd", "argv", "deps", "finally", "extends") else "    cmd: x\n"
    [task] = read_text(Source(".rush", f"tasks:\n  it:\n{action}    {key.example}\n"), ".rush").tasks
    assert any(place.split(".")[0] == key.name for place in task.places)


@pytest.mark.parametrize("key", FILE_KEYS, ids=lambda key: key.name)
def test_the_example_of_a_section_is_right(key: Key) -> None:
    """Examples of the reference load, and stand under their key."""
    assert parser_accepts(key.example)
    assert key.example.startswith(f"{key.name}:")


def test_the_reference_tells_of_every_key() -> None:
    """In the order of the tables, with all spellings, the meaning and the example."""
    text = reference()
    headings = [line for line in text.split("\n") if line.startswith("### ")]
    assert headings == [f"### `{key.name}`" for key in (*FILE_KEYS, *TASK_KEYS)]
    for key in (*FILE_KEYS, *TASK_KEYS):
        assert key.help[1:] in text
        assert f"```yaml\n{key.example}\n```" in text
        assert all(f"`{name}`" in text for name in key.names)
