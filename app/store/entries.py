"""Records as the trial database reads them: the latest version of each, with its change."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.domain.access import ALL_SITES
from app.store.feed import CHANGE, FeedRow, feed_rows
from app.store.tables import LedgerRow, Participant, Record, RecordVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which records are asked for; None leaves that question open."""

    site: str | None = None
    study_code: str | None = None
    kind: str | None = None
    first_on: date | None = None
    last_on: date | None = None
    changed_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntryRow:
    """The latest version of a record; `status` is what a diary day came to, None for the rest."""

    record_id: str
    status: str | None
    change: FeedRow


def list_entries(
    session: Session, sites: Collection[str], asked: EntryFilter, after: str, limit: int
) -> list[EntryRow]:
    """List records of these sites (`*`: all) by id, from the one after `after` on.

    Each comes with its latest version; a voided one too, without a payload. An id never changes,
    so that reading page by page gives each record once, whatever is saved meanwhile.
    """
    query = (
        select(*CHANGE, Record.record_id, Record.kind, Record.void, Record.status)
        .select_from(Record)
        .join(
            RecordVersion,
            (RecordVersion.record_id == Record.record_id)
            & (RecordVersion.version == Record.version),
        )
        .join(LedgerRow, LedgerRow.change_id == RecordVersion.change_id)
        .where(Record.record_id > after, *_conditions(sites, asked))
        .order_by(Record.record_id)
        .limit(limit)
    )
    rows = session.execute(query).all()
    changes = feed_rows(session, rows)
    return [
        EntryRow(row.record_id, _status(row), change)
        for row, change in zip(rows, changes, strict=True)
    ]


def _conditions(sites: Collection[str], asked: EntryFilter) -> Iterator[ColumnElement[bool]]:
    """What the scope and the filter leave of all records."""
    if ALL_SITES not in sites:
        yield Record.site_id.in_(sites)
    if asked.site is not None:
        yield Record.site_id == asked.site
    if asked.study_code is not None:
        person = select(Participant.id).where(Participant.study_code == asked.study_code)
        yield Record.participant_id == person.scalar_subquery()
    if asked.kind is not None:
        yield Record.kind == asked.kind
    if asked.first_on is not None:
        yield Record.diary_on >= asked.first_on
    if asked.last_on is not None:
        yield Record.diary_on <= asked.last_on
    if asked.changed_since is not None:
        yield Record.changed_at >= asked.changed_since


def _status(row: Any) -> str | None:
    return row.status if row.kind == "diary" and not row.void else None
