"""Which shell commands mean the same without a shell: words only. Text in, words out; no process is started here.

The test is conservative: whatever a shell might treat specially, in any of the shells that go by the name of `sh`, is
left to the shell. What is taken: plain words of letters, digits and `_ @ % + = : , . / -`, and quoted texts in which
nothing is expanded, on one line. What is not: expansions, patterns, redirections, lists, comments, assignments,
anything but ASCII outside of quotes, and commands that a shell carries out itself (builtins, reserved words).
"""

from __future__ import annotations

from taskrush.regex import expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Mapping, Optional, Tuple

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_PLAIN = frozenset(_LETTERS + "_@%+=:,./- \t")
_NAME, _FOLDERS, _FILE = frozenset(_LETTERS + "_+.-"), frozenset(_LETTERS + "_.,@:"), frozenset(_LETTERS + "_+.,@%:/-")
_PIECE = expression(r"""([ \t]+)|([A-Za-z0-9_@%+=:,./-]+)|'([^'\n\r]*)'|"([^"$`\\!\n\r]*)\"""")

# those of dash, bash, ksh, zsh and busybox, reserved words included
_OWN_COMMANDS = """
. : [ [[ ]] { } ! alias ash autoload bg bind bindkey break builtin bye caller case cd chdir command compgen complete
compopt continue coproc declare dirs disable disown do done echo echotc echoti elif else emulate enable end esac
eval exec exit export false fc fg fi float for foreach function functions getln getopts hash hist history if in
integer jobs kill let limit local log logout mapfile mknod namespace newgrp nocorrect noglob popd print printf pushd
pushln pwd r read readarray readonly rehash repeat return sched select set setopt shift shopt source stop suspend
test then time times trap true type typeset ulimit umask unalias unfunction unhash unlimit unset unsetopt until
vared wait whence where which while zcompile zformat zle zmodload zparseopts zregexparse zstyle
"""
_SHELLS_OWN = frozenset(_OWN_COMMANDS.split())


def simple_words(command: str, env: Mapping[str, str]) -> Optional[Tuple[str, ...]]:
    """The words of a command that needs no shell in this environment; None if it is better left to one."""
    command = command.strip(" \t\n")
    words = command.split() if _is_plain(command) else _quoted(command)
    if not words or words[0] in _SHELLS_OWN or not _is_name(words[0]):
        return None
    if f"BASH_FUNC_{words[0]}%%" in env or "%" in env.get("PATH", "%"):
        return None
    if "SHELLOPTS" in env or "BASHOPTS" in env or "BASH_XTRACEFD" in env or "POSIXLY_CORRECT" in env:
        return None
    return tuple(words)


def _is_plain(command: str) -> bool:
    """Whether it is words of harmless characters; one that begins with `=` means something to zsh."""
    return _PLAIN.issuperset(command) and command[:1] != "=" and " =" not in command and "\t=" not in command


def _is_name(word: str) -> bool:
    """Whether no shell can take the word for anything but the name of a program, or a path of one."""
    folder, slash, file = word.partition("/")
    if slash:
        return _FOLDERS.issuperset(folder) and _FILE.issuperset(file)
    return word[:1] not in "+-" and _NAME.issuperset(word)


def _quoted(command: str) -> Optional[List[str]]:
    """The words of a command in which something is quoted."""
    words: List[str] = []
    open_word = False
    at = 0
    while at < len(command):
        piece = _PIECE.match(command, at)
        if piece is None:
            return None
        at = piece.end()
        if piece.group(1) is not None:
            open_word = False
            continue
        text = piece.group(piece.lastindex or 0)
        begun = open_word and words[-1]
        if text.startswith("=") and piece.group(2) is not None and not begun:
            return None  # zsh takes it for the name of a command, behind empty quotes too
        if not open_word:
            words.append(text)
            open_word = True
        else:
            words[-1] += text
    return words
