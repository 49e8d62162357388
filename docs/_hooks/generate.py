"""Makes the pages that are derived: from the README, the settings, the keys of files, the public names, the decisions.

MkDocs calls `on_config` and `on_files`; the tests call `pages()`. Nothing here says what an option or a key means: that
stands where it is declared.
"""

import os
import re
from typing import Any, Dict, List

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DECISIONS = os.path.join(ROOT, "docs", "decisions")
GROUPS = {
    "Declaring tasks": ("declare.", "model.task"),
    "Inside a task": ("runners.",),
    "Projects, graphs and plans": ("project", "model.graph", "model.plan", "compile.", "plan."),
    "Running": ("execute.", "model.outcome", "protocols", "report."),
    "Events": ("events",),
    "Errors": ("errors",),
}


def on_config(config: Any) -> Any:
    """List every decision in the navigation."""
    for entry in config["nav"]:
        if "Decisions" in entry:
            entry["Decisions"] = ["decisions/index.md", *(f"decisions/{name}" for name in decisions())]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the derived pages."""
    from mkdocs.structure.files import File

    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


def pages() -> Dict[str, str]:
    """The text of each derived page by its path in `docs/`."""
    return {
        "index.md": at_home(read("README.md")),
        "changelog.md": at_home(read("CHANGELOG.md")),
        "contributing.md": at_home(read("CONTRIBUTING.md")),
        "decisions/index.md": decisions_page(),
        "reference/settings.md": settings_page(),
        "reference/command-line.md": command_line_page(),
        "reference/rush-keys.md": keys_page(),
        "reference/api.md": api_page(),
    }


def read(path: str) -> str:
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def at_home(text: str) -> str:
    """A page of the repository as a page of the documentation: links lose their `docs/`, some files become pages."""
    text = re.sub(r"\]\(docs/", "](", text)
    return text.replace("](CONTRIBUTING.md", "](contributing.md").replace("](CHANGELOG.md", "](changelog.md")


def decisions() -> List[str]:
    """The files of all decisions, in order."""
    return sorted(name for name in os.listdir(DECISIONS) if re.match(r"\d{4}-.*\.md$", name))


def decisions_page() -> str:
    rows = []
    for name in decisions():
        title = read(os.path.join("docs", "decisions", name)).splitlines()[0].lstrip("# ")
        number, _, words = title.partition(". ")
        rows.append(f"| [{number}]({name}) | {words} |")
    intro = (
        "Half a page each: what the situation was, what was chosen, what was rejected, what follows. "
        "A decision is changed by a later one that says so, never by rewriting it."
    )
    return "\n".join(["# Decisions", "", intro, "", "| | decision |", "|---|---|", *rows, ""])


def cell(text: str) -> str:
    """Text inside a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def flags_of(option: Any) -> str:
    value = "" if option.kind in ("bool", "int") or not option.metavar else f" {option.metavar}"
    return ", ".join(f"`{flag}{value if flag == option.flags[-1] else ''}`" for flag in option.flags)


def help_of(option: Any) -> str:
    text: str = option.help
    if option.choices:
        text += ": " + ", ".join(f"`{choice}`" for choice in option.choices)
    return cell(text)


def settings_page() -> str:
    import attrs

    from taskrush.model.settings import Settings, options

    defaults = {field.name: field.default for field in attrs.fields(Settings)}
    lines = [
        "# Settings",
        "",
        "Every setting is declared once; its flag, its environment variable and its key in the `settings:` section of",
        "a task file are derived from that. Later ones win: default, file, environment, command line.",
        "",
        "| setting | flag | environment | in `settings:` | default | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for name, option in options():
        default = defaults[name]
        shown = (
            "" if default in ((), None, "") else f"`{str(default).lower() if isinstance(default, bool) else default}`"
        )
        env = f"`{option.env}`" if option.env else ""
        in_file = f"`{name}`" if option.in_file else "no"
        lines.append(f"| `{name}` | {flags_of(option)} | {env} | {in_file} | {shown} | {help_of(option)} |")
    return "\n".join([*lines, ""])


def command_line_page() -> str:
    from taskrush.model.settings import options
    from taskrush_cli.commands import COMMANDS
    from taskrush_cli.given import ACTIONS

    lines = [read(os.path.join("docs", "_hooks", "command-line.md")).rstrip(), "", "## Subcommands", ""]
    lines += ["| subcommand | what it does |", "|---|---|"]
    lines += [f"| `taskrush {name}` | {cell(text)} |" for name, text in COMMANDS.items()]
    lines += ["", "## Options", "", "| option | meaning | environment |", "|---|---|---|"]
    for _, option in (*options(), *ACTIONS.items()):
        lines.append(f"| {flags_of(option)} | {help_of(option)} | {f'`{option.env}`' if option.env else ''} |")
    return "\n".join([*lines, ""])


def keys_page() -> str:
    from taskrush.declare.reference import reference

    return read(os.path.join("docs", "_hooks", "rush-keys.md")) + "\n" + reference()


def api_page() -> str:
    import taskrush

    left = dict(taskrush._HOME_OF)
    lines = [
        "# Python API",
        "",
        "Everything here is imported from `taskrush`: `from taskrush import Project, task, run`. The package is typed;",
        "other modules are not public.",
    ]
    for title, prefixes in (*GROUPS.items(), ("More", "")):
        names = [name for name, home in sorted(left.items()) if home.startswith(prefixes)]
        if names:
            lines += ["", f"## {title}", ""]
        for name in names:
            lines += [f"::: taskrush.{left.pop(name)}.{name}", ""]
    return "\n".join(lines)
