"""Where the copies of the trial database stand, and how much of the feed lies after that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, literal, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.domain.ledger import data_stream
from app.store.tables import ApiKey, LedgerRow, PullPlace, Site


@dataclass(frozen=True, slots=True)
class After:
    """What lies after a place: how many changes, and when the first of them was made."""

    count: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A key, a copy that it feeds, if it told of one, and the first change at a site after that."""

    key: ApiKey
    place: PullPlace | None
    site_id: str
    first_after: datetime | None


def put_place(session: Session, place: PullPlace) -> None:
    """Write down where a copy stands, in place of what was said before."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    new = dialect.insert(PullPlace).values(
        key_id=place.key_id,
        name=place.name,
        cursor=place.cursor,
        seq=place.seq,
        told_at=place.told_at,
    )
    said = {name: new.excluded[name] for name in ("cursor", "seq", "told_at")}
    session.execute(new.on_conflict_do_update(index_elements=["key_id", "name"], set_=said))


def list_names(session: Session, key_id: str) -> list[str]:
    """List the names of a key's copies."""
    return list(session.scalars(select(PullPlace.name).where(PullPlace.key_id == key_id)))


def list_places(session: Session) -> list[PullPlace]:
    """List where every copy stands, by key and name."""
    return list(session.scalars(select(PullPlace).order_by(PullPlace.key_id, PullPlace.name)))


def list_keys(session: Session) -> list[ApiKey]:
    """List the keys, the newest first."""
    return list(session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id)))


def what_lies_after(session: Session, streams: Sequence[str], seq: int) -> After:
    """Give how much of some streams lies after a place; it costs the same however much that is.

    Numbers in a stream have no gap, so that two look-ups count what lies between.
    """
    count, first_seq = 0, None
    for stream in streams:
        of_stream = LedgerRow.stream == stream
        head = session.scalar(
            select(LedgerRow.no).where(of_stream).order_by(LedgerRow.seq.desc()).limit(1)
        )
        here = session.scalar(
            select(LedgerRow.no)
            .where(of_stream, LedgerRow.seq <= seq)
            .order_by(LedgerRow.seq.desc())
            .limit(1)
        )
        count += (head or 0) - (here or 0)
        after = session.scalar(
            select(func.min(LedgerRow.seq)).where(of_stream, LedgerRow.seq > seq)
        )
        if after is not None and (first_seq is None or after < first_seq):
            first_seq = after
    since = session.scalar(select(LedgerRow.at).where(LedgerRow.seq == first_seq))
    return After(count, since)


def list_standings(session: Session) -> list[Standing]:
    """Give where each copy of a key that nobody ended stands at each site; one query."""
    first_after = (
        select(LedgerRow.at)
        .where(
            LedgerRow.stream == literal(data_stream("")) + Site.id,
            LedgerRow.seq > func.coalesce(PullPlace.seq, 0),
        )
        .order_by(LedgerRow.seq)
        .limit(1)
        .correlate(Site, PullPlace)
        .scalar_subquery()
    )
    query = (
        select(ApiKey, PullPlace, Site.id, first_after)
        .outerjoin(PullPlace, PullPlace.key_id == ApiKey.id)
        .join(Site, true())
        .where(ApiKey.revoked_at.is_(None))
        .order_by(ApiKey.created_at, ApiKey.id, PullPlace.name, Site.id)
    )
    return [Standing(*row) for row in session.execute(query)]
