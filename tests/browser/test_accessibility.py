"""WCAG 2.2 AA on every page, in both languages and themes, on a narrow phone and with large text.

`make test` looks at each page in every language, theme and view at least once; `make soak` takes
every combination.
"""

from collections.abc import Iterator
from importlib.resources import files
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from app.rendering import LANGUAGES
from tests.browser.pages import PAGES, Sight, shown
from tests.effort import SOAK
from tests.engines import Engine

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
BARRIERS = Path(__file__).with_name("barriers.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FAULTS = """
async (rules) => {
  const options = { resultTypes: ["violations"], runOnly: rules, preload: false };
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ id, nodes }) => nodes.map((node) =>
    `${id}: ${node.target} ${[...node.any, ...node.all, ...node.none].map((n) => n.message)}`));
}
"""
THEMES = ("light", "dark")
VIEWS = ("narrow", "usual", "zoomed", "large", "larger")
"""320 px wide; as it is; the browser's zoom at 200 %; the browser's text size at 200 %; and text
at 200 % of a page that does not know it, so that no media query helps."""
ENLARGED = VIEWS[2:]
Look = tuple[str, str, str]


def looks(number: int) -> Iterator[Look]:
    """The looks of a page by its number among the pages: all of them, or two that matter most.

    These are 320 px in one theme and twice the text, in turn one way or another, in the other; in
    French, whose words are longer, on two pages of three, in English on the third.
    """
    if SOAK:
        yield from product(LANGUAGES, THEMES, VIEWS)
        return
    lang = LANGUAGES[number % 3 == 2]
    for turn, view in enumerate(("narrow", ENLARGED[number % len(ENLARGED)])):
        yield lang, THEMES[(number + turn) % 2], view


def put_on(page: Page, usual: ViewportSize, theme: str, view: str) -> None:
    """Give a page a theme and a view."""
    wide, high = usual["width"], usual["height"]
    if view == "narrow":
        wide = 320
    if view == "zoomed":
        wide, high = wide // 2, high // 2
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": wide, "height": high})
    size = {"standard": 32 if view == "large" else 16}
    page.context.new_cdp_session(page).send("Page.setFontSizes", {"fontSizes": size})
    page.evaluate(
        "(size) => document.documentElement.style.setProperty('font-size', size)",
        "200%" if view == "larger" else "",
    )


def barriers(page: Page, *, is_desk: bool) -> list[str]:
    """What axe cannot see, in the present view; small targets count on a phone.

    After one real Tab the browser shows a focus that a script moves as it shows a keyboard's.
    """
    size = page.viewport_size
    assert size is not None
    page.keyboard.press("Tab")
    found: list[str] = page.evaluate(
        "(wide) => [...barriers.sideways(wide), ...barriers.hiddenFocus()]", size["width"]
    )
    return found if is_desk else found + page.evaluate("barriers.small()")


@pytest.mark.parametrize("sight", PAGES, ids=str)
def test_page_shuts_nobody_out(browser: Browser, engine: Engine, sight: Sight) -> None:
    asked = sorted(looks(PAGES.index(sight)))
    faults: set[str] = set()
    for lang in sorted({look[0] for look in asked}):
        with shown(browser, engine, sight, lang) as (page, _):
            usual = page.viewport_size
            assert usual is not None
            page.evaluate(AXE)
            page.evaluate(BARRIERS)
            for look in (one for one in asked if one[0] == lang):
                _, theme, view = look
                put_on(page, usual, theme, view)
                found = page.evaluate(FAULTS, RULES) + barriers(page, is_desk=sight.is_desk)
                faults |= {f"{lang} {theme} {view}: {fault}" for fault in found}
    assert not faults, "\n".join(sorted(faults))


@pytest.mark.trust(28)
def test_every_page_is_seen_narrow_and_enlarged_and_pages_in_every_way() -> None:
    seen = [set(looks(number)) for number in range(len(PAGES))]
    for own in seen:
        assert {look[1] for look in own} == set(THEMES)
        assert "narrow" in {look[2] for look in own}
        assert {look[2] for look in own} & set(ENLARGED)
    everywhere = set().union(*seen)
    assert {look[0] for look in everywhere} == set(LANGUAGES)
    assert {look[2] for look in everywhere} >= {"narrow", *ENLARGED}
