"""What interpreters, package managers, build tools, git and containers complain of. One rule a complaint.

Names of packages are suggestions, taken from tables of what is called otherwise than it is installed.
"""

# ruff: noqa: E501, RUF001  (patterns quote what other programs print)

from __future__ import annotations

import difflib
import json
import os
import re

from taskrush.analyze.causes import certain, perhaps, rule
from taskrush.analyze.packages import HEADERS, MODULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterable, List, Optional, Tuple

    from taskrush.analyze.causes import Found, Look, Rule

# --- modules, headers, libraries -------------------------------------------------------------


@rule(r"(?:ModuleNotFoundError|ImportError): No module named ['\"]?([\w.]+)")
def _python_module(match: re.Match[str], look: Look) -> Found:
    name = match.group(1)
    top = name.partition(".")[0]
    message = f"Python did not find the module `{name}`"
    for folder in ("src", "lib"):
        place = f"{folder}/{top}"
        if look.machine.exists(place) or look.machine.exists(place + ".py"):
            remedy = (
                f"it is in `{folder}`: `env: {{PYTHONPATH: {folder}}}`, or install the project (`pip install -e .`)"
            )
            return certain("missing-module", message, remedy)
    for venv in (".venv", "venv", "env"):
        if look.machine.exists(f"{venv}/bin/python") or look.machine.exists(f"{venv}/Scripts/python.exe"):
            remedy = f"perhaps it is in the virtual environment: write `{venv}/bin/python`, or activate it first"
            return certain("missing-module", message, remedy)
    package = MODULES.get(name) or MODULES.get(top) or top
    return certain("missing-module", message, f"perhaps `pip install {package}`, with the Python that runs it")


@rule(r"Cannot find (?:module|package) ['\"]([^'\"]+)['\"]|Can't resolve ['\"]([^'\"]+)['\"]"
      r"|Failed to resolve import \"([^\"]+)\"")  # fmt: skip
def _node_module(match: re.Match[str], look: Look) -> Found:
    name = next(group for group in match.groups() if group)
    message = f"Node did not find `{name}`"
    if name.startswith((".", "/")):
        near = look.machine.nearest(name) if name.startswith("/") else None
        return certain("missing-module", message, near and f"there is `{near}`: did you mean that?")
    parts = name.split("/")
    package = "/".join(parts[:2]) if name.startswith("@") else parts[0]
    if package in _dependencies(look) and not look.machine.exists(f"node_modules/{package}"):
        return certain(
            "missing-module", f"{message}; `package.json` names it, `node_modules` has it not", _install(look)
        )
    return certain("missing-module", message, f"perhaps `npm install {package}`")


