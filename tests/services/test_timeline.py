"""Timelines, the queue and its acts, and the figures of messages: what the desk is told of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from app.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from app.domain.reach import Channel
from app.domain.schedule import Kind, ReminderState
from app.services import queue
from app.services.queue import Queue
from app.services.timeline import Timeline, read_timeline
from app.store import reminders
from app.store.tables import Evening, Reminder
from tests import factories, trial
from tests.desk import acts, message, person_of, staff
from tests.people import LAST_EVENING, NOW, Stage, Who

MIN, DAY = timedelta(minutes=1), timedelta(days=1)


def timeline(stage: Stage, who: Who = Who.CLINICIAN) -> Timeline:
    with stage.database.read() as session:
        return read_timeline(
            session,
            actor=staff(stage, who),
            study_code=stage.cast.study_codes[Who.OWN],
            now=stage.clock.now,
        )


def read(stage: Stage, who: Who = Who.CLINICIAN) -> Queue:
    actor = staff(stage, who)
    with stage.database.read() as session:
        return queue.read_queue(session, actor=actor, now=stage.clock.now)


def row(stage: Stage, reminder_id: str) -> Reminder:
    with stage.database.read() as session:
        return session.get_one(Reminder, reminder_id)


def opened(stage: Stage, minutes: int) -> None:
    """Let the own participant open tonight's diary."""
    with stage.database.write() as session:
        session.add(
            Evening(
                participant_id=person_of(stage).id,
                diary_on=NOW.date(),
                opened_at=NOW + minutes * MIN,
            )
        )


def saved(stage: Stage, minutes: int) -> None:
    """Let tonight's diary be saved so long after NOW."""
    stage.clock.now = NOW + minutes * MIN
    trial.save(stage, Who.OWN, factories.diary(stage.deployment.study))


def retry(stage: Stage, reminder_id: str, who: Who = Who.CLINICIAN) -> None:
    with stage.database.write() as session:
        queue.retry(session, actor=staff(stage, who), reminder_id=reminder_id, now=stage.clock.now)


def call(stage: Stage, reminder_id: str, outcome: str = "reached", **more: Any) -> None:
    wanted = {"note": "", "who": Who.CLINICIAN} | more
    with stage.database.write() as session:
        queue.note_call(
            session,
            actor=staff(stage, wanted["who"]),
            reminder_id=reminder_id,
            outcome=outcome,
            note=wanted["note"],
            now=stage.clock.now,
        )


