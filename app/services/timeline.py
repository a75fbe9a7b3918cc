"""The timeline of one participant's messages: the way of each and how far it got, by evening.

A fixed number of queries. Nothing is guessed: a stage stands here when somebody reported it, and an
opening or a save counts for the last message that went before it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TypeVar

from app.domain.access import Actor, Permission
from app.domain.diary_day import local_date
from app.domain.reach import Channel
from app.domain.schedule import EVENING, ReminderState
from app.services.participants import get_permitted
from app.store import participants, timeline
from app.store.session import Session
from app.store.tables import Participant, Reminder, ReminderEvent
from app.store.timeline import HandedRow

Sent = TypeVar("Sent", Reminder, HandedRow)
SHOWN_EVENINGS = 14
_OVER = {
    ReminderState.FAILED.value,
    ReminderState.EXPIRED.value,
    ReminderState.STOPPED.value,
}
_TOLD = frozenset({"put_off", "rerouted", "moved", "with_site", "called", "snoozed", "retried"})
"""Events that are stages of their own; the others have their instants in the row."""


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a message: its code, when, and a code that says more; no instant when ahead."""

    code: str
    at: datetime | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """One message: what for, its way, where it stands, and its stages in order."""

    reminder_id: str
    kind: str
    channel: Channel
    due_at: datetime
    state: ReminderState
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class TimelineEvening:
    """A diary day with its messages in order; the instants are null while nothing came."""

    diary_on: date
    opened_at: datetime | None
    saved_at: datetime | None
    sendings: tuple[Sending, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A participant's last evenings that had messages, the latest first."""

    person: Participant
    evenings: tuple[TimelineEvening, ...]


def read_timeline(session: Session, *, actor: Actor, study_code: str, now: datetime) -> Timeline:
    """Read the messages of the last 14 evenings; NotFound out of scope, NotAllowed within it."""
    person = get_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.SEE_COHORT
    )
    today = local_date(now, participants.list_zones(session, person.id))
    since_on = today - timedelta(days=SHOWN_EVENINGS - 1)
    rows = timeline.list_since(session, person.id, since_on)
    events = timeline.events_by_reminder(session, [row.id for row in rows])
    own = timeline.of_one(person.id)
    opened = timeline.opened_since(session, own, since_on)
    saved = timeline.saved_since(session, own, since_on)
    return Timeline(
        person,
        tuple(
            _evening(
                on, list(some), events, opened.get((person.id, on)), saved.get((person.id, on))
            )
            for on, some in groupby(rows, key=lambda row: row.diary_on)
        ),
    )


def _evening(
    on: date,
    rows: Sequence[Reminder],
    events: Mapping[str, Sequence[ReminderEvent]],
    opened_at: datetime | None,
    saved_at: datetime | None,
) -> TimelineEvening:
    asked = [row for row in rows if row.kind in EVENING]
    by_opening, by_saving = last_before(asked, opened_at), last_before(asked, saved_at)
    sendings = []
    for row in rows:
        steps = list(_steps(row, events.get(row.id, ())))
        if row is by_opening:
            steps.append(Step("opened", opened_at))
        if row is by_saving:
            steps.append(Step("saved", saved_at))
        steps.sort(key=lambda step: (step.at is None, step.at))
        state = ReminderState(row.state)
        sendings.append(
            Sending(row.id, row.kind, Channel(row.channel), row.due_at, state, tuple(steps))
        )
    return TimelineEvening(on, opened_at, saved_at, tuple(sendings))


def last_before(rows: Sequence[Sent], at: datetime | None) -> Sent | None:
    """The message that an opening or a save may have followed: the last that had gone by then."""
    if at is None:
        return None
    gone = [(row.handed_over_at, row) for row in rows if row.handed_over_at is not None]
    before = [one for one in gone if one[0] <= at]
    # Of those that went together, the later in order.
    return max(reversed(before), key=lambda one: one[0])[1] if before else None


def _steps(row: Reminder, events: Sequence[ReminderEvent]) -> Iterator[Step]:
    """The stages that are known of a message itself; the first says for when it is, or was, due."""
    yield Step("planned", row.due_at)
    for event in events:
        if event.event in _TOLD or event.event in _OVER:
            yield Step(event.event, event.at, event.detail)
    for code, at in (
        ("handed_over", row.handed_over_at if row.channel != Channel.CALL else None),
        ("delivered", row.delivered_at if row.channel != Channel.CALL else None),
        ("tapped", row.tapped_at),
    ):
        if at is not None:
            yield Step(code, at)
    if row.state == ReminderState.PLANNED and row.attempts:
        yield Step("next_try", row.ready_at)
