"""Reminders in the database: who has none planned yet, which are ready, what became of each.

The unique key (participant, diary day, step) makes planning repeatable; a row lock that others
skip makes taking in hand exclusive. On SQLite, a write transaction is alone in any case.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.diary_day import ZoneSpan
from app.domain.participant import REMINDED
from app.domain.reach import Channel
from app.domain.schedule import EVENING, Kind, Pause, ReminderState
from app.store.tables import (
    Base,
    Heartbeat,
    MesotherapySession,
    Participant,
    ParticipantPause,
    ParticipantZone,
    Reminder,
    ReminderEvent,
)

_OF_EVENING = Reminder.kind.in_(EVENING)
_IS_TEST = Reminder.kind == Kind.TEST


@dataclass(frozen=True, slots=True)
class NewReminder:
    """A reminder to plan. It is of use in [due_at, useful_until_at)."""

    participant_id: int
    diary_on: date
    kind: Kind
    step: str
    channel: Channel
    due_at: datetime
    useful_until_at: datetime


def list_zones_in_use(session: Session) -> list[str]:
    """List the zones that reminded participants are in."""
    query = select(Participant.tz).where(Participant.state.in_(REMINDED)).distinct()
    return sorted(session.scalars(query))


def list_unplanned(
    session: Session, tz: str, diary_on: date, *, after: int, limit: int
) -> list[Participant]:
    """List the reminded participants in a zone who have no reminder for this diary day.

    In the order of their keys: the first `limit` after the key `after`.
    """
    has_one = exists().where(
        Reminder.participant_id == Participant.id,
        Reminder.diary_on == diary_on,
        Reminder.kind == Kind.DIARY.value,
    )
    return list(
        session.scalars(
            select(Participant)
            .where(
                Participant.state.in_(REMINDED),
                Participant.tz == tz,
                Participant.id > after,
                Participant.first_diary_on <= diary_on,
                Participant.last_diary_on >= diary_on,
                ~has_one,
            )
            .order_by(Participant.id)
            .limit(limit)
        )
    )


def list_unnoticed(
    session: Session, tz: str, on: date, step: str, wanted: ColumnElement[bool]
) -> list[int]:
    """List the keys of reminded participants in a zone for whom `wanted` holds and who have no
    notice of this name on this date.
    """
    has_one = exists().where(
        Reminder.participant_id == Participant.id, Reminder.diary_on == on, Reminder.step == step
    )
    query = select(Participant.id).where(
        Participant.state.in_(REMINDED), Participant.tz == tz, wanted, ~has_one
    )
    return list(session.scalars(query.order_by(Participant.id)))


def opens_on(day: date) -> ColumnElement[bool]:
    """That a participant's first diary day is this date."""
    return Participant.first_diary_on == day


def has_session_on(day: date) -> ColumnElement[bool]:
    """That a session of a participant is dated on this date."""
    return exists().where(
        MesotherapySession.participant_id == Participant.id, MesotherapySession.held_on == day
    )


def spans_by_participant(session: Session, ids: Collection[int]) -> dict[int, list[ZoneSpan]]:
    """Give the zones of several participants, each in order."""
    found: dict[int, list[ZoneSpan]] = {id_: [] for id_ in ids}
    query = (
        select(ParticipantZone)
        .where(ParticipantZone.participant_id.in_(ids))
        .order_by(ParticipantZone.from_at)
    )
    for row in session.scalars(query):
        found[row.participant_id].append(ZoneSpan(row.from_at, row.tz))
    return found


def pauses_by_participant(session: Session, ids: Collection[int]) -> dict[int, list[Pause]]:
    """Give the pauses of several participants."""
    found: dict[int, list[Pause]] = {id_: [] for id_ in ids}
    query = select(ParticipantPause).where(ParticipantPause.participant_id.in_(ids))
    for row in session.scalars(query):
        found[row.participant_id].append(Pause(row.from_on, row.until_on))
    return found


def add_planned(session: Session, planned: Iterable[NewReminder], now: datetime) -> int:
    """Plan reminders, leaving out those that somebody planned already; give how many are new."""
    rows = [
        {
            "id": str(uuid.uuid4()),
            "participant_id": new.participant_id,
            "diary_on": new.diary_on,
            "kind": new.kind.value,
            "step": new.step,
            "channel": new.channel.value,
            "due_at": new.due_at,
            "useful_until_at": new.useful_until_at,
            "ready_at": new.due_at,
            "state": ReminderState.PLANNED.value,
            "attempts": 0,
        }
        for new in planned
    ]
    if not rows:
        return 0
    new_ones = _insert(session, Reminder).on_conflict_do_nothing(
        index_elements=["participant_id", "diary_on", "step"]
    )
    ids = list(session.scalars(new_ones.returning(Reminder.id), rows))
    if ids:
        events = [{"reminder_id": id_, "at": now, "event": "planned", "detail": ""} for id_ in ids]
        session.execute(insert(ReminderEvent), events)
    return len(ids)


