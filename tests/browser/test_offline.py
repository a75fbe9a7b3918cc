"""Without a network: the diary opens, asks, saves and corrects, and everything arrives once.

The service worker's own clock is the machine's, so its sending is left to the pages here, whose
clock the tests move.
"""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect
from sqlalchemy import select

from app.domain.records import Kind
from app.store import records
from app.store.tables import RecordVersion
from tests import scenes
from tests.browser.conftest import enter
from tests.browser.hand import Hand, answers, saved
from tests.people import NOW, Stage, Who

TONIGHT = NOW.date()


def install(page: Page, stage: Stage, who: Who = Who.OWN) -> Hand:
    """Open the first page once with a network, as after enrolment; the phone is then ready."""
    page.context.add_init_script("delete globalThis.ServiceWorkerRegistration?.prototype.sync")
    enter(page, stage, who, "/")
    expect_kept(page)
    stage.clock.advance(seconds=50)
    return Hand.on(page, stage)


def expect_kept(page: Page) -> None:
    """Wait until the phone has the empty pages and its owner's profile."""
    for _ in range(2000):
        if page.evaluate(
            """async () => {
              const { recall } = await import("/static/js/outbox.js");
              const files = ["/shell/fr/diary", "/static/js/home.js"];
              const kept = files.map((one) => caches.match(one));
              return navigator.serviceWorker.controller && (await Promise.all(kept)).every(Boolean)
                && Boolean(await recall(`profile:${await recall("who")}`));
            }"""
        ):
            return
    raise AssertionError("the phone did not make itself ready")


def expect_drafted(page: Page, code: str) -> None:
    """Wait until the phone has an answer in its draft."""
    for _ in range(500):
        if page.evaluate(
            """async (code) => {
              const { recall, unseal } = await import("/static/js/outbox.js");
              const draft = await unseal("draft", await recall("who"));
              return draft?.entries.some(([name, value]) => name === code + ".status" && value);
            }""",
            code,
        ):
            return
    raise AssertionError("the answer is not in the draft")


def lock(page: Page) -> None:
    """Let the diary close itself, as after half an hour in a pocket."""
    page.context.clear_cookies(name="awake")


def go(page: Page, stage: Stage, path: str) -> None:
    page.goto(stage.deployment.base_url + path)


def of_kind(stage: Stage, kind: Kind, on: date = TONIGHT) -> list[RecordVersion]:
    """What the server holds of the own participant, latest versions."""
    participant_id = stage.actor(Who.OWN).participant_id
    assert participant_id is not None
    with stage.database.read() as session:
        return records.list_latest_versions(session, participant_id, kind, on)


def reconnect(page: Page, stage: Stage) -> None:
    """Give the network back, and open the first page."""
    page.context.set_offline(False)
    go(page, stage, "/")
    expect(page.locator("[data-waiting]")).to_have_text("0")


def test_a_cold_start_without_a_network_saves_two_evenings_on_their_days(
    phone: Page, live_stage: Stage
) -> None:
    hand = install(phone, live_stage)
    context = phone.context
    phone.close()
    context.set_offline(True)
    lock(phone)
    for evening in range(2):
        page = context.new_page()
        page.clock.install(time=live_stage.clock.now)
        go(page, live_stage, "/")
        hand = Hand.on(page, live_stage)
        expect(page.locator("[data-waiting]")).to_have_text(str(evening))
        hand.tap("[data-when='open late'].main")
        hand.tap("[data-flare]")
        hand.mark("pain_average", 0.4 + evening / 10)
        hand.save()
        expect(page.locator("[data-done=phone]")).to_be_visible()
        page.close()
        live_stage.clock.advance(hours=24)
    context.set_offline(False)
    page = context.new_page()
    page.clock.install(time=live_stage.clock.now)
    with page.expect_response("**/submissions"):
        go(page, live_stage, "/unlock")
    expect(page.locator("[data-waiting]")).to_have_text("0")
    for evening in range(2):
        (version,) = of_kind(live_stage, Kind.DIARY, TONIGHT + timedelta(days=evening))
        assert (version.version, version.lateness, version.assurance) == (1, "on_time", "device")
        average = json.loads(version.payload or "")["scores"]["pain_average"]
        assert average["value"] == 40 + evening * 10


