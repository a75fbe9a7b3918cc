"""Reading records as they stand: their latest versions and their history, for the trial database.

What lies out of the key's sites does not exist for it. A reading that returns something leaves an
act, like every pull.
"""

from datetime import date, datetime
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
    sites = sites_asked(actor, asked.site)
    if asked.study_code is not None:
        participants.get_by_code(session, asked.study_code, sites)
    require_order(asked.first_on, asked.last_on)
    return entries.list_entries(session, sites, asked, after, limit)


def read_history(session: Session, *, actor: Actor, record_id: str) -> list[FeedRow]:
    """Read every version of a record, oldest first; NotFound out of the key's sites."""
    sites = actor.sites_with(Permission.PULL)
    record = records.find_record(session, record_id)
    if record is None or not {ALL_SITES, record.site_id} & sites:
        raise NotFound("not_found")
    return feed.list_history(session, record_id)


def sites_asked(actor: Actor, site: str | None) -> frozenset[str]:
    """The sites to read: the one that was asked for, or all of the key's; NotFound beyond them."""
    sites = actor.sites_with(Permission.PULL)
    if site is None:
        return sites
    if not {ALL_SITES, site} & sites:
        raise NotFound("not_found", field="site")
    return frozenset({site})


def require_order(first_on: date | None, last_on: date | None) -> None:
    """Raise InvalidInput when the last day comes before the first."""
    if first_on and last_on and last_on < first_on:
        raise InvalidInput("dates_reversed", field="to")


def record_reading(
    session: Session, *, actor: Actor, op: str, details: dict[str, Any], now: datetime
) -> None:
    """Leave the act of a reading that returned something."""
    ledger.queue_act(session, actor=actor, op=op, now=now, details=details)
