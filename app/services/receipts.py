"""What comes back about a message that was handed over: the SMS gateway's word, a returned mail.

The same word again changes nothing. What arrived stays arrived, and what was refused for good is
failed, whoever had it in hand: a lost telephone number is evidence about the evening.
"""

import re
from datetime import datetime

from app.domain.errors import InvalidInput, NotFound
from app.domain.reach import Channel
from app.domain.schedule import ReminderState
from app.store import reminders
from app.store.session import Session
from app.store.tables import Reminder

DELIVERED, FAILED = "delivered", "failed"
_KEY = re.compile(r"[0-9a-f-]{36}")


def note_report(session: Session, *, reference: str, status: str, now: datetime) -> None:
    """Note what the SMS gateway says of a text: `delivered` or `failed`.

    Raises NotFound for a reference that is no text of ours, InvalidInput for another status.
    """
    if status not in (DELIVERED, FAILED):
        raise InvalidInput("not_a_choice", field="status")
    row = _sent_by(session, reference, Channel.SMS, "reference")
    if row.delivered_at is not None:
        return
    if status == FAILED:
        _refuse(session, row, "sms", now)
        return
    row.delivered_at = now
    if row.state == ReminderState.FAILED and row.handed_over_at is not None:
        row.state = ReminderState.HANDED_OVER.value
    reminders.add_event(session, row.id, event="delivered", now=now)
    session.flush()


def note_bounce(session: Session, *, key: str, status: str, now: datetime) -> None:
    """Note a returned mail: 5.x.x fails the message, anything else says that it is delayed.

    Raises NotFound for a mail that is none of ours.
    """
    row = _sent_by(session, key, Channel.EMAIL, "key")
    if status.startswith("5"):
        _refuse(session, row, status, now)
    elif row.state != ReminderState.FAILED:
        reminders.add_event(session, row.id, event="delayed", now=now, detail=status)
        session.flush()


def _sent_by(session: Session, reminder_id: str, channel: Channel, field: str) -> Reminder:
    row = reminders.find_reminder(session, reminder_id) if _KEY.fullmatch(reminder_id) else None
    if row is None or row.channel != channel or not row.attempts:
        raise NotFound("not_found", field=field)
    return row


def _refuse(session: Session, row: Reminder, detail: str, now: datetime) -> None:
    if row.state == ReminderState.FAILED:
        return
    row.state = ReminderState.FAILED.value
    row.ready_at = row.claimed_by = None
    reminders.add_event(session, row.id, event="bounced", now=now, detail=detail)
    session.flush()