def _insert(session: Session, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """Begin an insert that says what to do about a row that is there already."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def has_ready(session: Session, channel: Channel, now: datetime) -> bool:
    """Whether anything waits to be taken in hand for this channel."""
    query = select(Reminder.id).where(Reminder.channel == channel.value, Reminder.ready_at <= now)
    return session.scalar(query.limit(1)) is not None


def list_ready(session: Session, channel: Channel, now: datetime, limit: int) -> list[Reminder]:
    """List reminders to take in hand, longest ready first, and hold them; others' are skipped."""
    return list(
        session.scalars(
            select(Reminder)
            .where(Reminder.channel == channel.value, Reminder.ready_at <= now)
            .order_by(Reminder.ready_at, Reminder.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


def find_ready_since(session: Session) -> datetime | None:
    """Since when the longest waiting reminder is ready to be taken in hand, or will be."""
    return session.scalar(select(func.min(Reminder.ready_at)))


def list_in_hand(session: Session, ids: Collection[str], worker: str) -> dict[str, Reminder]:
    """Give and hold those of some reminders that this worker still has in hand, by their ids."""
    rows = session.scalars(
        select(Reminder)
        .where(
            Reminder.id.in_(ids),
            Reminder.state == ReminderState.IN_HAND.value,
            Reminder.claimed_by == worker,
        )
        .order_by(Reminder.id)
        .with_for_update()
    )
    return {row.id: row for row in rows}


def evenings_of(
    session: Session, ids: Collection[int], days: Collection[date]
) -> dict[tuple[int, date], list[Reminder]]:
    """Give the reminders of several evenings by participant and diary day, each in order."""
    query = (
        select(Reminder)
        .where(Reminder.participant_id.in_(ids), Reminder.diary_on.in_(days), _OF_EVENING)
        .order_by(Reminder.due_at, Reminder.step)
    )
    found: defaultdict[tuple[int, date], list[Reminder]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.participant_id, row.diary_on].append(row)
    return found


def list_evening(session: Session, participant_id: int, diary_on: date) -> list[Reminder]:
    """List what reminds a participant of one evening's diary, in order."""
    return evenings_of(session, [participant_id], [diary_on])[participant_id, diary_on]


def list_reminders(session: Session, participant_id: int, diary_on: date) -> list[Reminder]:
    """List every message of a participant's diary day in order."""
    return list(
        session.scalars(
            select(Reminder)
            .where(Reminder.participant_id == participant_id, Reminder.diary_on == diary_on)
            .order_by(Reminder.due_at)
        )
    )


def find_reminder(session: Session, reminder_id: str) -> Reminder | None:
    """Find and hold a reminder by its id."""
    return session.scalar(select(Reminder).where(Reminder.id == reminder_id).with_for_update())


def find_by_receipt(session: Session, receipt_hash: str) -> Reminder | None:
    """Find and hold the reminder that carried a token."""
    query = select(Reminder).where(Reminder.receipt_hash == receipt_hash)
    return session.scalar(query.with_for_update())


def look_again(session: Session, participant_id: int, now: datetime) -> None:
    """Let what is planned for a participant be looked at anew: when and whether it is due."""
    session.execute(
        update(Reminder)
        .where(
            Reminder.participant_id == participant_id,
            Reminder.state == ReminderState.PLANNED.value,
            Reminder.ready_at > now,
        )
        .values(ready_at=now)
    )


def list_tests(session: Session, participant_id: int, on: date) -> list[Reminder]:
    """List the test messages that a participant asked for on a date, in order."""
    return list(
        session.scalars(
            select(Reminder)
            .where(Reminder.participant_id == participant_id, Reminder.diary_on == on, _IS_TEST)
            .order_by(Reminder.due_at, Reminder.step)
        )
    )


def find_last_test(session: Session, participant_id: int, since: datetime) -> Reminder | None:
    """Find the latest test message that a participant asked for since an instant."""
    return session.scalar(
        select(Reminder)
        .where(Reminder.participant_id == participant_id, Reminder.due_at >= since, _IS_TEST)
        .order_by(Reminder.due_at.desc(), Reminder.step.desc())
        .limit(1)
    )


def add_event(
    session: Session, reminder_id: str, *, event: str, now: datetime, detail: str = ""
) -> None:
    """Note what happened to a reminder; `detail` is a code, never an address."""
    session.add(ReminderEvent(reminder_id=reminder_id, at=now, event=event, detail=detail))


def list_events(session: Session, reminder_id: str) -> list[ReminderEvent]:
    """List what happened to a reminder, in order."""
    return list(
        session.scalars(
            select(ReminderEvent)
            .where(ReminderEvent.reminder_id == reminder_id)
            .order_by(ReminderEvent.id)
        )
    )


def beat(session: Session, name: str, now: datetime) -> None:
    """Note that a part of the service is at work."""
    beating = _insert(session, Heartbeat).values(name=name, at=now)
    session.execute(
        beating.on_conflict_do_update(index_elements=["name"], set_={"at": beating.excluded.at})
    )


def find_heartbeat(session: Session, name: str) -> datetime | None:
    """Find when a part of the service was last seen at work."""
    row = session.get(Heartbeat, name)
    return row.at if row else None
