"""The trail as people search it: changes by person, participant, kind and time, page by page.

The order is that of the instants and, within one, of the ledger, so that the index on `at` serves
both ways. A page looks at no more than `LOOKED_AT` changes, whatever is asked and however long the
ledger is; where the search stopped before it was full, it says from where to go on.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select, true, tuple_
from sqlalchemy.orm import Session

from app.domain.access import ALL_SITES
from app.domain.ledger import ACTS, data_stream
from app.store.records import texts_of
from app.store.tables import LedgerRow, Participant, RecordVersion, Staff

LOOKED_AT = 10_000
"""How many changes one page of a search may look at."""


class Place(NamedTuple):
    """Where a page of the trail ended: the instant of its last change, and its number."""

    at: datetime
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which changes are asked for; None asks for all. `from_at` is included, `until_at` is not."""

    sites: frozenset[str]
    actors: Collection[str] | None = None
    study_code: str | None = None
    ops: Collection[str] | None = None
    from_at: datetime | None = None
    until_at: datetime | None = None
    newest_first: bool = True


@dataclass(frozen=True, slots=True)
class TrailRow:
    """One change with the version that it seals, the payload before that one, and its texts."""

    seq: int
    stream: str
    no: int
    change_id: str
    op: str
    at: datetime
    study_code: str | None
    body: str
    prev_hash: str
    hash: str
    payload: str | None
    payload_before: str | None
    texts: dict[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Some changes in the order asked for; `end` is where to go on, None when that was all."""

    rows: list[TrailRow]
    end: Place | None


def list_trail(session: Session, wanted: Wanted, after: Place | None, limit: int) -> TrailPage:
    """List the next changes of a search after a place."""
    looked_at = _looked_at(wanted, after)
    # Two steps: joined in one, a planner may read the whole ledger for a page of it.
    query = (
        select(looked_at.c.at, looked_at.c.seq)
        .where(*_matches(looked_at, wanted))
        .order_by(*_order(looked_at.c.at, looked_at.c.seq, wanted))
        .limit(limit + 1)
    )
    places = [Place(row.at, row.seq) for row in session.execute(query)]
    rows = _rows_at(session, places[:limit], wanted)
    if len(places) > limit:
        return TrailPage(rows, places[limit - 1])
    return TrailPage(rows, _last_looked_at(session, looked_at, wanted))


def at_sites(sites: Collection[str]) -> ColumnElement[bool]:
    """That a change is of these sites (`*`: any): their records, and acts at them or about theirs.

    An act says its site in its body; one that a participant was refused says who that was.
    """
    if ALL_SITES in sites:
        return true()
    theirs = select(Participant.study_code).where(Participant.site_id.in_(sites))
    said = (
        LedgerRow.body.contains(f'"site":"{site}","stream":"{ACTS}"', autoescape=True)
        for site in sorted(sites)
    )
    return or_(
        LedgerRow.stream.in_([data_stream(site) for site in sites]),
        and_(LedgerRow.stream == ACTS, or_(LedgerRow.study_code.in_(theirs), *said)),
    )


def find_staff_like(session: Session, words: str, limit: int = 200) -> list[str]:
    """Find the ids of members of staff by a part of the name, by login or by id."""
    query = select(Staff.id).where(
        or_(
            func.lower(Staff.name).contains(words.lower(), autoescape=True),
            func.lower(Staff.login) == words.lower(),
            Staff.id == words,
        )
    )
    return list(session.scalars(query.order_by(Staff.id).limit(limit)))


def _looked_at(wanted: Wanted, after: Place | None) -> Any:
    """The stretch of the ledger that a page looks at, by the index on `at` or on the code."""
    query = select(
        LedgerRow.seq,
        LedgerRow.at,
        LedgerRow.actor_id,
        LedgerRow.op,
        at_sites(wanted.sites).label("is_ours"),
    )
    if wanted.study_code is not None:
        query = query.where(LedgerRow.study_code == wanted.study_code)
    if wanted.from_at is not None:
        query = query.where(LedgerRow.at >= wanted.from_at)
    if wanted.until_at is not None:
        query = query.where(LedgerRow.at < wanted.until_at)
    if after is not None:
        is_beyond = LedgerRow.seq < after.seq if wanted.newest_first else LedgerRow.seq > after.seq
        is_past = LedgerRow.at < after.at if wanted.newest_first else LedgerRow.at > after.at
        # Said twice, so that the index on `at` finds the place.
        is_there = LedgerRow.at <= after.at if wanted.newest_first else LedgerRow.at >= after.at
        query = query.where(is_there, or_(is_past, is_beyond))
    order = _order(LedgerRow.at, LedgerRow.seq, wanted)
    return query.order_by(*order).limit(LOOKED_AT).subquery()


def _matches(looked_at: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    tests: list[ColumnElement[bool]] = [looked_at.c.is_ours]
    if wanted.actors is not None:
        tests.append(looked_at.c.actor_id.in_(wanted.actors))
    if wanted.ops is not None:
        tests.append(looked_at.c.op.in_(wanted.ops))
    return tests


def _order(at: Any, seq: Any, wanted: Wanted) -> tuple[Any, Any]:
    return (at.desc(), seq.desc()) if wanted.newest_first else (at, seq)


def _last_looked_at(session: Session, looked_at: Any, wanted: Wanted) -> Place | None:
    """Where a full stretch ended; None when the search came to the end of the ledger."""
    query = select(looked_at.c.at, looked_at.c.seq)
    query = query.order_by(*_order(looked_at.c.at, looked_at.c.seq, wanted))
    last = session.execute(query.offset(LOOKED_AT - 1).limit(1)).first()
    return None if last is None else Place(last.at, last.seq)


def _rows_at(session: Session, places: Sequence[Place], wanted: Wanted) -> list[TrailRow]:
    """The changes at some places, in the order asked for, with what belongs to them."""
    query = (
        select(LedgerRow, RecordVersion.payload)
        .outerjoin(RecordVersion, RecordVersion.change_id == LedgerRow.change_id)
        .where(LedgerRow.seq.in_([place.seq for place in places]))
        .order_by(*_order(LedgerRow.at, LedgerRow.seq, wanted))
    )
    rows = session.execute(query).all()
    changes = [row[0] for row in rows]
    texts = texts_of(session, [change.change_id for change in changes])
    before = _payloads_before(session, changes)
    return [
        TrailRow(
            seq=change.seq,
            stream=change.stream,
            no=change.no,
            change_id=change.change_id,
            op=change.op,
            at=change.at,
            study_code=change.study_code,
            body=change.body,
            prev_hash=change.prev_hash,
            hash=change.hash,
            payload=payload,
            payload_before=before.get((change.record_id, (change.version or 1) - 1)),
            texts=texts.get(change.change_id, {}),
        )
        for change, payload in rows
    ]


def _payloads_before(
    session: Session, changes: Iterable[LedgerRow]
) -> dict[tuple[str | None, int], str | None]:
    """The payload of the version before each of these, by record and version."""
    wanted = [(c.record_id, c.version - 1) for c in changes if c.version and c.version > 1]
    if not wanted:
        return {}
    query = select(RecordVersion.record_id, RecordVersion.version, RecordVersion.payload).where(
        tuple_(RecordVersion.record_id, RecordVersion.version).in_(wanted)
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query)}
