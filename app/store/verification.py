"""What verification reads: the ledger with all that it seals, in order and in pages."""

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.tables import LedgerRow, Record, RecordVersion

PAGE = 500

SealedRow = tuple[LedgerRow, RecordVersion | None]


def count_changes(session: Session) -> int:
    """Count the rows of the ledger."""
    return session.scalar(select(func.count()).select_from(LedgerRow)) or 0


def pages_of(session: Session, stream: str) -> Iterator[Sequence[SealedRow]]:
    """Page through a stream from number 1, each row with the version that it seals."""
    no = 0
    while True:
        rows = session.execute(
            select(LedgerRow, RecordVersion)
            .outerjoin(RecordVersion, RecordVersion.change_id == LedgerRow.change_id)
            .where(LedgerRow.stream == stream, LedgerRow.no > no)
            .order_by(LedgerRow.no)
            .limit(PAGE)
        )
        page: list[SealedRow] = [(row[0], row[1]) for row in rows]
        if not page:
            return
        yield page
        no = page[-1][0].no
        session.expunge_all()


def find_unsealed_version(session: Session) -> RecordVersion | None:
    """Find a version that no change of the ledger seals."""
    return session.scalar(
        select(RecordVersion)
        .outerjoin(LedgerRow, LedgerRow.change_id == RecordVersion.change_id)
        .where(LedgerRow.seq.is_(None))
        .limit(1)
    )


def find_stale_record(session: Session) -> Record | None:
    """Find a record whose projection is not its latest version."""
    latest = (
        select(RecordVersion.record_id, func.max(RecordVersion.version).label("version"))
        .group_by(RecordVersion.record_id)
        .subquery()
    )
    return session.scalar(
        select(Record)
        .outerjoin(latest, latest.c.record_id == Record.record_id)
        .where((latest.c.version.is_(None)) | (latest.c.version != Record.version))
        .limit(1)
    )


def find_unprojected_version(session: Session) -> RecordVersion | None:
    """Find a version of a record that has no projection."""
    return session.scalar(
        select(RecordVersion)
        .outerjoin(Record, Record.record_id == RecordVersion.record_id)
        .where(Record.record_id.is_(None))
        .limit(1)
    )
