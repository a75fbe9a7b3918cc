"""The hand: reminders taken from a lane, each looked at anew: whether it goes, and by which way.

The rule kept: what is decided here holds at the moment of sending, whatever was true when the
reminder was planned. Nothing is sent here.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.reach import Channel
from app.domain.schedule import EVENING, Kind, ReminderState
from app.services.deployment import Deployment
from app.services.ports import Mail, Push, Sms
from app.services.reach import next_channel
from app.services.reminders import situation, wording
from app.services.reminders.planning import steps_of
from app.services.reminders.situation import Situation
from app.services.tokens import new_token, token_hash
from app.store import reminders
from app.store.session import Session
from app.store.tables import Reminder

LEASE = timedelta(minutes=5)
"""How long a message stays in a silent hand; longer than any conversation with a server."""
SITE = "site"
"""Who has a call in hand."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One reminder in hand, with the message to each of its addresses."""

    reminder_id: str
    messages: tuple[Mail | Sms | Push, ...]


@dataclass(frozen=True, slots=True)
class Hand:
    """What was taken in hand; `examined` counts also what turned out not to be wanted."""

    examined: int
    errands: tuple[Errand, ...] = ()


def take_in_hand(
    session: Session,
    *,
    deployment: Deployment,
    channel: Channel,
    worker: str,
    limit: int,
    now: datetime,
) -> Hand:
    """Take up to `limit` ready reminders of a channel in hand; end those that nobody wants."""
    rows = reminders.list_ready(session, channel, now, limit) if limit else []
    if not rows:
        return Hand(0)
    known = situation.look(session, deployment, rows, now)
    errands = [errand for row in rows if (errand := _consider(session, known, row, worker))]
    session.flush()
    return Hand(len(rows), tuple(errands))


def _consider(session: Session, known: Situation, row: Reminder, worker: str) -> Errand | None:
    """Take one reminder in hand, unless it is over, comes later, or goes another way."""
    if row.state == ReminderState.IN_HAND:
        reminders.add_event(session, row.id, event="abandoned", now=known.now)
    if stop := known.stop(row):
        end(session, row, *stop, known.now)
        return None
    if _is_moved(session, known, row):
        return None
    way = _way(known, row)
    if way != row.channel:
        _send_by(session, known, row, way)
        return None
    if way is Channel.CALL:
        _give_to_site(session, known, row)
        return None
    return _errand(known, row, worker)


def _is_moved(session: Session, known: Situation, row: Reminder) -> bool:
    """Whether the step has another time now, after a change of zone or preference."""
    if row.kind != Kind.DIARY:
        return False
    day, person = known.day(row), known.people[row.participant_id]
    steps = steps_of(known.deployment.study, day, person.reminder_at)
    if row.step not in steps:
        end(session, row, ReminderState.STOPPED, "step_dropped", known.now)
        return True
    due_at = steps[row.step].due_at
    if due_at <= known.now:
        return False
    later = [step.due_at for step in steps.values() if step.due_at > due_at]
    if day.window is not None:
        row.useful_until_at = min([*later, day.window.closes_at])
    if row.due_at != due_at:
        reminders.add_event(session, row.id, event="moved", now=known.now)
    row.state, row.due_at, row.ready_at = ReminderState.PLANNED.value, due_at, due_at
    return True


def _way(known: Situation, row: Reminder) -> Channel:
    """By which way a reminder goes now. A test goes by the one that it tries."""
    ways = known.ways[row.participant_id]
    if row.kind == Kind.TEST:
        return Channel(row.channel) if row.channel in ways.channels else Channel.CALL
    return next_channel(ways, known.others(row), known.now)


def _send_by(session: Session, known: Situation, row: Reminder, way: Channel) -> None:
    """Leave a reminder to the lane of another way; nobody is called for a test or a notice."""
    if way is Channel.CALL and row.kind not in EVENING:
        end(session, row, ReminderState.FAILED, "no_address", known.now)
        return
    row.channel, row.ready_at = way.value, known.now
    row.state, row.claimed_by = ReminderState.PLANNED.value, None
    reminders.add_event(session, row.id, event="rerouted", now=known.now, detail=way.value)


def _give_to_site(session: Session, known: Situation, row: Reminder) -> None:
    """Ask the site to call, once an evening, until the window closes."""
    others = known.others(row)
    if any(other.state == ReminderState.WITH_SITE for other in others):
        end(session, row, ReminderState.STOPPED, "called", known.now)
        return
    window = known.day(row).window
    if window is not None:
        row.useful_until_at = window.closes_at
    if row.state != ReminderState.WITH_SITE:
        reminders.add_event(session, row.id, event="with_site", now=known.now)
    row.state, row.claimed_by = ReminderState.WITH_SITE.value, SITE
    row.ready_at = row.useful_until_at


def _errand(known: Situation, row: Reminder, worker: str) -> Errand:
    row.state, row.claimed_by = ReminderState.IN_HAND.value, worker
    row.ready_at = known.now + LEASE
    row.attempts += 1
    return Errand(row.id, _messages(known, row))


def _messages(known: Situation, row: Reminder) -> tuple[Mail | Sms | Push, ...]:
    """Write the message to each address of the way that was chosen."""
    deployment, person = known.deployment, known.people[row.participant_id]
    ways = known.ways[person.id]
    if row.channel == Channel.EMAIL and ways.email:
        return (wording.mail(deployment, person, row, ways.email, known.now),)
    if row.channel == Channel.SMS and ways.phone:
        return (wording.sms(deployment, person, row, ways.phone),)
    token = new_token()
    row.receipt_hash = token_hash(token)
    snoozes = wording.snoozes_left(row, known.day(row), known.count_sent(row), known.now)
    payload = wording.notification(deployment, person, row, receipt=token, snoozes=snoozes)
    return tuple(
        wording.push(row, to=subscription, payload=payload, now=known.now)
        for subscription in ways.subscriptions
    )


def end(session: Session, row: Reminder, state: ReminderState, detail: str, now: datetime) -> None:
    """End a reminder, for a reason."""
    row.state = state.value
    row.ready_at = row.claimed_by = None
    reminders.add_event(session, row.id, event=state.value, now=now, detail=detail)
