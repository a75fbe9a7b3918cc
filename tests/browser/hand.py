"""One sore hand on a phone: it taps, slowly, and its taps are counted.

Time stands still between taps, on the phone and on the server alike, so that nothing waits for the
wall and every instant in the records is the one that the test chose.
"""

from datetime import timedelta

from playwright.sync_api import Locator, Page

from tests.browser.conftest import enter
from tests.people import Stage, Who

UNHURRIED_MS = 600
"""Between two taps of a person who means both."""


class Hand:
    """Whose phone it is, its page, and how often it was touched."""

    def __init__(self, page: Page, stage: Stage, who: Who = Who.OWN, path: str = "/diary") -> None:
        self.page, self.stage, self.taps = page, stage, 0
        enter(page, stage, who, path)
        stage.clock.advance(seconds=50)
        page.clock.pause_at(stage.clock.now)

    def wait(self, **by: float) -> None:
        """Let time pass, for the phone and for the server."""
        self.stage.clock.advance(**by)
        self.page.clock.run_for(timedelta(**by) // timedelta(milliseconds=1))

    def tap(self, target: Locator | str) -> None:
        """Touch something that can be seen."""
        self.wait(milliseconds=UNHURRIED_MS)
        found = self.page.locator(target) if isinstance(target, str) else target
        found.tap()
        self.taps += 1

    def mark(self, code: str, share: float) -> None:
        """Touch the line of a question, at a share of its length."""
        self.wait(milliseconds=UNHURRIED_MS)
        box = self.page.locator(f"#{code} .track").bounding_box()
        assert box is not None
        self.page.touchscreen.tap(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        self.taps += 1

    def choose(self, name: str, value: str) -> None:
        """Touch one answer of a question."""
        self.tap(f'.choice:has([name="{name}"][value="{value}"])')

    def go_on(self) -> None:
        """Touch "Next"."""
        self.tap("[data-next]")

    def save(self) -> None:
        """Touch "Save"."""
        self.tap("[data-save]")
