"""How CI services want groups and errors to be written: a table of dialects, and how to tell where we are."""

from __future__ import annotations

import time

from taskrush.regex import expression
from taskrush.values import frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Mapping, Optional, Pattern

    from taskrush.errors import Where


@frozen(kw_only=True)
class Dialect:
    """Markers of one service. `marker` matches lines of tasks that are markers themselves and stay as they are."""

    name: str
    open: Callable[[str], str]
    close: Callable[[str], str]
    error: Callable[[str, Optional[Where]], Optional[str]]
    warning: Callable[[str, Optional[Where]], Optional[str]]
    marker: Pattern[bytes]


def detect(environ: Mapping[str, str], chosen: str = "auto") -> Optional[Dialect]:
    """The dialect called `chosen`, or with `auto` that of the service whose variables are set."""
    if chosen != "auto":
        return DIALECTS.get(chosen)
    for variable, name in _VARIABLES.items():
        if environ.get(variable, "").lower() not in ("", "false", "0"):
            return DIALECTS[name]
    return None


# --- GitHub Actions: docs.github.com/actions/reference/workflow-commands -------------------------------------------


def _github_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_data(text).replace(":", "%3A").replace(",", "%2C")


def _github_note(kind: str, message: str, where: Optional[Where]) -> str:
    places = [("file", where.path), ("line", where.line), ("col", where.column)] if where else []
    properties = ",".join(f"{name}={_github_property(str(value))}" for name, value in places if value)
    return f"::{kind}{' ' + properties if properties else ''}::{_github_data(message)}"


# --- GitLab: docs.gitlab.com/ci/jobs/job_logs -----------------------------------------------------------------------


_ODD = expression(r"[^A-Za-z0-9_.-]")


def _section(title: str) -> str:
    return "taskrush_" + _ODD.sub("_", title)


def _gitlab_open(title: str) -> str:
    return f"\x1b[0Ksection_start:{int(time.time())}:{_section(title)}\r\x1b[0K{title}"


def _gitlab_close(title: str) -> str:
    return f"\x1b[0Ksection_end:{int(time.time())}:{_section(title)}\r\x1b[0K"


# --- Azure Pipelines: learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands ----------------------------


def _azure_escape(text: str) -> str:
    for plain, escaped in (("%", "%AZP25"), ("\r", "%0D"), ("\n", "%0A"), ("]", "%5D"), (";", "%3B")):
        text = text.replace(plain, escaped)
    return text


def _azure_note(kind: str, message: str, where: Optional[Where]) -> str:
    places = [("sourcepath", where.path), ("linenumber", where.line), ("columnnumber", where.column)] if where else []
    properties = "".join(f"{name}={_azure_escape(str(value))};" for name, value in places if value)
    return f"##vso[task.logissue type={kind};{properties}]{_azure_escape(message)}"


# --- TeamCity: jetbrains.com/help/teamcity/service-messages.html ------------------------------------------------------

_TEAMCITY = {"|": "||", "'": "|'", "\n": "|n", "\r": "|r", "[": "|[", "]": "|]"}


def _teamcity_escape(text: str) -> str:
    return "".join(
        _TEAMCITY.get(c) or (c if c.isascii() else "".join(f"|0x{unit:04x}" for unit in _utf16(c))) for c in text
    )


def _utf16(character: str) -> list[int]:
    data = character.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def _teamcity_error(message: str, where: Optional[Where]) -> str:
    text = f"{where}: {message}" if where else message
    return f"##teamcity[buildProblem description='{_teamcity_escape(text)[:4000]}']"


def _teamcity_warning(message: str, where: Optional[Where]) -> str:
    text = f"{where}: {message}" if where else message
    return f"##teamcity[message text='{_teamcity_escape(text)[:4000]}' status='WARNING']"


DIALECTS: Mapping[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            name="github",
            open=lambda title: f"::group::{_github_data(title)}",
            close=lambda title: "::endgroup::",
            error=lambda message, where: _github_note("error", message, where),
            warning=lambda message, where: _github_note("warning", message, where),
            marker=expression(rb"::[a-z-]+[ :]"),
        ),
        Dialect(
            name="gitlab",
            open=_gitlab_open,
            close=_gitlab_close,
            error=lambda message, where: None,
            warning=lambda message, where: None,
            marker=expression(rb"(?:\x1b\[0K)?section_(?:start|end):"),
        ),
        Dialect(
            name="azure",
            open=lambda title: f"##[group]{title}",
            close=lambda title: "##[endgroup]",
            error=lambda message, where: _azure_note("error", message, where),
            warning=lambda message, where: _azure_note("warning", message, where),
            marker=expression(rb"##(?:vso)?\["),
        ),
        Dialect(
            name="teamcity",
            open=lambda title: f"##teamcity[blockOpened name='{_teamcity_escape(title)}']",
            close=lambda title: f"##teamcity[blockClosed name='{_teamcity_escape(title)}']",
            error=_teamcity_error,
            warning=_teamcity_warning,
            marker=expression(rb"##teamcity\["),
        ),
    )
}
_VARIABLES = {"GITHUB_ACTIONS": "github", "GITLAB_CI": "gitlab", "TF_BUILD": "azure", "TEAMCITY_VERSION": "teamcity"}