def _package_json(look: Look) -> dict[str, object]:
    try:
        found = json.loads(look.machine.read("package.json") or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _dependencies(look: Look) -> List[str]:
    found = _package_json(look)
    names: List[str] = []
    for section in ("dependencies", "devDependencies", "optionalDependencies"):
        value = found.get(section)
        names += list(value) if isinstance(value, dict) else []
    return names


def _install(look: Look) -> str:
    for lock, command in (
        ("pnpm-lock.yaml", "pnpm install"),
        ("yarn.lock", "yarn install"),
        ("bun.lockb", "bun install"),
    ):
        if look.machine.exists(lock):
            return f"`{command}`, perhaps as a task in `deps`"
    return "`npm ci` or `npm install`, perhaps as a task in `deps`"


@rule(r"fatal error: ([\w./+-]+\.h(?:pp)?): No such file|fatal error: '([\w./+-]+\.h(?:pp)?)' file not found")
def _header(match: re.Match[str], look: Look) -> Found:
    name = match.group(1) or match.group(2)
    package = HEADERS.get(name)
    remedy = f"perhaps install `{package}`" if package else "perhaps a `-dev` package is missing, or an `-I`"
    return certain("missing-header", f"the compiler did not find the header `{name}`", remedy)


@rule(r"cannot find -l([\w+.-]+)|library not found for -l([\w+.-]+)|unable to find library -l([\w+.-]+)")
def _library(match: re.Match[str], look: Look) -> Found:
    name = next(group for group in match.groups() if group)
    return certain(
        "missing-library", f"the linker did not find the library `{name}`", f"perhaps install `lib{name}-dev`"
    )


@rule(r"error while loading shared libraries: ([\w.+-]+): cannot open|Library not loaded: (\S+)")
def _shared(match: re.Match[str], look: Look) -> Found:
    name = match.group(1) or match.group(2)
    return certain("missing-library", f"the shared library `{name}` was not found", "`ldd PROGRAM` shows all it needs")


@rule(r"Package '?([\w.+-]+)'?,? (?:was not found in the pkg-config|required by)|No package '([\w.+-]+)' found")
def _pkg_config(match: re.Match[str], look: Look) -> Found:
    name = match.group(1) or match.group(2)
    return certain("missing-library", f"pkg-config does not know `{name}`", f"perhaps install `lib{name}-dev`")


@rule(
    r"can't find crate for `(\w+)`|use of (?:undeclared|unresolved) (?:crate or )?module(?: or (?:unlinked )?crate)? `(\w+)`"
)
def _crate(match: re.Match[str], look: Look) -> Found:
    name = match.group(1) or match.group(2)
    return certain("missing-module", f"rustc does not know the crate or module `{name}`", f"perhaps `cargo add {name}`")


@rule(r"no required module provides package (\S+?)[;:]|cannot find package \"([^\"]+)\"")
def _go_package(match: re.Match[str], look: Look) -> Found:
    name = match.group(1) or match.group(2)
    return certain("missing-module", f"Go did not find the package `{name}`", f"perhaps `go get {name}`")


@rule(r"cannot load such file -- (\S+)|Can't locate (\S+)\.pm in @INC|there is no package called ['‘](\w+)"
      r"|Could not find gem '(\S+)")  # fmt: skip
def _other_module(match: re.Match[str], look: Look) -> Found:
    ruby, perl, r, gem = match.groups()
    name = ruby or (perl or "").replace("/", "::") or r or gem
    how = "cpan" if perl else "install.packages" if r else "gem install"
    return certain("missing-module", f"the module `{name}` was not found", f"perhaps `{how} {name}`")


# --- versions and environments ----------------------------------------------------------------


@rule(r"(?i)requires a different python|requires python ?['\"<>=~!]|requires-python|Unsupported engine|EBADENGINE"
      r"|engine \"\w+\" is incompatible|requires rustc \d|UnsupportedClassVersionError|Unsupported class file major"
      r"|go\.mod requires go|requires go version|version [`'‘]GLIBC\w*_[\d.]+['’`] not found|Your Ruby version is")  # fmt: skip
def _version(match: re.Match[str], look: Look) -> Found:
    if "GLIBC" in look.line:
        return perhaps("version", "it looks as if a program was built for a newer system", "build it here, or update")
    remedy = "`which -a` and `--version` show which one runs; `inputs: [{cmd: ... --version}]` makes it part of the key"
    return perhaps("version", "it looks as if another version of the interpreter or compiler is needed", remedy)


@rule(r"externally-managed-environment")
def _managed(match: re.Match[str], look: Look) -> Found:
    remedy = "`python3 -m venv .venv`, then `.venv/bin/pip install ...`"
    return certain("managed-environment", "pip may not install into the Python of the system", remedy)


@rule(r"No matching distribution found for (\S+)|404.*'?(@?[\w./-]+)@?\S*'? is not in (?:this|the npm) registry"
      r"|no matching package named `(\S+)` found")  # fmt: skip
def _no_package(match: re.Match[str], look: Look) -> Found:
    name = next((group for group in match.groups() if group), "")
    return perhaps(
        "no-package", f"it looks as if there is no such package, or no such version for this system: `{name}`",
        "check its name; or the index cannot be reached",
    )  # fmt: skip


@rule(
    r"ResolutionImpossible|\bERESOLVE\b|version solving failed|failed to select a version for|conflicting dependencies"
)
def _conflict(match: re.Match[str], look: Look) -> Found:
    return perhaps("version-conflict", "it looks as if the wanted versions of packages exclude each other", None)


@rule(r"(?i)npm ci` can only install|lock ?file (?:is not up.to.date|needs to be updated|is out of date|out of sync)"
      r"|frozen-lockfile|lock file .* needs to be updated but --locked|pyproject\.toml changed significantly|go\.sum")  # fmt: skip
def _lock_file(match: re.Match[str], look: Look) -> Found:
    if "go.sum" in look.line and "missing" not in look.line:
        return None
    return perhaps("lock-file", "it looks as if the lock file does not fit what is declared", "update and commit it")


@rule(r"(?i)UnicodeDecodeError|UnicodeEncodeError|cannot change locale|unsupported locale setting|Setting locale failed"
      r"|invalid byte sequence in US-ASCII|incompatible character encodings")  # fmt: skip
def _locale(match: re.Match[str], look: Look) -> Found:
    chosen = look.machine.variable("LC_ALL") or look.machine.variable("LANG")
    facts = f" (`{chosen}` is chosen here)" if chosen else " (none is chosen here)"
    if "UnicodeDecodeError" in look.line and "'ascii'" not in look.line:
        return perhaps("encoding", "it looks as if a file is in another encoding than it was read in", None)
    if "utf" in (chosen or "").lower():
        return perhaps(
            "encoding", "it looks as if a text does not fit the encoding it is put in", "name it: `encoding=`"
        )
    return perhaps("locale", f"it looks as if the locale is wrong{facts}", "`env: {LC_ALL: C.UTF-8, PYTHONUTF8: 1}`")


@rule(r"(?i)not a tty|Inappropriate ioctl|EOF when reading a line|stdin is not a terminal|a terminal is required"
      r"|terminal prompts disabled|could not read (?:Username|Password)|no tty present")  # fmt: skip
def _terminal(match: re.Match[str], look: Look) -> Found:
    if "Username" in look.line or "Password" in look.line or "prompts" in look.line:
        return perhaps(
            "git-login", "it looks as if git wants to ask who you are", "a credential helper, a token or a key"
        )
    message = "it looks as if it wants to ask something, and tasks have no terminal"
    return perhaps("no-terminal", message, "`interactive: true` gives it the terminal; or an option that answers")


@rule(r"(?i)cannot open display|can't open display|no display|\$DISPLAY|could not connect to display")
def _display(match: re.Match[str], look: Look) -> Found:
    return perhaps("no-display", "it looks as if it wants a screen, and there is none", "perhaps `xvfb-run COMMAND`")


# --- build tools ------------------------------------------------------------------------------


@rule(r"No rule to make target [`'‘]([^'’]+)['’](?:, needed by [`'‘]([^'’]+)['’])?")
def _make(match: re.Match[str], look: Look) -> Found:
    name, by = match.groups()
    if by:
        near = look.machine.nearest(name)
        message = f"make needs `{name}` for `{by}`, and nothing makes it"
        return certain("make-target", message, near and f"there is `{near}`: did you mean that?")
    text = next((text for text in map(look.machine.read, ("GNUmakefile", "makefile", "Makefile")) if text), "")
    targets = re.findall(r"^([\w./%-][\w./% -]*?)\s*::?(?!=)", text, re.MULTILINE)
    names = [one for group in targets for one in group.split()]
    return certain("make-target", f"the makefile has no target `{name}`", _near(name, names))


@rule(r"No targets specified and no makefile found|could not find `Cargo\.toml`|go\.mod file not found|no such file.*package\.json"
      r"|Could not read package\.json|couldn't find a package\.json|no POM in this directory|build file.*not found")  # fmt: skip
def _no_project(match: re.Match[str], look: Look) -> Found:
    wanted = {
        "makefile": "Makefile",
        "Cargo": "Cargo.toml",
        "go.mod": "go.mod",
        "package.json": "package.json",
        "POM": "pom.xml",
    }
    name = next((file for word, file in wanted.items() if word in look.line), "")
    folder = look.machine.folder_with(name) if name else None
    if folder and not look.machine.exists(name):
        return certain("wrong-folder", f"there is no `{name}` where it runs, but one in `{folder}`", f"`cwd: {folder}`")
    return perhaps("wrong-folder", "it looks as if it runs in a folder without such a project", "set `cwd`")


@rule(
    r"(?i)missing script: [\"'`]?([\w:.-]+)|Couldn't find a script named \"([\w:.-]+)\"|error Command \"([\w:.-]+)\" not found"
)
def _script(match: re.Match[str], look: Look) -> Found:
    name = next(group for group in match.groups() if group)
    scripts = _package_json(look).get("scripts")
    return certain(
        "npm-script",
        f"`package.json` has no script `{name}`",
        _near(name, scripts if isinstance(scripts, dict) else ()),
    )


@rule(r"(?i)(?:unrecognized arguments?|unknown (?:option|flag|argument)|unrecognized option|no such option|invalid option"
      r"|unexpected argument)[: ]*(?:-- )?['\"`‘]?(-{0,2}[\w-]+)")  # fmt: skip
def _option(match: re.Match[str], look: Look) -> Found:
    name = match.group(1)
    known = {word for line in look.evidence.lines for word in re.findall(r"(?<![\w-])--?[\w-]+", line)} - {name}
    return perhaps("option", f"it looks as if a program does not know `{name}`", _near(name, known))


def _near(name: str, known: Iterable[str]) -> Optional[str]:
    found = difflib.get_close_matches(name, list(known)[:2000], n=1, cutoff=0.6)
    return f"did you mean `{found[0]}`?" if found else None


# --- git ----------------------------------------------------------------------------------------


@rule(r"[Uu]nable to create '([^']+\.lock)': File exists|(?:[Cc]ould not|[Uu]nable to) (?:(?:get|acquire|obtain) (?:\w+ ){0,3}lock\b|lock )[^/]*((?:/[\w.-]+)+)?"
      r"|database is locked|lock file .* exists|locked by another|another (?:instance|process) is (?:already )?running")  # fmt: skip
def _lock(match: re.Match[str], look: Look) -> Found:
    path = match.group(1) or match.group(2) or ""
    if path and look.machine.exists(path) and path.endswith(".lock"):
        shown = look.machine.shown(path) if os.path.isabs(path) else path
        remedy = f"if nothing else is at work there, delete `{shown}`"
        return perhaps("lock", f"`{shown}` is there: another process is at work, or one was killed", remedy)
    return perhaps(
        "lock", "it looks as if another process holds a lock",
        "perhaps another task of this run: `deps` or `mutex` puts them one after the other",
    )  # fmt: skip


@rule(r"not a git repository")
def _no_repository(match: re.Match[str], look: Look) -> Found:
    return certain("git", "git found no repository at or above the folder it runs in", "`cwd`, or `git init`")


@rule(r"detected dubious ownership in repository at '?([^']*)")
def _ownership(match: re.Match[str], look: Look) -> Found:
    place = match.group(1) or "FOLDER"
    remedy = f"`git config --global --add safe.directory {place}`"
    return certain("git", "the repository belongs to another user, and git will not work in it", remedy)


@rule(r"[Pp]lease tell me who you are|empty ident name|unable to auto-detect email address")
def _identity(match: re.Match[str], look: Look) -> Found:
    remedy = "`git config user.email ...`, or `env: {GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL, GIT_COMMITTER_...}`"
    return certain("git", "git does not know whose commit it is", remedy)


@rule(r"would be overwritten by (?:merge|checkout)|CONFLICT \(|Automatic merge failed|unmerged (?:files|paths)")
def _merge(match: re.Match[str], look: Look) -> Found:
    return perhaps("git", "it looks as if changes stand against each other", "`git status` shows where")


@rule(r"(?:unknown revision|bad revision|bad object|shallow|no tag exactly matches|No names found, cannot describe)")
def _shallow(match: re.Match[str], look: Look) -> Found:
    if look.machine.exists(".git/shallow") or look.machine.exists("../.git/shallow"):
        return perhaps("git", "perhaps the history is missing: this clone is shallow", "`git fetch --unshallow --tags`")
    return perhaps("git", "it looks as if git does not have that revision or tag", "`git fetch --tags`")


@rule(r"Host key verification failed|Authentication failed for|invalid username or (?:token|password)")
def _authority(match: re.Match[str], look: Look) -> Found:
    if "Host key" in look.line:
        return perhaps(
            "ssh-key", "it looks as if the host's key is not known here", "`ssh-keyscan HOST >> ~/.ssh/known_hosts`"
        )
    return perhaps("git-login", "it looks as if user name and token or password do not fit", None)


# --- containers ------------------------------------------------------------------------------


@rule(
    r"Cannot connect to the (?:Docker|Podman) daemon|docker daemon is not running|error during connect:|Is the docker daemon running"
)
def _daemon(match: re.Match[str], look: Look) -> Found:
    socket = look.machine.exists("/var/run/docker.sock")
    host = look.machine.variable("DOCKER_HOST")
    facts = f" (`DOCKER_HOST` is `{host}`)" if host else "" if socket else " (there is no `/var/run/docker.sock`)"
    return perhaps(
        "docker-daemon", f"it looks as if the docker daemon is not running{facts}", "start it, or set `DOCKER_HOST`"
    )


@rule(
    r"pull access denied for ([\w./-]+)|manifest for ([\w./:-]+) not found|manifest unknown|repository does not exist"
)
def _image(match: re.Match[str], look: Look) -> Found:
    name = match.group(1) or match.group(2)
    named = f": `{name}`" if name else ""
    return perhaps("image", f"it looks as if there is no such image, or it needs a login{named}", "`docker login`")


@rule(r"(?i)The container name \"?/?([\w.-]+)\"? is already in use")
def _container(match: re.Match[str], look: Look) -> Found:
    name = match.group(1)
    return certain("container-name", f"there is a container `{name}` already", f"`docker rm -f {name}`, or `--rm`")


RULES: Tuple[Rule, ...] = (
    *(_python_module, _node_module, _header, _library, _shared, _pkg_config, _crate, _go_package, _other_module),
    *(_version, _managed, _no_package, _conflict, _lock_file, _locale, _terminal, _display),
    *(_make, _no_project, _script, _option),
    *(_no_repository, _ownership, _identity, _merge, _authority, _shallow, _lock),
    *(_daemon, _image, _container),
)
