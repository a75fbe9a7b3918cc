"""Sites of the study: each has its own stream in the ledger and its own telephone."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Actor
from app.domain.errors import InvalidInput
from app.store import feed, ledger, participants
from app.store.session import Session
from app.store.tables import Epoch, Site


@dataclass(frozen=True, slots=True)
class NewSite:
    """A hospital site to be added; `id` is short and stable ("lyon")."""

    id: str
    name: str
    organisation: str
    team_phone: str
    team_hours: str


def add_site(session: Session, *, actor: Actor, new: NewSite, now: datetime) -> None:
    """Add a site. The first one also starts the feed's first epoch."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,31}", new.id):
        raise InvalidInput("site_name", field="site")
    if any(site.id == new.id for site in participants.list_sites(session)):
        raise InvalidInput("site_taken", field="site", site=new.id)
    session.add(
        Site(
            id=new.id,
            name=new.name,
            organisation=new.organisation,
            team_phone=new.team_phone,
            team_hours=new.team_hours,
        )
    )
    if feed.find_epoch(session) is None:
        session.add(Epoch(id=uuid.uuid4().hex[:8], after_seq=0, restored_head=0, started_at=now))
    ledger.queue_act(
        session, actor=actor, op="site.added", now=now, site=new.id, details={"name": new.name}
    )
