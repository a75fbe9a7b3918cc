"""Pulling: the changes that a key of the trial database may read, and the act that a pull leaves.

A place that cannot be gone on from is refused with the way out; it is never answered by an empty
page, because a client would take that for "nothing new".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import ALL_SITES, Actor, Permission
from app.domain.cursor import NO_HASH, Cursor
from app.domain.errors import WrongState
from app.domain.ledger import data_stream
from app.store import feed, ledger, participants
from app.store.feed import FeedRow
from app.store.session import Session
from app.store.tables import Epoch


@dataclass(frozen=True, slots=True)
class Pull:
    """One page of the feed: `start` and `end` are where the client stood and will stand.

    `heads` gives, by stream, the number and hash of its last change: where a client arrives that
    has pulled everything.
    """

    rows: list[FeedRow]
    start: Cursor
    end: Cursor
    has_more: bool
    heads: dict[str, tuple[int, str]]


def read_changes(session: Session, *, actor: Actor, after: Cursor, limit: int) -> Pull:
    """Read the next changes of the key's sites; WrongState where the client cannot go on."""
    streams = streams_of(session, actor)
    start = stand(session, after, streams)
    found = feed.list_changes(session, streams, start.seq, limit + 1)
    rows = found[:limit]
    end = Cursor(rows[-1].seq, start.epoch, rows[-1].hash[:8]) if rows else start
    return Pull(rows, start, end, len(found) > limit, ledger.list_heads(session, streams))


def record_pull(session: Session, *, actor: Actor, pull: Pull, media: str, now: datetime) -> None:
    """Leave the act of a pull that returned something; an empty one leaves nothing."""
    details = {
        "from": str(pull.start),
        "to": str(pull.end),
        "count": len(pull.rows),
        "format": media,
    }
    ledger.queue_act(session, actor=actor, op="changes.pulled", now=now, details=details)


def streams_of(session: Session, actor: Actor) -> list[str]:
    """The streams that a key reads: those of its sites."""
    sites = actor.sites_with(Permission.PULL)
    if ALL_SITES in sites:
        sites = frozenset(site.id for site in participants.list_sites(session))
    return [data_stream(site) for site in sorted(sites)]


def end_of(session: Session, actor: Actor) -> Cursor:
    """The place after everything that the key may read so far."""
    return stand(session, Cursor(feed.find_last_seq(session)), streams_of(session, actor))


def stand(session: Session, after: Cursor, streams: Sequence[str]) -> Cursor:
    """Find the place that a cursor means, as a full cursor, or raise WrongState."""
    epochs = feed.list_epochs(session)
    present = epochs[-1].id if epochs else None
    if after.epoch is None:
        for epoch in epochs:
            if epoch.restored_head < after.seq <= epoch.after_seq:
                raise _refused("cursor_in_gap", present, epoch.restored_head)
    elif after.epoch != present:
        raise _refused("cursor_of_other_epoch", present, _kept_of(after, epochs))
    if after.seq > feed.find_last_seq(session):
        raise _refused("cursor_ahead", present, 0)
    if after.epoch is None:
        seq, hash_ = feed.find_last_before(session, after.seq, streams) or (0, NO_HASH)
        return Cursor(seq, present, hash_[:8])
    found = feed.find_hash_at(session, after.seq, streams) if after.seq else NO_HASH
    if found is None or found[:8] != after.hash8:
        raise _refused("cursor_differs", present, 0)
    return after


def _kept_of(after: Cursor, epochs: Sequence[Epoch]) -> int:
    """Up to which number a client of an earlier epoch holds what is still true.

    It is never more than the client has pulled: one that lay behind would miss what is in between.
    """
    ids = [epoch.id for epoch in epochs]
    if after.epoch not in ids:
        return 0
    later = epochs[ids.index(after.epoch) + 1 :]
    return min(after.seq, *(epoch.restored_head for epoch in later))


def _refused(code: str, epoch: str | None, kept: int) -> WrongState:
    """The way out: drop the changes above `resync_after`, then pull from there."""
    return WrongState(code, field="after", epoch=epoch, resync_after=str(kept))
