"""What repeat instances are counted by: versions in the order in which the ledger took them in.

All of it is insert-only, so that a number once given stays.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.tables import LedgerRow, RecordVersion

_REGISTERED = ("participant.screened", "participant.invited")


@dataclass(frozen=True, slots=True)
class Placed:
    """A version of a record, as it came in; `payload` is null for a void."""

    record_id: str
    version: int
    diary_on: date
    payload: str | None


def list_placed(session: Session, participant_id: int, kind: str) -> list[Placed]:
    """List all versions of a participant's records of a kind in the order of the ledger."""
    query = (
        select(
            RecordVersion.record_id,
            RecordVersion.version,
            RecordVersion.diary_on,
            RecordVersion.payload,
        )
        .join(LedgerRow, LedgerRow.change_id == RecordVersion.change_id)
        .where(RecordVersion.participant_id == participant_id, RecordVersion.kind == kind)
        .order_by(LedgerRow.seq)
    )
    return [Placed(*row) for row in session.execute(query)]


def find_registration(session: Session, study_code: str) -> str | None:
    """The body of the act by which a participant was first registered."""
    return session.scalar(
        select(LedgerRow.body)
        .where(LedgerRow.study_code == study_code, LedgerRow.op.in_(_REGISTERED))
        .order_by(LedgerRow.seq)
        .limit(1)
    )
