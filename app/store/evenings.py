"""What is known of an evening beside its entry, and the messages that it no longer needs."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Literal

from sqlalchemy import func, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.schedule import EVENING, Kind, ReminderState
from app.store.tables import Evening, Reminder, ReminderEvent

Fact = Literal["opened_at", "declined_at", "fault_at"]


def find_evening(session: Session, participant_id: int, diary_on: date) -> Evening | None:
    """Find what is known of a participant's evening."""
    return session.get(Evening, (participant_id, diary_on), populate_existing=True)


def note(
    session: Session, participant_id: int, diary_on: date, *, fact: Fact, now: datetime
) -> None:
    """Note when something happened on an evening; the first time is the one that stays."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    noted = dialect.insert(Evening).values(
        participant_id=participant_id, diary_on=diary_on, **{fact: now}
    )
    kept = func.coalesce(getattr(Evening, fact), getattr(noted.excluded, fact))
    session.execute(
        noted.on_conflict_do_update(
            index_elements=[Evening.participant_id, Evening.diary_on], set_={fact: kept}
        )
    )


def declined_days(
    session: Session, ids: Collection[int], days: Collection[date]
) -> set[tuple[int, date]]:
    """Give which of these evenings their participants declined: (participant id, diary day)."""
    query = select(Evening.participant_id, Evening.diary_on).where(
        Evening.participant_id.in_(ids),
        Evening.diary_on.in_(days),
        Evening.declined_at.is_not(None),
    )
    return {(participant_id, diary_on) for participant_id, diary_on in session.execute(query)}


def find_owner(session: Session, receipt_hash: str) -> int | None:
    """Find the key of the participant to whom the message with a token went; holds nothing."""
    query = select(Reminder.participant_id).where(Reminder.receipt_hash == receipt_hash)
    return session.scalar(query)


def stop_planned(
    session: Session,
    participant_id: int,
    diary_on: date,
    *,
    before_at: datetime | None,
    detail: str,
    now: datetime,
) -> None:
    """Stop the evening's messages that nobody has in hand: those due before an instant, or all.

    What a participant asked for earlier in the evening is stopped in any case: `detail` says what
    took its place.
    """
    is_snooze = Reminder.kind == Kind.SNOOZE
    stopped = session.scalars(
        update(Reminder)
        .where(
            Reminder.participant_id == participant_id,
            Reminder.diary_on == diary_on,
            Reminder.kind.in_(EVENING),
            Reminder.state == ReminderState.PLANNED.value,
            true() if before_at is None else is_snooze | (Reminder.due_at <= before_at),
        )
        .values(state=ReminderState.STOPPED.value, ready_at=None)
        .returning(Reminder.id)
        .execution_options(synchronize_session=False)
    )
    event = ReminderState.STOPPED.value
    for id_ in list(stopped):
        session.add(ReminderEvent(reminder_id=id_, at=now, event=event, detail=detail))
