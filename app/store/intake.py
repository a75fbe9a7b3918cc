"""What several participants took lately: the latest versions that say so, of bounded days."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.tables import ChangeText, ParticipantMedicine, Record, RecordVersion

_NAMES_AN_OPIOID = '%"opioid":"%'
"""How the canonical form of a snapshot names an opioid's component."""


@dataclass(frozen=True, slots=True)
class IntakeRow:
    """The latest version of a diary or a dose; `is_uncoded`: it names a medicine not on the list.

    `payload` is canonical JSON.
    """

    participant_id: int
    kind: str
    diary_on: date
    payload: str
    is_uncoded: bool


def who_takes_opioids(session: Session, ids: Collection[int], until_on: date) -> set[int]:
    """Give those of some participants on whose list an opioid stands or stood since a date."""
    query = select(ParticipantMedicine.participant_id).where(
        ParticipantMedicine.participant_id.in_(ids),
        ParticipantMedicine.snapshot.like(_NAMES_AN_OPIOID),
        ParticipantMedicine.until_on.is_(None) | (ParticipantMedicine.until_on >= until_on),
    )
    return set(session.scalars(query.distinct()))


def list_intake(
    session: Session, ids: Collection[int], first_on: date, last_on: date
) -> list[IntakeRow]:
    """List the diaries and doses of several participants between two dates, voided ones left out.

    One query for all of them.
    """
    query = (
        select(
            Record.participant_id,
            Record.kind,
            Record.diary_on,
            RecordVersion.payload,
            ChangeText.field,
        )
        .join(
            RecordVersion,
            (RecordVersion.record_id == Record.record_id)
            & (RecordVersion.version == Record.version),
        )
        .outerjoin(
            ChangeText,
            (ChangeText.change_id == RecordVersion.change_id)
            & (ChangeText.field == "other_medicine"),
        )
        .where(
            Record.participant_id.in_(ids),
            Record.kind.in_(("diary", "dose")),
            Record.diary_on.between(first_on, last_on),
            Record.void.is_(False),
            RecordVersion.payload.is_not(None),
        )
    )
    return [
        IntakeRow(row.participant_id, row.kind, row.diary_on, row.payload, row.field is not None)
        for row in session.execute(query)
    ]
