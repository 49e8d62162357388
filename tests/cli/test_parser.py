"""How the words of a command line are understood."""

from pathlib import Path
from typing import Any, Dict, List

import pytest

from taskrush.errors import GraphError, UsageError
from taskrush.model.settings import Settings, merge
from taskrush_cli.given import Given
from taskrush_cli.parser import parse

pytestmark = pytest.mark.core

FILE = """
tasks:
  build: {cmd: make}
  deploy:
    cmd: ./deploy
    params:
      env: {choices: [prod, test]}
      count: {type: int, default: 1}
      fast: {type: bool, default: false}
      tags: {type: list, default: []}
  list: {cmd: ls}
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".rush").write_text(FILE.replace("tags: {type: list, default: []}", ""))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "values", "used"),
    [
        (["-j", "test"], {"jobs": 0}, 1),
        (["-j"], {"jobs": 0}, 1),
        (["-j", "4"], {"jobs": 4}, 2),
        (["-j4"], {"jobs": 4}, 1),
        (["-j=4"], {"jobs": 4}, 1),
        (["--jobs=4"], {"jobs": 4}, 1),
        (["--jobs", "test"], {"jobs": 0}, 1),
        (["-jk"], {"jobs": 0, "keep_going": True}, 1),
        (["-kj3"], {"jobs": 3, "keep_going": True}, 1),
        (["-vvk"], {"verbose": 2, "keep_going": True}, 1),
        (["-Csub/dir"], {"directory": "sub/dir"}, 1),
        (["-C", "sub"], {"directory": "sub"}, 2),
        (["-eA=b=c"], {"env": ("A=b=c",)}, 1),
        (["--env-file", "x"], {"env_file": ("x",)}, 2),
        (["--grace=2.5"], {"grace": 2.5}, 1),
        (["--keep-going=false"], {"keep_going": False}, 1),
        (["--unknown"], {}, 0),
        (["-x"], {}, 0),
    ],
)
def test_spellings_of_options(words: List[str], values: Dict[str, Any], used: int) -> None:
    """Short ones in one word, values joined or apart, and a -j that leaves a task's name alone."""
    given = Given()
    assert given.take(words, 0) == used
    assert given.values == values


def test_options_of_a_task_belong_to_it() -> None:
    """After a task's name its own parameters win over our options; ours are recognised after them."""
    _, options = parse(["deploy", "--env", "prod", "--count", "3", "--fast", "build", "-k", "--", "--extra", "-x"])
    assert options.targets == ["deploy", "build"]
    assert options.arguments == {"deploy": {"env": "prod", "count": 3, "fast": True}}
    assert options.settings.keep_going is True
    assert options.settings.env == ()
    assert options.extra == ("--extra", "-x")


def test_our_options_stay_ours_elsewhere() -> None:
    """The same words before the task, or after one without such a parameter, are ours."""
    _, options = parse(["--env", "A=1", "build", "--env", "B=2", "deploy", "--no-fast"])
    assert options.settings.env == ("A=1", "B=2")
    assert options.arguments == {"deploy": {"fast": False}}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--cuont", "3"], "unknown option `--cuont`"),
        (["build", "--fast"], "unknown option `--fast` for task `build`"),
        (["-kx", "build"], "unknown option `-x` in `-kx`"),
        (["build", "--grace", "soon"], "--grace is a number of seconds, not `soon`"),
        (["build", "--color=red"], "--color is one of auto, always, never, not `red`"),
        (["build", "-j=-1"], "-j cannot be -1"),
        (["deploy", "--count", "x"], "task `deploy`: --count: not an integer: 'x'"),
        (["run"], "no task was named"),
        (["builtin"], "`builtin` needs the name of a subcommand"),
        (["builtin", "nothing"], "there is no subcommand `nothing`"),
        (["init", "--pyhton"], "taskrush init: unrecognized arguments: --pyhton"),
    ],
)
def test_mistakes(words: List[str], message: str) -> None:
    """Each is named."""
    with pytest.raises(UsageError) as caught:
        parse(words)
    assert caught.value.message == message


def test_a_subcommand_in_the_wrong_place_is_told_as_that() -> None:
    """Not with its own name as what was probably meant."""
    with pytest.raises(UsageError) as caught:
        parse(["build", "check"])
    assert caught.value.hint == "`check` is a subcommand: it comes before everything else"


def test_who_asks_for_help_gets_it() -> None:
    """Although it is no subcommand, and whatever tasks have similar names."""
    with pytest.raises(UsageError) as caught:
        parse(["help"])
    assert caught.value.hint == "`taskrush --help` shows what there is"


