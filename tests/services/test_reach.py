"""How the evening's messages find a way: receipts, the next channel, three at most, quiet hours."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from app.domain.reach import Channel
from app.domain.schedule import Kind
from app.gateways.push import RecordingPusher
from app.services.ports import Gone, PassingFailure
from app.services.reminders import take_in_hand
from app.store import evenings
from app.store import reminders as store
from app.store.reminders import NewReminder
from app.store.tables import (
    Device,
    MesotherapySession,
    Participant,
    PushSubscription,
    Reminder,
)
from tests.reminded import (
    ENROLLED_AT,
    EVENING,
    FIRST,
    LAST,
    OPENING,
    SECOND,
    Post,
    subscribe,
)

PHONE = "+33612345678"


def channels(post: Post, person: int) -> list[tuple[str, str]]:
    """The way and the state of each of an evening's reminders."""
    return [(row.channel, row.state) for row in post.reminders(person, EVENING)]


@pytest.fixture
def person(post: Post) -> int:
    """Somebody with every way: a browser that takes push messages, an address, a telephone."""
    post.pusher = RecordingPusher()
    id_ = post.enrol("a", phone=PHONE)
    subscribe(post, id_)
    return id_


def pushed(post: Post) -> RecordingPusher:
    assert isinstance(post.pusher, RecordingPusher)
    return post.pusher


def test_without_a_receipt_the_next_reminder_goes_by_the_next_way(post: Post, person: int) -> None:
    for at in (FIRST, SECOND, LAST):
        post.run(at)
    assert channels(post, person) == [
        ("push", "handed_over"),
        ("email", "handed_over"),
        ("sms", "handed_over"),
    ]
    assert [sms.to for sms in post.texted] == [PHONE]


def test_what_arrives_keeps_its_way(post: Post, person: int) -> None:
    post.run(FIRST)
    row = post.reminders(person, EVENING)[0]
    with post.database.write() as session:
        session.get_one(Reminder, row.id).delivered_at = datetime.fromisoformat(FIRST)
    post.run(SECOND)
    assert channels(post, person)[:2] == [("push", "handed_over"), ("push", "handed_over")]


def test_a_browser_that_is_gone_is_forgotten_and_the_same_message_goes_on(
    post: Post, person: int
) -> None:
    pushed(post).failures["browser"] = Gone("gone_410")
    post.run(FIRST)
    assert channels(post, person)[0] == ("email", "handed_over")
    with post.database.read() as session:
        [subscription] = session.query(PushSubscription)
    assert subscription.ended_by == "gone"
    assert subscription.sealed is None
    events = [name for name, _ in post.events(post.reminders(person, EVENING)[0].id)]
    assert events == ["planned", "put_off", "rerouted", "handed_over"]


def test_never_more_than_three_messages_an_evening(post: Post, person: int) -> None:
    post.run(FIRST)
    asked_at = datetime.fromisoformat(FIRST) + timedelta(hours=1)
    with post.database.write() as session:
        new = NewReminder(
            person,
            EVENING,
            Kind.SNOOZE,
            "snooze-1",
            Channel.PUSH,
            asked_at,
            asked_at + timedelta(hours=4),
        )
        store.add_planned(session, [new], asked_at)
    for at in (asked_at, SECOND, LAST):
        post.run(at)
    rows = post.reminders(person, EVENING)
    assert [row.handed_over_at is not None for row in rows] == [True, True, True, False]
    assert post.events(rows[-1].id)[-1] == ("stopped", "enough")


def test_not_today_stops_the_evening(post: Post, person: int) -> None:
    post.run(FIRST)
    with post.database.write() as session:
        evenings.note(
            session, person, EVENING, fact="declined_at", now=datetime.fromisoformat(FIRST)
        )
    post.run(SECOND)
    assert channels(post, person)[1][1] == "stopped"
    post.run("2026-02-04T19:00+01:00")
    assert len(post.reminders(person, date(2026, 2, 4))) == 3


def test_a_traveller_is_not_woken_at_night(post: Post, person: int) -> None:
    post.run(OPENING)
    # At 21:00 in Paris it is past midnight in La Réunion.
    post.move(person, "Indian/Reunion", "2026-02-03T20:00+01:00")
    post.run(SECOND)
    assert post.events(post.reminders(person, EVENING)[1].id)[-1] == ("expired", "quiet")


def test_another_first_time_moves_what_is_planned(post: Post, person: int) -> None:
    post.run(OPENING)
    with post.database.write() as session:
        session.get_one(Participant, person).reminder_at = time(20)
        store.look_again(session, person, datetime.fromisoformat(OPENING))
    assert post.run("2026-02-03T18:01+01:00") == 0
    assert post.run(FIRST) == 0
    assert post.run("2026-02-03T20:00+01:00") == 1
    first = post.reminders(person, EVENING)[0]
    assert first.due_at == datetime.fromisoformat("2026-02-03T20:00+01:00")


