"""One sore hand on a phone: it taps, slowly, and its taps are counted.

Time stands still between taps, on the phone and on the server alike, so that nothing waits for the
wall and every instant in the records is the one that the test chose.
"""

import json
import re
from datetime import timedelta
from typing import Any

from playwright.sync_api import Locator, Page, expect

from app.domain.records import Kind
from app.store import records
from app.store.tables import RecordVersion
from tests.browser.conftest import enter
from tests.people import NOW, Stage, Who

UNHURRIED_MS = 600
"""Between two taps of a person who means both."""


class Hand:
    """Whose phone it is, its page, and how often it was touched."""

    def __init__(self, page: Page, stage: Stage, who: Who = Who.OWN, path: str = "/diary") -> None:
        self.page, self.stage, self.taps = page, stage, 0
        enter(page, stage, who, path)
        stage.clock.advance(seconds=50)
        page.clock.pause_at(stage.clock.now)

    @classmethod
    def on(cls, page: Page, stage: Stage) -> "Hand":
        """Take up a page that is open already, at the stage's time of day."""
        hand = cls.__new__(cls)
        hand.page, hand.stage, hand.taps = page, stage, 0
        page.clock.pause_at(stage.clock.now)
        return hand

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
        expect(self.page.locator("[data-progress]")).not_to_be_empty()
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


def saved(stage: Stage, who: Who = Who.OWN) -> list[RecordVersion]:
    """The diaries of tonight that the server holds, latest versions."""
    participant_id = stage.actor(who).participant_id
    assert participant_id is not None
    with stage.database.read() as session:
        return records.list_latest_versions(session, participant_id, Kind.DIARY, NOW.date())


def answers(stage: Stage) -> dict[str, Any]:
    """What tonight's only diary says."""
    (version,) = saved(stage)
    said: dict[str, Any] = json.loads(version.payload or "null")
    return said


def receipt(page: Page) -> None:
    """Wait for the receipt: the server has the entry."""
    expect(page.locator("[data-receipt]")).to_have_text(re.compile(r"^[0-9A-Z]{4}$"))
