"""Whether the diary can reach a participant: the address without its letters, and test messages.

A test message goes the way of every reminder, through the same table and the same scheduler, so
that its arrival proves the way. The rule kept: an address leaves the process only as mail.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.access import ALL_SITES, Actor, Permission, Role, require
from app.domain.diary_day import local_date
from app.domain.errors import NotFound, WrongState
from app.domain.participant import OVER
from app.domain.reach import Channel
from app.domain.schedule import Kind, ReminderState
from app.services import reach
from app.services.contacts import mask_email, mask_phone
from app.services.deployment import Deployment
from app.services.reminders.planning import first_channel
from app.store import ledger, participants, reminders, subscriptions
from app.store.reminders import NewReminder
from app.store.session import Session
from app.store.tables import Participant, Reminder

TESTS_A_DAY = 3
USEFUL_FOR = timedelta(minutes=10)


class Delivery(StrEnum):
    """How far a test message got; what is still planned after ten minutes has failed."""

    ON_ITS_WAY = "on_its_way"
    HANDED_OVER = "handed_over"
    ARRIVED = "arrived"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LastTest:
    """A test message: its way, when it was asked for, how far it got, when that was known."""

    channel: Channel
    asked_at: datetime
    delivery: Delivery
    known_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownWays:
    """The ways to somebody as they recognise them and nobody else; `first` is tried first.

    `is_pushed_here` says whether this device takes push messages, `has_push` whether any does.
    """

    email: str | None
    phone: str | None
    is_pushed_here: bool
    has_push: bool
    first: Channel


def find_known_ways(session: Session, *, deployment: Deployment, actor: Actor) -> KnownWays:
    """Give how the acting participant is reached."""
    if actor.participant_id is None:
        raise NotFound("not_found")
    ways = reach.ways_of(session, deployment, actor.participant_id)
    return KnownWays(
        email=mask_email(ways.email),
        phone=mask_phone(ways.phone),
        is_pushed_here=is_pushed_here(session, actor),
        has_push=Channel.PUSH in ways.channels,
        first=first_channel(ways),
    )


def is_pushed_here(session: Session, actor: Actor) -> bool:
    """Whether the acting participant's device takes push messages."""
    live = subscriptions.list_live_of(session, [actor.participant_id or 0])
    return any(row.device_id == actor.device_id for row in live)


def ask_test(session: Session, *, deployment: Deployment, actor: Actor, now: datetime) -> None:
    """Queue a message that is due at once, by the way that the next reminder would go first.

    Raises WrongState when no way is known, and for a fourth message on one day.
    """
    if actor.participant_id is None:
        raise NotFound("not_found")
    person = participants.lock_participant(session, actor.participant_id)
    _ask_test(session, deployment, (actor, actor.role()), person, now)


def ask_test_for(
    session: Session, *, deployment: Deployment, actor: Actor, study_code: str, now: datetime
) -> None:
    """Queue a test message for a participant, as the site, which may manage that participant.

    Raises WrongState as `ask_test` does, and when the participant's course is over.
    """
    person = participants.get_by_code(session, study_code, frozenset({ALL_SITES}))
    role = require(actor, Permission.MANAGE_PARTICIPANT, person.site_id)
    person = participants.lock_participant(session, person.id)
    if person.state in OVER:
        raise WrongState("not_in_this_state", field="test")
    _ask_test(session, deployment, (actor, role), person, now)


def _ask_test(
    session: Session,
    deployment: Deployment,
    who: tuple[Actor, Role],
    person: Participant,
    now: datetime,
) -> None:
    channel = first_channel(reach.ways_of(session, deployment, person.id))
    if channel is Channel.CALL:
        raise WrongState("no_address", field="test")
    on = local_date(now, participants.list_zones(session, person.id))
    sent = reminders.list_tests(session, person.id, on)
    if len(sent) >= TESTS_A_DAY:
        raise WrongState("tests_enough", field="test", number=TESTS_A_DAY)
    step = f"{Kind.TEST}-{len(sent) + 1}"
    planned = NewReminder(person.id, on, Kind.TEST, step, channel, now, now + USEFUL_FOR)
    reminders.add_planned(session, [planned], now)
    ledger.queue_act(
        session,
        actor=who[0],
        op="participant.test_asked",
        role=who[1],
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"channel": channel, "step": step},
    )


def find_last_test(session: Session, *, participant_id: int, now: datetime) -> LastTest | None:
    """Find the latest test message of a participant's last day, and how far it got."""
    row = reminders.find_last_test(session, participant_id, now - timedelta(days=1))
    if row is None:
        return None
    events = reminders.list_events(session, row.id)
    known_at = events[-1].at if events else None
    return LastTest(Channel(row.channel), row.due_at, _delivery(row, now), known_at)


def _delivery(row: Reminder, now: datetime) -> Delivery:
    if row.delivered_at is not None:
        return Delivery.ARRIVED
    if row.state == ReminderState.HANDED_OVER:
        return Delivery.HANDED_OVER
    is_open = row.state in (ReminderState.PLANNED, ReminderState.IN_HAND)
    return Delivery.ON_ITS_WAY if is_open and now < row.useful_until_at else Delivery.FAILED
