"""The evening on other phones than ours: their sizes by touch, and the line drawn faithfully."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import opened
from tests.browser.hand import Hand, answers, receipt
from tests.browser.test_accessibility import put_on
from tests.people import Stage

DEVICES = {
    "Pixel 7": ViewportSize(width=412, height=915),
    "iPhone SE": ViewportSize(width=375, height=667),
    "first iPhone SE": ViewportSize(width=320, height=568),
}
SHARES = (0.0, 0.01, 0.25, 0.5, 0.77, 0.99, 1.0)
LINE = """
(track) => {
  const box = track.getBoundingClientRect();
  const line = getComputedStyle(track, "::before");
  const mark = track.querySelector("i").getBoundingClientRect();
  const [low, high] = [...track.parentNode.querySelectorAll(".ends > *")]
    .map((end) => end.getBoundingClientRect());
  return {
    left: box.left, width: box.width, inside: track.clientWidth,
    line: parseFloat(line.width), stored: Number(track.dataset.px),
    mark: mark.left + mark.width / 2 - box.left,
    low: low.left - box.left, high: box.right - high.right,
  };
}
"""


@pytest.fixture(params=DEVICES)
def device(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A phone of another maker."""
    with opened(browser, DEVICES[request.param], touch=True) as page:
        yield page


def assert_within_reach(page: Page) -> None:
    """The main button lies whole on the screen, without any scrolling."""
    button = page.locator(".bar .main:visible").bounding_box()
    size = page.viewport_size
    assert button is not None
    assert size is not None
    assert button["y"] >= 0
    assert button["y"] + button["height"] <= size["height"]
    assert button["height"] >= 56


def test_an_evening_on_a_phone_of_another_size(device: Page, live_stage: Stage) -> None:
    hand = Hand(device, live_stage, path="/")
    hand.tap("a[href^='/diary']")
    for code, share in (("pain_average", 0.3), ("pain_worst", 0.6)):
        hand.mark(code, share)
        assert_within_reach(device)
        hand.go_on()
    hand.choose("allodynia", "yes")
    hand.go_on()
    for code in ("brush", "pressure", "cold"):
        hand.choose(f"{code}.status", "not_exposed")
        assert_within_reach(device)
        hand.go_on()
    hand.tap("[data-map=front] [data-zone='hand.palm']")
    assert_within_reach(device)
    hand.go_on()
    hand.choose("none", "1")
    hand.go_on()
    assert_within_reach(device)
    hand.save()
    receipt(device)
    said = answers(live_stage)
    size = device.viewport_size
    assert size is not None
    assert said["scores"]["pain_average"]["value"] in (29, 30, 31)
    assert said["scores"]["pain_average"]["viewport"] == [size["width"], size["height"]]
    assert said["zones"]["codes"] == ["hand.palm"]


@pytest.mark.parametrize("wide", [320, 360, 375, 412, 430])
@pytest.mark.parametrize("view", ["usual", "zoomed", "large", "larger"])
@pytest.mark.trust(28)
def test_the_line_is_drawn_faithfully(phone: Page, live_stage: Stage, wide: int, view: str) -> None:
    hand = Hand(phone, live_stage)
    put_on(phone, {"width": wide, "height": 740}, "light", view)
    track, line = phone.locator("#pain_average .track"), phone.locator("#pain_average input").first
    track.scroll_into_view_if_needed()
    for share in SHARES:
        drawn = track.evaluate(LINE)
        hand.mark("pain_average", min(share, 1 - 1 / drawn["width"]))
        value = int(line.input_value())
        drawn = track.evaluate(LINE)
        assert abs(value - 100 * share) <= 1
        assert drawn["mark"] == pytest.approx(value / 100 * drawn["width"], abs=1)
        assert drawn["line"] == pytest.approx(drawn["width"], abs=0.5)
        assert drawn["stored"] == drawn["inside"] == pytest.approx(drawn["width"], abs=1)
        assert (drawn["low"], drawn["high"]) == (pytest.approx(0, abs=1), pytest.approx(0, abs=1))
    expect(track).to_be_visible()
