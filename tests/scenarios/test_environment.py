"""Where variables come from, which one wins, and that values are never code."""

import json

import pytest

from tests.scenarios.rush import Scratch

NASTY = 'it\'s "quoted"; touch pwned; $(touch pwned) `touch pwned` && touch pwned | a\\b *'


@pytest.mark.core
def test_a_variable_of_the_command_line_wins(scratch: Scratch) -> None:
    """`-e` beats the task, which beats the file, which beats the surroundings."""
    scratch.write(
        ".rush",
        """
        env: {VALUE: file}
        tasks:
          plain: {cmd: 'echo "[$VALUE]"'}
          own: {cmd: 'echo "[$VALUE]"', env: {VALUE: task}}
        """,
    )
    outside = {"VALUE": "outside"}
    assert "[file]" in scratch.rush("plain", env=outside).out
    assert "[task]" in scratch.rush("own", env=outside).out
    assert "[line]" in scratch.rush("-e", "VALUE=line", "own", env=outside).out


def test_files_of_variables(scratch: Scratch) -> None:
    """`--env-file` beats tasks and loses to `-e`; quotes, comments and `export` are read as usual."""
    scratch.write(".rush", "tasks: {show: {cmd: 'echo \"[$VALUE][$OTHER][$THIRD]\"', env: {VALUE: task}}}")
    scratch.write("vars.env", "# comment\nexport VALUE='from file'\nOTHER=\"two words\" # why\nTHIRD=a=b\n\n")
    assert "[from file][two words][a=b]" in scratch.rush("--env-file", "vars.env", "show").out
    assert "[line][two words][a=b]" in scratch.rush("--env-file", "vars.env", "-e", "VALUE=line", "show").out
    missing = scratch.rush("--env-file", "absent.env", "show")
    assert missing.code == 2
    assert "absent.env" in missing.err


def test_dotenv(scratch: Scratch) -> None:
    """A `dotenv` file is below what tasks declare, and later files are above earlier ones."""
    scratch.write(
        ".rush",
        """
        dotenv: [one.env, two.env]
        tasks:
          show: {cmd: 'echo "[$FIRST][$SECOND][$THIRD]"', env: {THIRD: task}}
        """,
    )
    scratch.write("one.env", "FIRST=1\nSECOND=1\nTHIRD=1\n")
    scratch.write("two.env", "SECOND=2\n")
    assert "[1][2][task]" in scratch.rush("show").out
    assert "[1][line][task]" in scratch.rush("-e", "SECOND=line", "show").out


@pytest.mark.core
def test_values_are_data(scratch: Scratch) -> None:
    """Quotes, semicolons, substitutions in a value reach the command as they are, from every source."""
    scratch.write(
        ".rush",
        f"""
        vars:
          variable: {json.dumps(NASTY)}
        tasks:
          from-var: {{cmd: 'printf "[%s]" "${{variable}}"'}}
          from-line: {{cmd: 'printf "[%s]" "${{VALUE}}"'}}
          from-words: {{argv: [printf, '[%s]', '${{VALUE}}']}}
          from-param: {{cmd: 'printf "[%s]" "${{what}}"', params: {{what: {{type: str, default: x}}}}}}
          from-env: {{cmd: 'printf "[%s]" "${{VALUE}}"', env: {{VALUE: '${{OUTER}}'}}}}
        """,
    )
    wanted = f"[{NASTY}]"
    assert wanted in scratch.rush("from-var").out
    assert wanted in scratch.rush("-e", f"VALUE={NASTY}", "from-line").out
    assert wanted in scratch.rush("-e", f"VALUE={NASTY}", "from-words").out
    assert wanted in scratch.rush("from-param", "--what", NASTY).out
    assert wanted in scratch.rush("from-env", env={"OUTER": NASTY}).out
    assert not (scratch.root / "pwned").exists()


def test_defaults_in_braces(scratch: Scratch) -> None:
    """`${NAME:-default}` of v0.2.6 works in commands and in values."""
    scratch.write(
        ".rush",
        """
        tasks:
          deploy:
            cmd: echo "to ${WHERE:-nowhere} as ${WHO:-nobody}"
            env: {WHERE: "${WHERE:-staging}"}
        """,
    )
    assert "to staging as nobody" in scratch.rush("deploy").out
    assert "to production as nobody" in scratch.rush("deploy", env={"WHERE": "production"}).out


def test_a_variable_computed_by_a_command_runs_once_and_only_when_needed(scratch: Scratch) -> None:
    """`vars: {x: {cmd: ...}}` costs nothing until a task mentions it, and then one command a run."""
    scratch.write(
        ".rush",
        """
        vars:
          answer: {cmd: 'echo computed >> trace; echo 42'}
        tasks:
          a: {cmd: 'echo "a says ${answer}"'}
          b: {cmd: 'echo "b says ${answer}"'}
          c: {cmd: echo c}
        """,
    )
    assert scratch.rush("c").code == 0
    assert scratch.ran() == []
    done = scratch.rush("a", "b")
    assert "a says 42" in done.out
    assert "b says 42" in done.out
    assert "42" not in done.out.splitlines()  # the value itself is not shown
    assert scratch.ran() == ["computed"]


def test_a_malformed_variable_is_refused(scratch: Scratch) -> None:
    """`-e` wants `KEY=VALUE` or says so."""
    scratch.write(".rush", "tasks: {t: {cmd: echo t >> trace}}")
    done = scratch.rush("-e", "=x", "t")
    assert done.code == 2
    assert scratch.ran() == []
