"""Patterns against a naive reading of their rules."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrush.model.overlap import may_overlap
from taskrush.model.pattern import PatternError, Patterns, depth, literal_prefix, matches, regex
from taskrush.model.plain_pattern import plain

pytestmark = pytest.mark.core


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.c", ["a.c", ".c", ".hidden.c"], ["a/b.c", "a.h", "a.c/x"]),
        ("src/**/*.ts", ["src/a.ts", "src/x/y/a.ts"], ["a.ts", "src/a.js", "lib/src/a.ts"]),
        ("**/node_modules", ["node_modules", "a/node_modules", "a/node_modules/x/y"], ["node_modules2"]),
        ("**", ["a", "a/b"], []),
        ("dist", ["dist", "dist/a", "dist/a/b"], ["distant", "a/dist"]),
        ("dist/", ["dist/a", "dist/a/b"], ["dist"]),
        ("dist/**", ["dist/a", "dist/a/b"], ["dist"]),
        ("./dist//a", ["dist/a", "dist/a/b"], ["dist"]),
        ("packages/*/dist", ["packages/a/dist", "packages/a/dist/x"], ["packages/dist", "packages/a/b/dist"]),
        ("?.[ch]", ["a.c", "b.h"], ["ab.c", "a.x", "/.c"]),
        ("[!a-c].x", ["d.x"], ["a.x", "c.x", "/.x"]),
        ("{a,b{1,2}}.c", ["a.c", "b1.c", "b2.c"], ["b.c", "{a,b1}.c"]),
        ("{**/a,b/c}/d", ["a/d", "x/y/a/d", "b/c/d"], ["c/d"]),
        ("{one}.c", ["{one}.c"], ["one.c"]),
        (r"\*.c", ["*.c"], ["a.c"]),
        ("a[.c", ["a[.c"], ["a.c"]),
        ("a{.c", ["a{.c"], ["a.c"]),
        (".", ["a", "a/b"], []),
        ("a\nb*", ["a\nbc"], ["a"]),
    ],
)
def test_a_pattern_matches_what_its_rules_say(pattern: str, yes: "list[str]", no: "list[str]") -> None:
    """Each rule of the module's list, with what it matches and what it does not."""
    assert [path for path in yes + no if matches(pattern, path)] == yes


def test_the_last_pattern_that_matches_decides() -> None:
    """Order matters, and a list of nothing but exclusions starts from everything."""
    paths = ["src/a.ts", "src/gen/b.ts", "src/gen/keep.ts", "x"]
    assert Patterns(("src/**/*.ts", "!src/gen/**")).select(paths) == ["src/a.ts"]
    assert Patterns(("src/**/*.ts", "!src/gen/**", "src/gen/keep.ts")).select(paths) == ["src/a.ts", "src/gen/keep.ts"]
    assert Patterns(("!src/gen/**", "src/**")).select(paths) == paths[:3]
    assert Patterns(("!src",)).select(paths) == ["x"]
    assert Patterns(()).select(paths) == []


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [("src/gen/*.c", "src/gen"), ("**/x", ""), ("a/b", "a/b"), ("!a/{b,c}", "a"), ("dist/", "dist"), ("a/**", "a")],
)
def test_the_literal_prefix_is_the_folder_everything_lies_in(pattern: str, prefix: str) -> None:
    """`literal_prefix` stops at the first segment with a wildcard."""
    assert literal_prefix(pattern) == prefix


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        ("dist", "dist/app.js", True),
        ("dist/*.js", "dist", True),
        ("dist/", "dist", True),
        ("*.c", "*.o", False),
        ("a*", "*b", True),
        ("[a-c]*", "[d-f]*", False),
        ("[!a]", "a", False),
        ("src/**/*.ts", "src/gen/**", True),
        ("src/**", "lib/**", False),
        ("**/a/x", "b/**/x", True),
        ("a/*/c", "a/b/d", False),
        ("*ab", "*cb", False),
        ("**/a/*.c", "**/b/*.c", False),
        ("build/*.o", "build/obj/**", False),
        ("build/{a,b}.o", "build/[b-d].o", True),
        ("build/{a,b}.o", "build/[c-d].o", False),
    ],
)
def test_overlap_of_patterns(first: str, second: str, meet: bool) -> None:
    """Two patterns meet if one path could be matched by both, whichever comes first."""
    assert may_overlap(first, second) is meet
    assert may_overlap(second, first) is meet


@pytest.mark.parametrize("text", ["", "{a,b}" * 11, "[z-a]"])
def test_what_is_no_pattern_says_why(text: str) -> None:
    """Empty patterns, explosions of braces and empty classes are errors, not surprises."""
    with pytest.raises(PatternError, match="pattern"):
        matches(text, "a")


# --- the naive reference ------------------------------------------------------------

