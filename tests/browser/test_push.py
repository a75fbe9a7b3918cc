"""Notifications on a phone, by the worker that a phone has: shown, touched, and told of.

A message is put into Chromium's own hands, where its push service would have put it; what comes
back to the server comes by the network. Only `PushManager.subscribe` is played: it needs the
internet.
"""

import json
import secrets
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import http_ece  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, CDPSession, Page, expect

from app.domain.reach import Channel
from app.domain.schedule import Kind, ReminderState
from app.gateways.push import WebPusher
from app.services import push_keys, reminders, subscriptions
from app.services.deployment import Deployment
from app.services.ports import Gateways
from app.services.reminders import Courier, wording
from app.services.subscriptions import Offered
from app.services.tokens import token_hash
from app.store import reminders as messages
from app.store import subscriptions as stored
from app.store.tables import Participant, Reminder
from tests import factories
from tests.browser import touches
from tests.browser.conftest import PHONE, enter, opened
from tests.browser.hand import Hand
from tests.browser.test_settings import IPHONE
from tests.people import NOW, Stage, Who
from tests.servers import certify, http_sink
from tests.services.test_reminder_mail import HEALTH

TONIGHT = NOW.date()
TOKEN = "the token of a message"
TRIES = 10_000
ARMED = """
() => {
  const native = globalThis.native ??= registration.showNotification;
  globalThis.shown = new Promise((done, fail) => {
    ServiceWorkerRegistration.prototype.showNotification = function (...told) {
      return native.apply(this, told).then(done);
    };
    setTimeout(() => fail(new Error("nothing was shown")), 20000);
  });
  globalThis.shown.catch(() => {});
}
"""
"""Lets the worker say when Chromium has shown something: asked any sooner, it drops it instead."""
SHOWN = """
async () => {
  await globalThis.shown;
  const [found, ...others] = await registration.getNotifications();
  const { title, body, lang, tag, data, actions } = found;
  return { title, body, lang, tag, data, actions, others: others.length };
}
"""


class Phone:
    """A participant's phone that takes push messages, its page and its worker."""

    def __init__(self, page: Page, stage: Stage) -> None:
        self.page, self.stage = page, stage
        page.context.grant_permissions(["notifications"])
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.registrations: list[str] = []
        self.cdp.on("ServiceWorker.workerRegistrationUpdated", self._note)
        self.cdp.send("ServiceWorker.enable")
        enter(page, stage, Who.OWN, "/")
        touches.assert_ready(page)
        (self.worker,) = page.context.service_workers

    def _note(self, event: dict[str, Any]) -> None:
        found = [one["registrationId"] for one in event["registrations"] if not one["isDeleted"]]
        self.registrations += found

    def deliver(self, payload: str) -> None:
        """Let the browser hand a decrypted message to the worker."""
        told = {
            "origin": self.stage.deployment.base_url,
            "registrationId": self.registrations[-1],
            "data": payload,
        }
        self.worker.evaluate(ARMED)
        self.cdp.send("ServiceWorker.deliverPushMessage", told)

    def shown(self) -> dict[str, Any]:
        """Wait for the message to be shown; gives the one notification that there is."""
        found: dict[str, Any] = self.worker.evaluate(SHOWN)
        assert found["others"] == 0
        return found

    def touch(self, action: str = "") -> None:
        """Touch the notification, or one of its buttons, as far as a script can."""
        self.worker.evaluate(
            """async (action) => {
              const [notification] = await registration.getNotifications();
              const event = new NotificationEvent("notificationclick", { notification, action });
              const waited = [];
              event.waitUntil = (one) => waited.push(one);
              dispatchEvent(event);
              await Promise.allSettled(waited);
            }""",
            action,
        )


@pytest.fixture
def ready(phone: Page, live_stage: Stage) -> Phone:
    """The own participant's phone, ready for the time without a network."""
    return Phone(phone, live_stage)


