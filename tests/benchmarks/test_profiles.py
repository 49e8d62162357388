"""Samples and counts of system calls are summed up as a page says them."""

from tests.benchmarks.measure import Sample
from tests.benchmarks.profiles import SUBJECTS, Profile, functions, page, parts, put

STACKS = {
    "<module> (start.py:3);main (taskrush_cli/main.py:28);state (taskrush/plan/file_index.py:9)": 6,
    "<module> (start.py:3);main (taskrush_cli/main.py:28);state (taskrush/plan/file_index.py:12);stat (os.py:1)": 1,
    "<module> (start.py:3);_find_and_load (<frozen importlib._bootstrap>:1);<module> (taskrush/values.py:1)": 2,
    "<module> (start.py:3)": 1,
}


def test_samples_belong_to_functions_and_to_parts() -> None:
    """Whatever happens during an import is an import; a function of others belongs to who calls it."""
    assert functions(STACKS) == {
        "`state` taskrush/plan/file_index.py": 6,
        "`<module>` taskrush/values.py": 2,
        "`stat` os.py": 1,
        "`<module>` start.py": 1,
    }
    assert parts(STACKS) == {"taskrush/plan/file_index.py": 7, "imports": 2, "the interpreter": 1}


def test_a_page_has_a_row_for_each_subject_and_takes_the_place_of_an_older_one() -> None:
    profile = Profile(SUBJECTS[1], [Sample(0.5, 0.25, 20 << 20)], STACKS, {"read": 1234})
    text = page([profile], "After")
    assert "| One task of 10 | 500 ms | 250 ms | 250 ms | 20 MiB | 1,234 |" in text
    assert "| taskrush/plan/file_index.py | 70% | `state` taskrush/plan/file_index.py | 60% | read | 1,234 |" in text
    assert put("# Title\n\nWords.\n", text) == f"# Title\n\nWords.\n\n{text}"
    older = "# Title\n\n## After\n\nold\n\n### of it\n\n## Notes\n\nkept\n"
    assert put(older, text) == f"# Title\n\n{text}\n## Notes\n\nkept\n"