@pytest.mark.trust(19)
def test_locked_without_a_network_an_empty_diary_is_asked_and_nothing_shown(
    phone: Page, live_stage: Stage
) -> None:
    hand = install(phone, live_stage)
    hand.tap(phone.locator("a[href^='/doses/new']").first)
    hand.tap("button[name=units][value='1']")
    expect(phone.locator("[data-state=sent]")).to_be_visible()
    go(phone, live_stage, "/diary")
    hand.mark("pain_average", 0.8)
    hand.go_on()
    phone.context.set_offline(True)
    lock(phone)
    go(phone, live_stage, "/")
    expect(phone.locator("[data-when='open late'].main")).to_be_visible()
    expect(phone.locator("[data-doses]")).to_be_hidden()
    go(phone, live_stage, "/diary")
    expect(phone.locator("#pain_average .track")).to_be_visible()
    expect(phone.locator("#pain_average .track")).not_to_have_class(re.compile("set"))
    expect(phone.locator("[data-locked]")).to_have_count(1)
    expect(phone.locator("[data-locked]")).not_to_have_attribute("hidden", "")
    for word in ("Paracétamol", "1 comprimé"):
        expect(phone.locator("body")).not_to_contain_text(word)
    expect(phone.locator("#pain_average h2")).to_contain_text("votre main droite")


def test_open_without_a_network_it_asks_for_the_own_medicines(
    phone: Page, live_stage: Stage
) -> None:
    hand = install(phone, live_stage)
    phone.context.set_offline(True)
    go(phone, live_stage, "/")
    hand.tap(phone.locator("[data-shelf] a").first)
    hand.tap("button[name=units][value='1']")
    expect(phone.locator("[data-state=phone]")).to_be_visible()
    hand.tap("#noted a.main")
    hand.tap("[data-when='open late'].main")
    hand.mark("pain_average", 0.3)
    hand.go_on()
    hand.mark("pain_worst", 0.5)
    hand.go_on()
    hand.choose("allodynia", "no")
    hand.go_on()
    expect(phone.locator("[data-logged]")).to_contain_text("1 comprimé")
    for medicine in phone.locator("#medicines [value=as_prescribed]").all():
        hand.tap(medicine)
    hand.go_on()
    hand.save()
    expect(phone.locator("[data-done=phone]")).to_be_visible()
    expect(phone.locator("[data-waiting]")).to_have_text("2")
    reconnect(phone, live_stage)
    said = answers(live_stage)
    assert {one["taking"] for one in said["medicines"]["scheduled"]} == {"as_prescribed"}
    (dose,) = of_kind(live_stage, Kind.DOSE)
    assert json.loads(dose.payload or "")["units"] == 1


def test_a_dose_is_taken_back_before_it_was_sent(phone: Page, live_stage: Stage) -> None:
    hand = install(phone, live_stage)
    phone.context.set_offline(True)
    go(phone, live_stage, "/")
    hand.tap(phone.locator("[data-shelf] a").first)
    hand.tap("button[name=units][value='2']")
    hand.tap("[data-undo]")
    expect(phone.locator("[data-state=undone]")).to_be_visible()
    reconnect(phone, live_stage)
    assert of_kind(live_stage, Kind.DOSE) == []
    hand.wait(minutes=1)
    with live_stage.database.read() as session:
        doses = select(RecordVersion).where(RecordVersion.kind == Kind.DOSE)
        made, undone = session.scalars(doses.order_by(RecordVersion.version)).all()
    assert (made.op, undone.op, undone.version) == ("create", "void", 2)


