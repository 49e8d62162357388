"""The project's checks, one session each; `nox` alone runs what CI runs.

Interpreters are looked for on PATH and in pyenv's versions folder, never through pyenv's shims. Those that are not
there are skipped and named.
"""

import glob
import os
import re
import shutil
import sys
from typing import Dict, List, Tuple

import nox

ROOT = os.path.dirname(os.path.abspath(__file__))
SUPPORTED = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
RUNNING = "{}.{}".format(*sys.version_info)


def find_interpreters() -> Dict[str, str]:
    """The folders of real interpreters by version (`3.8`), the ones on PATH first."""
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    on_path = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if not is_shims(folder)]
    installed = sorted(glob.glob(os.path.join(pyenv, "versions", "*", "bin")), reverse=True)
    found = {RUNNING: os.path.dirname(os.path.realpath(sys.executable))}
    for folder in (*on_path, *installed):
        for version in SUPPORTED:
            if version not in found and shutil.which("python" + version, path=folder):
                found[version] = folder
    return found


def is_shims(folder: str) -> bool:
    """Whether a folder on PATH holds pyenv's shims."""
    return re.search(r"[/\\](\.pyenv|pyenv[\w-]*)[/\\].*shims[/\\]?$", folder) is not None


FOUND = find_interpreters()
os.environ["PATH"] = os.pathsep.join(
    dict.fromkeys((*(p for p in os.environ.get("PATH", "").split(os.pathsep) if not is_shims(p)), *FOUND.values()))
)
os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")
os.environ.setdefault("UV_NATIVE_TLS", "true")
os.environ.setdefault("UV_SYSTEM_CERTS", "true")

nox.options.default_venv_backend = "uv|venv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["lint", "types", "layers", "docs", "changelog", "wheel", "minimums", "examples", "tests"]

# The tools want a recent interpreter more than any particular one.
TOOLS = RUNNING if sys.version_info >= (3, 11) else max(FOUND, key=lambda version: int(version.split(".")[1]))
IN_RANGE = sorted((v for v in FOUND if v in SUPPORTED), key=SUPPORTED.index)
WHOLE = {RUNNING, *IN_RANGE[:1], *IN_RANGE[-1:]}
ELSEWHERE = ("--ignore=tests/examples", "--ignore=tests/types")  # these have sessions of their own
TESTED = list(dict.fromkeys((*SUPPORTED, RUNNING)))


def group(*names: str) -> List[str]:
    """The requirements of `[dependency-groups]` in pyproject.toml."""
    return list(nox.project.dependency_groups(nox.project.load_toml(os.path.join(ROOT, "pyproject.toml")), *names))


def pytest(session: nox.Session, *arguments: str) -> None:
    """Run pytest, in as many processes as there are processors; what fails then is tried again alone."""
    workers = (
        () if any(word in ("-s", "--pdb", "-n0") for word in session.posargs) else ("-n", "auto", "--dist", "worksteal")
    )
    program = ("-m", "pytest") if session.posargs else (os.path.join("tests", "suite.py"),)
    session.run("python", *program, *workers, *arguments, *session.posargs)


@nox.session(python=TESTED)
def tests(session: nox.Session) -> None:
    """Run the whole suite on the oldest, the default and the newest interpreter, the core subset on the rest."""
    session.install("-e", ".[all]", *group("test"))
    whole = session.python in WHOLE
    if session.python == RUNNING:  # once is enough: it is the same machine of states everywhere
        session.env.setdefault("STATE_MACHINE_EXAMPLES", "2000")
    pytest(session, "-m", "not soak" if whole else "core and not soak", *ELSEWHERE)


@nox.session(python=TOOLS)
def examples(session: nox.Session) -> None:
    """Run every example as a user would."""
    session.install("-e", ".[all]", *group("test", "examples"))
    session.run("python", "-m", "pytest", "-m", "not soak", "tests/examples", *session.posargs)


@nox.session(python=TOOLS)
def soak(session: nox.Session) -> None:
    """Run the long tests: signals at random moments, endless output, large graphs."""
    session.install("-e", ".[all]", *group("test"))
    session.run("python", "-m", "pytest", "-m", "soak", "-o", "timeout=1800", *session.posargs)


