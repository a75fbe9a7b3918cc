"""The diary on a phone: one question a screen, nothing asked or answered by itself."""

import re

from playwright.sync_api import Page, expect

from app.services import sessions
from tests.browser.hand import Hand, answers, receipt, saved
from tests.browser.touches import ready
from tests.people import NOW, Stage, Who


def test_the_flare_of_the_home_page_saves_the_same(phone: Page, live_stage: Stage) -> None:
    hand = Hand(phone, live_stage, path="/")
    hand.tap("a[href^='/flare']")
    hand.mark("pain_average", 0.8)
    hand.save()
    receipt(phone)
    said = answers(live_stage)
    assert said["scores"]["pain_worst"]["status"] == "skipped_flare"
    assert said["triggers"]["cold"]["status"] == "skipped_flare"


def test_a_tremor_taps_twice_and_nothing_happens_twice(phone: Page, live_stage: Stage) -> None:
    hand = Hand(phone, live_stage)
    hand.mark("pain_average", 0.5)
    hand.go_on()
    phone.locator("[data-next]").tap()
    expect(phone.locator("#pain_worst")).to_be_visible()
    hand.mark("pain_worst", 0.6)
    hand.go_on()
    hand.choose("allodynia", "yes")
    hand.go_on()
    for code in ("brush", "pressure", "cold"):
        hand.choose(f"{code}.status", "avoided")
        hand.go_on()
    palm = phone.locator("[data-map=front] [data-zone='hand.palm']")
    hand.tap(palm)
    palm.tap()
    hand.go_on()
    hand.choose("none", "1")
    hand.go_on()
    hand.save()
    phone.touchscreen.tap(300, 700)
    receipt(phone)
    assert answers(live_stage)["zones"]["codes"] == ["hand.palm"]
    assert saved(live_stage)[0].version == 1


def test_the_line_has_no_mark_before_the_first_touch(phone: Page, live_stage: Stage) -> None:
    hand = Hand(phone, live_stage)
    mark, line = (
        phone.locator("#pain_average .track i"),
        phone.locator("#pain_average input[type=range]"),
    )
    expect(mark).to_be_hidden()
    expect(line).to_have_attribute("aria-valuetext", "Pas encore de marque")
    hand.mark("pain_average", 0.25)
    expect(mark).to_be_visible()
    expect(line).not_to_have_attribute("aria-valuetext", re.compile(""))
    hand.tap("#pain_average [data-nudge='1']")
    expect(line).to_have_js_property("value", "26")
    hand.choose("pain_average.status", "declined")
    expect(mark).to_be_hidden()


def test_keys_alone_reach_both_ends_of_the_line(phone: Page, live_stage: Stage) -> None:
    Hand(phone, live_stage)
    ready(phone)
    line = phone.locator("#pain_average input[type=range]")
    line.focus()
    line.press("ArrowUp")
    expect(line).to_have_js_property("value", "0")
    line.press("ArrowRight")
    expect(line).to_have_js_property("value", "1")
    line.press("End")
    expect(line).to_have_js_property("value", "100")


def test_an_unanswered_question_is_pointed_out_once_and_may_be_left(
    phone: Page, live_stage: Stage
) -> None:
    hand = Hand(phone, live_stage)
    hand.go_on()
    expect(phone.locator(".say")).to_contain_text("Pas encore de réponse")
    hand.go_on()
    expect(phone.locator("#pain_worst")).to_be_visible()


def test_back_leads_back_and_answers_stay(phone: Page, live_stage: Stage) -> None:
    hand = Hand(phone, live_stage)
    hand.mark("pain_average", 0.4)
    hand.go_on()
    hand.tap("[data-back]")
    expect(phone.locator("#pain_average .track")).to_have_class(re.compile("set"))
    hand.go_on()
    phone.go_back()
    expect(phone.locator("#pain_average")).to_be_visible()


def test_a_worst_pain_below_the_average_is_asked_once_and_kept(
    phone: Page, live_stage: Stage
) -> None:
    hand = Hand(phone, live_stage)
    hand.mark("pain_average", 0.7)
    hand.go_on()
    hand.mark("pain_worst", 0.2)
    hand.go_on()
    hand.choose("allodynia", "avoided")
    hand.go_on()
    hand.choose("none", "1")
    hand.go_on()
    question = phone.locator("[data-contradiction=worst_below_average]")
    expect(question).to_be_visible()
    hand.save()
    expect(phone.locator(".say")).to_contain_text("inférieure à votre douleur moyenne")
    hand.save()
    receipt(phone)
    assert answers(live_stage)["kept"] == ["worst_below_average"]


def test_an_answer_is_changed_from_the_last_look(phone: Page, live_stage: Stage) -> None:
    hand = Hand(phone, live_stage)
    hand.mark("pain_average", 0.7)
    hand.go_on()
    hand.mark("pain_worst", 0.2)
    hand.go_on()
    hand.choose("allodynia", "no")
    hand.go_on()
    hand.choose("none", "1")
    hand.go_on()
    hand.tap("[data-contradiction=worst_below_average] a")
    expect(phone.locator("#pain_worst")).to_be_visible()
    hand.mark("pain_worst", 0.9)
    hand.go_on()
    expect(phone.locator("[data-contradiction=worst_below_average]")).to_be_hidden()
    hand.save()
    receipt(phone)
    assert answers(live_stage)["scores"]["pain_worst"]["value"] == 90


def test_a_correction_needs_a_reason_and_makes_a_second_version(
    phone: Page, live_stage: Stage
) -> None:
    hand = Hand(phone, live_stage)
    hand.tap("[data-flare]")
    hand.mark("pain_average", 0.7)
    hand.save()
    receipt(phone)
    hand.tap("#done a[href='/']")
    hand.tap("a[href$='/correction']")
    expect(phone.locator("#pain_average .track")).to_have_class(re.compile("set"))
    hand.mark("pain_average", 0.6)
    for _ in range(8):
        if phone.locator("#review").is_visible():
            break
        hand.go_on()
    hand.save()
    assert saved(live_stage)[0].version == 1
    phone.locator("#reason").fill("mauvais geste")
    hand.save()
    receipt(phone)
    (version,) = saved(live_stage)
    assert (version.version, version.op) == (2, "correct")
    assert answers(live_stage)["scores"]["pain_average"]["value"] == 60


def test_face_or_breathing_opens_the_numbers_on_the_tap(phone: Page, live_stage: Stage) -> None:
    with live_stage.database.write() as session:
        sessions.record_session(
            session,
            actor=live_stage.actor(Who.CLINICIAN),
            study_code=live_stage.cast.study_codes[Who.OWN],
            session_no=1,
            held_on=NOW.date(),
            now=NOW,
        )
    hand = Hand(phone, live_stage, path="/session-report")
    hand.tap("#face_or_breathing summary")
    expect(phone.locator("dialog a[href='tel:15']")).to_be_visible()
    hand.tap("dialog form button")
    expect(phone.locator("dialog")).to_be_hidden()
