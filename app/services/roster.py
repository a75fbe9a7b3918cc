"""The roster: which participants a key of the trial database may read, page by page."""

from dataclasses import dataclass

from app.domain.access import Actor
from app.services.entries import sites_asked
from app.store import participants
from app.store.session import Session
from app.store.tables import Participant


@dataclass(frozen=True, slots=True)
class Roster:
    """One page of participants by study code; `next_code` is where the next one begins, if any."""

    people: list[Participant]
    next_code: str | None


def read_roster(
    session: Session, *, actor: Actor, site: str | None, after: str, limit: int
) -> Roster:
    """Read the participants of the key's sites from after a study code on; NotFound beyond them."""
    sites = sites_asked(actor, site)
    found = participants.list_participants(session, sites, limit + 1, after=after)
    people = found[:limit]
    return Roster(people, people[-1].study_code if len(found) > limit else None)
