"""The desk on messages by HTTP: timeline, queue, calls; the participant's cards and forms."""

from dataclasses import replace
from datetime import timedelta

from fastapi.testclient import TestClient

from app.domain.reach import Channel
from app.domain.schedule import ReminderState
from app.services import alerts
from app.store.participants import list_devices
from tests import desk_scenes, scenes
from tests.desk import message, person_of
from tests.people import NOW, Stage, Who
from tests.web.reading import Page

QUEUE = "/desk/reminders"
DAY = timedelta(days=1)


def own(stage: Stage, rest: str = "", who: Who = Who.OWN) -> str:
    """The address of a participant's page, or of what is below it."""
    return f"/desk/participants/{stage.cast.study_codes[who]}{rest}"


def read(stage: Stage, path: str, who: Who = Who.CLINICIAN) -> Page:
    """A page of the desk as somebody reads it."""
    answer = stage.client(who).get(path)
    assert answer.status_code == 200
    return Page(answer.text)


def desk(stage: Stage) -> TestClient:
    return stage.client(Who.CLINICIAN)


def alerted(stage: Stage) -> str:
    """An open alert of the own participant."""
    return desk_scenes.alerted(stage, Who.OWN)["alert_id"]


def test_a_timeline_says_each_messages_way_and_stages(stage: Stage) -> None:
    scenes.messaged(stage, Who.OWN)
    page = read(stage, own(stage, "/reminders"))
    told = page.text
    assert "notification Reminder planned 19:00 handed over 19:00 delivered 19:01" in told
    assert "tapped 19:02" in told
    assert "not sent 21:00 (entry in)" in told
    assert "failed 19:10 (no address)" in told
    assert told.index("Tuesday 20 January") < told.index("Monday 19 January")
    assert own(stage) in page.links


def test_a_timeline_without_messages_says_so(stage: Stage) -> None:
    assert "No message yet" in read(stage, own(stage, "/reminders")).text


def test_whoever_may_not_see_trends_is_not_sent_to_them(stage: Stage) -> None:
    links = read(stage, own(stage, "/reminders"), Who.DATA_MANAGER).links
    assert QUEUE in links
    assert own(stage) not in links


def test_the_queue_shows_calls_failures_and_figures(stage: Stage) -> None:
    made = scenes.messaged(stage, Who.OWN)
    page = read(stage, QUEUE)
    assert f"{QUEUE}/{made['failed_id']}/retry" in page.forms
    assert f"{QUEUE}/{made['call_id']}/call" in page.forms
    assert "Put off, tried again 1" in page.text
    assert "e-mail 2 not known 0 0 %" in page.text
    assert own(stage, "/reminders") in page.links


def test_readers_are_offered_no_form(stage: Stage) -> None:
    scenes.messaged(stage, Who.OWN)
    assert set(read(stage, QUEUE, Who.MONITOR).forms) == {"/desk/sign-out"}
    alerted(stage)
    assert set(read(stage, own(stage), Who.MONITOR).forms) == {"/desk/sign-out"}


def test_an_empty_queue_says_so(stage: Stage) -> None:
    told = read(stage, QUEUE).text
    for words in ("Nobody has to be called now.", "Nothing waits", "No reminder went out"):
        assert words in told


def test_a_failed_message_is_sent_again(stage: Stage) -> None:
    made = scenes.messaged(stage, Who.OWN)
    path = f"{QUEUE}/{made['failed_id']}/retry"
    answer = desk(stage).post(path)
    assert (answer.status_code, answer.headers["location"]) == (303, QUEUE)
    assert path not in read(stage, QUEUE).forms
    again = desk(stage).post(path)
    assert again.status_code == 409
    assert "did not fail" in again.text
    assert "Calls to make" in again.text


def test_a_message_of_no_use_offers_no_second_try(stage: Stage) -> None:
    id_ = message(stage, state=ReminderState.FAILED, at=NOW - DAY, on=(NOW - DAY).date())
    assert f"{QUEUE}/{id_}/retry" not in read(stage, QUEUE).forms


