"""The outbox on a phone: what is saved is never lost, never doubled, never another person's."""

import re
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect

from app.main import create_app
from tests.browser.hand import Hand, receipt, saved
from tests.engines import Engine
from tests.people import Clock, Stage, settings_for, settle
from tests.servers import free_address, serving


def test_an_entry_saved_while_the_server_is_down_arrives_once_with_its_own_time(
    phone: Page, engine: Engine
) -> None:
    url, cast = engine.copy_of(settle)
    bound = free_address()
    port = bound.getsockname()[1]
    settings = settings_for(url, f"http://127.0.0.1:{port}")
    clock = Clock()
    app = create_app(settings, clock=clock)
    stage = Stage(app, clock, cast)
    with serving(app, bound):
        hand = Hand(phone, stage)
        hand.tap("[data-flare]")
        hand.mark("pain_average", 0.66)
    hand.save()
    pressed_at = clock.now
    expect(phone.locator("[data-done=phone]")).to_be_visible()
    expect(phone.locator("[data-waiting]")).to_have_text("1")
    hand.wait(minutes=95)
    again = create_app(settings, clock=clock)
    with serving(again, free_address(port)):
        hand.wait(minutes=1)
        receipt(phone)
        expect(phone.locator("[data-waiting]")).to_have_text("0")
        (version,) = saved(Stage(again, clock, cast))
    assert abs(version.saved_at - pressed_at) < timedelta(seconds=2)
    assert version.received_at - version.saved_at > timedelta(minutes=95)
    assert (version.version, version.lateness) == (1, "on_time")
    engine.drop(url)


def test_an_answer_that_gets_lost_does_not_double_the_entry(phone: Page, live_stage: Stage) -> None:
    hand = Hand(phone, live_stage)
    lost: list[str] = []

    def drop(route: Any) -> None:
        route.fetch()
        lost.append(route.request.url)
        route.abort()

    phone.route("**/submissions", drop)
    hand.tap("[data-flare]")
    hand.mark("pain_average", 0.5)
    with phone.expect_event("requestfailed"):
        hand.save()
    expect(phone.locator("[data-waiting]")).to_have_text("1")
    assert lost  # once, or again at once when the profile arrives meanwhile
    phone.unroute_all(behavior="wait")  # one may be on its way
    hand.wait(minutes=1)
    receipt(phone)
    assert saved(live_stage)[0].version == 1


def test_a_refused_entry_stays_on_the_phone_and_is_told(phone: Page, live_stage: Stage) -> None:
    hand = Hand(phone, live_stage)
    phone.route("**/submissions", lambda route: route.fulfill(status=422, body="{}"))
    hand.tap("[data-flare]")
    hand.mark("pain_average", 0.5)
    hand.save()
    expect(phone.locator("[data-outbox=refused]")).to_be_visible()
    expect(phone.locator("[data-waiting]")).to_have_text("1")


def test_a_revoked_phone_keeps_what_waits(phone: Page, live_stage: Stage) -> None:
    hand = Hand(phone, live_stage)
    phone.route("**/submissions", lambda route: route.fulfill(status=401, body="{}"))
    hand.tap("[data-flare]")
    hand.mark("pain_average", 0.5)
    hand.save()
    expect(phone.locator("[data-outbox=signed-out]")).to_be_visible()
    expect(phone.locator("[data-waiting]")).to_have_text("1")


NOTHING_STORES = """
    Object.defineProperty(window, "indexedDB", { get() { throw new Error("broken"); } });
    Storage.prototype.setItem = () => { throw new Error("full"); };
"""


def test_a_phone_that_cannot_store_sends_at_once(phone: Page, live_stage: Stage) -> None:
    phone.add_init_script(NOTHING_STORES)
    hand = Hand(phone, live_stage)
    hand.tap("[data-flare]")
    hand.mark("pain_average", 0.5)
    hand.save()
    receipt(phone)
    assert saved(live_stage)[0].version == 1


def test_a_phone_without_its_database_keeps_it_elsewhere(phone: Page, live_stage: Stage) -> None:
    phone.add_init_script(NOTHING_STORES.partition("Storage")[0])
    hand = Hand(phone, live_stage)
    phone.route("**/submissions", lambda route: route.abort())
    hand.tap("[data-flare]")
    hand.mark("pain_average", 0.5)
    hand.save()
    expect(phone.locator("[data-done=phone]")).to_be_visible()
    expect(phone.locator("[data-waiting]")).to_have_text("1")
    phone.unroute("**/submissions")
    hand.wait(minutes=1)
    receipt(phone)
    assert saved(live_stage)[0].version == 1


def test_a_phone_that_can_neither_store_nor_send_says_so_and_keeps_the_form(
    phone: Page, live_stage: Stage
) -> None:
    phone.add_init_script(NOTHING_STORES)
    hand = Hand(phone, live_stage)
    phone.route("**/submissions", lambda route: route.abort())
    hand.tap("[data-flare]")
    hand.mark("pain_average", 0.5)
    hand.save()
    expect(phone.locator(".say")).to_contain_text("Pas enregistré")
    expect(phone.locator("#pain_average .track")).to_have_class(re.compile("set"))
    assert saved(live_stage) == []