def test_a_saved_entry_is_corrected_without_a_network(phone: Page, live_stage: Stage) -> None:
    hand = install(phone, live_stage)
    phone.context.set_offline(True)
    go(phone, live_stage, "/")
    hand.tap("[data-when='open late'].main")
    for share in (0.3, 0.6):
        hand.mark("pain_average" if share < 0.5 else "pain_worst", share)
        hand.go_on()
    hand.choose("allodynia", "avoided")
    hand.go_on()
    hand.go_on()
    hand.go_on()
    hand.save()
    expect(phone.locator("[data-done=phone]")).to_be_visible()
    go(phone, live_stage, "/")
    hand.tap("[data-correct]")
    expect(phone.locator("#pain_average .track")).to_have_class(re.compile("set"))
    hand.mark("pain_average", 0.5)
    for _ in range(5):
        hand.go_on()
    phone.locator("#reason").fill("J’avais mal visé.")
    hand.save()
    expect(phone.locator("[data-done=phone]")).to_be_visible()
    reconnect(phone, live_stage)
    (version,) = saved(live_stage)
    said = json.loads(version.payload or "")
    assert (version.version, version.op) == (2, "correct")
    assert said["scores"]["pain_average"]["value"] == 50
    assert said["scores"]["pain_worst"]["value"] == 60
    assert said["allodynia"]["value"] == "avoided"


def test_a_page_closed_half_way_goes_on_where_it_was(phone: Page, live_stage: Stage) -> None:
    hand = install(phone, live_stage)
    go(phone, live_stage, "/diary")
    hand.mark("pain_average", 0.7)
    hand.go_on()
    hand.mark("pain_worst", 0.9)
    expect_drafted(phone, "pain_worst")
    go(phone, live_stage, "/diary")
    expect(phone.locator("#pain_worst .track")).to_have_class(re.compile("set"))
    expect(phone.locator("#pain_worst")).to_be_visible()
    hand.tap("[data-back]")
    expect(phone.locator("#pain_average .track")).to_have_class(re.compile("set"))


def test_sign_out_erases_all_but_what_waits(phone: Page, live_stage: Stage) -> None:
    hand = install(phone, live_stage)
    go(phone, live_stage, "/diary")
    hand.mark("pain_average", 0.7)
    phone.route("**/submissions", lambda route: route.abort())
    hand.tap("[data-flare]")
    hand.save()
    expect(phone.locator("[data-done=phone]")).to_be_visible()
    go(phone, live_stage, "/")
    phone.locator("form[action='/sign-out'] button").tap()
    expect(phone).to_have_url(re.compile("/signed-out$"))
    expect(phone.locator("[data-waiting]")).to_have_text("1")
    left = phone.evaluate(
        """async () => {
          const { recall } = await import("/static/js/outbox.js");
          const who = await recall("who");
          const names = ["profile", "saved", "draft", "tonight", "key"];
          return (await Promise.all(names.map((name) => recall(`${name}:${who}`)))).filter(Boolean);
        }"""
    )
    assert left == []
    phone.unroute("**/submissions")
    hand.wait(minutes=1)
    expect(phone.locator("[data-waiting]")).to_have_text("0")
    assert len(saved(live_stage)) == 1


@pytest.mark.trust(19)
def test_a_locked_phone_with_a_network_asks_for_the_code_first(
    phone: Page, live_stage: Stage
) -> None:
    install(phone, live_stage)
    phone.context.clear_cookies(name="open")
    lock(phone)
    go(phone, live_stage, "/diary")
    expect(phone).to_have_url(re.compile(r"/unlock\?next=/diary$"))


def test_a_warm_start_asks_the_network_for_no_page(phone: Page, live_stage: Stage) -> None:
    install(phone, live_stage)
    asked: list[str] = []

    def note(response: Response) -> None:
        if not response.from_service_worker:
            asked.append(urlsplit(response.url).path)

    phone.on("response", note)
    go(phone, live_stage, "/diary")
    expect(phone.locator("[data-flare]")).to_be_visible()
    assert set(asked) <= {"/profile", "/evening/opened"}  # data, after the page has been drawn


