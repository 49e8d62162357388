"""Which few lines of a long output tell why it ended badly: first errors, assertions, root causes, summaries.

A table says how lines of well-known tools look and how telling they are; what is in none of them is weighed by its
words. Nothing is claimed: these are quotations. Text in, numbers of lines out.
"""

# ruff: noqa: E501, RUF001  (patterns quote what other programs print)

from __future__ import annotations

import re

from taskrush.analyze.traces import Block, trace_at
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Pattern, Sequence, Set, Tuple

SHOWN = 6  # lines
STRONG = 80
SUMMARY = 58
GUESS = 50


@frozen(kw_only=True)
class Kind:
    """How the first line of a block looks. `more` are lines right after it that belong to it, at most `most`.

    With `heading`, the nearest line above that is not indented (the file) is part of it.
    """

    weight: int
    first: Pattern[str]
    more: Pattern[str] = re.compile(r"(?!)")
    most: int = 0
    heading: bool = False


def _kind(weight: int, first: str, more: str = r"(?!)", most: int = 0, heading: bool = False) -> Kind:
    return Kind(weight=weight, first=re.compile(first), more=re.compile(more), most=most, heading=heading)


KINDS: Tuple[Kind, ...] = (
    # compilers: gcc, clang, javac, tsc, C#, rustc, go, kotlin, swift, mypy; ruff, flake8; eslint
    _kind(100, r"^\s*(?:\S| (?=\S))+?:\d+(?::\d+)?:? (?:fatal )?error\b"),
    _kind(100, r"^\S.*?[(\[]\d+,\d+[)\]]:? (?:error|ERROR)\b|^\S+:\d+:\d+ - error "),
    _kind(100, r"^\[ERROR\] .+\.(?:java|kt|scala):\[\d+,\d+\]"),
    _kind(100, r"^error\[E\d+\]: ", r"^\s*-->", 1),
    _kind(99, r"undefined reference to|multiple definition of|undefined symbol|cannot find -l|linker .* not found"),
    _kind(97, r"^e: (?:file://)?\S+\.kts?:"),
    _kind(97, r"^\S+\.go:\d+:\d+: |^# \S+ \[.*\]$"),
    _kind(97, r"^CMake Error\b", r"^\s+\S", 2),
    _kind(95, r"==\d+==ERROR: \w+Sanitizer|^SUMMARY: \w+Sanitizer|WARNING: ThreadSanitizer"),
    _kind(92, r"^\s+\d+:\d+\s+error\s+\S", heading=True),
    _kind(90, r"^\S+\.\w+:\d+:\d+: [A-Z]+\d+\b"),
    _kind(90, r"^[A-Z]{1,4}\d{3,4} (?:\[\*\] )?\S", r"^\s*-->", 1),
    # tests: pytest, unittest, jest, vitest, mocha, TAP, go, cargo, ctest, phpunit, rspec
    _kind(95, r"^E   +\S", r"^E   +\S|^\S+\.py:\d+: ", 2),
    _kind(94, r"^(?:FAILED|ERROR) \S+(?:::| - |\.py)"),
    _kind(93, r"^(?:FAIL|ERROR): \w+ ?\("),
    _kind(94, r"^\s*● .*\S", r"^\s+(?:Expected|Received|expect\(|\w*Error:)", 3),
    _kind(90, r"^\s*(?:❌|✕|✗|×) \S"),
    _kind(93, r"^\s*--- FAIL: ", r"^\s+\S+\.go:\d+: ", 2),
    _kind(93, r"^thread '.*' (?:\(\d+\) )?panicked at", r"^\S|^\s+(?:left|right): ", 3),
    _kind(90, r"^test .+ \.\.\. FAILED"),
    _kind(90, r"^\s*not ok \d+", r"^\s+(?:message|expected|actual|error): ", 2),
    _kind(88, r"\*\*\*Failed|\(Failed\)$|^\d+\) .+::\w+$"),
    _kind(SUMMARY, r"^=+ .*\b\d+ (?:failed|errors?)\b.* =+$|^FAILED \((?:failures|errors)|^\s*Tests:? .*\bfailed\b"),
    _kind(SUMMARY, r"^test result: FAILED|^FAIL\s+\S+\s+[\d.]+s$|^✖ \d+ problems?|^Found [1-9]\d* errors?\b"),
    _kind(SUMMARY, r"^\s*\d+ failing$|^FAIL \S+|^# fail [1-9]|^Tests run: .*(?:Failures|Errors): [1-9]"),
    # build tools, package managers, containers
    _kind(95, r"^(?:#\d+ )?(?:[\d.]+ )?\S*make(?:\[\d+\])?: \*\*\* No (?:rule|targets)"),
    _kind(
        22,
        r"^\S*make(?:\[\d+\])?: \*\*\* |^ninja: build stopped|could not compile|collect2: error|linking with|: aborting due",
    ),
    _kind(90, r"^npm (?:ERR!|error) (?:Missing script|code E(?!LIFECYCLE)|notarget|404|ERESOLVE|Could not)"),
    _kind(24, r"^npm (?:ERR!|error)|^error Command failed|ELIFECYCLE|^\s*info Visit https"),
    _kind(90, r"^\* What went wrong:", r"^\s*(?:>|Execution|\S)", 2),
    _kind(45, r"^\[ERROR\] "),
    _kind(92, r"^(?:ERROR: )?failed to (?:solve|build|compute)|^The command '.*' returned a non-zero code"),
    _kind(90, r"^(?:ERROR: )?Could not find a version|^(?:ERROR: )?No matching distribution|ResolutionImpossible"),
    _kind(90, r"^E: |^fatal: (?:\[|\S)|^CONFLICT \("),
    _kind(90, r"^[│|╷]\s*Error: ", r"^[│|]\s+\S", 2),
    # interpreters and shells
    _kind(95, r"^\s*(?:\w+\.)*(?:SyntaxError|IndentationError|TabError): "),
    _kind(95, r"^.+:\d+:in .+\((?:\w+::)*\w*(?:Error|Exception)\)$|^PHP (?:Fatal|Parse) error"),
    _kind(88, r"^.+ at \S+ line \d+\.$"),
    _kind(92, r"^(?:\S+: )?(?:line )?\d+: .+: (?:command )?not found$|^\S*(?:zsh|fish): .*not found"),
    _kind(92, r"[Ss]yntax error\b|unexpected EOF|Unterminated quoted|[Bb]ad substitution|unbound variable"),
    _kind(92, r"parameter (?:null or )?not set|bad interpreter"),
    _kind(90, r"\bAssertion\b.*\bfailed|^\w*AssertionError\b|[Ss]egmentation fault|core dumped|^Bus error|^Killed$"),
    _kind(88, r"[Pp]ermission denied|No space left|[Oo]ut of memory|[Aa]ddress already in use|Too many open files"),
    _kind(84, r"(?:: |^)(?:No such file or directory|[Cc]onnection refused|Read-only file system)|Could not resolve"),
    # anything else, by its words
    _kind(78, r"^error: (?!could not compile|aborting|test failed|linking with)", r"^\s*-->", 1),
    _kind(72, r"\b(?:FATAL|CRITICAL|PANIC|Fatal)\b"),
    _kind(66, r"^\W{0,4}(?:[\w.-]+: )?(?:[Ee]rror|ERROR|[Ff]atal|FATAL|[Ff]ailure|FAILED|FAILURE)\b ?[:\]!]"),
    _kind(62, r"^[\w.]*(?:Error|Exception)\b: "),
    _kind(52, r"\bERROR\b|\[error\]|level=error|\"level\":\"error\""),
    _kind(40, r"(?i)\b(?:cannot|can't|could not|couldn't|unable to|refused|denied|timed? ?out|no such|not found)\b"),
    _kind(34, r"(?i)\b(?:error|exception|failed|failure|abort(?:ed|ing)?|invalid|missing|unexpected)\b"),
)
_STAMP = re.compile(r"^(?:#\d+ )?(?:\[?[\d:.,TZ-]+\]? )+")
_WORTH = re.compile(
    r"(?i)error|fail|traceback|fatal|panic|exception|abort|not found|denied|refused|cannot|can't|could|unable|no such|no space"
    r"|assert|killed|fault|core dumped|time|invalid|missing|unexpected|\*\*\*|not ok|^E |^E:|-->|●|✕|✗|×|❌|undefined"
    r"|out of memory|in use|too many|not set|unbound|unterminated|substitution|interpreter|conflict|:\d+:|critical"
    r"|read-only|problems|returned|went wrong|solve|multiple|resolutionimpossible|^[A-Z]{1,4}\d{3}| line \d|^# |sanit"
)
_HARMLESS = re.compile(
    r"\bPASSED\b|\.\.\. ok$|^\s*✓|^ok \d|(?i:\b(?:0|no|without|zero) (?:errors?|failures?|failed|problems?|warnings?)\b"
    r"|^\s*(?:compiling|downloading|downloaded|installing|collecting|fetching|checking|get:\d+) "
    r"|\b(?:deprecat|retrying)|-W?error\b|\b(?:fail|error)s?[=:] ?0\b|^\s*warning\b|: warning:)"
)


