"""How many taps an evening takes, from the reminder’s link to the receipt, without typing."""

import pytest
from playwright.sync_api import Page

from tests import scenes
from tests.browser.hand import Hand, answers, receipt
from tests.people import Stage, Who

SHORTEST, USUAL, FLARE = 8, 22, 3
TRIGGERS = {"brush": 0.2, "pressure": 0.4, "cold": 0.6}
ZONES = ("hand.palm", "hand.thumb", "hand.index")


def test_the_shortest_day(phone: Page, live_stage: Stage) -> None:
    scenes.dosed(live_stage, Who.OWN)
    hand = Hand(phone, live_stage)
    hand.mark("pain_average", 0.3)
    hand.go_on()
    hand.mark("pain_worst", 0.5)
    hand.go_on()
    hand.choose("allodynia", "no")
    hand.go_on()
    hand.go_on()
    hand.save()
    receipt(phone)
    assert hand.taps <= SHORTEST
    said = answers(live_stage)
    assert said["triggers"]["brush"]["status"] == "not_asked"
    assert said["medicines"]["status"] == "answered"


def test_a_dose_takes_two_taps_from_home(phone: Page, live_stage: Stage) -> None:
    hand = Hand(phone, live_stage, path="/")
    hand.tap(phone.locator("a[href^='/doses/new']").first)
    hand.tap("button[name=units][value='1']")
    assert hand.taps == 2


def test_a_usual_day(phone: Page, live_stage: Stage) -> None:
    scenes.prescribe(live_stage, 3)
    hand = Hand(phone, live_stage)
    for code, share in (("pain_average", 0.57), ("pain_worst", 0.71)):
        hand.mark(code, share)
        hand.go_on()
    hand.choose("allodynia", "yes")
    hand.go_on()
    for code, share in TRIGGERS.items():
        hand.mark(code, share)
        hand.go_on()
    for zone in ZONES:
        hand.tap(f"[data-map=front] [data-zone='{zone}']")
    hand.go_on()
    for medicine in phone.locator("#medicines [value=as_prescribed]").all():
        hand.tap(medicine)
    hand.go_on()
    hand.save()
    receipt(phone)
    assert hand.taps <= USUAL
    said = answers(live_stage)
    assert said["scores"]["pain_average"]["value"] == 57
    assert said["scores"]["pain_average"]["line_px"] == pytest.approx(320, abs=20)
    assert said["scores"]["pain_average"]["viewport"] == [360, 740]
    assert [said["triggers"][code]["value"] for code in TRIGGERS] == [20, 40, 60]
    assert set(said["zones"]["codes"]) == set(ZONES)
    assert [one["taking"] for one in said["medicines"]["scheduled"]] == ["as_prescribed"] * 3


def test_a_day_with_too_much_pain(phone: Page, live_stage: Stage) -> None:
    hand = Hand(phone, live_stage)
    hand.tap("[data-flare]")
    hand.mark("pain_average", 0.93)
    hand.save()
    receipt(phone)
    assert hand.taps <= FLARE
    said = answers(live_stage)
    assert said["flare"] is True
    assert said["scores"]["pain_average"]["value"] == 93
    assert said["scores"]["pain_worst"]["status"] == "skipped_flare"
