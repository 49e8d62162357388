"""What each key of a task file means."""

from pathlib import Path
from typing import Any

import pytest

from taskrush.declare.nodes import Source
from taskrush.declare.rushfile import read_rushfile, read_text
from taskrush.errors import ConfigError, Where
from taskrush.model.declaration import CacheConfig, FileDecl, Include, Matrix, PluginUse, Remote, TaskDecl, Variable
from taskrush.model.policy import Cache, Requirement
from taskrush.model.retry import Retry, Timeout
from taskrush.model.task import Dep, Param

SHARED = Path(__file__).parents[2].parent / "shared" / "v026" / "files"

pytestmark = pytest.mark.core


def read(text: str, name: str = ".rush") -> FileDecl:
    return read_text(Source(name, text), name)


def only(text: str, name: str = ".rush") -> TaskDecl:
    """The one task of a file whose lines below the task's name are `text`."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    [task] = read(f"tasks:\n  it:\n{lines}", name).tasks
    return task


def refused(text: str, name: str = ".rush") -> str:
    with pytest.raises(ConfigError) as caught:
        read(text, name)
    return str(caught.value)


def test_a_task_may_be_a_text_a_list_or_a_mapping() -> None:
    """Short forms are commands."""
    file = read("tasks:\n  a: make\n  b: [make, make test]\n  c: {cmd: make}\n")
    assert file.tasks == (
        TaskDecl(name="a", cmd=("make",)),
        TaskDecl(name="b", cmd=("make", "make test")),
        TaskDecl(name="c", cmd=("make",)),
    )


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "y", "true", "1.10", "010", "12:30", "0x1F", "1_000"])
def test_a_command_is_the_text_that_was_written(word: str) -> None:
    """YAML 1.1's booleans, octals and base-60 numbers never become something else."""
    assert only(f"cmd: {word}").cmd == (word,)
    assert only(f"cmd: x\nenv: {{A: {word}}}").env == {"A": word}
    assert only(f"cmd: x\nmatrix: {{v: [{word}]}}").matrix == Matrix(axes={"v": (word,)})


def test_both_dialects_of_older_files_mean_the_same() -> None:
    """`deps` and `depends_on`, `cache` and `cache_files`, `description` and `desc`."""
    new = only("cmd: x\ndeps: [a, b]\ninputs: [src/]\ndescription: d")
    assert only("cmd: x\ndepends_on: [a, b]\ncache_files: [src/]\ndesc: d") == new
    assert new == TaskDecl(name="it", cmd=("x",), deps=(Dep("a"), Dep("b")), inputs=("src/",), description="d")


def test_one_dependency_is_not_split_into_letters() -> None:
    """A plain text is one name."""
    assert only("deps: abc").deps == (Dep("abc"),)


def test_dependencies_may_be_optional_or_only_ordered() -> None:
    """Mappings say more about a dependency."""
    task = only("deps: [a, {task: b, optional: true}, {task: c, order_only: true}]\nfinally: {task: d, optional: true}")
    assert task.deps == (Dep("a"), Dep("b", optional=True), Dep("c", order_only=True))
    assert task.finally_ == (Dep("d", optional=True),)
    assert [dep.where for dep in task.deps] == [Where(".rush", 3, 12), Where(".rush", 3, 22), Where(".rush", 3, 49)]


CACHES = {
    "cache: true": (Cache(enabled=True), None, None),
    "cache: false": (Cache(enabled=False), None, None),
    "cache: package.json": (Cache(enabled=True), ("package.json",), None),
    "cache: [a, b]": (Cache(enabled=True), ("a", "b"), None),
    "cache: {key_dependencies: [a], outputs: dist/, share_across_team: true}": (
        Cache(enabled=True, share=True),
        ("a",),
        ("dist/",),
    ),
    "cache: {enabled: false}": (Cache(enabled=False), None, None),
}


@pytest.mark.parametrize("text", CACHES)
def test_cache_may_be_a_flag_patterns_or_a_mapping(text: str) -> None:
    """A list means inputs, as it always did."""
    task = only(f"cmd: x\n{text}")
    assert (task.cache, task.inputs, task.outputs) == CACHES[text]


