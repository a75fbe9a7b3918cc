"""The changes of records as a list of what was done when, and whether a participant changed."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from app.domain.ledger import ACTS
from app.store.tables import LedgerRow, RecordVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFilter:
    """Which changes; None leaves that question open. Both instants are included."""

    first_at: datetime | None = None
    last_at: datetime | None = None
    study_code: str | None = None
    actor_id: str | None = None
    ops: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One change of a record: when it was taken in, by whom, and what it was about."""

    at: datetime
    actor_id: str
    op: str
    study_code: str
    kind: str
    diary_on: date
    version: int


def list_lines(session: Session, streams: Collection[str], asked: LineFilter) -> Iterator[Line]:
    """List changes of these streams, the newest first, page by page from the database."""
    query = (
        select(
            LedgerRow.at,
            LedgerRow.actor_id,
            LedgerRow.op,
            LedgerRow.study_code,
            RecordVersion.kind,
            RecordVersion.diary_on,
            RecordVersion.version,
        )
        .join(RecordVersion, RecordVersion.change_id == LedgerRow.change_id)
        .where(LedgerRow.stream.in_(streams), *_conditions(asked))
        .order_by(LedgerRow.seq.desc())
        .execution_options(yield_per=1000)
    )
    for row in session.execute(query):
        yield Line(row[0], row[1], row[2], str(row[3]), row[4], row[5], row[6])


def has_changed(
    session: Session,
    study_code: str,
    acts: Collection[str],
    first_at: datetime | None,
    last_at: datetime | None,
) -> bool:
    """Whether a record of the participant was saved between two instants, or such an act done."""
    asked = LineFilter(first_at=first_at, last_at=last_at, study_code=study_code)
    is_change = (LedgerRow.stream != ACTS) | LedgerRow.op.in_(acts)
    return bool(session.scalar(select(exists().where(is_change, *_conditions(asked)))))


def _conditions(asked: LineFilter) -> Iterator[ColumnElement[bool]]:
    if asked.first_at is not None:
        yield LedgerRow.at >= asked.first_at
    if asked.last_at is not None:
        yield LedgerRow.at <= asked.last_at
    if asked.study_code is not None:
        yield LedgerRow.study_code == asked.study_code
    if asked.actor_id is not None:
        yield LedgerRow.actor_id == asked.actor_id
    if asked.ops is not None:
        yield LedgerRow.op.in_(asked.ops)