def test_a_call_is_noted(stage: Stage) -> None:
    path = f"{QUEUE}/{scenes.messaged(stage, Who.OWN)['call_id']}/call"
    answer = desk(stage).post(path, data={"outcome": "reached", "note": "fills it in now"})
    assert (answer.status_code, answer.headers["location"]) == (303, QUEUE)
    assert path not in read(stage, QUEUE).forms
    assert "called 19:30 (reached)" in read(stage, own(stage, "/reminders", Who.OTHER)).text
    twice = desk(stage).post(path, data={"outcome": "reached"})
    assert twice.status_code == 409
    assert "no longer open" in twice.text


def test_a_refused_call_keeps_what_was_typed(stage: Stage) -> None:
    path = f"{QUEUE}/{scenes.messaged(stage, Who.OWN)['call_id']}/call"
    answer = desk(stage).post(path, data={"note": "engaged"})
    assert answer.status_code == 422
    assert "Choose one of the answers" in answer.text
    assert Page(answer.text).form(path)["note"] == ["engaged"]


def test_the_card_says_how_somebody_is_reached(stage: Stage) -> None:
    scenes.messaged(stage, Who.OWN)
    told = read(stage, own(stage)).text
    assert "Reachability" in told
    assert own(stage, "/reminders") in read(stage, own(stage)).links
    assert "The latest messages were refused: call, and ask for another address." in told
    assert "e-mail refused today 19:10" in told
    assert "notification no longer available arrived yesterday 19:01" in told


def test_a_way_that_was_confirmed_is_named_with_its_moment(stage: Stage) -> None:
    told = read(stage, own(stage)).text
    assert "No message is confirmed yet. e-mail not tried yet" in told
    message(stage, at=NOW - DAY, on=(NOW - DAY).date(), delivered_at=NOW - DAY)
    assert "Reachable by e-mail (yesterday 19:30)." in read(stage, own(stage)).text
    stage.clock.advance(minutes=5)
    last_week = stage.cast.study_codes[Who.OTHER]
    message(stage, Who.OTHER, at=NOW - 7 * DAY, on=(NOW - 7 * DAY).date())
    told = read(stage, f"/desk/participants/{last_week}").text.replace("\u00a0", " ")
    assert "e-mail sent 13 Jan, never confirmed" in told


def test_a_cause_that_may_still_change_says_so(stage: Stage) -> None:
    told = read(stage, own(stage)).text
    assert "Cause unknown 9" in told
    assert "provisional" not in told
    with stage.database.write() as session:
        for device in list_devices(session, person_of(stage).id):
            device.contact_at = NOW - 3 * DAY
    told = read(stage, own(stage)).text
    assert "Cause unknown 9 (2 provisional)" in told
    assert "missed · Cause unknown, provisional" in told
    assert "it may still hold the entry" in told


def test_an_alert_is_taken_on_and_closed(stage: Stage) -> None:
    alert = own(stage, f"/alerts/{alerted(stage)}")
    page = read(stage, own(stage))
    assert "cannot be reached" in page.text
    assert "Nobody has taken this on yet." in page.text
    assert "since 20 Jan" in read(stage, "/desk?show=call").text.replace("\u00a0", " ")
    assert desk(stage).post(f"{alert}/owner").status_code == 303
    page = read(stage, own(stage))
    assert "You have taken this on." in page.text
    assert f"{alert}/owner" not in page.forms
    assert "Dr site clinician" in read(stage, "/desk?show=call").text
    refused = desk(stage).post(f"{alert}/closing", data={"words": " "})
    assert refused.status_code == 422
    assert "Say in a few words what was done." in refused.text
    closed = desk(stage).post(f"{alert}/closing", data={"words": "new address"})
    assert closed.headers["location"] == own(stage) + "#alerts"
    assert "cannot be reached" not in read(stage, own(stage)).text
    again = desk(stage).post(f"{alert}/closing", data={"words": "me too"})
    assert again.status_code == 409
    assert "closed already" in again.text


def test_what_closed_by_itself_is_told(stage: Stage) -> None:
    path = own(stage, f"/alerts/{alerted(stage)}/owner")
    reached = replace(stage.deployment, channels=frozenset({Channel.EMAIL}))
    alerts.review(stage.database, deployment=reached, now=NOW)
    assert desk(stage).post(path).status_code == 409