PIECES = st.sampled_from(["a", "b", "*", "?", "[ab]", "[!a]", "{a,b}", "{a,b*}", "."])
SEGMENTS = st.one_of(st.just("**"), st.lists(PIECES, min_size=1, max_size=3).map("".join).filter(lambda s: s != "."))
PATTERNS = st.builds(
    lambda parts, tail: "/".join(parts) + tail,
    st.lists(SEGMENTS, min_size=1, max_size=4),
    st.sampled_from(["", "", "/"]),
)
NAMES = st.text("ab.", min_size=1, max_size=3).filter(lambda name: name not in (".", ".."))
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def naive(pattern: str, path: str) -> bool:
    """Straight from the rules, with no care for speed: braces, then segments, then characters."""
    brace = re.search(r"\{([^{}]*)\}", pattern)
    if brace:
        return any(
            naive(pattern[: brace.start()] + choice + pattern[brace.end() :], path)
            for choice in brace.group(1).split(",")
        )
    segments = [part for part in pattern.split("/") if part not in ("", ".")]
    folders = path.split("/")
    if pattern.endswith("/") or segments[-1] == "**":
        return any(naive_segments(segments, folders[:cut]) for cut in range(len(folders)))
    if not set(segments[-1]) & set("*?["):
        return any(naive_segments(segments, folders[: cut + 1]) for cut in range(len(folders)))
    return naive_segments(segments, folders)


def naive_segments(pattern: "list[str]", path: "list[str]") -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(naive_segments(pattern[1:], path[cut:]) for cut in range(len(path) + 1))
    return bool(path) and naive_characters(pattern[0], path[0]) and naive_segments(pattern[1:], path[1:])


def naive_characters(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive_characters(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    if pattern[0] == "[":
        inside, rest = pattern[1:].split("]", 1)
        good = bool(text) and ((text[0] not in inside[1:]) if inside[0] == "!" else text[0] in inside)
        return good and naive_characters(rest, text[1:])
    return bool(text) and pattern[0] in ("?", text[0]) and naive_characters(pattern[1:], text[1:])


@given(PATTERNS, PATHS)
def test_the_regular_expression_agrees_with_the_naive_matcher(pattern: str, path: str) -> None:
    """For any pattern and path, both say the same."""
    assert matches(pattern, path) == naive(pattern, path)


@given(PATTERNS, PATTERNS, st.lists(PATHS, max_size=10))
def test_patterns_that_share_a_path_overlap(first: str, second: str, paths: "list[str]") -> None:
    """`may_overlap` never denies a meeting that a path proves."""
    if any(matches(first, path) and matches(second, path) for path in paths):
        assert may_overlap(first, second)


@given(PATTERNS, PATHS)
def test_overlap_with_a_literal_is_exact(pattern: str, path: str) -> None:
    """A path overlaps with a pattern that matches it or something below it, and with no other."""
    below = [
        path + tail for tail in ("", "/a", "/b", "/a/a", "/a/b", "/b/a", "/b/b", "/aa", "/bb", "/.", "/.a", "/b.a")
    ]
    if any(matches(pattern, deeper) for deeper in below):
        assert may_overlap(pattern, path)
    if not may_overlap(pattern, path):
        assert not any(matches(pattern, deeper) for deeper in below)


@given(st.text(max_size=30), st.text(max_size=10))
def test_any_text_is_a_pattern_or_a_message(pattern: str, path: str) -> None:
    """No text makes the translation fail in another way."""
    try:
        matches(pattern, path)
        may_overlap(pattern, path or "x")
        literal_prefix(pattern)
    except PatternError:
        pass


SIMPLE = [
    "a",
    "a/b",
    "a/*",
    "*",
    "**",
    "a/**",
    "*.c",
    "a/*.c",
    "**/*.c",
    "a/**/*.c",
    "a/b/**/*",
    "*/b",
    "a/**/b",
    "**/a",
]
SIMPLE += ["a/", "./a", "a//b", "a/./b", ".", "..", "{a,b}", "a/[a]", "\\*", "a*", "a/*b*", "**/**", "a/**/**", "***"]


@pytest.mark.parametrize("pattern", SIMPLE)
def test_simple_patterns_mean_what_their_regular_expression_says(pattern: str) -> None:
    """The short cut and the long way say the same of every path over a small alphabet."""
    names = ("a", "b", ".c", "x.c", "ab", "a\nb", "..")
    quick = plain(pattern) or regex(pattern).match
    for count in (1, 2, 3, 4):
        for path in map("/".join, itertools.product(names, repeat=count)):
            assert bool(quick(path)) == bool(regex(pattern).match(path)), path


def test_the_short_cut_is_taken_and_depths_are_known() -> None:
    assert [plain(pattern) is None for pattern in ("a/b", "a/*", "a/**", "*.c", "a/**/*.c", "a*b")] == [False] * 5 + [
        True
    ]
    assert [depth(pattern) for pattern in ("*.c", "a/*/b?", "a", "a/**", "{a,b/c}*")] == [1, 3, None, None, None]


@given(PATTERNS, PATHS)
def test_nothing_that_matches_lies_deeper_or_higher_than_the_depth(pattern: str, path: str) -> None:
    if depth(pattern) is not None and matches(pattern, path):
        assert path.count("/") + 1 == depth(pattern)