def test_what_another_participant_left_on_the_phone_is_never_filled_in(
    phone: Page, live_stage: Stage
) -> None:
    hand = install(phone, live_stage)
    phone.context.set_offline(True)
    go(phone, live_stage, "/diary")
    hand.tap("[data-flare]")
    hand.mark("pain_average", 0.5)
    hand.save()
    expect(phone.locator("[data-waiting]")).to_have_text("1")
    phone.context.clear_cookies()  # a page that is left sends once more, whatever is emulated
    phone.goto("about:blank")
    phone.context.set_offline(False)
    enter(phone, live_stage, Who.OTHER, "/")
    expect(phone.locator("[data-waiting]")).to_have_text("0")
    expect_kept(phone)
    phone.context.set_offline(True)
    go(phone, live_stage, "/")
    expect(phone.locator("[data-when='open late'].main")).to_be_visible()
    phone.context.set_offline(False)
    assert saved(live_stage) == []
    assert saved(live_stage, Who.OTHER) == []
    phone.context.clear_cookies()
    with phone.expect_response("**/submissions"):
        enter(phone, live_stage, Who.OWN, "/")
    assert len(saved(live_stage)) == 1
    assert saved(live_stage, Who.OTHER) == []


def test_the_empty_page_takes_the_scale_and_the_limb_of_its_owner(
    phone: Page, live_stage: Stage
) -> None:
    scenes.on_numbers(live_stage, Who.OWN)
    scenes.left_foot(live_stage, Who.OWN)
    hand = install(phone, live_stage)
    phone.context.set_offline(True)
    go(phone, live_stage, "/diary")
    expect(phone.locator("#pain_average .track")).to_have_count(0)
    expect(phone.locator("#pain_average h2")).to_contain_text("Choisissez le chiffre")
    expect(phone.locator("#pain_average h2")).to_contain_text("pied gauche")
    for code, number in (("pain_average", 6), ("pain_worst", 10)):
        hand.tap(f"#{code} .eleven label:has([value='{number}'])")
        hand.go_on()
    hand.choose("allodynia", "yes")
    hand.go_on()
    for code in ("brush", "pressure", "cold"):
        hand.choose(code, "not_exposed")
        hand.go_on()
    hand.tap("[data-map=front] [data-zone='foot.big_toe']")
    expect(phone.locator("[data-map=front] .flip")).to_have_count(1)
    hand.go_on()
    hand.go_on()
    hand.go_on()
    hand.save()
    expect(phone.locator("[data-done=phone]")).to_be_visible()
    reconnect(phone, live_stage)
    said = answers(live_stage)
    assert said["scores"]["pain_worst"] | {"viewport": None} == {
        "status": "answered",
        "value": 10,
        "scale": "nrs11",
        "line_px": None,
        "viewport": None,
        "source_value": None,
    }
    assert said["triggers"]["cold"]["status"] == "not_exposed"
    assert said["zones"]["codes"] == ["foot.big_toe"]


def test_before_the_first_day_it_is_practice_without_a_network_too(
    phone: Page, live_stage: Stage
) -> None:
    scenes.before_the_first_day(live_stage, Who.OWN)
    hand = install(phone, live_stage)
    phone.context.set_offline(True)
    go(phone, live_stage, "/")
    hand.tap("[data-when=before].main")
    expect(phone.locator("[data-practice]")).to_be_visible()
    hand.tap("[data-flare]")
    hand.mark("pain_average", 0.5)
    hand.save()
    expect(phone.locator("[data-done=practice]")).to_be_visible()
    expect(phone.locator("[data-waiting]")).to_have_text("0")


def test_when_it_is_not_evening_the_kept_page_says_when(phone: Page, live_stage: Stage) -> None:
    cookies = live_stage.cast.cookies[Who.OWN] | scenes.morning(live_stage, Who.OWN)
    morning = replace(live_stage, cast=replace(live_stage.cast, cookies={Who.OWN: cookies}))
    install(phone, morning)
    phone.context.set_offline(True)
    go(phone, live_stage, "/diary")
    expect(phone.locator("#today")).to_contain_text("18:00")
    expect(phone.locator("[data-when='open late'].main")).to_be_hidden()
    expect(phone.locator("a[href='tel:15']")).to_be_visible()
    expect(phone.locator("[data-phone]").first).to_have_text("04 72 00 00 00")
