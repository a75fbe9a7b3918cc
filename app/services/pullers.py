"""Who pulls: the keys of the trial database, where each copy stands, and since when one is behind.

A puller says how far it has *committed*; what it was merely given is in the trail of pulls. The
site sees both, and is told when a copy has not followed for a day.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.access import ALL_SITES, Actor, Permission, require_anywhere
from app.domain.cursor import Cursor
from app.domain.errors import InvalidInput
from app.services import feed, keys
from app.store import pull_places
from app.store.pull_places import After, Standing
from app.store.session import Session
from app.store.tables import ApiKey, PullPlace

BEHIND_FOR = timedelta(hours=24)
"""How long a change may wait for a copy before the site is told."""
COPIES_PER_KEY = 20
FOLLOWS = "changes:read"
"""The scope of a key that feeds a copy."""


@dataclass(frozen=True, slots=True)
class CopyState:
    """A copy of the trial database: where it stands, and what it has not committed yet."""

    name: str
    told_at: datetime
    after: After
    is_late: bool


@dataclass(frozen=True, slots=True)
class LateCopy:
    """A copy that has not followed for a day; without a name, the key has never been used.

    `since` is when the first change was made that waits for it.
    """

    key: ApiKey
    name: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class KeyState:
    """A key and its copies. `is_over` says that it opens nothing any more.

    `is_unused` says that it has never been used, though changes wait for it for a day.
    """

    key: ApiKey
    copies: tuple[CopyState, ...]
    is_over: bool
    is_unused: bool


def tell_place(
    session: Session, *, actor: Actor, name: str, cursor: Cursor, now: datetime
) -> After:
    """Note how far a key's copy has committed; give what lies after it.

    Raises WrongState for a cursor that cannot be gone on from, as a pull does.
    """
    streams = feed.streams_of(session, actor)
    place = feed.stand(session, cursor, streams)
    names = pull_places.list_names(session, actor.id)
    if name not in names and len(names) >= COPIES_PER_KEY:
        raise InvalidInput("too_many_copies", field="name", most=COPIES_PER_KEY)
    told = PullPlace(key_id=actor.id, name=name, cursor=str(place), seq=place.seq, told_at=now)
    pull_places.put_place(session, told)
    return pull_places.what_lies_after(session, streams, place.seq)


def list_states(session: Session, *, actor: Actor, now: datetime) -> list[KeyState]:
    """List the keys that read the reader's sites, live ones first, and where their copies stand."""
    require_anywhere(actor, Permission.SEE_RECORDS)
    allowed = actor.sites_with(Permission.SEE_RECORDS)
    places = pull_places.list_places(session)
    late = {(one.key.id, one.name) for one in list_late(session, now)}
    states = [
        _state(session, key, places, late, now)
        for key in pull_places.list_keys(session)
        if _concerns(key, allowed)
    ]
    return sorted(states, key=lambda state: state.is_over)


def list_late(session: Session, now: datetime) -> list[LateCopy]:
    """List the copies that have not followed for a day, until they have caught up; one query.

    An expired key counts while its copy is behind, unless another key feeds a copy of the same name
    and sites; a key that was never used, unless another key of the same sites does its work. Who
    ended a key wants no copy any more.
    """
    standings = [one for one in pull_places.list_standings(session) if _reads(one)]
    found: dict[tuple[str, str | None], LateCopy] = {}
    for one in standings:
        name = one.place.name if one.place else None
        waits = one.first_after is not None and now - one.first_after > BEHIND_FOR
        if not waits or one.first_after is None or _is_covered(one, standings, now):
            continue
        before = found.get((one.key.id, name))
        since = min(before.since, one.first_after) if before else one.first_after
        found[one.key.id, name] = LateCopy(one.key, name, since)
    return sorted(found.values(), key=lambda late: late.since)


def concerns(late: LateCopy, actor: Actor) -> bool:
    """Whether a late copy is of a site where the actor watches over copies."""
    return _concerns(late.key, actor.sites_with(Permission.WATCH_COPIES))


def late_for(session: Session, *, actor: Actor, now: datetime) -> list[LateCopy]:
    """List the late copies that the actor watches over; nothing is read for anybody else."""
    if not actor.may_anywhere(Permission.WATCH_COPIES):
        return []
    return [late for late in list_late(session, now) if concerns(late, actor)]


def _reads(one: Standing) -> bool:
    """Whether a key follows the changes of that site."""
    key = one.key
    follows = key.kind == "door" and FOLLOWS in key.scopes.split()
    return follows and bool({ALL_SITES, one.site_id} & set(key.sites.split()))


def _is_covered(one: Standing, standings: Sequence[Standing], now: datetime) -> bool:
    """Whether somebody else does what this key does not do."""
    key, place = one.key, one.place
    others = [
        other.place
        for other in standings
        if other.place is not None
        and other.key.id != key.id
        and other.key.sites == key.sites
        and keys.holds(other.key, now)
    ]
    if place is None:
        is_new = now - key.created_at <= BEHIND_FOR
        return key.used_at is not None or is_new or not keys.holds(key, now) or bool(others)
    is_replaced = any(other.name == place.name for other in others)
    return not keys.holds(key, now) and is_replaced


def _state(
    session: Session,
    key: ApiKey,
    places: Sequence[PullPlace],
    late: Collection[tuple[str, str | None]],
    now: datetime,
) -> KeyState:
    streams = feed.streams_of(session, keys.reader_of(key))
    copies = []
    for place in places:
        if place.key_id != key.id:
            continue
        after = pull_places.what_lies_after(session, streams, place.seq)
        is_late = (key.id, place.name) in late
        copies.append(CopyState(place.name, place.told_at, after, is_late))
    return KeyState(key, tuple(copies), not keys.holds(key, now), (key.id, None) in late)


def _concerns(key: ApiKey, allowed: frozenset[str]) -> bool:
    """Whether a key reads any site of the reader's."""
    sites = set(key.sites.split())
    return bool({ALL_SITES} & (sites | allowed)) or bool(sites & allowed)
