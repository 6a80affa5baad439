"""Look at pages in a browser: what they ask for, whether they fit, and whether all can read them.

Not part of the plain test run: `tox run -e browser` runs it, where Chromium is installed. With
`AXE=node_modules/axe-core/axe.min.js` (`npm install axe-core`) it also runs the rules of axe.
"""

from __future__ import annotations

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

# One page of each kind.
PAGES = (
    "index.html",
    "tutorial-own-backend.html",
    "requirements/index.html",
    "requirements/WAL-01.html",
    "findings/F11.html",
    "kill-table.html",
    "protocol.html",
    "reference/telltale_spec.html",
    "reference/telltale_spec.backends.contract.html",
    "source/examples/own_backend.py.html",
    "404.html",
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - theirs
        """Say nothing of what was asked for."""


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Serve the site on this machine, as the search needs a server."""
    handler = functools.partial(_Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the Chromium of the system, or skip aloud; where CI is set, its absence fails."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("Chromium is not installed")
    # Who is root has no sandbox; only pages of ours are opened.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=options)
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_ask_nobody_else_and_can_be_read(
    browser: Any, address: str, scheme: str, width: int
) -> None:
    """On a phone and on a screen, by day and by night."""
    view = {"width": width, "height": 900}
    page = browser.new_context(viewport=view, color_scheme=scheme).new_page()
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    rules = os.environ.get("AXE")
    for name in PAGES:
        page.goto(address + name)
        page.wait_for_selector(".md-search__input")
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, name
        if rules:
            page.evaluate(Path(rules).read_text(encoding="utf-8"))
            found = page.evaluate("axe.run(document)")["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == [], name

    assert errors == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert len(asked) > len(PAGES)


def test_the_search_finds_a_requirement(browser: Any, address: str) -> None:
    """By its id, and leads to its page."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(address + "index.html")
    page.fill(".md-search__input", "WAL-08.power")
    result = page.wait_for_selector(".md-search-result__link")

    assert "requirements/WAL-08.power.html" in (result.get_attribute("href") or "")
