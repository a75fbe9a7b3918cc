"""The queue of messages at the desk: what waits, what was put off, what failed, whom to call.

Rules kept: a failed message is sent again only while it is of use, and a call stands in the
timeline like any other message.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.access import Actor, Permission, require, require_anywhere
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.participant import REMINDED
from app.domain.reach import Channel
from app.domain.schedule import ReminderState
from app.services.arrivals import Figures, read_figures
from app.store import ledger, participants, reminders, timeline
from app.store.session import Session
from app.store.tables import Participant, Reminder, ReminderEvent
from app.store.timeline import QueueRow

SHOWN_DAYS = 7
LONGEST_NOTE = 500


class CallOutcome(StrEnum):
    """How a call went: somebody spoke with the participant, or nobody answered."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class Queued:
    """A message in the queue: whose, its way, when it is due or next tried, and what went wrong.

    `ended_at` is when it failed or expired; `is_useful` whether it could still be sent.
    """

    reminder_id: str
    study_code: str
    site_id: str
    tz: str
    kind: str
    channel: Channel
    due_at: datetime
    next_at: datetime | None
    attempts: int
    detail: str
    ended_at: datetime | None
    is_useful: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """The messages of the actor's sites; failed and expired ones are those of the last days."""

    calls: tuple[Queued, ...]
    waiting: tuple[Queued, ...]
    in_hand: tuple[Queued, ...]
    put_off: tuple[Queued, ...]
    failed: tuple[Queued, ...]
    expired: tuple[Queued, ...]
    figures: Figures


def read_queue(session: Session, *, actor: Actor, now: datetime) -> Queue:
    """Read the queue of the sites whose cohort the actor may see; a fixed number of queries."""
    require_anywhere(actor, Permission.SEE_COHORT)
    sites = actor.sites_with(Permission.SEE_COHORT)
    since_on = (now - timedelta(days=SHOWN_DAYS)).date()
    states = [state for state in ReminderState if state not in _SETTLED]
    rows = timeline.list_queue(session, sites, states, since_on)
    events = timeline.events_by_reminder(session, [row.reminder.id for row in rows])
    found: dict[str, list[Queued]] = {place: [] for place in _PLACES}
    for row in rows:
        place = _place(row, now)
        if place is not None:
            found[place].append(_queued(row, events.get(row.reminder.id, ()), now))
    lists = {place: tuple(some) for place, some in found.items()}
    return Queue(**lists, figures=read_figures(session, sites, now))


_SETTLED = frozenset({ReminderState.HANDED_OVER, ReminderState.STOPPED})
_PLACES = ("calls", "waiting", "in_hand", "put_off", "failed", "expired")


def _place(row: QueueRow, now: datetime) -> str | None:
    """Where a message stands in the queue; None for one that nobody has to look at."""
    reminder = row.reminder
    match ReminderState(reminder.state):
        case ReminderState.PLANNED if reminder.attempts:
            return "put_off"
        case ReminderState.PLANNED:
            return "waiting" if reminder.due_at <= now else None
        case ReminderState.WITH_SITE:
            return "calls" if now < reminder.useful_until_at and not row.has_entry else None
        case state:
            return state.value


def _queued(row: QueueRow, events: Sequence[ReminderEvent], now: datetime) -> Queued:
    reminder = row.reminder
    told = [event for event in events if event.event in (reminder.state, "put_off")]
    last = told[-1] if told else None
    is_over = reminder.state in (ReminderState.FAILED, ReminderState.EXPIRED)
    return Queued(
        reminder_id=reminder.id,
        study_code=row.study_code,
        site_id=row.site_id,
        tz=row.tz,
        kind=reminder.kind,
        channel=Channel(reminder.channel),
        due_at=reminder.due_at,
        next_at=reminder.ready_at if not is_over else None,
        attempts=reminder.attempts,
        detail=last.detail if last else "",
        ended_at=last.at if last and is_over else None,
        is_useful=now < reminder.useful_until_at and not row.has_entry,
    )


def retry(session: Session, *, actor: Actor, reminder_id: str, now: datetime) -> None:
    """Put a failed message back, to be sent now.

    Raises WrongState when it did not fail, or is of no use any more.
    """
    row, person = _held(session, reminder_id)
    role = require(actor, Permission.MANAGE_PARTICIPANT, person.site_id)
    if row.state != ReminderState.FAILED:
        raise WrongState("reminder_not_failed")
    if now >= row.useful_until_at or person.state not in REMINDED:
        raise WrongState("reminder_too_old")
    row.state, row.ready_at = ReminderState.PLANNED.value, now
    row.attempts, row.claimed_by = 0, None
    reminders.add_event(session, row.id, event="retried", now=now)
    ledger.queue_act(
        session,
        actor=actor,
        op="reminder.retried",
        role=role,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details=_details(row),
    )


def note_call(
    session: Session,
    *,
    actor: Actor,
    reminder_id: str,
    outcome: str,
    note: str,
    now: datetime,
) -> None:
    """Note that a participant was called. Whoever was reached is not called again this evening.

    Raises InvalidInput for another outcome or a long note, WrongState when somebody called already
    or the evening is over.
    """
    row, person = _held(session, reminder_id)
    role = require(actor, Permission.MANAGE_PARTICIPANT, person.site_id)
    if outcome not in tuple(CallOutcome):
        raise InvalidInput("not_a_choice", field="outcome")
    if len(note) > LONGEST_NOTE:
        raise InvalidInput("words_too_many", field="note", characters=LONGEST_NOTE)
    if row.state != ReminderState.WITH_SITE:
        raise WrongState("called_already")
    _hand_over(session, row, outcome, now)
    if outcome == CallOutcome.REACHED:
        row.delivered_at = now
        _call_off(session, row, now)
    ledger.queue_act(
        session,
        actor=actor,
        op="reminder.called",
        role=role,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={**_details(row), "outcome": outcome},
        texts={"note": note.strip()} if note.strip() else None,
    )


def _hand_over(session: Session, row: Reminder, outcome: str, now: datetime) -> None:
    row.state, row.handed_over_at = ReminderState.HANDED_OVER.value, now
    row.ready_at = row.claimed_by = None
    reminders.add_event(session, row.id, event="called", now=now, detail=outcome)


def _call_off(session: Session, row: Reminder, now: datetime) -> None:
    """End the evening's other calls, planned or waiting."""
    for other in reminders.list_evening(session, row.participant_id, row.diary_on):
        is_open = other.state in (ReminderState.PLANNED, ReminderState.WITH_SITE)
        if other.id != row.id and is_open and other.channel == Channel.CALL:
            other.state, other.ready_at = ReminderState.STOPPED.value, None
            other.claimed_by = None
            reminders.add_event(session, other.id, event="stopped", now=now, detail="called")


def _details(row: Reminder) -> Mapping[str, str]:
    return {"diary_on": row.diary_on.isoformat(), "step": row.step, "channel": row.channel}


def _held(session: Session, reminder_id: str) -> tuple[Reminder, Participant]:
    row = reminders.find_reminder(session, reminder_id)
    if row is None:
        raise NotFound("not_found")
    return row, participants.get_participant(session, row.participant_id)
