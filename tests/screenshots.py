"""`make screenshots`: every page of the registry, photographed into ./screenshots.

Both languages and themes as `<page>.<lang>.<theme>.png`, and with text at 200 % as
`<page>.<lang>.large.png`. Words after the command choose pages by a part of their name.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, sync_playwright

from app.rendering import LANGUAGES
from tests.browser.conftest import FLAGS, chromium_path
from tests.browser.pages import PAGES, Sight, shown
from tests.engines import Engine, Sqlite

FOLDER = Path(__file__).parents[1] / "screenshots"
THEMES = ("light", "dark")


def main(wanted: Iterable[str]) -> None:
    """Photograph the pages whose names contain a wanted part; all of them when none is given."""
    parts = tuple(wanted) or ("",)
    chosen = [sight for sight in PAGES if any(part in sight.name for part in parts)]
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        engine = Sqlite(Path(folder))
        for sight in chosen:
            for lang in LANGUAGES:
                photograph(browser, engine, sight, lang)
            sys.stdout.write(f"{sight}\n")
            sys.stdout.flush()
        browser.close()


def photograph(browser: Browser, engine: Engine, sight: Sight, lang: str) -> None:
    """Take the pictures of a page in one language."""
    with shown(browser, engine, sight, lang) as (page, _):
        for theme in THEMES:
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            take(page, sight, f"{sight}.{lang}.{theme}")
        page.emulate_media(color_scheme="light")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        take(page, sight, f"{sight}.{lang}.large")


def take(page: Page, sight: Sight, name: str) -> None:
    """Take one picture: of the screen as it is, and of a desk's page as long as it is."""
    page.screenshot(path=FOLDER / f"{name}.png", full_page=sight.is_desk, animations="disabled")


if __name__ == "__main__":
    main(sys.argv[1:])
