"""Outcomes: what is over, what is tried again and when, and what the ledger says of it.

The rule kept: the word of a scheduler counts only for what it still has in hand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.access import SYSTEM
from app.domain.reach import Channel
from app.domain.schedule import EVENING, ReminderState
from app.services import subscriptions
from app.services.ports import Gone, NotDelivered, PassingFailure
from app.services.reminders.hand import end
from app.store import ledger, participants, reminders
from app.store.session import Session
from app.store.tables import Reminder

FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(minutes=15)
JITTER = 0.25
"""By what share a retry comes sooner or later: what failed together is not retried together."""


class NotTried(PassingFailure):
    """The message was given back before it was begun; it was no attempt."""

    def __init__(self) -> None:
        super().__init__("not_tried")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to hand a message over: `failure` is None when it was taken.

    `gone` are the push subscriptions that are no more.
    """

    reminder_id: str
    failure: NotDelivered | None
    gone: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """What became of it, in a word."""
        match self.failure:
            case None:
                return "handed_over"
            case NotTried():
                return "given_back"
            case Gone():
                return "gone"
            case PassingFailure():
                return "put_off"
        return "failed"


def settle(session: Session, *, attempts: Sequence[Attempt], worker: str, now: datetime) -> None:
    """Note how messages fared; the ledger says once per participant and day that one went out."""
    if not attempts:
        return
    held = reminders.list_in_hand(session, [one.reminder_id for one in attempts], worker)
    _note_in_ledger(session, [held[a.reminder_id] for a in attempts if _is_new(a, held)], now)
    for attempt in attempts:
        for subscription_id in attempt.gone:
            subscriptions.forget(session, subscription_id, now)
        row = held.get(attempt.reminder_id)
        if row is None:
            # Silent for longer than the lease: another scheduler has it, and its word counts.
            event = "overtaken" if attempt.failure is None else "overtaken_failed"
            reminders.add_event(session, attempt.reminder_id, event=event, now=now)
        else:
            _settle(session, row, attempt.failure, now)
    session.flush()


def _is_new(attempt: Attempt, held: dict[str, Reminder]) -> bool:
    row = held.get(attempt.reminder_id)
    return attempt.failure is None and row is not None and row.kind in EVENING


def _settle(session: Session, row: Reminder, failure: NotDelivered | None, now: datetime) -> None:
    if failure is None:
        row.handed_over_at = now
        end(session, row, ReminderState.HANDED_OVER, row.channel, now)
        return
    if isinstance(failure, Gone) and row.channel == Channel.PUSH:
        # The browser is forgotten, so another way will be found for the same message at once.
        _put_off(session, row, failure.code, now, now)
        return
    if isinstance(failure, NotTried):
        row.attempts -= 1
        _put_off(session, row, failure.code, now, now)
    elif isinstance(failure, PassingFailure):
        asked = timedelta(seconds=failure.retry_after_s)
        _put_off(session, row, failure.code, now + max(_pause(row), asked), now)
    else:
        end(session, row, ReminderState.FAILED, failure.code, now)


def _put_off(session: Session, row: Reminder, code: str, until_at: datetime, now: datetime) -> None:
    row.state, row.claimed_by, row.ready_at = ReminderState.PLANNED.value, None, until_at
    if code != "not_tried":
        reminders.add_event(session, row.id, event="put_off", now=now, detail=code)


def _pause(row: Reminder) -> timedelta:
    """Twice as long each time, a little apart from what failed at the same moment."""
    doublings = max(0, min(row.attempts - 1, 10))
    share = int(row.id[:8], 16) / 0xFFFFFFFF
    factor: float = 1 - JITTER + 2 * JITTER * share
    return min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY) * factor


def _note_in_ledger(session: Session, rows: Sequence[Reminder], now: datetime) -> None:
    """Say in the ledger of each evening among these, once, that its participant was written to."""
    if not rows:
        return
    ids, days = {row.participant_id for row in rows}, {row.diary_on for row in rows}
    before = reminders.evenings_of(session, ids, days)
    noted = {
        evening
        for evening, others in before.items()
        if any(other.handed_over_at is not None for other in others)
    }
    people = participants.by_id(session, ids)
    for row in rows:
        evening = (row.participant_id, row.diary_on)
        if evening in noted:
            continue
        noted.add(evening)
        person = people[row.participant_id]
        ledger.queue_act(
            session,
            actor=SYSTEM,
            op="participant.reminded",
            now=now,
            site=person.site_id,
            study_code=person.study_code,
            details={"diary_on": row.diary_on.isoformat(), "channel": row.channel},
        )