def decisive(texts: Sequence[str], limit: int = SHOWN) -> Tuple[int, ...]:
    """The numbers (indices into `texts`) of the lines to show, in order; the last ones where nothing tells more."""
    blocks = telling(texts)
    chosen: Set[int] = set()
    seen: Set[str] = set()
    best = max((block.weight for block in blocks), default=0)
    for block in sorted(blocks, key=_rank):
        if best >= STRONG > block.weight != SUMMARY:
            continue
        lines = [line for line in block.lines if line not in chosen]
        fresh = [line for line in lines if _core(texts[line]) not in seen]
        if not fresh or len(chosen) + len(lines) > limit:
            continue
        chosen.update(lines)
        seen.update(_core(texts[line]) for line in lines)
    if best < GUESS:
        filled = [number for number, text in enumerate(texts) if text.strip()]
        chosen.update(filled[-max(0, min(3, limit - len(chosen))) :] if len(chosen) < limit else ())
    return tuple(sorted(chosen))


def telling(texts: Sequence[str]) -> List[Block]:
    """All blocks that may say what went wrong, in order."""
    found: List[Block] = []
    at = 0
    while at < len(texts):
        text = texts[at]
        if not _WORTH.search(text):
            at += 1
            continue
        block = trace_at(texts, at) or _of_kind(texts, at)
        if block is None:
            at += 1
            continue
        found.append(block)
        at = max(block.end, at + 1)
    last = max((number for number, block in enumerate(found) if block.end - min(block.lines) > 2), default=-1)
    if last >= 0 and found[last].end >= len(texts) - 3:  # a trace at the very end is what it ended with
        block = found[last]
        found[last] = Block(max(block.weight, 101), block.lines, block.end)
    return found


def _core(text: str) -> str:
    """A line without the times and step numbers that are put before it."""
    return _STAMP.sub("", text.strip())


def _rank(block: Block) -> Tuple[int, int]:
    return (-block.weight, block.lines[0])


def _of_kind(texts: Sequence[str], at: int) -> Optional[Block]:
    text = texts[at]
    harmless = _HARMLESS.search(text) is not None
    for kind in KINDS:
        if not kind.first.search(text):
            continue
        if harmless and kind.weight < STRONG:
            return None
        lines = [at]
        end = at + 1
        while len(lines) <= kind.most and end < min(at + 1 + 3 * kind.most, len(texts)):
            if kind.more.search(texts[end]):
                lines.append(end)
            elif texts[end].strip() and kind.most < 3:
                break
            end += 1
        if kind.heading:
            above = next((n for n in range(at - 1, max(-1, at - 200), -1) if texts[n][:1].strip()), None)
            lines = lines if above is None else [above, *lines]
        return Block(kind.weight, tuple(lines), max(lines[-1] + 1, at + 1))
    return None
