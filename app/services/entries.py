"""Reading records as they stand: their latest versions and their history, for the trial database.

What lies out of the key's sites does not exist for it. A reading that returns something leaves an
act, like every pull.
"""

from datetime import datetime
from typing import Any

from app.domain.access import ALL_SITES, Actor, Permission
from app.domain.errors import InvalidInput, NotFound
from app.store import entries, feed, ledger, participants, records
from app.store.entries import EntryFilter, EntryRow
from app.store.feed import FeedRow
from app.store.session import Session

EVERYTHING = EntryFilter()
"""Every record of the sites that the actor may read."""


def read_entries(
    session: Session, *, actor: Actor, asked: EntryFilter, after: str, limit: int
) -> list[EntryRow]:
    """Read records of the key's sites from the one after the id `after` on.

    Raises NotFound for a site or participant out of its scope, InvalidInput for dates in the wrong
    order.
    """
    sites = actor.sites_with(Permission.PULL)
    if asked.site is not None and not {ALL_SITES, asked.site} & sites:
        raise NotFound("not_found", field="site")
    if asked.study_code is not None:
        participants.get_by_code(session, asked.study_code, sites)
    if asked.first_on and asked.last_on and asked.last_on < asked.first_on:
        raise InvalidInput("dates_reversed", field="to")
    return entries.list_entries(session, sites, asked, after, limit)


def read_history(session: Session, *, actor: Actor, record_id: str) -> list[FeedRow]:
    """Read every version of a record, oldest first; NotFound out of the key's sites."""
    sites = actor.sites_with(Permission.PULL)
    record = records.find_record(session, record_id)
    if record is None or not {ALL_SITES, record.site_id} & sites:
        raise NotFound("not_found")
    return feed.list_history(session, record_id)


def record_reading(
    session: Session, *, actor: Actor, op: str, details: dict[str, Any], now: datetime
) -> None:
    """Leave the act of a reading that returned something."""
    ledger.queue_act(session, actor=actor, op=op, now=now, details=details)
