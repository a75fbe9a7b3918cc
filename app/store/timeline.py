"""What became of messages, as the desk reads it: of one participant, or of the desk's sites.

Bounded by diary days, so that a query goes by participant and day and never through the history.
What the rows mean is decided in the services.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from app.domain.access import ALL_SITES
from app.domain.reach import Channel
from app.domain.schedule import EVENING, ReminderState
from app.store.tables import (
    Evening,
    Participant,
    Record,
    RecordVersion,
    Reminder,
    ReminderEvent,
)

Evenings = dict[tuple[int, date], datetime]
"""An instant by participant and diary day."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A reminder that is not over, or not well over, with its participant's code and zone."""

    reminder: Reminder
    study_code: str
    site_id: str
    tz: str
    has_entry: bool


@dataclass(frozen=True, slots=True)
class HandedRow:
    """A message that was handed over, and the zone of its participant."""

    participant_id: int
    diary_on: date
    channel: Channel
    tz: str
    handed_over_at: datetime
    is_delivered: bool
    is_tapped: bool


def list_since(session: Session, participant_id: int, since_on: date) -> list[Reminder]:
    """List a participant's messages from a diary day on: the latest day first, each in order."""
    query = (
        select(Reminder)
        .where(Reminder.participant_id == participant_id, Reminder.diary_on >= since_on)
        .order_by(Reminder.diary_on.desc(), Reminder.due_at, Reminder.step)
    )
    return list(session.scalars(query))


def events_by_reminder(session: Session, ids: Collection[str]) -> dict[str, list[ReminderEvent]]:
    """Give what happened to several reminders, each in order."""
    found: defaultdict[str, list[ReminderEvent]] = defaultdict(list)
    query = select(ReminderEvent).where(ReminderEvent.reminder_id.in_(ids))
    for row in session.scalars(query.order_by(ReminderEvent.id)):
        found[row.reminder_id].append(row)
    return found


def opened_since(session: Session, whose: ColumnElement[bool], since_on: date) -> Evenings:
    """Give when the diary was first opened on each evening from a diary day on."""
    query = (
        select(Evening.participant_id, Evening.diary_on, Evening.opened_at)
        .join(Participant, Participant.id == Evening.participant_id)
        .where(whose, Evening.diary_on >= since_on, Evening.opened_at.is_not(None))
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query) if row[2] is not None}


def saved_since(session: Session, whose: ColumnElement[bool], since_on: date) -> Evenings:
    """Give when the diary of each day was first received, voided ones left out."""
    query = (
        select(RecordVersion.participant_id, RecordVersion.diary_on, RecordVersion.received_at)
        .join(Participant, Participant.id == RecordVersion.participant_id)
        .join(Record, Record.record_id == RecordVersion.record_id)
        .where(
            whose,
            RecordVersion.kind == "diary",
            RecordVersion.version == 1,
            RecordVersion.diary_on >= since_on,
            Record.void.is_(False),
        )
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}


def list_queue(
    session: Session,
    sites: Collection[str],
    states: Collection[ReminderState],
    since_on: date,
    limit: int = 2000,
) -> list[QueueRow]:
    """List the messages in some states of these sites from a diary day on, by when they are due."""
    entry = (
        select(Record.record_id)
        .where(
            Record.participant_id == Reminder.participant_id,
            Record.diary_on == Reminder.diary_on,
            Record.kind == "diary",
            Record.void.is_(False),
        )
        .exists()
    )
    query = (
        select(Reminder, Participant.study_code, Participant.site_id, Participant.tz, entry)
        .join(Participant, Participant.id == Reminder.participant_id)
        .where(
            at_sites(sites),
            Reminder.diary_on >= since_on,
            Reminder.state.in_([state.value for state in states]),
        )
        .order_by(Reminder.due_at, Participant.study_code)
        .limit(limit)
    )
    return [QueueRow(*row) for row in session.execute(query)]


def list_handed_over(
    session: Session, sites: Collection[str], since_on: date, limit: int = 200_000
) -> list[HandedRow]:
    """List the evening messages of these sites that were handed over, from a diary day on."""
    query = (
        select(
            Reminder.participant_id,
            Reminder.diary_on,
            Reminder.channel,
            Participant.tz,
            Reminder.handed_over_at,
            Reminder.delivered_at.is_not(None),
            Reminder.tapped_at.is_not(None),
        )
        .join(Participant, Participant.id == Reminder.participant_id)
        .where(
            at_sites(sites),
            Reminder.diary_on >= since_on,
            Reminder.kind.in_(EVENING),
            Reminder.handed_over_at.is_not(None),
        )
        .order_by(Reminder.participant_id, Reminder.diary_on, Reminder.handed_over_at)
        .limit(limit)
    )
    return [
        HandedRow(row[0], row[1], Channel(row[2]), row[3], row[4], bool(row[5]), bool(row[6]))
        for row in session.execute(query)
        if row[4] is not None
    ]


def last_by_channel(session: Session, participant_id: int) -> list[Reminder]:
    """List a participant's latest message of each way that was handed over, arrived or was refused.

    At most three of a way, the latest instants of each kind.
    """
    kinds = (
        (Reminder.handed_over_at, Reminder.handed_over_at.is_not(None)),
        (Reminder.delivered_at, Reminder.delivered_at.is_not(None)),
        (Reminder.due_at, Reminder.state == ReminderState.FAILED.value),
    )
    ranked = [
        select(
            Reminder.id.label("id"),
            func.row_number()
            .over(partition_by=Reminder.channel, order_by=at.desc())
            .label("place"),
        ).where(Reminder.participant_id == participant_id, is_one)
        for at, is_one in kinds
    ]
    places = ranked[0].union_all(*ranked[1:]).subquery()
    query = select(Reminder).where(Reminder.id.in_(select(places.c.id).where(places.c.place == 1)))
    return list(session.scalars(query.order_by(Reminder.due_at)))


def at_sites(sites: Collection[str]) -> ColumnElement[bool]:
    """That a participant is of these sites (`*`: any)."""
    return true() if ALL_SITES in sites else Participant.site_id.in_(sites)


def of_one(participant_id: int) -> ColumnElement[bool]:
    """That it is this participant."""
    return Participant.id == participant_id
