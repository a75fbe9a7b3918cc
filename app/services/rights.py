"""Who had access on a day, and by whom it was given and ended.

A grant's own instants tell when it held. Who gave and ended it stands in the ledger, at exactly
those instants; what ended with nobody's act ended by itself, on the last day that it was given for.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.domain.access import SYSTEM, Actor, Permission, require_anywhere
from app.domain.diary_day import zone_named
from app.domain.errors import NotFound
from app.services.deployment import Deployment
from app.store import participants, staff
from app.store.session import Session
from app.store.tables import Site, Staff, StaffGrant

PAGE = 100
_GIVEN = frozenset({"staff.added", "staff.joined", "staff.granted"})
_ENDED = frozenset({"staff.grant_ended", "staff.disabled"})


@dataclass(frozen=True, slots=True)
class Held:
    """A role that held, whose it was, and who gave and ended it.

    `given_by` and `ended_by` are names, "" for the service itself, and None where no act is: a role
    that goes on, or that ended by itself. `invited_by` is whose invitation it was. `was_closed`
    says that the whole account was closed then.
    """

    staff: Staff
    grant: StaffGrant
    given_by: str | None
    invited_by: str | None
    ended_by: str | None
    was_closed: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """Which day of the study's clock (None: today), which site (with the roles that reach every
    site; "": all of the reader's), and which page of the list.
    """

    on: date | None
    site: str
    page: int


@dataclass(frozen=True, slots=True)
class Rights:
    """A page of the roles that held on a day, by name; whether others follow."""

    on: date
    held: Sequence[Held]
    sites: Sequence[Site]
    has_more: bool


def read_rights(
    session: Session, *, deployment: Deployment, actor: Actor, asked: Asked, now: datetime
) -> Rights:
    """Read who had access at the reader's sites; NotFound for a site that is not among them."""
    require_anywhere(actor, Permission.SEE_RIGHTS)
    allowed = actor.sites_with(Permission.SEE_RIGHTS)
    every = participants.list_sites(session)
    own = [one for one in every if allowed & {one.id, "*"}]
    site = asked.site
    if site and site not in {one.id for one in own}:
        raise NotFound("not_found")
    zone = zone_named(deployment.study.tz)
    on = asked.on or now.astimezone(zone).date()
    starts_at = datetime.combine(on, time(), zone)
    ends_at = datetime.combine(on + timedelta(days=1), time(), zone)
    sites, skip = {site} if site else allowed, PAGE * (asked.page - 1)
    found = staff.list_access(session, sites, starts_at, ends_at, skip, PAGE + 1)
    return Rights(on, tell(session, found[:PAGE]), own, len(found) > PAGE)


def tell(session: Session, found: Sequence[tuple[StaffGrant, Staff]]) -> list[Held]:
    """Put beside grants who gave and ended them, as the ledger has it."""
    instants = {at for grant, _ in found for at in (grant.from_at, grant.until_at) if at}
    acts: dict[tuple[datetime, str, bool], dict[str, str]] = {}
    for at, actor_id, body in staff.list_acts(session, instants, _GIVEN | _ENDED):
        told = json.loads(body)
        act = {"by": actor_id, "op": told["op"], "invited": told["details"].get("invited_by", "")}
        acts[at, told["details"]["staff"], told["op"] in _GIVEN] = act
    names = staff.list_names(
        session, {act[who] for act in acts.values() for who in ("by", "invited")}
    )
    names[SYSTEM.id] = ""

    def one(grant: StaffGrant, owner: Staff) -> Held:
        given = acts.get((grant.from_at, owner.id, True))
        ended = acts.get((grant.until_at, owner.id, False)) if grant.until_at else None
        return Held(
            staff=owner,
            grant=grant,
            given_by=names.get(given["by"]) if given else None,
            invited_by=names.get(given["invited"]) if given else None,
            ended_by=names.get(ended["by"]) if ended else None,
            was_closed=ended is not None and ended["op"] == "staff.disabled",
        )

    return [one(grant, owner) for grant, owner in found]
