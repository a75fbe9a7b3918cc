"""Who pulls: the keys of the trial database, where each copy stands, and since when one is behind.

A puller says how far it has *committed*; what it was merely given is in the trail of pulls. The
site sees both, and is told when a copy has not followed for a day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.access import ALL_SITES, Actor, Permission, require_anywhere
from app.domain.cursor import Cursor
from app.domain.errors import InvalidInput
from app.services import feed, keys
from app.store import pull_places
from app.store.pull_places import After
from app.store.session import Session
from app.store.tables import ApiKey, PullPlace

BEHIND_FOR = timedelta(hours=24)
"""How long a change may wait for a copy before the site is told."""
COPIES_PER_KEY = 20


@dataclass(frozen=True, slots=True)
class CopyState:
    """A copy of the trial database: where it stands, and what it has not committed yet."""

    name: str
    told_at: datetime
    after: After
    is_late: bool


@dataclass(frozen=True, slots=True)
class KeyState:
    """A key and its copies. `is_over` says that it opens nothing any more."""

    key: ApiKey
    copies: tuple[CopyState, ...]
    is_over: bool


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
    keys = [key for key in pull_places.list_keys(session) if _concerns(key, allowed)]
    places = pull_places.list_places(session)
    states = [_state(session, key, places, now) for key in keys]
    return sorted(states, key=lambda state: state.is_over)


def _state(session: Session, key: ApiKey, places: Sequence[PullPlace], now: datetime) -> KeyState:
    is_over = key.revoked_at is not None or key.expires_at <= now
    streams = feed.streams_of(session, keys.reader_of(key))
    copies = []
    for place in places:
        if place.key_id != key.id:
            continue
        after = pull_places.what_lies_after(session, streams, place.seq)
        is_late = not is_over and after.since is not None and now - after.since > BEHIND_FOR
        copies.append(CopyState(place.name, place.told_at, after, is_late))
    return KeyState(key, tuple(copies), is_over)


def _concerns(key: ApiKey, allowed: frozenset[str]) -> bool:
    """Whether a key reads any site of the reader's."""
    sites = set(key.sites.split())
    return bool({ALL_SITES} & (sites | allowed)) or bool(sites & allowed)