def handed_over(stage: Stage) -> tuple[Reminder, str]:
    """The first message of the evening, handed over; gives its row and its payload as JSON."""
    reminders.plan_due(stage.database, stage.deployment, stage.clock.now)
    with stage.database.write() as session:
        row = messages.list_evening(session, own(stage), TONIGHT)[0]
        row.state, row.ready_at = ReminderState.HANDED_OVER.value, None
        row.handed_over_at, row.receipt_hash = stage.clock.now, token_hash(TOKEN)
        person = session.get_one(Participant, row.participant_id)
        payload = wording.notification(
            stage.deployment, person, row, receipt=TOKEN, snoozes=[30, 60]
        )
        return row, json.dumps(payload)


def own(stage: Stage) -> int:
    """The key of the own participant."""
    found = stage.actor(Who.OWN).participant_id
    assert found is not None
    return found


def known(stage: Stage, is_so: Callable[[Reminder], object]) -> Reminder:
    """Wait until the server knows something of the evening's first message."""
    for _ in range(TRIES):
        with stage.database.read() as session:
            row = messages.list_evening(session, own(stage), TONIGHT)[0]
        if is_so(row):
            return row
    raise AssertionError("the server does not know it")


def asked(stage: Stage) -> list[Reminder]:
    """What was asked for again and is still to come."""
    with stage.database.read() as session:
        rows = messages.list_evening(session, own(stage), TONIGHT)
    planned = ReminderState.PLANNED
    return [row for row in rows if row.kind == Kind.SNOOZE and row.state == planned]


def test_a_message_is_shown_and_its_arrival_told(ready: Phone) -> None:
    _, payload = handed_over(ready.stage)
    ready.deliver(payload)
    shown, meant = ready.shown(), json.loads(payload)["notification"]
    for name in ("title", "body", "lang", "tag", "data"):
        assert shown[name] == meant[name]
    assert [action["action"] for action in shown["actions"]] == ["snooze_30", "snooze_60"]
    row = known(ready.stage, lambda row: row.delivered_at)
    assert row.tapped_at is None


def test_from_the_schedule_to_the_phone_and_back(ready: Phone, tmp_path: Path) -> None:
    """Planned, encrypted, posted; read by an independent receiver; shown; told of."""
    stage, key, auth = ready.stage, ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16)
    server, client = certify(tmp_path)
    with http_sink(server) as sink:
        deployment = replace(stage.deployment, push_hosts=(f"localhost:{sink.port}",))
        given = factories.subscription(key=key, auth=auth)
        offered = Offered(**given | {"endpoint": f"https://localhost:{sink.port}/one"})
        with stage.database.write() as session:
            subscriptions.subscribe(
                session,
                deployment=deployment,
                actor=stage.actor(Who.OWN),
                subscription=offered,
                now=NOW,
            )
        send(stage, deployment, client)
        (posted,) = sink.posted
    read = http_ece.decrypt(posted.body, private_key=key, auth_secret=auth, version="aes128gcm")
    ready.deliver(read.decode())
    meant = json.loads(read)["notification"]
    assert ready.shown()["title"] == meant["title"]
    row = known(stage, lambda row: row.delivered_at)
    assert (row.channel, row.state) == ("push", "handed_over")
    assert meant["navigate"] == f"{stage.deployment.base_url}/r/{row.id}"
    del meant["data"]["receipt"], meant["navigate"]  # as random as an id may be
    assert HEALTH.search(json.dumps(meant, ensure_ascii=False)) is None


def send(stage: Stage, deployment: Deployment, tls: ssl.SSLContext) -> None:
    """Plan the evening, and send by push what is due."""
    keys = push_keys.get_keys(stage.database, deployment.vault)
    pusher = WebPusher(
        private_pem=keys.private_pem,
        public_pem=keys.public_pem,
        subscriber="carnet@notes.example",
        hosts=deployment.push_hosts,
        tls=tls,
    )
    courier = Courier(
        database=stage.database,
        deployment=deployment,
        gateways=Gateways(pusher=pusher),
        worker="one",
        clock=stage.clock,
    )
    reminders.plan_due(stage.database, deployment, stage.clock.now)
    assert reminders.deliver(courier, Channel.PUSH, lambda: False) == 1
    pusher.close()


