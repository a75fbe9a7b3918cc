"""A whole evening with the keyboard alone, and one with no script at all."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, enter
from tests.browser.hand import answers, receipt
from tests.browser.test_accessibility import BARRIERS
from tests.people import Stage, Who
from tests.scenes import prescribe

STOPS = 60
"""More stops than any page has."""
HERE = "barriers.stop(document.activeElement)"


class Keys:
    """A keyboard at a page of the own participant; every stop must be seen."""

    def __init__(self, page: Page, stage: Stage, path: str = "/diary") -> None:
        enter(page, stage, Who.OWN, path)
        page.evaluate(BARRIERS)
        expect(page.locator("[data-progress]")).not_to_be_empty()
        self.page = page

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def reach(self, selector: str, key: str = "Tab") -> None:
        """Go from stop to stop until an element has the focus."""
        wanted = self.page.locator(selector)
        for _ in range(STOPS):
            self.press(key)
            assert self.page.evaluate(HERE) == []
            if wanted.evaluate("one => one === document.activeElement"):
                return
        raise AssertionError(f"the keyboard does not reach {selector}")

    def go_on(self) -> None:
        """Touch "Next", and wait for the next question, which has the focus."""
        before = self.page.url
        self.reach("[data-next]")
        self.press("Enter")
        expect(self.page).not_to_have_url(before)
        expect(self.page.locator(":focus")).to_have_js_property("tagName", "H2")


EVENING = (
    ("#pain_average input[type=range]", ("ArrowRight", "ArrowRight", "ArrowUp")),
    ("#pain_worst input[type=range]", ("End", "ArrowLeft")),
    ("[name=allodynia]:first-child >> nth=0", ("Space",)),
    ("#brush [data-nudge='1']", ("Enter", "Space")),
    ("#pressure .choice:not(.plainly) input >> nth=0", ("Space", "ArrowDown")),
    ("#cold .choice:not(.plainly) input >> nth=0", ("Space",)),
    ("[value='hand.palm']", ("Space",)),
    ("#medicines [value=as_prescribed] >> nth=0", ("Space",)),
)
"""At each question: where the keyboard goes, and what it presses there."""


def test_an_evening_with_the_keyboard_alone(phone: Page, live_stage: Stage) -> None:
    prescribe(live_stage, 2)
    keys = Keys(phone, live_stage)
    for selector, pressed in EVENING:
        keys.reach(selector)
        keys.press(*pressed)
        keys.go_on()
    keys.reach("[data-answers] button >> nth=-1")
    keys.reach("[data-answers] button >> nth=0", key="Shift+Tab")
    keys.reach("[data-save]")
    keys.press("Enter")
    receipt(phone)
    said = answers(live_stage)
    assert said["scores"]["pain_average"]["value"] == 2
    assert said["scores"]["pain_worst"]["value"] == 99
    assert said["triggers"]["brush"]["value"] == 1
    assert [said["triggers"][code]["status"] for code in ("pressure", "cold")] == [
        "avoided",
        "not_exposed",
    ]
    assert said["zones"]["codes"] == ["hand.palm"]
    assert said["medicines"]["scheduled"][0]["taking"] == "as_prescribed"


def test_an_evening_with_too_much_pain_with_the_keyboard_alone(
    phone: Page, live_stage: Stage
) -> None:
    keys = Keys(phone, live_stage)
    keys.reach("[data-flare]")
    keys.press("Enter")
    keys.reach("#pain_average input[type=range]", key="Shift+Tab")
    keys.press("End")
    keys.reach("[data-save]")
    keys.press("Enter")
    receipt(phone)
    assert answers(live_stage)["scores"]["pain_average"]["value"] == 100


@pytest.mark.parametrize("has_touched", [True, False])
def test_without_script_an_untouched_scale_is_missing(
    browser: Browser, live_stage: Stage, has_touched: bool
) -> None:
    with browser.new_context(viewport=PHONE, java_script_enabled=False) as context:
        page = context.new_page()
        enter(page, live_stage, Who.OWN, "/diary")
        page.locator("[name='pain_worst']").fill("64")
        if has_touched:
            page.locator("[name='pain_worst.status'][value=answered]").check()
        page.locator("[name=allodynia][value=no]").check()
        page.locator("[data-save]").click()
        expect(page.locator(".receipt")).to_have_text(re.compile(r"^[0-9A-Z]{4}$"))
    scores = answers(live_stage)["scores"]
    assert (scores["pain_average"]["status"], scores["pain_average"]["value"]) == (
        "unanswered",
        None,
    )
    worst = ("answered", 64) if has_touched else ("unanswered", None)
    assert (scores["pain_worst"]["status"], scores["pain_worst"]["value"]) == worst
