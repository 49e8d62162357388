"""The example with secrets: asked once, shown nowhere."""

from typing import Callable

from tests.scenarios.rush import Scratch

TOKEN = "correct-horse-battery-staple"


def test_the_token_is_used_and_never_shown(example: "Callable[[str], Scratch]") -> None:
    """A cached task works with it; what would hold it is not kept; what is fresh does not ask for it."""
    scratch = example("secrets")
    done = scratch.rush("all", env={"WEBHOOK": ""})
    assert done.code == 0, done.err
    assert scratch.text("asked.log") == "asked for shop-token\n"
    assert TOKEN not in done.all
    assert "the token is [secret]" in done.out
    assert "nobody to tell" in done.out
    assert "`careless`: its result is not kept: output `settings.ini` holds a secret" in done.err
    assert scratch.text("settings.ini") == f"token={TOKEN}\n"
    assert scratch.rush("sign").code == 0
    assert scratch.text("asked.log") == "asked for shop-token\n"