def test_without_a_network_it_is_shown_all_the_same(ready: Phone) -> None:
    _, payload = handed_over(ready.stage)
    ready.page.context.set_offline(True)
    ready.deliver(payload)
    ready.shown()
    assert known(ready.stage, bool).delivered_at is None


def test_a_touch_is_told_and_a_button_puts_the_evening_off(ready: Phone) -> None:
    _, payload = handed_over(ready.stage)
    ready.deliver(payload)
    ready.shown()
    ready.touch("snooze_30")
    known(ready.stage, lambda _: asked(ready.stage))
    (again,) = asked(ready.stage)
    assert (again.due_at - NOW).total_seconds() == 30 * 60
    ready.deliver(payload)
    ready.shown()
    ready.touch()
    known(ready.stage, lambda row: row.tapped_at)


def test_a_second_message_takes_the_first_ones_place(ready: Phone) -> None:
    _, payload = handed_over(ready.stage)
    ready.deliver(payload)
    ready.shown()
    later = json.loads(payload)
    later["notification"]["title"] = "Encore une fois"
    ready.deliver(json.dumps(later))
    assert ready.shown()["title"] == "Encore une fois"


def test_what_waits_on_the_phone_is_said_instead(ready: Phone) -> None:
    _, payload = handed_over(ready.stage)
    page, waiting = ready.page, json.loads(payload)["notification"]["data"]["waiting"]
    page.goto(f"{ready.stage.deployment.base_url}/diary")
    ready.stage.clock.advance(seconds=50)
    hand = Hand.on(page, ready.stage)
    page.context.set_offline(True)
    hand.tap("[data-flare]")
    hand.mark("pain_average", 0.5)
    hand.save()
    expect(page.locator("[data-waiting]")).to_have_text("1")
    ready.deliver(payload)
    shown = ready.shown()
    assert (shown["title"], shown["body"]) == (waiting["title"], waiting["body"])
    assert shown["actions"] == []


def test_what_is_no_message_of_ours_breaks_nothing(ready: Phone) -> None:
    ready.deliver("no JSON")
    ready.deliver(json.dumps({"notification": {"title": "no data"}}))
    _, payload = handed_over(ready.stage)
    ready.deliver(payload)
    assert ready.shown()["tag"] == TONIGHT.isoformat()


def test_a_link_opens_the_kept_diary_without_a_network(ready: Phone) -> None:
    row, _ = handed_over(ready.stage)
    address = f"{ready.stage.deployment.base_url}/r/{row.id}"
    ready.page.context.set_offline(True)
    ready.page.goto(address)
    expect(ready.page.locator("#pain_average .track")).to_be_visible()
    assert known(ready.stage, bool).tapped_at is None
    ready.page.context.set_offline(False)
    ready.page.goto(address)
    expect(ready.page.locator("#pain_average .track")).to_be_visible()
    known(ready.stage, lambda row: row.tapped_at)


def test_an_opened_diary_is_told_once_it_is_open(ready: Phone) -> None:
    with ready.page.expect_response("**/evening/opened") as told:
        ready.page.goto(f"{ready.stage.deployment.base_url}/diary")
    assert told.value.status == 204


def live(stage: Stage) -> int:
    """How many browsers of the own participant take push messages."""
    with stage.database.read() as session:
        return len(stored.list_live_of(session, [own(stage)]))


