"""What a certified copy is made of: whole streams with what is for its holder, and latest versions.

Everything is read in pages, so that a copy of a site costs no memory.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.domain.ledger import ACTS, data_stream
from app.store.feed import FeedRow
from app.store.records import texts_of
from app.store.tables import LedgerRow, Participant, Record, RecordVersion, Staff
from app.store.trail import at_sites

PAGE = 500


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One row of a stream; `shown` is null where it is not for the copy's holder."""

    stream: str
    no: int
    body: str
    hash: str
    shown: FeedRow | None


def stream_rows(
    session: Session, stream: str, until_no: int, whose: ColumnElement[bool]
) -> Iterator[StreamRow]:
    """Read a stream from number 1 to a number; what `whose` does not match is not shown."""
    no = 0
    while no < until_no:
        query = (
            select(LedgerRow, RecordVersion.payload, whose.label("is_shown"))
            .outerjoin(RecordVersion, RecordVersion.change_id == LedgerRow.change_id)
            .where(LedgerRow.stream == stream, LedgerRow.no > no, LedgerRow.no <= until_no)
            .order_by(LedgerRow.no)
            .limit(PAGE)
        )
        found = session.execute(query).all()
        texts = texts_of(session, [row.change_id for row, _, is_shown in found if is_shown])
        for row, payload, is_shown in found:
            shown = FeedRow(
                row.seq, row.body, row.prev_hash, row.hash, payload, texts.get(row.change_id, {})
            )
            yield StreamRow(row.stream, row.no, row.body, row.hash, shown if is_shown else None)
        if not found:
            return
        no = found[-1][0].no
        session.expunge_all()


def of_site(site_id: str) -> ColumnElement[bool]:
    """That a change is of a site."""
    return at_sites([site_id])


def of_participant(study_code: str) -> ColumnElement[bool]:
    """That a change is about a participant."""
    return func.coalesce(LedgerRow.study_code == study_code, False)


def streams_of(site_id: str) -> tuple[str, str]:
    """The streams of a copy: that of the site's records, and that of all acts."""
    return data_stream(site_id), ACTS


def latest_changes(session: Session, participant_id: int) -> list[tuple[str, str]]:
    """List body and payload of the latest version of each record of a participant, voids left out.

    By diary day, and within one in the order of the ledger.
    """
    query = (
        select(LedgerRow.body, RecordVersion.payload)
        .join(RecordVersion, RecordVersion.change_id == LedgerRow.change_id)
        .join(
            Record,
            (Record.record_id == RecordVersion.record_id)
            & (Record.version == RecordVersion.version),
        )
        .where(RecordVersion.participant_id == participant_id, RecordVersion.payload.is_not(None))
        .order_by(RecordVersion.diary_on, LedgerRow.seq)
    )
    return [(body, payload) for body, payload in session.execute(query) if payload is not None]


def participants_of(session: Session, site_id: str) -> list[Participant]:
    """List every participant of a site, by study code."""
    query = select(Participant).where(Participant.site_id == site_id)
    return list(session.scalars(query.order_by(Participant.study_code)))


def count_versions(session: Session, site_id: str, study_code: str | None) -> tuple[int, int]:
    """Count the records and the versions that a copy would hold."""
    query = (
        select(func.count(func.distinct(RecordVersion.record_id)), func.count())
        .join(Participant, Participant.id == RecordVersion.participant_id)
        .where(Participant.site_id == site_id)
    )
    if study_code is not None:
        query = query.where(Participant.study_code == study_code)
    records, versions = session.execute(query).one()
    return records, versions


def list_staff(session: Session, ids: Collection[str]) -> list[Staff]:
    """List some members of staff by name."""
    query = select(Staff).where(Staff.id.in_(ids)).order_by(Staff.name, Staff.id)
    return list(session.scalars(query))
