"""Sign-offs in the database, and the sealed versions that they are put to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.signoff import Sealed
from app.store.tables import DataQuery, LedgerRow, RecordVersion, SignOff, Staff


@dataclass(frozen=True, slots=True)
class SignOffRow:
    """A sign-off with the name and organisation of whoever gave it."""

    signed: SignOff
    name: str
    organisation: str


def list_sealed(session: Session, participant_id: int) -> list[Sealed]:
    """List every version of a participant's records as the ledger sealed it, in order."""
    query = (
        select(
            LedgerRow.seq,
            LedgerRow.hash,
            RecordVersion.record_id,
            RecordVersion.version,
            RecordVersion.kind,
            RecordVersion.op,
            RecordVersion.diary_on,
            RecordVersion.received_at,
            RecordVersion.actor_id,
            RecordVersion.actor_role,
        )
        .join(LedgerRow, LedgerRow.change_id == RecordVersion.change_id)
        .where(RecordVersion.participant_id == participant_id)
        .order_by(LedgerRow.seq)
    )
    return [Sealed(*tuple(row)) for row in session.execute(query)]


def list_sign_offs(session: Session, participant_id: int, limit: int = 1000) -> list[SignOffRow]:
    """List a participant's sign-offs, the latest first."""
    query = (
        select(SignOff, Staff.name, Staff.organisation)
        .join(Staff, Staff.id == SignOff.signed_by)
        .where(SignOff.participant_id == participant_id)
        .order_by(SignOff.signed_at.desc(), SignOff.id)
        .limit(limit)
    )
    return [SignOffRow(*row) for row in session.execute(query)]


def is_changed_since(session: Session, signed: SignOff) -> bool:
    """Whether a version came to a signed period after its signature."""
    later = (
        select(LedgerRow.seq)
        .join(RecordVersion, RecordVersion.change_id == LedgerRow.change_id)
        .where(
            RecordVersion.participant_id == signed.participant_id,
            RecordVersion.diary_on.between(signed.from_on, signed.until_on),
            LedgerRow.seq > signed.until_seq,
        )
    )
    return session.scalar(select(later.exists())) is True


def list_signed_participants(session: Session) -> list[int]:
    """List the participants for whom anything is signed."""
    query = select(SignOff.participant_id).distinct().order_by(SignOff.participant_id)
    return list(session.scalars(query))


def count_open_queries(session: Session, participant_id: int, from_on: date, until_on: date) -> int:
    """How many queries about a period are not closed."""
    query = select(func.count()).where(
        DataQuery.participant_id == participant_id,
        DataQuery.diary_on.between(from_on, until_on),
        DataQuery.state != "closed",
    )
    return session.scalar(query) or 0


def names_of(session: Session, staff_ids: Collection[str]) -> dict[str, str]:
    """The names of some members of staff, by id."""
    query = select(Staff.id, Staff.name).where(Staff.id.in_(staff_ids))
    return {row[0]: row[1] for row in session.execute(query)}
