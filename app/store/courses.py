"""What the page of a participant's course reads: the acts about it, visits, which days are in."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.ledger import ACTS
from app.store.tables import LedgerRow, Record, Visit


@dataclass(frozen=True, slots=True)
class ActRow:
    """One act about a participant; `body` is canonical JSON."""

    change_id: str
    op: str
    at: datetime
    actor_id: str
    body: str


def list_acts(
    session: Session, study_code: str, ops: Collection[str], limit: int = 300
) -> list[ActRow]:
    """List the acts of some kinds about a participant, the latest first."""
    query = (
        select(LedgerRow.change_id, LedgerRow.op, LedgerRow.at, LedgerRow.actor_id, LedgerRow.body)
        .where(
            LedgerRow.study_code == study_code,
            LedgerRow.stream == ACTS,
            LedgerRow.op.in_(ops),
        )
        .order_by(LedgerRow.seq.desc())
        .limit(limit)
    )
    return [ActRow(*row) for row in session.execute(query)]


def list_visits(session: Session, participant_id: int, limit: int = 100) -> list[Visit]:
    """List the visits outside the sessions, in order."""
    query = (
        select(Visit)
        .where(Visit.participant_id == participant_id)
        .order_by(Visit.held_on, Visit.noted_at, Visit.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def find_diary_days(session: Session, participant_id: int) -> tuple[date, date] | None:
    """Give the first and the last diary day that has an entry, voided ones left out."""
    row = session.execute(
        select(func.min(Record.diary_on), func.max(Record.diary_on)).where(
            Record.participant_id == participant_id,
            Record.kind == "diary",
            Record.void.is_(False),
        )
    ).one()
    return None if row[0] is None else (row[0], row[1])


def count_scores(session: Session, participant_id: int, first_on: date, last_on: date) -> int:
    """Count the diary days between two dates on which average pain was answered."""
    found = session.scalar(
        select(func.count())
        .select_from(Record)
        .where(
            Record.participant_id == participant_id,
            Record.kind == "diary",
            Record.void.is_(False),
            Record.pain_average.is_not(None),
            Record.diary_on.between(first_on, last_on),
        )
    )
    return found or 0
