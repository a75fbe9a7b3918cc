"""What the desk reads of one participant or of a cohort: a few wide queries, never one per day.

Plain rows instead of mapped objects, because a year is a thousand of them. What the rows mean is
decided in the services.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from app.domain.schedule import EVENING
from app.store.tables import (
    ChangeText,
    Device,
    Evening,
    MesotherapySession,
    Record,
    RecordVersion,
    Reminder,
    SetAside,
    SetAsideDecision,
    Staff,
)


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a record as a trend needs it; `payload` is canonical JSON, null for a void."""

    record_id: str
    version: int
    kind: str
    op: str
    payload: str | None
    diary_on: date
    lateness: str
    originator: str
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class DiaryRow:
    """The current state of one diary, without its payload."""

    participant_id: int
    diary_on: date
    status: str
    late: bool
    pain_average: int | None
    by_participant: bool = True


@dataclass(frozen=True, slots=True)
class SentRow:
    """What became of one message that asked for the diary of a day."""

    diary_on: date
    state: str
    delivered_at: datetime | None


def list_version_rows(
    session: Session, participant_id: int, kinds: Collection[str]
) -> list[VersionRow]:
    """List all versions of a participant's records of some kinds, each record's in order."""
    query = (
        select(
            RecordVersion.record_id,
            RecordVersion.version,
            RecordVersion.kind,
            RecordVersion.op,
            RecordVersion.payload,
            RecordVersion.diary_on,
            RecordVersion.lateness,
            RecordVersion.originator,
            RecordVersion.elapsed_s,
        )
        .where(RecordVersion.participant_id == participant_id, RecordVersion.kind.in_(kinds))
        .order_by(RecordVersion.diary_on, RecordVersion.record_id, RecordVersion.version)
    )
    return [VersionRow(*row) for row in session.execute(query)]


def list_uncoded_days(session: Session, participant_id: int) -> set[date]:
    """List the diary days that name a medicine which is not on the list."""
    query = (
        select(RecordVersion.diary_on)
        .join(ChangeText, ChangeText.change_id == RecordVersion.change_id)
        .join(
            Record,
            (Record.record_id == RecordVersion.record_id)
            & (Record.version == RecordVersion.version),
        )
        .where(
            RecordVersion.participant_id == participant_id,
            ChangeText.field == "other_medicine",
            Record.void.is_(False),
        )
    )
    return set(session.scalars(query))


def list_sent(session: Session, participant_id: int) -> list[SentRow]:
    """List what became of the messages that asked for an evening's diary; notices and tests not."""
    query = select(Reminder.diary_on, Reminder.state, Reminder.delivered_at).where(
        Reminder.participant_id == participant_id, Reminder.kind.in_(EVENING)
    )
    return [SentRow(*row) for row in session.execute(query)]


def list_evenings(session: Session, participant_id: int) -> list[Evening]:
    """List what is known of a participant's evenings beside their entries."""
    return list(session.scalars(select(Evening).where(Evening.participant_id == participant_id)))


def last_contact(session: Session, participant_id: int) -> datetime | None:
    """The latest contact of any of a participant's devices."""
    return session.scalar(
        select(func.max(Device.contact_at)).where(Device.participant_id == participant_id)
    )


def list_sessions_of(session: Session, ids: Collection[int]) -> dict[int, list[date]]:
    """Give the dates of the sessions held, in order, of several participants."""
    found: dict[int, list[date]] = {id_: [] for id_ in ids}
    query = (
        select(MesotherapySession.participant_id, MesotherapySession.held_on)
        .where(MesotherapySession.participant_id.in_(ids))
        .order_by(MesotherapySession.participant_id, MesotherapySession.session_no)
    )
    for row in session.execute(query):
        found[row.participant_id].append(row.held_on)
    return found


def list_diaries_of(
    session: Session, ids: Collection[int], first_on: date, last_on: date
) -> list[DiaryRow]:
    """List the diaries of several participants between two diary days, voided ones left out."""
    query = (
        select(
            Record.participant_id,
            Record.diary_on,
            Record.status,
            Record.late,
            Record.pain_average,
        )
        .where(
            Record.participant_id.in_(ids),
            Record.kind == "diary",
            Record.void.is_(False),
            Record.diary_on.between(first_on, last_on),
        )
        .order_by(Record.participant_id, Record.diary_on)
    )
    return [DiaryRow(*row) for row in session.execute(query)]


def days_entered_by_site(
    session: Session, ids: Collection[int], first_on: date, last_on: date
) -> set[tuple[int, date]]:
    """Give participant and diary day of the entries between two days that the site made."""
    query = select(RecordVersion.participant_id, RecordVersion.diary_on).where(
        RecordVersion.participant_id.in_(ids),
        RecordVersion.kind == literal_column("'diary'"),
        RecordVersion.diary_on.between(first_on, last_on),
        RecordVersion.version == literal_column("1"),
        RecordVersion.assurance == literal_column("'staff'"),
    )
    return {(row[0], row[1]) for row in session.execute(query)}


def count_undecided_of(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Count what waits for the site's decision, of each participant who has any."""
    query = (
        select(SetAside.participant_id, func.count())
        .outerjoin(SetAsideDecision, SetAsideDecision.set_aside_id == SetAside.id)
        .where(SetAside.participant_id.in_(ids), SetAsideDecision.set_aside_id.is_(None))
        .group_by(SetAside.participant_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def list_versions_on(session: Session, participant_id: int, on: date) -> list[RecordVersion]:
    """List every version of every record of a diary day, each record's in order."""
    return list(
        session.scalars(
            select(RecordVersion)
            .where(RecordVersion.participant_id == participant_id, RecordVersion.diary_on == on)
            .order_by(RecordVersion.kind, RecordVersion.record_id, RecordVersion.version)
        )
    )


def list_versions_of(session: Session, participant_id: int) -> list[RecordVersion]:
    """List every version of every record of a participant, each record's in order."""
    return list(
        session.scalars(
            select(RecordVersion)
            .where(RecordVersion.participant_id == participant_id)
            .order_by(
                RecordVersion.kind,
                RecordVersion.diary_on,
                RecordVersion.record_id,
                RecordVersion.version,
            )
        )
    )


def names_of_staff(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Give the names of some members of staff by id, for the pages of the site."""
    query = select(Staff.id, Staff.name).where(Staff.id.in_(ids))
    return {row.id: row.name for row in session.execute(query)}
