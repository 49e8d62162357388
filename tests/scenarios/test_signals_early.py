"""An interruption before anything runs ends the command line in order."""

import pytest

import taskrush_cli.main as main


def test_ctrl_c_that_python_wrapped_is_an_interruption(
    monkeypatch: pytest.MonkeyPatch, capsys: "pytest.CaptureFixture[str]"
) -> None:
    """Python before 3.12 makes a `RuntimeError` of one that comes while `__set_name__` runs; that is no bug of ours."""

    def interrupted(arguments: "list[str]") -> int:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise RuntimeError("Error calling __set_name__") from error

    monkeypatch.setattr(main, "_main", interrupted)
    assert main.main([]) == 130
    assert capsys.readouterr().err == "interrupted\n"