def test_notifications_are_offered_once_and_turned_on(phone: Page, live_stage: Stage) -> None:
    touches.with_push(phone)
    enter(phone, live_stage, Who.OWN, "/")
    phone.locator("[data-offer] [data-on]").tap()
    expect(phone.locator("[data-offer]")).to_be_hidden()
    assert live(live_stage) == 1
    phone.goto(f"{live_stage.deployment.base_url}/settings")
    expect(phone.locator("[data-is=on]").first).to_be_visible()
    phone.locator("[data-off]").tap()
    expect(phone.locator("[data-on]")).to_be_visible()
    assert live(live_stage) == 0
    phone.goto(live_stage.deployment.base_url)
    expect(phone.locator("#today")).to_be_visible()
    expect(phone.locator("[data-offer]")).to_be_hidden()


def test_who_says_no_is_not_asked_again(phone: Page, live_stage: Stage) -> None:
    touches.with_push(phone)
    enter(phone, live_stage, Who.OWN, "/")
    phone.locator("[data-later]").tap()
    expect(phone.locator("[data-offer]")).to_be_hidden()
    phone.reload()
    expect(phone.locator("#today")).to_be_visible()
    expect(phone.locator("[data-offer]")).to_be_hidden()
    assert live(live_stage) == 0


def test_signing_out_ends_them_on_the_phone_and_here(phone: Page, live_stage: Stage) -> None:
    touches.with_push(phone)
    enter(phone, live_stage, Who.OWN, "/settings")
    phone.locator("[data-on]").tap()
    expect(phone.locator("[data-off]")).to_be_visible()
    phone.locator("form[action='/sign-out'] button").tap()
    phone.wait_for_url("**/signed-out")
    assert live(live_stage) == 0
    assert phone.evaluate("localStorage.getItem('pushed')") is None


def test_a_subscription_that_the_server_lost_is_given_again(phone: Page, live_stage: Stage) -> None:
    touches.with_push(phone)
    enter(phone, live_stage, Who.OWN, "/settings")
    phone.locator("[data-on]").tap()
    expect(phone.locator("[data-off]")).to_be_visible()
    with live_stage.database.write() as session:
        (row,) = stored.list_live_of(session, [own(live_stage)])
        row.ended_at, row.ended_by, row.sealed = NOW, "gone", None
    with phone.expect_response("**/push/subscription"):
        phone.goto(live_stage.deployment.base_url)
    assert live(live_stage) == 1


def test_a_phone_that_blocks_them_says_what_to_do(phone: Page, live_stage: Stage) -> None:
    phone.add_init_script("Object.defineProperty(Notification, 'permission', { value: 'denied' })")
    enter(phone, live_stage, Who.OWN, "/settings")
    expect(phone.locator("[data-is=blocked]")).to_be_visible()
    expect(phone.locator("[data-on]")).to_be_hidden()


def test_a_browser_without_them_says_so(phone: Page, live_stage: Stage) -> None:
    phone.add_init_script("delete globalThis.PushManager")
    enter(phone, live_stage, Who.OWN, "/settings")
    expect(phone.locator("[data-is=none]")).to_be_visible()
    phone.goto(live_stage.deployment.base_url)
    expect(phone.locator("#today")).to_be_visible()
    expect(phone.locator("[data-offer]")).to_be_hidden()


def test_an_iphone_is_led_to_the_home_screen_first(browser: Browser, live_stage: Stage) -> None:
    with opened(browser, PHONE, touch=True, user_agent=IPHONE) as phone:
        phone.add_init_script("delete globalThis.PushManager")
        enter(phone, live_stage, Who.OWN, "/settings")
        expect(phone.locator("[data-is=home] a")).to_have_attribute("href", "/install")


def test_what_fails_is_said_and_may_be_tried_again(phone: Page, live_stage: Stage) -> None:
    touches.with_push(phone)
    enter(phone, live_stage, Who.OWN, "/")
    phone.route("**/push/subscription", lambda route: route.fulfill(status=422), times=1)
    phone.locator("[data-offer] [data-on]").tap()
    expect(phone.locator("[data-offer] [data-is=failed]")).to_be_visible()
    assert live(live_stage) == 0
