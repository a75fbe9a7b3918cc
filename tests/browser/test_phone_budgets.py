"""What a phone loads, as a real server sends it: bounds that a slow network makes felt."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request

from tests.browser.conftest import enter
from tests.browser.touches import assert_ready
from tests.browser.wire import Wire, wired
from tests.engines import Engine
from tests.people import Stage, Who

KB = 1024
PAGE_AND_STYLE, SCRIPT, COLD, COLD_REQUESTS = 14 * KB, 20 * KB, 50 * KB, 6
BEHIND = {"/profile", "/sw.js", "/manifest.webmanifest", "/submissions", "/evening/opened"}
"""What a phone asks for behind a page that is there already."""


@pytest.fixture
def line(engine: Engine) -> Iterator[tuple[Stage, Wire]]:
    """A stage with a look at its wire."""
    with wired(engine) as found:
        yield found


def opened(page: Page, stage: Stage, path: str) -> list[str]:
    """Open a page as the own participant; gives the paths asked for until its load event."""
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(urlsplit(request.url).path)

    page.on("request", note)
    page.on("load", lambda _: page.remove_listener("request", note) if asked else None)
    enter(page, stage, Who.OWN, path)
    return asked


def test_a_cold_start_is_small(phone: Page, line: tuple[Stage, Wire]) -> None:
    stage, wire = line
    asked = opened(phone, stage, "/diary")
    assert len(asked) <= COLD_REQUESTS, asked
    assert wire.size("/diary", "/static/app.css") <= PAGE_AND_STYLE
    assert sum(size for path, size in wire.sent if path in asked) <= COLD


def test_all_script_that_a_phone_can_load_is_small(phone: Page, line: tuple[Stage, Wire]) -> None:
    stage, wire = line
    dose = f"/doses/new?medicine={stage.cast.rescue_ids[Who.OWN]}"
    for path in ("/diary", "/", dose, "/session-report", "/settings", "/check", "/install"):
        enter(phone, stage, Who.OWN, path)
        assert_ready(phone)
    scripts = {path: size for path, size in wire.sent if size and path.endswith(".js")}
    assert "/static/js/diary.js" in scripts
    assert "/sw.js" in scripts
    assert sum(scripts.values()) <= SCRIPT, scripts


def test_a_warm_start_asks_for_no_page_and_no_file(phone: Page, line: tuple[Stage, Wire]) -> None:
    stage, wire = line
    enter(phone, stage, Who.OWN, "/")
    assert_ready(phone)
    wire.sent.clear()
    phone.goto(f"{stage.deployment.base_url}/diary")
    phone.locator("#pain_average .track").wait_for()
    assert {path for path, _ in wire.sent} <= BEHIND
