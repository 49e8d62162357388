"""Every wrong file in `wrong/` gets exactly the message beside it."""

from pathlib import Path

import pytest
import yaml

from taskrush.declare import yaml_nodes
from taskrush.declare.nodes import decode
from taskrush.declare.rushfile import read_text
from taskrush.errors import ConfigError

WRONG = Path(__file__).parent / "wrong"
FILES = sorted(path for path in WRONG.iterdir() if path.suffix in (".rush", ".toml"))

pytestmark = pytest.mark.core


def message(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_text(decode(path.name, path.read_bytes()), path.name)
    return f"{caught.value}\n"


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="the words of syntax errors are those of libyaml")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_wrong_file_gets_exactly_this_message(path: Path) -> None:
    """Place, caret and hint are part of the contract."""
    assert message(path) == path.with_name(path.name + ".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_wrong_file_is_refused_without_libyaml_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML's own scanner words its errors otherwise, but what is wrong stays wrong, at a place."""
    monkeypatch.setattr(yaml_nodes, "LIBYAML", False)
    assert message(path).startswith(f"{path.name}:")


def test_the_corpus_is_large() -> None:
    """At least sixty mistakes are held to their messages."""
    assert len(FILES) >= 60