# What a key means, as the fields of a declaration. Each is read from YAML below a task.
MEANINGS: "dict[str, dict[str, Any]]" = {
    "argv: [echo, '', 1]": {"argv": ("echo", "", "1")},
    "before: a\nafter: [b, c]": {"before": ("a",), "after": ("b", "c")},
    "env: {A: true, B: 1, C: '', D: 3.10}": {"env": {"A": "true", "B": "1", "C": "", "D": "3.10"}},
    "pass_env: [TOKEN, AWS_*]": {"pass_env": ("TOKEN", "AWS_*")},
    "dotenv: .env": {"dotenv": (".env",)},
    "cwd: web": {"cwd": "web"},
    "shell: bash": {"shell": ("bash", "-c")},
    "shell: bash -euo pipefail -c": {"shell": ("bash", "-euo", "pipefail", "-c")},
    "shell: [python3]": {"shell": ("python3", "-c")},
    "shell: pwsh": {"shell": ("pwsh", "-Command")},
    'shell: ["C:/Windows/cmd.exe"]': {"shell": ("C:/Windows/cmd.exe", "/d", "/c")},
    "vars: {a: x, b: {cmd: date}}": {"vars": {"a": Variable(value="x"), "b": Variable(command="date")}},
    'if: test -n "$CI"': {"condition": 'test -n "$CI"'},
    "if: false": {"condition": "false"},
    "requires: docker info": {"requires": (Requirement(command="docker info"),)},
    "requires: [{cmd: a, message: m}, {env: A}, {file: f}, {program: p}]": {
        "requires": (
            Requirement(command="a", message="m"),
            Requirement(env="A"),
            Requirement(file="f"),
            Requirement(program="p"),
        )
    },
    "platforms: linux": {"platforms": ("linux",)},
    "platforms: [macos, windows]": {"platforms": ("macos", "windows")},
    "confirm: true": {"confirm": "are you sure?"},
    "confirm: false": {"confirm": ""},
    "confirm: really?": {"confirm": "really?"},
    "interactive: true\nhidden: true": {"interactive": True, "hidden": True},
    "extends: base": {"extends": ("base",)},
    "extends: [a, b]": {"extends": ("a", "b")},
    "matrix: {os: [linux, macos], py: [3.8, 3.10], exclude: [{os: macos, py: 3.8}], include: [{os: bsd, py: 3.9}]}": {
        "matrix": Matrix(
            axes={"os": ("linux", "macos"), "py": ("3.8", "3.10")},
            exclude=({"os": "macos", "py": "3.8"},),
            include=({"os": "bsd", "py": "3.9"},),
        )
    },
    "for: [a, b]": {"matrix": Matrix(axes={"item": ("a", "b")})},
    "aliases: b": {"aliases": ("b",)},
    "tags: [ci, slow]": {"tags": ("ci", "slow")},
    "retry: 3": {"retry": Retry(attempts=3)},
    "retry: {attempts: 3, delay: exponential, on_codes: [1, 2], on_pattern: time.?out}": {
        "retry": Retry(attempts=3, delay="exponential", on_codes=(1, 2), on_pattern="time.?out")
    },
    "retry: {attempts: 5, delay: 10, notify_on_failure: slack}": {
        "retry": Retry(attempts=5, delay="10s", notify_on_failure="slack")
    },
    "retry: {delay: [1, 5s, 1m30s], jitter: 25%, max_delay: 1h, deadline: 90, on_timeout: true}": {
        "retry": Retry(attempts=3, delay="1s,5s,1m30s", jitter="25%", max_delay=3600, deadline=90, on_timeout=True)
    },
    "retry: {on_signal: [SIGKILL, TERM, 9], on_exception: ConnectionError, never_on_codes: 2}": {
        "retry": Retry(on_signal=("SIGKILL", "SIGTERM", "9"), on_exception=("ConnectionError",), never_on_codes=(2,))
    },
    "retry: {notify_on_failure: slack}": {"retry": Retry(attempts=1, notify_on_failure="slack")},
    "timeout: 10": {"timeout": Timeout(attempt=10.0)},
    "timeout: {attempt: 500ms, task: 1m30s, idle: 2h}": {"timeout": Timeout(attempt=0.5, task=90.0, idle=7200.0)},
    "remote: ci": {"remote": "ci"},
    "plugins: a": {"plugins": (PluginUse(name="a"),)},
    "plugins: [a, {b: hi}, {name: c, config: {d: [1]}}]": {
        "plugins": (
            PluginUse(name="a"),
            PluginUse(name="b", config="hi"),
            PluginUse(name="c", config={"d": [1]}),
        )
    },
    "plugins: {a: {x: 1}, b: }": {"plugins": (PluginUse(name="a", config={"x": 1}), PluginUse(name="b", config={}))},
}


