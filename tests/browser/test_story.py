"""The whole story: enrolled, saved on the phone, seen at the desk, pulled, corrected, proved."""

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from app.services import verification
from tests.browser.conftest import enter
from tests.browser.hand import Hand
from tests.people import PIN, Stage, Who

RECEIPT = re.compile(r"^[2-9A-Z]{4}$")


def enrol_at_desk(desk: Page, stage: Stage) -> tuple[str, str]:
    """Enrol a participant as a clinician; gives the study code and the path of the link."""
    enter(desk, stage, Who.CLINICIAN, "/desk/participants/new")
    for name, value in (
        ("limb", "hand"),
        ("side", "right"),
        ("hand", "left"),
        ("language", "fr"),
        ("scale", "vas100"),
    ):
        desk.check(f"input[name={name}][value={value}]")
    desk.select_option("[name=tz]", "Europe/Paris")
    desk.fill("[name=consent_on]", "2026-01-15")
    desk.fill("[name=first_diary_on]", "2026-01-15")
    desk.fill("[name=last_diary_on]", "2026-03-31")
    desk.get_by_role("button", name="Enrol").click()
    code = desk.locator(".code").first.inner_text()
    desk.get_by_role("button", name="Make the link").click()
    link = re.search(r"http://[^/]+/join/[\w-]+", desk.content())
    assert link is not None
    return code, urlsplit(link.group()).path


def join(phone: Page, stage: Stage, path: str) -> Hand:
    """Open the link on a phone that nobody used yet, and choose a code."""
    hand = Hand(phone, stage, Who.NOBODY, path)
    phone.fill("#pin", PIN)
    phone.fill("#pin_again", PIN)
    hand.tap("main form button.main")
    return hand


def answer_evening(hand: Hand) -> None:
    """Fill in the shortest evening and save it."""
    hand.mark("pain_average", 0.4)
    hand.go_on()
    hand.mark("pain_worst", 0.7)
    hand.go_on()
    hand.choose("allodynia", "no")
    hand.go_on()
    hand.tap('.choice:has([name="none"])')
    hand.go_on()
    hand.save()


def correct_average(hand: Hand, share: float) -> None:
    """Change the average of tonight's diary, keep the contradiction, say why, and save it."""
    hand.page.goto(hand.stage.deployment.base_url)
    hand.tap("a[href$='/correction']")
    hand.mark("pain_average", share)
    while hand.page.locator("[data-next]").is_visible():
        hand.go_on()
    hand.page.fill("[name=reason]", "J’ai touché le mauvais bout")
    hand.tap("[data-contradiction=worst_below_average] label")
    hand.save()


def pull(stage: Stage, folder: Path) -> list[sqlite3.Row]:
    """Pull into SQLite with the shipped puller, and read the copy."""
    key, copy = folder / "key.txt", folder / "trial.db"
    key.write_text(stage.cast.key)
    source = ["--from", stage.deployment.base_url, "--key-file", str(key)]
    command = [sys.executable, "-m", "app", "pull", *source, "--into", f"sqlite:///{copy}"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    with sqlite3.connect(copy) as trial:
        trial.row_factory = sqlite3.Row
        return trial.execute("SELECT * FROM changes ORDER BY seq").fetchall()


def average(row: sqlite3.Row) -> int:
    """The average pain that a pulled version says."""
    value = json.loads(row["data"])["scores"]["pain_average"]["value"]
    assert isinstance(value, int)
    return value


def touch_point(desk: Page, point: Locator) -> None:
    """Click into the drawing of pain, at the day of the point."""
    drawing, day = desk.locator(".trend svg[role=img]").first.bounding_box(), point.bounding_box()
    assert drawing is not None
    assert day is not None
    desk.mouse.click(day["x"] + day["width"] / 2, drawing["y"] + drawing["height"] / 2)


@pytest.mark.trust(29)
def test_the_whole_story(phone: Page, desk: Page, live_stage: Stage, tmp_path: Path) -> None:
    code, path = enrol_at_desk(desk, live_stage)
    hand = join(phone, live_stage, path)
    hand.tap("a[href^='/diary']")
    answer_evening(hand)
    expect(phone.locator("#done [data-receipt]")).to_have_text(RECEIPT)

    desk.goto(f"{live_stage.deployment.base_url}/desk/participants/{code}")
    point = desk.locator(f"a[href*='/desk/participants/{code}/days/2026-01-20']")
    expect(point.first).to_be_visible()
    first = pull(live_stage, tmp_path)
    assert (first[-1]["op"], first[-1]["version"]) == ("create", 1)
    assert average(first[-1]) in range(38, 43)

    correct_average(hand, 0.9)
    expect(phone.locator("#done [data-receipt]")).to_have_text(RECEIPT)
    second = pull(live_stage, tmp_path)
    assert [tuple(row) for row in second[:-1]] == [tuple(row) for row in first]
    assert (second[-1]["op"], second[-1]["version"]) == ("correct", 2)
    assert average(second[-1]) in range(87, 93)

    touch_point(desk, point.first)
    expect(desk.locator("table.history")).to_contain_text("J’ai touché le mauvais bout")
    with live_stage.database.read() as session:
        report = verification.verify(session)
    assert report.fault is None
    assert report.versions == len(second)
