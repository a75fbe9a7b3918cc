"""What a review of the trail looks at, in bulk and by the period's dates, and the reviews done.

Plain rows; what is worth a look is decided in the services. Every query goes by the participants of
the sites and by diary day, or by instant, so that it costs what the period costs.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.tables import (
    ChangeText,
    LedgerRow,
    Participant,
    RecordVersion,
    SignOff,
    Staff,
    TrailReview,
)
from app.store.timeline import at_sites as participants_at
from app.store.trail import at_sites


@dataclass(frozen=True, slots=True)
class SavedRow:
    """One version as a review needs it."""

    study_code: str
    record_id: str
    version: int
    kind: str
    op: str
    diary_on: date
    saved_at: datetime
    tz: str
    lateness: str
    originator: str


@dataclass(frozen=True, slots=True)
class SignedRow:
    """A version that was saved after a sign-off of its day."""

    study_code: str
    diary_on: date
    op: str
    received_at: datetime
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A review that was done: up to which change, when, by whom, and the note's change."""

    id: str
    site_id: str
    until_seq: int
    reviewed_at: datetime
    reviewer: str
    reviewer_id: str
    note: str | None


def list_saved(
    session: Session, sites: Collection[str], first_on: date, last_on: date
) -> Iterator[SavedRow]:
    """Read every version of some diary days at these sites, by participant, day and record."""
    query = (
        select(
            Participant.study_code,
            RecordVersion.record_id,
            RecordVersion.version,
            RecordVersion.kind,
            RecordVersion.op,
            RecordVersion.diary_on,
            RecordVersion.saved_at,
            RecordVersion.tz,
            RecordVersion.lateness,
            RecordVersion.originator,
        )
        .join(Participant, Participant.id == RecordVersion.participant_id)
        .where(participants_at(sites), RecordVersion.diary_on.between(first_on, last_on))
        .order_by(
            Participant.study_code,
            RecordVersion.diary_on,
            RecordVersion.record_id,
            RecordVersion.version,
        )
        .execution_options(yield_per=1000)
    )
    rows: Iterable[Any] = session.execute(query)
    for row in rows:
        yield SavedRow(*row)


def list_saved_after_sign_off(
    session: Session, sites: Collection[str], first_on: date, last_on: date, limit: int
) -> list[SignedRow]:
    """List the versions that came after a sign-off of their day, by participant and day."""
    query = (
        select(
            Participant.study_code,
            RecordVersion.diary_on,
            RecordVersion.op,
            RecordVersion.received_at,
            SignOff.signed_at,
        )
        .join(Participant, Participant.id == SignOff.participant_id)
        .join(
            RecordVersion,
            (RecordVersion.participant_id == SignOff.participant_id)
            & (RecordVersion.diary_on >= SignOff.from_on)
            & (RecordVersion.diary_on <= SignOff.until_on),
        )
        .join(LedgerRow, LedgerRow.change_id == RecordVersion.change_id)
        .where(
            participants_at(sites),
            RecordVersion.diary_on.between(first_on, last_on),
            LedgerRow.seq > SignOff.until_seq,
        )
        .order_by(Participant.study_code, RecordVersion.diary_on, LedgerRow.seq, SignOff.signed_at)
        .limit(limit)
    )
    return [SignedRow(*row) for row in session.execute(query)]


def list_refusals(
    session: Session, sites: Collection[str], from_at: datetime, until_at: datetime, limit: int
) -> list[str]:
    """List the bodies of what was refused between two instants at these sites, oldest first."""
    query = (
        select(LedgerRow.body)
        .where(
            LedgerRow.at >= from_at,
            LedgerRow.at < until_at,
            LedgerRow.op == "refused",
            at_sites(sites),
        )
        .order_by(LedgerRow.at)
        .limit(limit)
    )
    return list(session.scalars(query))


def list_reviews(session: Session, sites: Collection[str], limit: int = 50) -> list[ReviewRow]:
    """List the reviews done of these sites, the latest first."""
    query = (
        select(TrailReview, Staff.name, ChangeText.value)
        .outerjoin(Staff, Staff.id == TrailReview.reviewed_by)
        .outerjoin(
            ChangeText,
            (ChangeText.change_id == TrailReview.change_id) & (ChangeText.field == "note"),
        )
        .where(TrailReview.site_id.in_(sites))
        .order_by(TrailReview.reviewed_at.desc(), TrailReview.until_seq.desc())
        .limit(limit)
    )
    return [
        ReviewRow(
            id=row.id,
            site_id=row.site_id,
            until_seq=row.until_seq,
            reviewed_at=row.reviewed_at,
            reviewer=name or row.reviewed_by,
            reviewer_id=row.reviewed_by,
            note=note,
        )
        for row, name, note in session.execute(query)
    ]


def find_instant_of(session: Session, seq: int) -> datetime | None:
    """When the change with this number was, if there is one."""
    return session.scalar(select(LedgerRow.at).where(LedgerRow.seq == seq))