@pytest.mark.parametrize("text", MEANINGS)
def test_a_key_means(text: str) -> None:
    """The value of each key, in all its forms."""
    fields = MEANINGS[text]
    given = {} if "argv" in fields else {"cmd": ("x",)}
    assert only(f"cmd: x\n{text}" if given else text) == TaskDecl(name="it", **given, **fields)


PARAMS = {
    "p: x": Param("p", "str", default="x"),
    "p: 3": Param("p", "int", default=3),
    "p: 0.5": Param("p", "float", default=0.5),
    "p: 3.10": Param("p", "str", default="3.10"),
    "p: 007": Param("p", "str", default="007"),
    "p: false": Param("p", "bool", default=False),
    "p: no": Param("p", "str", default="no"),
    "p: [a, b]": Param("p", "str", default=("a", "b"), many=True),
    "p:": Param("p", "str", required=True),
    "p: {type: path, default: out, help: where}": Param("p", "path", default="out", help="where"),
    "p: {type: float, default: 1}": Param("p", "float", default=1.0),
    "p: {choices: [debug, release], default: debug}": Param("p", "str", default="debug", choices=("debug", "release")),
    "p: {choices: [1, 2]}": Param("p", "int", choices=(1, 2)),
    "p: {required: true, env: TARGET}": Param("p", required=True, env="TARGET"),
    "p: {many: true, type: int, default: 1}": Param("p", "int", default=(1,), many=True),
}


@pytest.mark.parametrize("text", PARAMS)
def test_a_parameter_is(text: str) -> None:
    """A type follows from the default; numbers that would be written otherwise stay text."""
    [param] = only(f"cmd: x\nparams:\n  {text}").params or ()
    assert param == PARAMS[text]
    assert type(param.default) is type(PARAMS[text].default)


def test_all_sections_of_a_file() -> None:
    """The keys at the top and what becomes of them."""
    file = read(
        """
$schema: x.json
x-anything: {goes: here}
vars: {name: world}
env: {CI: true}
dotenv: [.env]
include:
  docs: docs/.rush
  web: {path: web, optional: true}
defaults: {shell: bash, tags: ci, retry: 2}
settings: {jobs: 4, keep_going: true, output: stream}
shell: zsh
plugins: [{name: s, version: ^1.0, type: wasm, path: s.wasm, config: {a: 1}}]
remotes: {ci: {type: ssh, host: h}}
cache: {strategy: content-aware, backends: [{type: local, path: c}], policies: {ttl: 30d, compression: true}}
tasks: {a: make}
"""
    )
    assert file == FileDecl(
        path=".rush",
        vars={"name": Variable(value="world")},
        env={"CI": "true"},
        dotenv=(".env",),
        includes=(Include(namespace="docs", path="docs/.rush"), Include(namespace="web", path="web", optional=True)),
        defaults=TaskDecl(name="defaults", shell=("bash", "-c"), tags=("ci",), retry=Retry(attempts=2)),
        settings={"jobs": 4, "keep_going": True, "output": "stream"},
        shell=("zsh", "-c"),
        plugins=(PluginUse(name="s", version="^1.0", type="wasm", path="s.wasm", config={"a": 1}),),
        remotes={"ci": Remote(name="ci", type="ssh", config={"host": "h"})},
        cache=CacheConfig(
            strategy="content-aware",
            backends=({"type": "local", "path": "c"},),
            policies={"ttl": "30d", "compression": True},
        ),
        tasks=(TaskDecl(name="a", cmd=("make",)),),
    )


@pytest.mark.parametrize(
    ("text", "includes"),
    [
        ("include: a.rush", (Include(namespace="", path="a.rush"),)),
        ("includes: [a.rush]", (Include(namespace="", path="a.rush"),)),
        (
            "include: [{path: d, namespace: docs, optional: true}]",
            (Include(namespace="docs", path="d", optional=True),),
        ),
    ],
)
def test_includes_may_be_a_path_or_a_list(text: str, includes: Any) -> None:
    """Without a namespace tasks stand beside those of the including file."""
    assert read(text).includes == includes


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "---\n", "\ufeff", "~\n", "tasks: {}\n"])
def test_an_empty_file_declares_nothing(text: str) -> None:
    """Nothing is no mistake."""
    assert read(text) == FileDecl(path=".rush")


