"""Commands without a shell: their words are those that every shell here would have made of them."""

import os
import shutil
import subprocess
from typing import Optional, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrush.model.simple_command import simple_words

ENV = {"PATH": "/bin:/usr/bin"}
SHELLS = sorted(
    {
        os.path.realpath(path): name
        for name in ("sh", "dash", "bash", "zsh", "busybox")
        for path in [shutil.which(name)]
        if path and os.name == "posix"
    }
)
SIGNS = st.sampled_from("ab ab/=-.:,+@%_09 \t'\"'\"$`\\!~*?[]{}()<>|&;#^\n\ré\u00a0")


@pytest.mark.core
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("/bin/true", ("/bin/true",)),
        ("  make -j2 CC=gcc \n", ("make", "-j2", "CC=gcc")),
        ("cc -c 'a b.c' -DX=\"1 2\"", ("cc", "-c", "a b.c", "-DX=1 2")),
        ("x '' a'b'\"c\"d", ("x", "", "abcd")),
        ("x '$HOME `x` \\ !'", ("x", "$HOME `x` \\ !")),
        ("./run --a=b:c", ("./run", "--a=b:c")),
        ("/opt/x/echo a", ("/opt/x/echo", "a")),
    ],
)
def test_plain_words(command: str, words: Tuple[str, ...]) -> None:
    """Words and quotes are what they look like."""
    assert simple_words(command, ENV) == words


@pytest.mark.core
@pytest.mark.parametrize(
    "command",
    [
        "", "  ", "a | b", "a; b", "a && b", "a & ", "a > b", "a < b", "a\nb", "(a)", "{ a; }", "! a", "a $b", "a `b`",
        'a "$b"', 'a "\\b"', "a \\b", "a *", "a b?", "a [b]", "a {b,c}", "a ~", "a ~/b", "a # b", "a 'b", 'a "b', "a é",
        "A=1 b", "'A=1' b", "echo a", "cd b", "'cd' b", "exit 3", ". a", ": a", "true", "if", "for", "exec a", "a =b",
        "a ''=0",
        "-x a", "a '\n'", "a \r", "a\x0bb", "a ^ b", "'' a", "test -e x", "[ -e x ]", "wait", "a !b",
    ],
)  # fmt: skip
def test_what_is_left_to_the_shell(command: str) -> None:
    """Anything that a shell might treat specially, and whatever it carries out itself."""
    assert simple_words(command, ENV) is None


@pytest.mark.core
@pytest.mark.parametrize(
    "env", [{}, {**ENV, "SHELLOPTS": "xtrace"}, {**ENV, "BASH_FUNC_make%%": "() { echo; }"}, {"PATH": "%func"}]
)
def test_an_environment_that_changes_the_shell(env: "dict[str, str]") -> None:
    """Options and functions that come from the environment hold."""
    assert simple_words("make all", env) is None


@pytest.mark.skipif(os.name != "posix", reason="there is no POSIX shell")
@settings(max_examples=120, deadline=None)
@given(st.lists(st.text(SIGNS, max_size=12), max_size=6))
def test_the_shells_make_the_same_words(pieces: "list[str]") -> None:
    """Whatever is taken for plain words gives the same words in each shell of this machine."""
    check(" ".join(pieces))


@pytest.mark.skipif(os.name != "posix", reason="there is no POSIX shell")
@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.from_regex(r"\A[A-Za-z0-9_@%+=:,./-]{1,8}\Z"),
            st.from_regex(r"\A'[ -&(-~]{0,8}'\Z"),
            st.from_regex(r'\A"[ #%-\[\]-_a-~]{0,8}"\Z'),
            st.just(" "),
        ),
        max_size=8,
    )
)
def test_the_shells_make_the_same_words_of_likely_ones(pieces: "list[str]") -> None:
    """As above, mostly with commands that are taken."""
    check("".join(pieces))


def check(arguments: str) -> None:
    """`arguments` behind the name of a program that prints its words."""
    words = simple_words(f"/bin/prog {arguments}", ENV)
    if words is None:
        return
    for path in SHELLS:
        assert printed(path, arguments) == words[1:], path


def printed(shell: str, arguments: str) -> Optional[Tuple[str, ...]]:
    words = [shell, *(["sh"] if shell.endswith("busybox") else []), "-c"]
    script = f"print_words() {{ for word do printf '%s\\0' \"$word\"; done; }}; print_words {arguments}"
    done = subprocess.run([*words, script], capture_output=True, env=ENV, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(done.stdout.decode().split("\0")[:-1])