@pytest.mark.trust(25)
def test_a_notification_carries_its_receipt_and_no_word_of_health(post: Post, person: int) -> None:
    post.run(FIRST)
    [push] = pushed(post).sent
    notification = push.payload["notification"]
    row = post.reminders(person, EVENING)[0]
    assert push.payload["mutable"] is True
    assert notification["title"] == "Votre carnet est ouvert"
    assert notification["body"] == "Il est ouvert jusqu’à minuit."
    assert notification["navigate"] == f"{post.deployment.base_url}/r/{row.id}"
    assert [minutes for minutes, _ in notification["data"]["snoozes"]] == [30, 60]
    assert row.receipt_hash is not None
    assert row.receipt_hash not in str(push.payload)
    assert push.ttl_s == 2 * 3600


def test_the_last_message_cannot_be_put_off(post: Post, person: int) -> None:
    for at in (FIRST, SECOND, LAST):
        with post.database.write() as session:
            for row in store.list_evening(session, person, EVENING):
                row.delivered_at = row.handed_over_at
        post.run(at)
    asked = [push.payload["notification"]["data"]["snoozes"] for push in pushed(post).sent]
    assert [len(choices) for choices in asked] == [2, 2, 0]


def test_a_passing_failure_of_a_browser_waits_and_keeps_its_key(post: Post, person: int) -> None:
    pushed(post).failures["browser"] = PassingFailure("push_503")
    post.run(FIRST)
    row = post.reminders(person, EVENING)[0]
    assert (row.channel, row.state) == ("push", "planned")
    pushed(post).failures.clear()
    post.run("2026-02-03T19:02+01:00")
    assert [push.key for push in pushed(post).sent] == [row.id]


@pytest.mark.parametrize(
    ("first_on", "held_on", "step"),
    [
        pytest.param(date(2026, 2, 5), None, "opens-tomorrow", id="opens tomorrow"),
        pytest.param(date(2026, 1, 10), date(2026, 2, 4), "session-day", id="session"),
    ],
)
def test_a_notice_of_the_day_goes_once_in_its_hour(
    post: Post, first_on: date, held_on: date | None, step: str
) -> None:
    person = post.enrol("a")
    with post.database.write() as session:
        session.get_one(Participant, person).first_diary_on = first_on
        if held_on:
            session.add(MesotherapySession(participant_id=person, session_no=1, held_on=held_on))
    for at in ("08:59", "09:00", "09:20", "10:00", "15:00"):
        post.run(f"2026-02-04T{at}+01:00")
    assert [row.step for row in post.reminders(person, date(2026, 2, 4))] == [step]
    assert [mail.at.hour for mail in post.sent] == [9]


def test_only_due_rows_of_the_lane_are_read(post: Post, person: int) -> None:
    post.run(OPENING)
    statement = (
        "SELECT id FROM reminders WHERE channel = 'push' AND ready_at <= '2026-02-03 18:00:00'"
        " ORDER BY ready_at, id LIMIT 200"
    )
    is_sqlite = post.database.is_sqlite
    with post.database.read() as session:
        if not is_sqlite:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN "
        plan = " ".join(str(row) for row in session.execute(text(explain + statement)))
    assert "ix_reminders_channel_ready_at" in plan


def test_the_questions_asked_for_a_hand_do_not_grow_with_it(post: Post) -> None:
    counts = []
    for size in (2, 20):
        for n in range(size):
            post.enrol(f"h{size}x{n}")
        post.run(OPENING)
        asked: list[str] = []

        def note(_: object, __: object, statement: str, *___: object, asked: Any = asked) -> None:
            asked.append(statement)

        with post.database.write() as session:
            event.listen(post.database.engine, "before_cursor_execute", note)
            take_in_hand(
                session,
                deployment=post.deployment,
                channel=Channel.EMAIL,
                worker="one",
                limit=size,
                now=datetime.fromisoformat(FIRST),
            )
            event.remove(post.database.engine, "before_cursor_execute", note)
        counts.append(sum(statement.startswith("SELECT") for statement in asked))
    assert counts[0] == counts[1]


def test_nobody_before_enrolment_is_reminded(post: Post) -> None:
    person = post.enrol("a")
    with post.database.read() as session:
        assert session.query(Device).count() == 0
    post.run(ENROLLED_AT)
    assert post.reminders(person, ENROLLED_AT.date()) == []