def test_a_byte_order_mark_and_windows_line_ends_are_passed_over(tmp_path: Path) -> None:
    """Files written by Windows editors are fine, and places in them are right."""
    path = tmp_path / ".rush"
    path.write_bytes(b"\xef\xbb\xbftasks:\r\n  a: make\r\n  b: make b\r\n")
    [a, b] = read_rushfile(str(path)).tasks
    assert (a.cmd, b.cmd) == (("make",), ("make b",))
    assert b.where is not None
    assert (b.where.line, b.where.column) == (3, 3)


def test_places_are_kept_for_keys_items_and_entries() -> None:
    """Later problems can point at them, under the first spelling of a key."""
    task = only("cmd: x\ndepends_on: [a, b]\nenv:\n  HOME: y")
    assert dict(task.places) == {
        "cmd": Where(".rush", 3, 5),
        "deps": Where(".rush", 4, 5),
        "deps.0": Where(".rush", 4, 18),
        "deps.1": Where(".rush", 4, 21),
        "env": Where(".rush", 5, 5),
        "env.HOME": Where(".rush", 6, 7),
    }
    assert task.where == Where(".rush", 2, 3)


def test_anchors_and_merge_keys_work() -> None:
    """`<<` fills in what is not said; what is said wins, and the first of several merged mappings wins."""
    file = read(
        "x-one: &one {env: {A: 1}, cwd: one}\nx-two: &two {cwd: two, tags: [t]}\n"
        "tasks:\n  a:\n    <<: [*one, *two]\n    cmd: make\n  b:\n    cmd: make\n    cwd: own\n    <<: *one\n"
    )
    assert file.tasks == (
        TaskDecl(name="a", cmd=("make",), env={"A": "1"}, cwd="one", tags=("t",)),
        TaskDecl(name="b", cmd=("make",), env={"A": "1"}, cwd="own"),
    )


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    """One round of mending is enough."""
    with pytest.raises(ConfigError) as caught:
        read("tasks:\n  a: {cmdd: x}\n  b: {deps: {}}\nenvs: {}\n")
    lines = [problem.where.line for problem in caught.value.problems if problem.where]
    assert lines == [2, 3, 4]


TOML = """
vars = { name = "world" }

[env]
VERSION = 3.10
CI = true

[tasks]
lint = "ruff check ."

[tasks.test]
cmd = ["pytest", "pytest --doctest-modules"]
deps = ["lint", { task = "gen", optional = true }]
params.level = { type = "int", default = 2 }

[tasks."docs:build"]
cmd = '''
mkdocs build
'''
"""


def test_toml_means_the_same_as_yaml() -> None:
    """The same keys, the same declarations, and places where they can be found."""
    file = read(TOML, "taskrush.toml")
    yaml = read(
        "vars: {name: world}\nenv: {VERSION: 3.10, CI: true}\ntasks:\n  lint: ruff check .\n  test:\n"
        "    cmd: [pytest, pytest --doctest-modules]\n    deps: [lint, {task: gen, optional: true}]\n"
        "    params: {level: {type: int, default: 2}}\n  'docs:build':\n    cmd: |\n      mkdocs build\n"
    )
    assert (file.vars, file.env, file.tasks) == (yaml.vars, yaml.env, yaml.tasks)
    assert [(task.where.line, task.where.column) for task in file.tasks if task.where] == [(9, 1), (11, 8), (16, 8)]
    assert file.tasks[1].places["deps"] == Where("taskrush.toml", 13, 1)


def test_a_table_of_pyproject_is_read_and_the_rest_is_not() -> None:
    """Only `[tool.taskrush]` counts."""
    text = '[project]\nname = "x"\n[tool.other]\ntasks = 5\n[tool.taskrush.tasks]\nlint = "ruff"\n'
    assert read(text, "pyproject.toml").tasks == (TaskDecl(name="lint", cmd=("ruff",)),)
    assert "pyproject.toml:7:16: unknown key `taks`" in refused(text + "[tool.taskrush.taks]\n", "pyproject.toml")


@pytest.mark.parametrize("path", sorted(SHARED.glob("*.rush")), ids=lambda path: path.name)
def test_files_of_earlier_versions_load(path: Path) -> None:
    """Unmodified."""
    assert read_rushfile(str(path)).tasks
