"""The feed: changes of some streams in the order of their commits, with what they carry."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select, tuple_, union_all
from sqlalchemy.orm import Session

from app.domain.access import ALL_SITES, Role
from app.store.records import texts_of
from app.store.tables import Epoch, LedgerRow, Participant, RecordVersion

_LEDGER, _VERSIONS = LedgerRow.__table__, RecordVersion.__table__
CHANGE = (
    *(_LEDGER.c[name] for name in ("seq", "change_id", "body", "prev_hash", "hash")),
    _VERSIONS.c.payload,
)
"""The columns that `feed_rows` turns into changes; further ones may follow them.

They are the tables' own, not the mapped classes': nothing is to be made of them but text.
"""


class FeedRow(NamedTuple):
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

    Each stream is read by its own index, so that a pull costs the same however long the ledger is
    and however many acts lie between.
    """
    if not streams:
        return []
    rows = session.execute(
        select(*CHANGE)
        .outerjoin(_VERSIONS, _VERSIONS.c.change_id == _LEDGER.c.change_id)
        .where(_next_of_all(session, streams, after_seq, limit))
        .order_by(_LEDGER.c.seq)
        .limit(limit)
    )
    return feed_rows(session, rows)


def _next_of_all(
    session: Session, streams: Sequence[str], after_seq: int, limit: int
) -> ColumnElement[bool]:
    """What the next changes have in common, such that the database need not sort whole rows.

    One stream lies in the order of an index already; of several, the numbers are merged first.
    """
    if len(streams) == 1:
        return (_LEDGER.c.stream == streams[0]) & (_LEDGER.c.seq > after_seq)
    merged = union_all(*(_next_of(stream, after_seq, limit) for stream in streams)).subquery()
    seqs = session.scalars(select(merged.c.seq).order_by(merged.c.seq).limit(limit)).all()
    return _LEDGER.c.seq.in_(seqs)


def list_history(session: Session, record_id: str) -> list[FeedRow]:
    """List the changes of one record, from its first version to its latest."""
    rows = session.execute(
        select(*CHANGE)
        .join(RecordVersion, RecordVersion.change_id == LedgerRow.change_id)
        .where(RecordVersion.record_id == record_id)
        .order_by(RecordVersion.version)
    )
    return feed_rows(session, rows.all())


def list_versions(session: Session, wanted: Collection[tuple[str, int]]) -> list[FeedRow]:
    """List some versions of records, each by its record's id and its number, in no order."""
    version = tuple_(RecordVersion.record_id, RecordVersion.version)
    rows = session.execute(
        select(*CHANGE)
        .join(RecordVersion, RecordVersion.change_id == LedgerRow.change_id)
        .where(version.in_(wanted))
    )
    return feed_rows(session, rows.all())


def list_actors(
    session: Session, sites: Collection[str], study_code: str | None
) -> list[tuple[str, str]]:
    """List id and role of the staff who saved versions at these sites (`*`: all)."""
    query = (
        select(RecordVersion.actor_id, RecordVersion.actor_role)
        .where(RecordVersion.actor_role != Role.PARTICIPANT.value)
        .distinct()
        .order_by(RecordVersion.actor_id)
    )
    if ALL_SITES not in sites:
        query = query.where(RecordVersion.site_id.in_(sites))
    if study_code is not None:
        person = select(Participant.id).where(Participant.study_code == study_code)
        query = query.where(RecordVersion.participant_id == person.scalar_subquery())
    return [(actor, role) for actor, role in session.execute(query)]


def feed_rows(session: Session, rows: Iterable[Any]) -> list[FeedRow]:
    """Put rows that begin with the columns of CHANGE together with their texts."""
    found = list(rows)
    texts = texts_of(session, [change_id for _, change_id, body, *_ in found if _has_texts(body)])
    return [
        FeedRow(seq, body, prev_hash, hash_, payload, texts.get(change_id, {}))
        for seq, change_id, body, prev_hash, hash_, payload, *_ in found
    ]


def _has_texts(body: str) -> bool:
    return '"texts":{}' not in body  # as a canonical body says it


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