def test_an_option_that_could_not_be_read_is_told_as_that(project: Path) -> None:
    """Not as one that is unknown."""
    (project / "tasks.py").write_text("from taskrush import task\n@task\ndef t(x: dict = {}): ...\n")
    with pytest.raises(GraphError, match="parameter `x` cannot be an option"):
        parse(["t", "--x", "1"])


def test_a_task_wins_over_a_subcommand() -> None:
    """`list` is a task here; `builtin list` and `--list` are not."""
    assert parse(["list"])[1].targets == ["list"]
    assert parse(["run", "list"])[1].targets == ["list"]
    assert parse(["builtin", "list"])[0].__module__ == "taskrush_cli.commands.list"
    assert parse(["--list"])[0].__module__ == "taskrush_cli.commands.list"


def test_the_folder_may_be_named_anywhere(project: Path) -> None:
    """`-C` is found wherever it stands."""
    (project / "inner").mkdir()
    for words in (["build", "-C", "inner"], ["build", "-k", "-Cinner"], ["-C", "inner", "build"]):
        assert parse(words)[1].workspace.directory == "inner"


def test_options_of_tasks_are_not_taken_for_those_that_find_the_project(project: Path) -> None:
    """`--env prod` behind a task that has such a parameter is the task's; elsewhere it is ours, as is `-e`."""
    (project / "inner").mkdir()
    text = "tasks: {build: {cmd: make, params: {env: a, directory: b}}, test: {cmd: test}}"
    (project / ".rush").write_text(text)
    _, options = parse(["build", "--env", "prod", "--directory", "inner", "-e", "A=1"])
    assert options.arguments == {"build": {"env": "prod", "directory": "inner"}}
    assert (options.settings.env, options.workspace.directory) == (("A=1",), ".")
    _, options = parse(["test", "--env", "B=2", "--directory", "inner"])
    assert (options.settings.env, options.workspace.directory) == (("B=2",), "inner")


@pytest.mark.parametrize(
    "words", [["-e", "A=1", "build"], ["build", "-eA=1"], ["--env=A=1", "list"], ["list", "-eA=1"]]
)
def test_a_project_is_loaded_once_with_its_variables(project: Path, words: List[str]) -> None:
    """What `-e` says is known before `tasks.py` is executed; it counts for subcommands too."""
    (project / ".rush").write_text("tasks: {build: {cmd: make, env: {B: '${A:-none}'}}}")
    (project / "tasks.py").write_text("with open('loads', 'a') as file:\n    file.write('x')\n")
    workspace = parse(words)[1].workspace
    assert workspace.under({"A": "1"}).task("build").env == {"B": "1"}
    assert (project / "loads").read_text() == "x"


def test_a_folder_found_by_a_long_option_behind_a_task(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where we stand in no project at all; a folder that is not there is told."""
    inner = project / "inner"
    (inner / "deep").mkdir(parents=True)
    (inner / ".rush").write_text("tasks: {only-there: echo}")
    assert parse(["only-there", "--directory", "inner"])[1].targets == ["only-there"]
    with pytest.raises(UsageError, match="no such folder: nowhere"):
        parse(["build", "--directory", "nowhere"])


def test_options_of_subcommands_and_ours_mix() -> None:
    """A subcommand's own options go to it, ours are taken from between them."""
    _, options = parse(["builtin", "list", "--color", "never", "--by", "tag", "-v", "b*"])
    assert (options.by, options.targets, options.settings.color, options.settings.verbose) == (
        "tag",
        ["b*"],
        "never",
        1,
    )


def test_later_settings_win() -> None:
    """Default, file, environment, command line."""
    assert merge({}, {}, {}) == Settings()
    file = {"jobs": 2, "output": "stream", "keep_going": True}
    found = merge(file, {"TASKRUSH_JOBS": "3", "TASKRUSH_OUTPUT": "errors"}, {"output": "none"})
    assert (found.jobs, found.output, found.keep_going) == (3, "none", True)


@pytest.mark.parametrize(
    ("file", "environ", "message"),
    [
        ({"output": "loud"}, {}, "setting `output` is one of grouped, stream, errors, none, json, not `loud`"),
        (
            {},
            {"TASKRUSH_KEEP_GOING": "maybe"},
            "environment variable TASKRUSH_KEEP_GOING is true or false, not `maybe`",
        ),
        ({}, {"TASKRUSH_GRACE": "inf"}, "environment variable TASKRUSH_GRACE cannot be inf"),
    ],
)
def test_wrong_settings(file: Dict[str, Any], environ: Dict[str, str], message: str) -> None:
    """They are named by where they stand."""
    with pytest.raises(UsageError) as caught:
        merge(file, environ, {})
    assert caught.value.message == message
