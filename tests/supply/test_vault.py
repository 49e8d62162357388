"""Who gets which value, and what is known when: without processes wherever that will do."""

import os
import threading
from pathlib import Path
from typing import Any, Dict, Mapping

import pytest

from taskrush.model.outcome import State
from taskrush.model.secret import Secret, as_secrets, placed
from taskrush.model.task import Task, TaskId
from taskrush.supply.sources import LIMIT, Command, NotToBeHad, as_value
from taskrush.supply.vault import Vault

pytestmark = pytest.mark.core
VALUE = "s3cr3t-Value-of-a-token"


def parse(text: str, path: str) -> Mapping[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def vault(root: Path, environ: Dict[str, str], *tasks: Task, **options: Any) -> Vault:
    return Vault(str(root), environ, options.get("declared", ()), tasks, parse, options.get("also", ()))


def task(*secrets: Any) -> Task:
    return Task(id=TaskId("use"), action="true", secrets=secrets)


def test_a_name_is_a_variable_or_what_a_file_says(tmp_path: Path) -> None:
    """A declaration of that name tells where it comes from; without one it is the variable."""
    use = task("A", "B", Secret("C", env="OTHER"))
    made = vault(
        tmp_path,
        {"A": VALUE, "B": "of-no-use-here", "BB": "bee-bee-bee", "OTHER": "sea-sea-sea"},
        use,
        declared=[Secret("B", env="BB")],
    )
    assert made.environment(use) == {"A": VALUE, "B": "bee-bee-bee", "C": "sea-sea-sea"}
    assert made.environment(task()) == {}
    assert made.problems() == ()
    assert made.fetch(use) is None


def test_the_environment_wins_over_dotenv_files_and_later_ones_over_earlier(tmp_path: Path) -> None:
    """A file that is not there is none."""
    (tmp_path / "one").write_text("A=first-file\nB=first-file\n")
    (tmp_path / "two").write_text("B=second-file\n")
    use = task(*(Secret(name, dotenv=("one", "two", "gone")) for name in "ABC"))
    made = vault(tmp_path, {"C": "environment"}, use)
    assert made.environment(use) == {"A": "first-file", "B": "second-file", "C": "environment"}


def test_values_of_declared_secrets_are_hidden_whoever_names_them(tmp_path: Path) -> None:
    """At once where they are at hand; of a command only when it was asked."""
    (tmp_path / "key").write_text("in-a-file-it-is\n")
    (tmp_path / "key").chmod(0o600)
    asked = Secret("CMD", command="echo from-a-command")
    use = task(asked)
    made = vault(tmp_path, {"A": VALUE}, use, declared=[Secret("A"), Secret("F", file="key")], also=["also-this-one"])
    text = f"{VALUE} in-a-file-it-is also-this-one from-a-command"
    assert made.redactor.clean_text(text) == "[secret] [secret] [secret] from-a-command"
    fetching = made.fetch(use)
    assert fetching is not None
    assert fetching.wait().ok
    assert made.redactor.clean_text(text) == "[secret] [secret] [secret] [secret]"
    assert made.environment(use) == {"CMD": "from-a-command"}
    assert made.fetch(use) is None
    assert made.warnings() == ()


def test_many_that_wait_ask_once(tmp_path: Path) -> None:
    """Eight tasks in eight threads, one command."""
    use = task(Secret("CMD", command="sleep 0.1; echo asked >> asked; echo from-a-command"))
    made = vault(tmp_path, dict(os.environ), use)
    fetches = [made.fetch(use) for _ in range(8)]
    threads = [threading.Thread(target=one.wait) for one in fetches if one is not None]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(threads) == 8
    assert (tmp_path / "asked").read_text() == "asked\n"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("exit 7", "`exit 7` exited with 7; run it yourself to see why"),
        ("echo", "`echo` printed nothing"),
        ("head -c 70000 /dev/zero | tr '\\0' x", "it has more than 64 KiB"),
        ("printf 'a\\0b'", "it has a zero byte, which no variable can hold"),
    ],
)
def test_a_command_without_a_value_says_why(tmp_path: Path, command: str, reason: str) -> None:
    """In words that hold nothing of what it printed; asked again, the same."""
    use = task(Secret("CMD", command=command))
    made = vault(tmp_path, dict(os.environ), use)
    for _ in range(2):
        fetching = made.fetch(use)
        assert fetching is not None
        outcome = fetching.wait()
        assert outcome.state is State.FAILED
        assert outcome.reason == f"secret `CMD` is not to be had: {reason}"


def test_an_optional_command_may_fail(tmp_path: Path) -> None:
    """Its task goes on without."""
    use = task(Secret("CMD", command="exit 7", optional=True))
    made = vault(tmp_path, dict(os.environ), use)
    fetching = made.fetch(use)
    assert fetching is not None
    assert fetching.wait().ok
    assert made.environment(use) == {}
    assert made.fetch(use) is None


def test_a_command_that_never_ends_ends_with_the_run(tmp_path: Path) -> None:
    """Who waits for it is cancelled."""
    use = task(Secret("CMD", command="exec sleep 60"))
    made = vault(tmp_path, dict(os.environ), use)
    fetching = made.fetch(use)
    assert fetching is not None
    found: Dict[str, Any] = {}
    thread = threading.Thread(target=lambda: found.update(outcome=fetching.wait()))
    thread.start()
    fetching.cancel(force=True)
    thread.join(10)
    assert found["outcome"].state is State.CANCELLED
    late = Command(use.secrets[0], str(tmp_path), dict(os.environ))
    late.cancel()
    with pytest.raises(NotToBeHad):
        late.value()


def test_what_counts_for_keys(tmp_path: Path) -> None:
    """Values at hand, unless said otherwise; of all others where they come from."""
    secrets = as_secrets(["A", Secret("B", in_key=False), Secret("C", command="x"), Secret("D", keyring="s", user="u")])
    made = vault(tmp_path, {"A": VALUE, "B": VALUE}, task(*secrets))
    assert [made.in_key(one) for one in secrets] == [VALUE, None, None, None]
    assert [one.source for one in secrets] == ["variable A", "variable B", "command x", "keyring s u"]
    assert placed(Secret("F", file="x"), "lib") == Secret("F", file="lib/x", folder="lib")
    assert placed(Secret("F", file="/run/x"), "lib").file == "/run/x"


def test_only_the_ends_of_lines_are_cut_off() -> None:
    """Spaces belong to a value; what no variable can hold is refused."""
    assert as_value(b" a b \r\n\n") == " a b "
    assert as_value(b"\xff\n") == os.fsdecode(b"\xff")
    with pytest.raises(NotToBeHad):
        as_value(b"x" * (LIMIT + 1))