@contextmanager
def counted(stage: Stage) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(stage.database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(stage.database.engine, "before_cursor_execute", note)


def test_a_message_is_followed_from_its_plan_to_the_entry(stage: Stage) -> None:
    message(
        stage,
        channel=Channel.PUSH,
        delivered_at=NOW + MIN,
        tapped_at=NOW + 2 * MIN,
        events=(("handed_over", "push"), ("delivered", ""), ("tapped", "")),
    )
    opened(stage, 3)
    saved(stage, 5)
    (evening,) = timeline(stage).evenings
    (sent,) = evening.sendings
    assert [(step.code, step.at) for step in sent.steps] == [
        ("planned", NOW),
        ("handed_over", NOW),
        ("delivered", NOW + MIN),
        ("tapped", NOW + 2 * MIN),
        ("opened", NOW + 3 * MIN),
        ("saved", NOW + 5 * MIN),
    ]
    assert evening.saved_at == NOW + 5 * MIN


def test_an_entry_counts_for_the_last_message_before_it_and_stops_the_next(stage: Stage) -> None:
    message(stage)
    message(stage, at=NOW + 30 * MIN)
    message(stage, at=NOW + 60 * MIN, state=ReminderState.STOPPED, events=(("stopped", "saved"),))
    saved(stage, 40)
    (evening,) = timeline(stage).evenings
    codes = [[step.code for step in sent.steps] for sent in evening.sendings]
    assert codes == [
        ["planned", "handed_over"],
        ["planned", "handed_over", "saved"],
        ["planned", "stopped"],
    ]
    assert evening.sendings[2].steps[-1].detail == "saved"


def test_what_came_before_a_message_is_not_its_doing(stage: Stage) -> None:
    message(stage, at=NOW + 30 * MIN)
    opened(stage, 3)
    saved(stage, 10)
    (evening,) = timeline(stage).evenings
    assert [step.code for step in evening.sendings[0].steps] == ["planned", "handed_over"]
    assert evening.opened_at == NOW + 3 * MIN


def test_fourteen_evenings_the_latest_first(stage: Stage) -> None:
    for back in range(20):
        message(stage, on=NOW.date() - back * DAY, at=NOW - back * DAY)
    days = [evening.diary_on for evening in timeline(stage).evenings]
    assert days == [NOW.date() - back * DAY for back in range(14)]


def test_a_timeline_costs_the_same_queries_however_much_there_is(stage: Stage) -> None:
    with counted(stage) as before:
        timeline(stage)
        read(stage)
    for back in range(5):
        message(stage, on=NOW.date() - back * DAY, at=NOW - back * DAY)
        message(stage, Who.OTHER, state=ReminderState.FAILED, at=NOW - back * DAY)
    with counted(stage) as after:
        timeline(stage)
        read(stage)
    assert len(before) == len(after)


def test_a_timeline_is_for_whoever_sees_the_cohort(stage: Stage) -> None:
    assert timeline(stage, Who.MONITOR).evenings == ()
    with pytest.raises(NotFound):
        timeline(stage, Who.FAR_CLINICIAN)
    with pytest.raises(NotAllowed):
        timeline(stage, Who.ADMIN)


def test_every_message_stands_where_it_belongs(stage: Stage) -> None:
    state = ReminderState
    expected = {
        "waiting": message(stage, state=state.PLANNED, at=NOW - MIN),
        "put_off": message(
            stage,
            state=state.PLANNED,
            at=NOW - 5 * MIN,
            attempts=2,
            ready_at=NOW + MIN,
            events=(("put_off", "answer_503"),),
        ),
        "in_hand": message(stage, state=state.IN_HAND),
        "failed": message(stage, state=state.FAILED, events=(("failed", "no_address"),)),
        "expired": message(stage, state=state.EXPIRED, events=(("expired", ""),)),
        "calls": message(stage, Who.OTHER, state=state.WITH_SITE, channel=Channel.CALL),
    }
    message(stage, state=state.PLANNED, at=NOW + 30 * MIN)
    message(stage, state=state.STOPPED)
    message(stage, state=state.FAILED, on=NOW.date() - 9 * DAY, at=NOW - 9 * DAY)
    found = read(stage)
    listed = {place: [one.reminder_id for one in getattr(found, place)] for place in expected}
    assert listed == {place: [id_] for place, id_ in expected.items()}
    assert (found.put_off[0].detail, found.put_off[0].next_at) == ("answer_503", NOW + MIN)
    assert (found.failed[0].detail, found.failed[0].ended_at) == ("no_address", NOW)


def test_the_queue_is_the_readers_own(stage: Stage) -> None:
    message(stage, state=ReminderState.FAILED)
    assert read(stage, Who.FAR_CLINICIAN).failed == ()
    assert len(read(stage, Who.INSPECTOR).failed) == 1
    with pytest.raises(NotAllowed):
        read(stage, Who.ADMIN)


def test_a_failed_message_goes_again_while_it_is_of_use(stage: Stage) -> None:
    id_ = message(stage, state=ReminderState.FAILED, attempts=4)
    retry(stage, id_)
    found = row(stage, id_)
    assert (found.state, found.ready_at, found.attempts) == ("planned", NOW, 0)
    (act,) = acts(stage, "reminder.retried")
    assert act["details"]["channel"] == "email"
    with pytest.raises(WrongState, match="reminder_not_failed"):
        retry(stage, id_)


def test_what_nobody_needs_any_more_is_not_sent_again(stage: Stage) -> None:
    id_ = message(stage, state=ReminderState.FAILED)
    stage.clock.advance(hours=2)
    with pytest.raises(WrongState, match="reminder_too_old"):
        retry(stage, id_)


def test_only_the_site_sends_again_and_calls(stage: Stage) -> None:
    failed = message(stage, state=ReminderState.FAILED)
    with_site = message(stage, state=ReminderState.WITH_SITE, channel=Channel.CALL)
    with pytest.raises(NotAllowed):
        retry(stage, failed, Who.MONITOR)
    with pytest.raises(NotFound):
        retry(stage, failed, Who.FAR_CLINICIAN)
    with pytest.raises(NotAllowed):
        call(stage, with_site, who=Who.MONITOR)
    with pytest.raises(NotFound):
        call(stage, "no such call")


def test_a_call_that_reached_somebody_is_the_last_of_the_evening(stage: Stage) -> None:
    id_ = message(stage, state=ReminderState.WITH_SITE, channel=Channel.CALL)
    later = message(stage, state=ReminderState.PLANNED, channel=Channel.CALL, at=NOW + 60 * MIN)
    call(stage, id_, note="fills it in tonight")
    found = row(stage, id_)
    assert (found.state, found.handed_over_at, found.delivered_at) == ("handed_over", NOW, NOW)
    assert row(stage, later).state == "stopped"
    assert read(stage).calls == ()
    (act,) = acts(stage, "reminder.called")
    assert act["details"]["outcome"] == "reached"
    assert "note" in act["texts"]
    assert "fills" not in str(act)
    with pytest.raises(WrongState, match="called_already"):
        call(stage, id_)


def test_a_call_that_nobody_answered_leaves_the_later_ones(stage: Stage) -> None:
    id_ = message(stage, state=ReminderState.WITH_SITE, channel=Channel.CALL)
    later = message(stage, state=ReminderState.PLANNED, channel=Channel.CALL, at=NOW + 60 * MIN)
    call(stage, id_, "no_answer")
    assert row(stage, id_).delivered_at is None
    assert row(stage, later).state == "planned"
    (evening,) = timeline(stage).evenings
    step = evening.sendings[0].steps[-1]
    assert (step.code, step.detail) == ("called", "no_answer")


def test_a_call_needs_one_of_the_two_answers(stage: Stage) -> None:
    id_ = message(stage, state=ReminderState.WITH_SITE, channel=Channel.CALL)
    with pytest.raises(InvalidInput, match="not_a_choice"):
        call(stage, id_, "maybe")
    with pytest.raises(InvalidInput, match="words_too_many"):
        call(stage, id_, note="x" * 501)


def test_nobody_is_called_for_an_entry_that_is_in(stage: Stage) -> None:
    message(stage, state=ReminderState.WITH_SITE, channel=Channel.CALL)
    assert len(read(stage).calls) == 1
    saved(stage, 1)
    assert read(stage).calls == ()


def test_the_figures_count_each_way_and_hour_once(stage: Stage) -> None:
    assert read(stage).figures.by_channel == ()
    for minutes, way in ((0, Channel.PUSH), (90, Channel.EMAIL)):
        message(stage, at=NOW + minutes * MIN, channel=way, delivered_at=NOW)
    message(stage, Who.OTHER, channel=Channel.PUSH, at=NOW + MIN)
    message(stage, kind=Kind.TEST)
    message(stage, on=LAST_EVENING.date() - 40 * DAY, at=NOW - 41 * DAY)
    opened(stage, 5)
    saved(stage, 100)
    figures = read(stage).figures
    counts = {
        way: (one.handed_over, one.told, one.delivered, one.opened, one.saved)
        for way, one in figures.by_channel
    }
    assert counts == {Channel.PUSH: (2, 2, 1, 1, 0), Channel.EMAIL: (1, 0, 0, 0, 1)}
    assert [(hour, one.handed_over, one.told) for hour, one in figures.by_hour] == [
        (19, 2, 2),
        (21, 1, 0),
    ]


def test_what_happened_is_kept_in_order(stage: Stage) -> None:
    id_ = message(stage, state=ReminderState.FAILED, events=(("failed", "bounced"),))
    retry(stage, id_)
    with stage.database.read() as session:
        told = [one.event for one in reminders.list_events(session, id_)]
    assert told == ["planned", "failed", "retried"]
