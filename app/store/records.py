"""Records: their versions, their projection, and what was set aside."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, select, union_all, update
from sqlalchemy.orm import Session

from app.store.tables import ChangeText, Record, RecordVersion, SetAside, SetAsideDecision

_KNOWN_CHANGE = union_all(
    select(RecordVersion.change_id).where(
        RecordVersion.submission_id == bindparam("submission_id")
    ),
    select(SetAside.change_id).where(SetAside.submission_id == bindparam("submission_id")),
)
_DIARY = select(Record).where(
    Record.participant_id == bindparam("participant_id"),
    Record.diary_on == bindparam("diary_on"),
    Record.kind == "diary",
    Record.void.is_(False),
)


def find_submission(session: Session, submission_id: str) -> RecordVersion | SetAside | None:
    """Find what an earlier arrival of a submission became."""
    change_id = session.scalar(_KNOWN_CHANGE, {"submission_id": submission_id})
    if change_id is None:
        return None
    return session.scalar(
        select(RecordVersion).where(RecordVersion.change_id == change_id)
    ) or session.scalar(select(SetAside).where(SetAside.change_id == change_id))


def find_record(session: Session, record_id: str) -> Record | None:
    """Find a record's current state."""
    return session.get(Record, record_id)


def find_diary(session: Session, participant_id: int, diary_on: date) -> Record | None:
    """Find the diary of a diary day, voided ones left out."""
    return session.scalar(_DIARY, {"participant_id": participant_id, "diary_on": diary_on})


def list_records(
    session: Session,
    participant_ids: Collection[int],
    first_on: date,
    last_on: date,
    kind: str | None = None,
) -> list[Record]:
    """List the records of some participants between two diary days, voided ones left out."""
    query = (
        select(Record)
        .where(
            Record.participant_id.in_(participant_ids),
            Record.diary_on.between(first_on, last_on),
            Record.void.is_(False),
        )
        .order_by(Record.participant_id, Record.diary_on, Record.record_id)
    )
    if kind is not None:
        query = query.where(Record.kind == kind)
    return list(session.scalars(query))


def list_latest_versions(
    session: Session, participant_id: int, kind: str | None = None, on: date | None = None
) -> list[RecordVersion]:
    """List the latest version of each of a participant's records, voided ones left out.

    All there are, or those of one kind, or of one diary day.
    """
    query = (
        select(RecordVersion)
        .join(
            Record,
            (Record.record_id == RecordVersion.record_id)
            & (Record.version == RecordVersion.version),
        )
        .where(Record.participant_id == participant_id, Record.void.is_(False))
        .order_by(RecordVersion.diary_on, RecordVersion.saved_at)
    )
    if kind is not None:
        query = query.where(Record.kind == kind)
    if on is not None:
        query = query.where(Record.diary_on == on)
    return list(session.scalars(query))


def list_latest_between(
    session: Session, participant_id: int, first_on: date, last_on: date, kind: str | None = None
) -> list[tuple[Record, RecordVersion]]:
    """List a participant's records of some diary days with their latest versions, voided left out.

    Both dates are included; all kinds, or one.
    """
    query = (
        select(Record, RecordVersion)
        .join(
            RecordVersion,
            (Record.record_id == RecordVersion.record_id)
            & (Record.version == RecordVersion.version),
        )
        .where(
            Record.participant_id == participant_id,
            Record.diary_on.between(first_on, last_on),
            Record.void.is_(False),
        )
        .order_by(Record.diary_on, RecordVersion.saved_at)
    )
    if kind is not None:
        query = query.where(Record.kind == kind)
    return [(row[0], row[1]) for row in session.execute(query)]


def list_versions(session: Session, record_id: str) -> list[RecordVersion]:
    """List the versions of a record in order."""
    return list(
        session.scalars(
            select(RecordVersion)
            .where(RecordVersion.record_id == record_id)
            .order_by(RecordVersion.version)
        )
    )


def get_version(session: Session, record_id: str, version: int) -> RecordVersion | None:
    """Find one version of a record."""
    return session.get(RecordVersion, (record_id, version))


def texts_of(
    session: Session, change_ids: Collection[str]
) -> dict[str, dict[str, tuple[str | None, str | None]]]:
    """Give the texts of some changes: change id -> field -> (value, salt), null when redacted."""
    found: dict[str, dict[str, tuple[str | None, str | None]]] = {}
    if not change_ids:
        return found
    for row in session.scalars(select(ChangeText).where(ChangeText.change_id.in_(change_ids))):
        found.setdefault(row.change_id, {})[row.field] = (row.value, row.salt)
    return found


def null_texts(session: Session, change_ids: Collection[str], field: str) -> None:
    """Redact one text of some changes: value and salt go together, the one UPDATE allowed."""
    session.execute(
        update(ChangeText)
        .where(ChangeText.change_id.in_(change_ids), ChangeText.field == field)
        .values(value=None, salt=None)
    )


def project(
    session: Session,
    row: RecordVersion,
    record: Record | None,
    values: Mapping[str, Any],
    changed_at: datetime,
) -> None:
    """Bring the projection of a record, or the first of it, to its newest version."""
    if record is None:
        record = Record(
            record_id=row.record_id,
            kind=row.kind,
            participant_id=row.participant_id,
            site_id=row.site_id,
            late=row.lateness == "late",
        )
        session.add(record)
    record.version = row.version
    record.diary_on = row.diary_on
    record.void = row.payload is None
    record.changed_at = changed_at
    record.status = values["status"]
    record.pain_average = values["pain_average"]


def count_set_aside(session: Session, device_id: str | None, since: datetime) -> int:
    """Count what one device had set aside since an instant."""
    return (
        session.scalar(
            select(func.count())
            .select_from(SetAside)
            .where(SetAside.device_id == device_id, SetAside.received_at >= since)
        )
        or 0
    )


def is_set_aside(session: Session, record_id: str, participant_id: int) -> bool:
    """Whether something of that record was set aside for this participant."""
    found = select(SetAside.id).where(
        SetAside.record_id == record_id, SetAside.participant_id == participant_id
    )
    return session.scalar(found.limit(1)) is not None


def list_undecided(session: Session, participant_ids: Collection[int]) -> list[SetAside]:
    """List what waits for the site's decision, oldest first."""
    return list(
        session.scalars(
            select(SetAside)
            .outerjoin(SetAsideDecision, SetAsideDecision.set_aside_id == SetAside.id)
            .where(
                SetAside.participant_id.in_(participant_ids),
                SetAsideDecision.set_aside_id.is_(None),
            )
            .order_by(SetAside.received_at)
        )
    )