@nox.session(python="3.8")
def minimums(session: nox.Session) -> None:
    """Run the core subset with the lowest versions of what pyproject.toml asks for."""
    if session.venv_backend != "uv":
        session.skip("only uv can resolve to the lowest versions")
    session.install("--resolution", "lowest-direct", "-e", ".[all]")
    session.install(*group("test"))
    pytest(session, "-m", "core and not soak", *ELSEWHERE)


@nox.session(python=TOOLS)
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(python=TOOLS)
def types(session: nox.Session) -> None:
    """Check the packages with mypy, and what users see with mypy and pyright, all strict."""
    session.install("-e", ".[all]", *group("types"))
    session.run("mypy")
    session.run("python", "-m", "pytest", "tests/types", *session.posargs)


@nox.session(python=TOOLS)
def layers(session: nox.Session) -> None:
    """Check that modules import only what lies below them."""
    session.install("-e", ".", *group("layers"))
    session.run("lint-imports")


@nox.session(python=TOOLS)
def docs(session: nox.Session) -> None:
    """Build the documentation; a broken link or an unknown name is an error (`--quiet` would let both pass)."""
    session.install("-e", ".", *group("docs"))
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session(python=TOOLS)
def changelog(session: nox.Session) -> None:
    """Show the next release's notes; `nox -s changelog -- VERSION` writes them."""
    session.install(*group("changelog"))
    target = ["--version", session.posargs[0], "--yes"] if session.posargs else ["--version", "next", "--draft"]
    session.run("towncrier", "build", *target)


@nox.session(python=TOOLS)
def vendored(session: nox.Session) -> None:
    """Fetch what others made and the package carries from npm again; `nox -s vendored -- --check` compares."""
    session.run("python", os.path.join("tests", "vendored.py"), *session.posargs)


@nox.session(python=TOOLS)
def wheel(session: nox.Session) -> None:
    """Build both distributions and use the wheel on the oldest and the newest interpreter."""
    session.install(*group("build"))
    work = os.path.abspath(session.create_tmp())
    dist = os.path.join(work, "dist")
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--no-isolation", "--outdir", dist, ROOT)
    (built,) = glob.glob(os.path.join(dist, "*.whl"))
    session.run("python", os.path.join("tests", "wheel_contents.py"), built)
    for version, folder in oldest_and_newest():
        home = os.path.join(work, "wheel-" + version)
        shutil.rmtree(home, ignore_errors=True)
        session.run(os.path.join(folder, "python" + version), "-m", "venv", home, external=True)
        programs = os.path.join(home, "bin")
        session.run(os.path.join(programs, "python"), "-m", "pip", "install", "-q", built, external=True)
        with session.chdir(work):
            for words in (("taskrush",), ("rush",), ("python", "-m", "taskrush")):
                start = (os.path.join(programs, words[0]), *words[1:])
                session.run(*start, "--version", external=True)
                session.run(*start, "-C", os.path.join(ROOT, "examples", "hello"), "all", external=True)


def oldest_and_newest() -> List[Tuple[str, str]]:
    """The two ends of what was found."""
    return [(version, FOUND[version]) for version in dict.fromkeys((IN_RANGE[0], IN_RANGE[-1]))] if IN_RANGE else []


@nox.session(python=TOOLS)
def bench(session: nox.Session) -> None:
    """Measure against the peers that are installed; not part of CI."""
    session.install(".[all]", *group("bench"))
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session(python=TOOLS)
def growth(session: nox.Session) -> None:
    """Measure how time and memory grow with the work; `nox -s growth -- --write` draws the plots of the docs."""
    session.install(".[all]", *group("bench"))
    session.run("python", "-m", "tests.benchmarks.growth", *session.posargs)


@nox.session(python=TOOLS)
def profiles(session: nox.Session) -> None:
    """Show where the time of four commands goes; `--source DIR` does it for another checkout."""
    session.install(".[all]", *group("bench"))
    session.run("python", "-m", "tests.benchmarks.profiles", *session.posargs)
