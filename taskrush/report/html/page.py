"""Makes the page: one file that asks for nothing else, whatever tasks are called and print.

The policy in its head lets nothing run or be drawn but the scripts and styles that are named there by their digests;
data is JSON in which no `<` is left, and scripts put it on the page as text, never as markup.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import pkgutil
import re

from taskrush.report.html.facts import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Tuple

    from taskrush.report.html.facts import RunPage

STYLES = ("vendor/uPlot.min.css", "assets/page.css")
SCRIPTS = (
    "vendor/uPlot.iife.min.js",
    "vendor/dagre.min.js",
    "vendor/d3-hierarchy.min.js",
    "assets/core.js",
    "assets/details.js",
    "assets/timeline.js",
    "assets/path.js",
    "assets/graph.js",
    "assets/tables.js",
    "assets/trends.js",
    "assets/page.js",
)
SECTIONS = (
    ("failures", "Failures"),
    ("timeline", "Timeline"),
    ("path", "Critical path"),
    ("graph", "Graph"),
    ("cache", "Cache"),
    ("trends", "Trends"),
    ("tasks", "Tasks"),
)
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E"
    "%3Cpath d='M0 1h5v2H0zm2 3h6v2H2z' fill='%232a78c8'/%3E%3C/svg%3E"
)


def render(page: RunPage) -> str:
    """The whole page, in ASCII."""
    run = page.run.run
    data = json.dumps(facts(page), separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    title = html.escape(f"{' '.join(run.targets) or 'run'}: {'ok' if run.ok else 'failed'} - TaskRush")
    styles = [_asset(name) for name in STYLES]
    scripts = [_asset(name) for name in SCRIPTS]
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(styles, scripts)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="robots" content="noindex">',
        f'<link rel="icon" href="{ICON}">',
        f"<title>{title.encode('ascii', 'xmlcharrefreplace').decode()}</title>",
        *(f"<style>{text}</style>" for text in styles),
        "</head>",
        "<body>",
        '<a class="skip" href="#main">Skip to content</a>',
        '<header id="head"></header>',
        f'<nav id="nav" aria-label="Sections">{_links()}</nav>',
        '<main id="main" tabindex="-1">',
        "<noscript>This page draws its data with the scripts inside it; they are switched off.</noscript>",
        *(f'<section id="{name}" aria-labelledby="{name}-title" hidden></section>' for name, _ in SECTIONS),
        "</main>",
        '<footer id="foot"></footer>',
        '<div id="live" class="unseen" role="status" aria-live="polite"></div>',
        f'<script type="application/json" id="data">{data}</script>',
        *(f"<script>{text}</script>" for text in scripts),
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines)


def _links() -> str:
    return "".join(f'<a href="#{name}" hidden>{title}</a>' for name, title in SECTIONS)


def _asset(name: str) -> str:
    """A file of this package, without the hint where its source map would be."""
    data = pkgutil.get_data(__package__ or "taskrush.report.html", name)
    assert data is not None, name
    text = data.decode("utf-8").replace("\r\n", "\n")
    return re.sub(r"\n//# sourceMappingURL=\S*", "", text)


def _policy(styles: List[str], scripts: List[str]) -> str:
    """What the browser may use: nothing but these."""
    allowed: Tuple[str, ...] = (
        "default-src 'none'",
        f"script-src {' '.join(_digest(text) for text in scripts)}",
        f"style-src {' '.join(_digest(text) for text in styles)}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    )
    return "; ".join(allowed)


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
