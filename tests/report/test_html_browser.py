"""The page of a run in a real browser: clicks, keys, a phone, the dark, and nothing asked of the network."""

from pathlib import Path
from typing import Any, Iterator, List

import pytest

from taskrush.report.html.page import render
from tests.report.pages import EVIL, Browser, large, real_browser, sample


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    started = real_browser()
    yield started
    started.close()


@pytest.fixture(scope="session")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "run.html"
    path.write_text(render(sample()), encoding="utf-8")
    return path


def texts(page: Any, selector: str) -> List[str]:
    return [text.strip() for text in page.locator(selector).all_inner_texts()]


def test_all_parts_are_there(browser: Browser, page_file: Path) -> None:
    """With no request beyond the file, no complaint, offline; names and output of tasks are text."""

    def look(page: Any, context: Any) -> Any:
        context.set_offline(True)
        page.locator("#graph").scroll_into_view_if_needed()
        page.wait_for_selector("#graph .node")
        return {
            "title": page.title(),
            "sections": texts(page, "main > section:not([hidden]) > h2"),
            "head": page.locator("h1").inner_text(),
            "first": page.locator("#failures details").first.inner_text(),
            "canvases": page.locator("#gantt canvas, #trend canvas").count(),
            "nodes": page.locator("#graph .node").count(),
            "edges": [page.locator(f"#graph .edge{kind}").count() for kind in ("", ".critical")],
            "path": texts(page, "#path .path .task"),
            "cache": page.locator("#cache").inner_text(),
            "advice": page.locator("#path").inner_text(),
            "profile": page.locator("#trends").inner_text(),
            "injected": page.locator("img").count(),
        }

    found, complaints, requests = browser.visit(page_file, look)
    assert (complaints, requests) == ([], [])
    assert found["sections"] == ["Failures", "Timeline", "Critical path", "Graph", "Cache", "Trends", "Tasks"]
    assert found["head"] == "✗package failed"
    for part in ("exit code 3", "no disk", "ValueError: <b>", f"{EVIL}\nbell"):
        assert part in found["first"]
    assert (found["canvases"], found["nodes"], found["edges"], found["injected"]) == (2, 6, [5, 2], 0)
    assert found["path"] == ["gen", "lib:core", "e2e"]
    assert "input src.txt changed" in found["cache"]
    assert "7.50 s" in found["cache"]
    assert "twice as fast: lib:core" in found["advice"]
    for part in ("+100%", "2.00 s → 4.00 s", "runs of a week"):
        assert part in found["profile"]


def test_by_keyboard_alone(browser: Browser, page_file: Path) -> None:
    """The tab key reaches everything in order, arrows walk timeline and graph, Enter opens a task, Escape closes it."""

    def look(page: Any, context: Any) -> Any:
        press = page.keyboard.press
        reached = []
        for _ in range(60):
            press("Tab")
            reached.append(
                page.evaluate(
                    "(document.activeElement.closest('section,nav') || {}).id || document.activeElement.className"
                )
            )
        page.focus("#gantt")
        for key in ("ArrowRight", "ArrowRight", "ArrowDown", "+", "+"):
            press(key)
        told = page.locator("#gantt-told").inner_text()
        zoomed = page.evaluate("TR.plot().scales.x.max - TR.plot().scales.x.min")
        press("0")
        whole = page.evaluate("TR.plot().scales.x.max - TR.plot().scales.x.min")
        press("Enter")
        opened = page.locator("dialog[open]").inner_text()
        inside = page.evaluate("document.activeElement.closest('dialog') !== null")
        press("Escape")
        closed = page.locator("dialog[open]").count()
        back = page.evaluate("document.activeElement.id")
        page.locator("#graph").scroll_into_view_if_needed()
        page.wait_for_selector("#graph .node")
        page.focus("#graph .node[tabindex='0']")
        walked = []
        for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
            press(key)
            walked.append(page.evaluate("document.activeElement.getAttribute('aria-label')").split(",")[0])
        return reached, told, zoomed, whole, opened, inside, closed, back, walked

    found, complaints, _ = browser.visit(page_file, look)
    reached, told, zoomed, whole, opened, inside, closed, back, walked = found
    assert complaints == []
    assert reached[0] == "skip"
    assert list(dict.fromkeys(reached[1:]))[:5] == ["nav", "failures", "timeline", "path", "graph"]
    assert told.startswith("lint failed, allowed to, took 1.00 s, began at 3.00 s")
    assert (zoomed, whole) == (2.25, 9.0)
    assert "3 warnings" in opened
    assert (inside, closed, back) == (True, 0, "gantt")
    assert walked == ["lib:core", "e2e", "lib:core"]


