"""Putting an evening off by HTTP, as forms without script do; and what a message itself may say."""

import json
from datetime import timedelta

import pytest
from httpx2 import Response

from app.domain.schedule import ReminderState
from app.services import reminders
from app.services.tokens import token_hash
from app.store import evenings as stored
from app.store import reminders as messages
from app.store.tables import Reminder
from tests import factories, scenes
from tests.people import NOW, Stage, Who
from tests.web.reading import Page

TONIGHT = NOW.date()
TOKEN = "the token of a message"


def own(stage: Stage, who: Who = Who.OWN) -> int:
    """The key of a participant."""
    found = stage.actor(who).participant_id
    assert found is not None
    return found


def home(stage: Stage, who: Who = Who.OWN) -> Page:
    """The first page in English."""
    phone = stage.client(who)
    phone.post("/language", data={"lang": "en"})
    return Page(phone.get("/").text)


def post(stage: Stage, path: str, who: Who = Who.OWN, **form: str) -> Response:
    """Send a form."""
    return stage.client(who).post(path, data=form)


def rows(stage: Stage, who: Who = Who.OWN) -> list[Reminder]:
    """What reminds a participant of tonight."""
    with stage.database.read() as session:
        return messages.list_evening(session, own(stage, who), TONIGHT)


def handed_over(stage: Stage) -> Reminder:
    """The first message of the own participant, handed over with a token."""
    reminders.plan_due(stage.database, stage.deployment, stage.clock.now)
    with stage.database.write() as session:
        row = messages.list_evening(session, own(stage), TONIGHT)[0]
        row.state, row.ready_at = ReminderState.HANDED_OVER.value, None
        row.handed_over_at, row.receipt_hash = stage.clock.now, token_hash(TOKEN)
        return row


def test_later_is_asked_without_script_and_said_afterwards(stage: Stage) -> None:
    assert "Remind me in 30 minutes In 1 hour Not today" in home(stage).text
    answer = post(stage, "/evening/snooze", minutes="60")
    assert (answer.status_code, answer.headers["location"]) == (303, "/#later")
    page = home(stage)
    assert "We will write again at 20:30." in page.text
    assert "Not today" in page.text


def test_not_today_is_noted_and_the_diary_stays_open(stage: Stage) -> None:
    answer = post(stage, "/evening/declined")
    assert (answer.status_code, answer.headers["location"]) == (303, "/#later")
    page = home(stage)
    assert "Not today: noted." in page.text
    assert "/diary?go=1" in page.links
    assert "/evening/snooze" not in page.forms


@pytest.mark.parametrize("scene", [scenes.saved, scenes.morning, scenes.paused])
def test_there_is_nothing_to_put_off_at_other_times(stage: Stage, scene: scenes.Scene) -> None:
    opened = scene(stage, Who.OWN)
    phone = stage.client(Who.OWN)
    phone.cookies.update({name: told for name, told in opened.items() if name == "open"})
    page = phone.get("/").text
    assert "/evening/snooze" not in page
    assert "/evening/declined" not in page


def test_what_cannot_be_promised_is_refused_on_the_page(stage: Stage) -> None:
    home(stage)
    post(stage, "/evening/declined")
    answer = post(stage, "/evening/snooze", minutes="30")
    assert answer.status_code == 409
    page = Page(answer.text)
    assert "You said that tonight is left out." in page.text
    assert "Your diary is open" in page.text


@pytest.mark.parametrize("minutes", ["", "45", "0", "-30", "30.0", "x" * 40])
def test_another_time_is_no_choice(stage: Stage, minutes: str) -> None:
    home(stage)
    answer = post(stage, "/evening/snooze", minutes=minutes)
    assert answer.status_code == 422
    assert "Choose one of the answers that are offered." in Page(answer.text).text
    assert rows(stage) == []


def test_another_site_cannot_put_an_evening_off(stage: Stage) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    for path in ("/evening/snooze", "/evening/declined", "/evening/opened", "/receipts"):
        answer = stage.client(Who.OWN).post(path, data={"minutes": "30"}, headers=headers)
        assert answer.status_code == 403
    assert rows(stage) == []


def test_looking_at_the_diary_is_noted_once(stage: Stage) -> None:
    assert post(stage, "/evening/opened").status_code == 204
    stage.clock.advance(minutes=3)
    assert post(stage, "/evening/opened").status_code == 204
    with stage.database.read() as session:
        found = stored.find_evening(session, own(stage), TONIGHT)
        assert found is not None
        assert found.opened_at == NOW
        assert stored.find_evening(session, own(stage, Who.OTHER), TONIGHT) is None


