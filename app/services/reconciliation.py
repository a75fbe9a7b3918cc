"""Reconciliation: what both sides must hold of each diary day, without moving the data."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from app.domain.access import Actor
from app.domain.ledger import digest_of_hashes
from app.services.entries import require_order, sites_asked
from app.store import feed
from app.store.session import Session


@dataclass(frozen=True, slots=True)
class DaySum:
    """The changes about one diary day of one participant: how many, the last one, their digest."""

    study_code: str
    diary_on: date
    count: int
    last_seq: int
    digest: str


def read_day_sums(
    session: Session,
    *,
    actor: Actor,
    site: str | None = None,
    first_on: date | None = None,
    last_on: date | None = None,
) -> Iterator[DaySum]:
    """Sum up the diary days of the key's sites, by participant and day."""
    require_order(first_on, last_on)
    changes = feed.list_hashes(session, sites_asked(actor, site), first_on, last_on)
    for (study_code, diary_on), group in groupby(changes, key=lambda change: change[:2]):
        rows = [(seq, hash_) for *_, seq, hash_ in group]
        digest = digest_of_hashes(hash_ for _, hash_ in rows)
        yield DaySum(study_code, diary_on, len(rows), rows[-1][0], digest)
