"""Whether the diary can reach a participant: the address without its letters, and test messages.

A test message goes the way of every reminder, through the same table and the same scheduler, so
that its arrival proves the way. The rule kept: an address leaves the process only as mail.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.access import Actor
from app.domain.diary_day import local_date
from app.domain.errors import NotFound, WrongState
from app.domain.schedule import TEST, ReminderState
from app.services.deployment import Deployment
from app.services.participants import open_contact
from app.services.reminders import EMAIL
from app.store import ledger, participants, reminders
from app.store.reminders import NewReminder
from app.store.session import Session
from app.store.tables import Reminder

TESTS_A_DAY = 3
USEFUL_FOR = timedelta(minutes=10)
_KEPT = 3


class Delivery(StrEnum):
    """How far a test message got; what is still planned after ten minutes has failed."""

    ON_ITS_WAY = "on_its_way"
    HANDED_OVER = "handed_over"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LastTest:
    """A test message: when it was asked for, how far it got, and when that was known."""

    asked_at: datetime
    delivery: Delivery
    known_at: datetime | None


def masked_email(session: Session, deployment: Deployment, participant_id: int) -> str | None:
    """The reminder address as its owner recognises it and nobody else: m…@exa…; None for none."""
    try:
        address = open_contact(session, deployment, participant_id)
    except ValueError:
        return None
    if address is None:
        return None
    name, _, host = address.rpartition("@")
    return f"{name[:1]}…@{host[: min(_KEPT, len(host) // 2)]}…"


def ask_test(session: Session, *, deployment: Deployment, actor: Actor, now: datetime) -> None:
    """Queue a message that is due at once.

    Raises WrongState without an address, and for a fourth message on one day.
    """
    if actor.participant_id is None:
        raise NotFound("not_found")
    person = participants.lock_participant(session, actor.participant_id)
    if masked_email(session, deployment, person.id) is None:
        raise WrongState("no_address", field="test")
    on = local_date(now, participants.list_zones(session, person.id))
    sent = reminders.list_tests(session, person.id, on)
    if len(sent) >= TESTS_A_DAY:
        raise WrongState("tests_enough", field="test", number=TESTS_A_DAY)
    step = f"{TEST}-{len(sent) + 1}"
    planned = NewReminder(person.id, on, step, EMAIL, now, now + USEFUL_FOR)
    reminders.add_planned(session, [planned], now)
    ledger.queue_act(
        session,
        actor=actor,
        op="participant.test_asked",
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"channel": EMAIL, "step": step},
    )


def find_last_test(session: Session, *, participant_id: int, now: datetime) -> LastTest | None:
    """Find the latest test message of a participant's last day, and how far it got."""
    row = reminders.find_last_test(session, participant_id, now - timedelta(days=1))
    if row is None:
        return None
    events = reminders.list_events(session, row.id)
    return LastTest(row.due_at, _delivery(row, now), events[-1].at if events else None)


def _delivery(row: Reminder, now: datetime) -> Delivery:
    if row.state == ReminderState.HANDED_OVER:
        return Delivery.HANDED_OVER
    is_open = row.state in (ReminderState.PLANNED, ReminderState.IN_HAND)
    return Delivery.ON_ITS_WAY if is_open and now < row.useful_until_at else Delivery.FAILED