def test_a_message_tells_of_itself_with_its_token_alone(stage: Stage) -> None:
    handed_over(stage)
    stranger = stage.client(Who.NOBODY)
    for what in ("delivered", "tapped", "delivered"):
        stage.clock.advance(seconds=10)
        assert stranger.post("/receipts", data={"token": TOKEN, "what": what}).status_code == 204
    row = rows(stage)[0]
    assert row.delivered_at == NOW + timedelta(seconds=10)
    assert row.tapped_at == NOW + timedelta(seconds=20)


def test_a_snooze_by_token_is_the_owners_alone(stage: Stage) -> None:
    handed_over(stage)
    other = stage.client(Who.OTHER)
    assert other.post("/receipts", data={"token": TOKEN, "what": "snooze_30"}).status_code == 204
    assert "We will write again at 20:00." in home(stage).text
    assert "We will write again" not in home(stage, Who.OTHER).text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"token": TOKEN},
        {"token": TOKEN, "what": "saved"},
        {"token": "guessed", "what": "delivered"},
        {"token": "x" * 5000, "what": "tapped"},
    ],
)
def test_the_answer_to_a_receipt_tells_nothing(stage: Stage, form: dict[str, str]) -> None:
    handed_over(stage)
    answer = stage.client(Who.NOBODY).post("/receipts", data=form)
    assert (answer.status_code, answer.content) == (204, b"")
    assert rows(stage)[0].delivered_at is None


TOUCH = {"sec-fetch-mode": "navigate", "sec-fetch-site": "none"}
"""What a browser says when its owner follows a link from elsewhere."""


def test_receipts_are_throttled_by_address(stage: Stage) -> None:
    stranger = stage.client(Who.NOBODY)
    form = {"token": "guessed", "what": "delivered"}
    answers = [stranger.post("/receipts", data=form).status_code for _ in range(242)]
    assert answers == [204] * 240 + [429] * 2


@pytest.mark.parametrize("who", [Who.OWN, Who.OTHER, Who.NOBODY])
def test_a_link_leads_to_the_diary_whoever_follows_it(stage: Stage, who: Who) -> None:
    row = handed_over(stage)
    answers = [
        stage.client(who).get(f"/r/{id_}", headers=TOUCH) for id_ in (row.id, "unknown", "x" * 300)
    ]
    assert {(one.status_code, one.headers["location"]) for one in answers} == {(303, "/diary?go=1")}
    assert all("set-cookie" not in one.headers for one in answers)
    assert rows(stage)[0].tapped_at == NOW


def test_a_look_ahead_is_no_touch(stage: Stage) -> None:
    row = handed_over(stage)
    browser = stage.client(Who.NOBODY)
    browser.get(f"/r/{row.id}", headers={**TOUCH, "sec-purpose": "prefetch;prerender"})
    browser.head(f"/r/{row.id}", headers=TOUCH)
    # A mail server that looks what is behind a link says nothing of a person.
    browser.get(f"/r/{row.id}")
    assert rows(stage)[0].tapped_at is None


def test_notifications_are_turned_on_here_and_off(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    phone.post("/language", data={"lang": "en"})
    assert 'data-push=""' in phone.get("/settings").text
    assert phone.post("/push/subscription", data=factories.subscription()).status_code == 204
    page = phone.get("/settings").text
    assert 'data-push="here"' in page
    assert "/push/subscription/end" in Page(page).forms, "without script too"
    ended = phone.post("/push/subscription/end")
    assert (ended.status_code, ended.headers["location"]) == (303, "/settings?saved=push#test")
    assert 'data-push=""' in phone.get("/settings").text


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "https://push.example/1"},
        {"endpoint": "http://fcm.googleapis.com/1"},
        {"p256dh": "AAAA"},
        {"auth": ""},
    ],
)
def test_what_is_no_browsers_address_is_refused(stage: Stage, wrong: dict[str, str]) -> None:
    form = factories.subscription() | wrong
    assert stage.client(Who.OWN).post("/push/subscription", data=form).status_code == 422


def test_the_test_message_goes_the_way_that_is_tried_first(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    phone.post("/push/subscription", data=factories.subscription())
    phone.post("/settings/test-message")
    with stage.database.read() as session:
        (row,) = messages.list_tests(session, own(stage), TONIGHT)
    assert (row.kind, row.channel) == ("test", "push")


def test_the_card_names_every_way_and_no_address(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    phone.post("/language", data={"lang": "en"})
    page = Page(phone.get("/settings").text).text
    assert "Notifications on this phone" in page
    assert "q…@exa…" in page
    assert "@example" not in json.dumps(page)
