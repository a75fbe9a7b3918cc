"""What gateways and returned mail say of a message: noted once, whatever the order it comes in."""

import uuid
from datetime import datetime, timedelta

import pytest

from app.domain.errors import InvalidInput, NotFound
from app.domain.reach import Channel
from app.domain.schedule import Kind, ReminderState
from app.services import receipts
from app.store import reminders
from app.store.reminders import NewReminder
from app.store.session import Database
from app.store.tables import Reminder
from tests.people import NOW, Stage, Who

SENT_AT = NOW - timedelta(minutes=5)


def planned(stage: Stage, channel: Channel) -> str:
    """Plan a message to the own participant that no scheduler took yet; give its id."""
    person_id = stage.actor(Who.OWN).participant_id
    assert person_id is not None
    step, diary_on = uuid.uuid4().hex[:8], NOW.date()
    new = NewReminder(
        person_id, diary_on, Kind.DIARY, step, channel, SENT_AT, NOW + timedelta(hours=1)
    )
    with stage.database.write() as session:
        reminders.add_planned(session, [new], SENT_AT)
        rows = reminders.list_reminders(session, person_id, diary_on)
        return next(row.id for row in rows if row.step == step)


def sent(stage: Stage, channel: Channel) -> str:
    """Plan a message and hand it over; give its id."""
    reminder_id = planned(stage, channel)
    with stage.database.write() as session:
        row = session.get_one(Reminder, reminder_id)
        row.state, row.attempts = ReminderState.HANDED_OVER.value, 1
        row.handed_over_at, row.ready_at = SENT_AT, None
    return reminder_id


def report(stage: Stage, reference: str, status: str, now: datetime = NOW) -> None:
    with stage.database.write() as session:
        receipts.note_report(session, reference=reference, status=status, now=now)


def bounce(stage: Stage, key: str, status: str) -> None:
    with stage.database.write() as session:
        receipts.note_bounce(session, key=key, status=status, now=NOW)


def told(database: Database, reminder_id: str) -> tuple[str, datetime | None, list[str]]:
    """State, when it arrived, and what happened after the planning."""
    with database.read() as session:
        row = session.get_one(Reminder, reminder_id)
        events = [
            f"{event.event} {event.detail}".strip()
            for event in reminders.list_events(session, reminder_id)
        ]
    return row.state, row.delivered_at, events[1:]


def test_a_text_that_arrived_is_noted_once(stage: Stage) -> None:
    text = sent(stage, Channel.SMS)
    report(stage, text, "delivered")
    report(stage, text, "delivered", NOW + timedelta(minutes=1))
    report(stage, text, "failed")
    assert told(stage.database, text) == ("handed_over", NOW, ["delivered"])


def test_a_text_that_failed_is_noted_once(stage: Stage) -> None:
    text = sent(stage, Channel.SMS)
    for _ in range(2):
        report(stage, text, "failed")
    assert told(stage.database, text) == ("failed", None, ["bounced sms"])


def test_a_text_that_arrived_after_all_did_arrive(stage: Stage) -> None:
    text = sent(stage, Channel.SMS)
    report(stage, text, "failed")
    report(stage, text, "delivered")
    assert told(stage.database, text) == ("handed_over", NOW, ["bounced sms", "delivered"])


def test_a_failure_told_before_the_hand_over_is_noted_ends_it(stage: Stage) -> None:
    text = planned(stage, Channel.SMS)
    with stage.database.write() as session:
        row = session.get_one(Reminder, text)
        row.state, row.attempts, row.claimed_by = ReminderState.IN_HAND.value, 1, "one"
    report(stage, text, "failed")
    with stage.database.read() as session:
        row = session.get_one(Reminder, text)
    assert (row.state, row.ready_at, row.claimed_by) == ("failed", None, None)


@pytest.mark.parametrize("status", ["", "Delivered", "read"])
def test_another_word_is_refused(stage: Stage, status: str) -> None:
    text = sent(stage, Channel.SMS)
    with pytest.raises(InvalidInput):
        report(stage, text, status)


@pytest.mark.parametrize(
    "reference", ["", "x", "\0", "é" * 36, "9b53bf65-f81a-45b8-a6a8-0bfdd6ac4090", "1" * 4000]
)
def test_what_was_never_sent_is_not_there(stage: Stage, reference: str) -> None:
    with pytest.raises(NotFound):
        report(stage, reference, "delivered")
    with pytest.raises(NotFound):
        bounce(stage, reference, "5.1.1")


def test_each_way_speaks_for_its_own_messages_and_for_those_that_went(stage: Stage) -> None:
    with pytest.raises(NotFound):
        report(stage, sent(stage, Channel.EMAIL), "delivered")
    with pytest.raises(NotFound):
        bounce(stage, sent(stage, Channel.SMS), "5.1.1")
    with pytest.raises(NotFound):
        report(stage, planned(stage, Channel.SMS), "delivered")


def test_a_mail_that_came_back_for_good_failed_once(stage: Stage) -> None:
    mail = sent(stage, Channel.EMAIL)
    bounce(stage, mail, "4.4.1")
    bounce(stage, mail, "5.1.1")
    bounce(stage, mail, "5.1.1")
    bounce(stage, mail, "4.4.1")
    assert told(stage.database, mail) == ("failed", None, ["delayed 4.4.1", "bounced 5.1.1"])
