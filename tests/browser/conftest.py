"""Chromium: a participant's phone and a clinician's desk.

Pages must not ask another host for anything, and must not fail unseen: a request that leaves the
machine, an uncaught error or a refusal by the CSP fails the test in which it happened.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    sync_playwright,
)

from tests.engines import Engine
from tests.people import Stage, Who

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = ViewportSize(width=360, height=740)
DESK = ViewportSize(width=1280, height=800)


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """One engine is enough here: what the browser sees does not depend on it."""
    return sqlite_engine


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, started once."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield chromium
        chromium.close()


def chromium_path() -> str:
    """Where Chromium is on this machine."""
    found = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    assert found, "Chromium is not installed: `make chromium` installs it, or says how."
    return found


@contextmanager
def opened(
    browser: Browser, viewport: ViewportSize, *, touch: bool, **options: Any
) -> Iterator[Page]:
    """A page in a profile of its own; raises when it misbehaved. `options` are the profile's."""
    faults: list[str] = []

    def watch(request: Request) -> None:
        address = urlsplit(request.url)
        if address.hostname not in (None, "127.0.0.1", "localhost"):
            faults.append(f"asked {address.hostname} for {address.path}")

    def listen(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    usual = {"locale": "fr-FR", "timezone_id": "Europe/Paris"}
    with browser.new_context(
        viewport=viewport, has_touch=touch, is_mobile=touch, **usual | options
    ) as context:
        context.on("request", watch)
        context.on("weberror", lambda event: faults.append(f"uncaught: {event.error}"))
        context.on("console", listen)
        yield context.new_page()
    assert faults == []


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A participant's phone: 360 × 740, touched, French, in Paris."""
    with opened(browser, PHONE, touch=True) as page:
        yield page


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A clinician's desk: 1280 × 800, with a mouse."""
    with opened(browser, DESK, touch=False) as page:
        yield page


def enter(page: Page, stage: Stage, who: Who, path: str = "/") -> None:
    """Open a page of the stage as someone who is signed in, at the stage's time of day."""
    base_url = stage.deployment.base_url
    cookies = stage.cast.cookies.get(who, {})
    page.context.add_cookies(
        [{"name": name, "value": value, "url": base_url} for name, value in cookies.items()]
    )
    page.clock.install(time=stage.clock.now)
    page.goto(base_url + path)