def test_by_mouse(browser: Browser, page_file: Path) -> None:
    """A bar is told when it is clicked and opened when clicked again; dragging zooms; tables sort and filter."""

    def look(page: Any, context: Any) -> Any:
        page.locator("#gantt").scroll_into_view_if_needed()
        box = page.locator("#gantt .u-over").bounding_box()
        x, y = box["x"] + box["width"] * 3 / 9, box["y"] + 6
        page.mouse.click(x, y)
        told = page.locator("#gantt-told").inner_text()
        page.mouse.click(x, y)
        opened = page.locator("dialog[open] h3").inner_text()
        page.locator("dialog .chips .task").first.click()
        neighbour = page.locator("dialog[open] h3").inner_text()
        page.locator("dialog .close").click()
        page.wait_for_function("document.activeElement.id === 'gantt'")
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 200, y, steps=3)
        page.mouse.up()
        zoomed = page.evaluate("TR.plot().scales.x.max - TR.plot().scales.x.min")
        page.locator("#tasks th button", has_text="took").click()
        ordered = texts(page, "#tasks tbody .task")
        page.fill("#tasks-word", "LIB")
        some = texts(page, "#tasks tbody .task")
        page.fill("#tasks-word", "")
        page.select_option("#tasks-state", "warned")
        warned = texts(page, "#tasks tbody .task")
        page.select_option("#trend-of", "0")
        trend = page.locator("#trend-told").inner_text()
        page.fill("#graph-focus", "gen")
        page.wait_for_function("document.querySelector('#graph-note').textContent.includes('around gen')")
        return told, opened, neighbour, zoomed, ordered, some, warned, trend

    found, complaints, _ = browser.visit(page_file, look, viewport={"width": 1200, "height": 900})
    told, opened, neighbour, zoomed, ordered, some, warned, trend = found
    assert complaints == []
    assert told.startswith("lib:core ran, took 4.00 s")
    assert (opened, neighbour) == ("lib:core", "gen")
    assert 0.5 < zoomed < 3
    assert ordered[:2] == ["lib:core", "lib:util"]
    assert some == ["lib:core", "lib:util"]
    assert warned == ["lint"]
    assert trend.startswith("Usually 4.00 s")


def test_on_a_phone_in_the_dark(browser: Browser, page_file: Path) -> None:
    """Nothing is wider than the screen, what is tapped is large enough, text stands out, nothing moves by itself."""

    def look(page: Any, context: Any) -> Any:
        page.locator("#path .task").nth(1).tap()
        opened = page.locator("dialog[open] h3").inner_text()
        page.locator("dialog .close").tap()
        return opened, page.evaluate(
            """() => {
              const number = (text) => text.match(/[0-9.]+/g).slice(0, 3).map((one) => {
                const part = one / 255;
                return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
              }).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
              const paper = number(getComputedStyle(document.body).backgroundColor);
              const contrast = (selector) => {
                const ink = number(getComputedStyle(document.querySelector(selector)).color);
                return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
              };
              return {
                wide: document.documentElement.scrollWidth - innerWidth,
                small: [...document.querySelectorAll(".tools button")].filter((one) => one.offsetHeight < 40).length,
                contrasts: ["h1", ".note", ".task", ".badge.failed", ".badge.warned", "nav a"].map(contrast),
                paper,
                smooth: getComputedStyle(document.documentElement).scrollBehavior,
              };
            }"""
        )

    for scheme, dark in (("dark", True), ("light", False)):
        (opened, found), complaints, _ = browser.visit(page_file, look, "Pixel 7", color_scheme=scheme)
        assert complaints == []
        assert opened == "lib:core"
        assert (found["wide"], found["small"], found["smooth"]) == (0, 0, "auto")
        assert min(found["contrasts"]) >= 4.5
        assert (found["paper"] < 0.2) is dark


def test_a_large_run_opens(browser: Browser, tmp_path: Path) -> None:
    """Ten thousand tasks: it is there within seconds, says what it shows, and answers."""
    path = tmp_path / "large.html"
    path.write_text(render(large(10_000)), encoding="utf-8")

    def look(page: Any, context: Any) -> Any:
        page.locator("#graph").scroll_into_view_if_needed()
        page.wait_for_selector("#graph .node")
        page.fill("#tasks-word", "module-09999")
        page.focus("#gantt")
        page.keyboard.press("End")
        return (
            page.locator("#graph-note").inner_text(),
            page.locator("#graph .node").count(),
            texts(page, "#tasks tbody .task"),
            page.locator("#head .left-out").all_inner_texts(),
            page.locator("#gantt-told").inner_text(),
        )

    (note, nodes, rows, left, told), complaints, _ = browser.visit(path, look)
    assert complaints == []
    assert "of 10,000" in note
    assert nodes <= 60
    assert rows == ["group-3:module-09999"]
    assert any("large run" in text for text in left)
    assert any("output of" in text for text in left)
    assert "module-099" in told
