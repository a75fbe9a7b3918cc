"""The feed: changes of some streams in the order of their commits, with what they carry."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select, union_all
from sqlalchemy.orm import Session

from app.domain.access import ALL_SITES
from app.store.records import texts_of
from app.store.tables import Epoch, LedgerRow, RecordVersion

CHANGE = (
    LedgerRow.seq,
    LedgerRow.change_id,
    LedgerRow.body,
    LedgerRow.prev_hash,
    LedgerRow.hash,
    RecordVersion.payload,
)
"""The columns that `feed_rows` turns into changes; further ones may follow them."""
_NO_TEXTS = '"texts":{}'  # as a canonical body says it


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One change as the feed gives it: the sealed body, its payload, its texts and their salts."""

    seq: int
    body: str
    prev_hash: str
    hash: str
    payload: str | None
    texts: dict[str, tuple[str | None, str | None]]


def list_epochs(session: Session) -> list[Epoch]:
    """List the epochs in their order; none before the first site was added."""
    return list(session.scalars(select(Epoch).order_by(Epoch.after_seq)))


def find_epoch(session: Session) -> Epoch | None:
    """Find the present epoch; None before the first site was added."""
    return session.scalar(select(Epoch).order_by(Epoch.after_seq.desc()).limit(1))


def list_changes(
    session: Session, streams: Sequence[str], after_seq: int, limit: int
) -> list[FeedRow]:
    """List the next changes of these streams after a place in the order.

    Each stream is read by its own index and the parts are merged, so that a pull costs the same
    however long the ledger is and however many acts lie between.
    """
    if not streams:
        return []
    merged = union_all(*(_next_of(stream, after_seq, limit) for stream in streams)).subquery()
    rows = session.execute(
        select(*CHANGE)
        .join(merged, merged.c.seq == LedgerRow.seq)
        .outerjoin(RecordVersion, RecordVersion.change_id == LedgerRow.change_id)
        .order_by(LedgerRow.seq)
        .limit(limit)
    )
    return feed_rows(session, rows.all())


def list_history(session: Session, record_id: str) -> list[FeedRow]:
    """List the changes of one record, from its first version to its latest."""
    rows = session.execute(
        select(*CHANGE)
        .join(RecordVersion, RecordVersion.change_id == LedgerRow.change_id)
        .where(RecordVersion.record_id == record_id)
        .order_by(RecordVersion.version)
    )
    return feed_rows(session, rows.all())


def feed_rows(session: Session, rows: Iterable[Any]) -> list[FeedRow]:
    """Put rows that begin with the columns of CHANGE together with their texts."""
    found = list(rows)
    texts = texts_of(session, [row.change_id for row in found if _NO_TEXTS not in row.body])
    return [
        FeedRow(seq, body, prev_hash, hash_, payload, texts.get(change_id, {}))
        for seq, change_id, body, prev_hash, hash_, payload, *_ in found
    ]


def list_hashes(
    session: Session, sites: Collection[str], first_on: date | None, last_on: date | None
) -> Iterator[tuple[str, date, int, str]]:
    """Read the changes of these sites (`*`: all) by participant, diary day and order.

    Gives study code, diary day, number and hash of each, page by page from the database.
    """
    query = (
        select(LedgerRow.study_code, RecordVersion.diary_on, LedgerRow.seq, LedgerRow.hash)
        .join(RecordVersion, RecordVersion.change_id == LedgerRow.change_id)
        .order_by(LedgerRow.study_code, RecordVersion.diary_on, LedgerRow.seq)
        .execution_options(yield_per=1000)
    )
    if ALL_SITES not in sites:
        query = query.where(RecordVersion.site_id.in_(sites))
    if first_on is not None:
        query = query.where(RecordVersion.diary_on >= first_on)
    if last_on is not None:
        query = query.where(RecordVersion.diary_on <= last_on)
    for study_code, diary_on, seq, hash_ in session.execute(query):
        yield str(study_code), diary_on, seq, hash_


def find_hash_at(session: Session, seq: int, streams: Sequence[str]) -> str | None:
    """The hash of the change at a place in the order, if it is one of these streams."""
    return session.scalar(
        select(LedgerRow.hash).where(LedgerRow.seq == seq, LedgerRow.stream.in_(streams))
    )


def find_last_before(session: Session, seq: int, streams: Sequence[str]) -> tuple[int, str] | None:
    """Number and hash of the last change of these streams up to a place in the order."""
    if not streams:
        return None
    merged = union_all(*(_last_of(stream, seq) for stream in streams)).subquery()
    found = session.execute(
        select(LedgerRow.seq, LedgerRow.hash)
        .join(merged, merged.c.seq == LedgerRow.seq)
        .order_by(LedgerRow.seq.desc())
        .limit(1)
    ).first()
    return None if found is None else (found.seq, found.hash)


def find_last_seq(session: Session) -> int:
    """The last place in the order so far; 0 when nothing was written."""
    return session.scalar(select(LedgerRow.seq).order_by(LedgerRow.seq.desc()).limit(1)) or 0


def _next_of(stream: str, after_seq: int, limit: int) -> Select[tuple[int]]:
    page = (
        select(LedgerRow.seq)
        .where(LedgerRow.stream == stream, LedgerRow.seq > after_seq)
        .order_by(LedgerRow.seq)
        .limit(limit)
        .subquery()
    )
    return select(page.c.seq)


def _last_of(stream: str, seq: int) -> Select[tuple[int]]:
    last = (
        select(LedgerRow.seq)
        .where(LedgerRow.stream == stream, LedgerRow.seq <= seq)
        .order_by(LedgerRow.seq.desc())
        .limit(1)
        .subquery()
    )
    return select(last.c.seq)
