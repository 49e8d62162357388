"""A book that is checked at night, and gone on with in the morning."""

import subprocess
import tarfile
from typing import Callable

import pytest

from tests.scenarios.rush import Scratch

pytestmark = pytest.mark.core


def test_the_command_of_its_readme(example: Callable[[str], Scratch]) -> None:
    """A warning, a failure, what goes on, what is told; then the rest, and nothing that is done already."""
    book = example("failures")
    done = book.rush("nightly")
    assert done.code == 1
    assert "style  allowed to fail: exit code 1" in done.err
    assert "links was failed: exit code 1" in done.out
    assert (book.root / "book.txt").exists()
    assert not (book.root / "published.txt").exists()
    assert "count" in done.err
    book.write("src/two.txt", "They lived happily ever after\n")
    rest = book.rush("--resume")
    assert rest.code == 0, rest.all
    assert (book.root / "published.txt").exists()
    assert "nightly was succeeded: all is well" in rest.out
    assert "style" not in rest.err
    assert "count" not in rest.err


def test_the_bundle_fails_as_well(example: Callable[[str], Scratch]) -> None:
    """It is packed, unpacked elsewhere and run with an empty environment."""
    book = example("failures")
    book.rush("nightly")
    done = book.rush("repro", "links", "--to", "it.tar.gz")
    assert done.code == 0, done.all
    with tarfile.open(book.root / "it.tar.gz") as archive:
        archive.extractall(book.root.parent / "away")
    run = subprocess.run([str(book.root.parent / "away/it/run.sh")], env={}, capture_output=True, check=False)
    assert (run.returncode, b"TODO: what happened then" in run.stdout) == (1, True)
