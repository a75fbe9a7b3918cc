"""Accounts and their rights: what an admin sees of them, gives, ends, and whom they keep out.

A grant says who may do what where, from one instant to another; grants are ended, never removed, so
that they tell who had access on any day. Keeping an account out ends its grants for that reason.
Nobody changes the rights of their own account, and one admin without an end always remains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from app.domain.access import ALL_SITES, Actor, Grant, Permission, Role
from app.domain.diary_day import zone_named
from app.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from app.services import accounts
from app.services.deployment import Deployment
from app.store import accounts as stored
from app.store import ledger, staff
from app.store.session import Session
from app.store.tables import Staff, StaffGrant, StaffInvitation

PAGE = 50
MOST_INVITATIONS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrant:
    """A role to be given at a site (`*`: all); `until_on` is the last day on which it holds."""

    role: Role
    site: str
    until_on: date | None


@dataclass(frozen=True, slots=True)
class Account:
    """An account as admins see it, with every grant that it ever had, in their order."""

    staff: Staff
    grants: Sequence[StaffGrant]
    last_sign_in_at: datetime | None

    def live(self, now: datetime) -> list[StaffGrant]:
        """The grants that hold now."""
        return [grant for grant in self.grants if holds(grant, now)]


def holds(grant: StaffGrant, now: datetime) -> bool:
    """Whether a grant gives rights at an instant."""
    return grant.from_at <= now and (grant.until_at is None or grant.until_at > now)


def require_admin(actor: Actor) -> None:
    """Raise NotAllowed unless the actor looks after the accounts of the whole study."""
    if ALL_SITES not in actor.sites_with(Permission.MANAGE_ACCOUNTS):
        raise NotAllowed("not_allowed", permission=Permission.MANAGE_ACCOUNTS.value)


def list_accounts(session: Session, *, actor: Actor, page: int) -> tuple[list[Account], bool]:
    """List a page of the accounts by name, page 1 first; also whether others follow."""
    require_admin(actor)
    found = staff.list_accounts(session, PAGE * (page - 1), PAGE + 1)
    return _with_grants(session, found[:PAGE]), len(found) > PAGE


def list_invitations(session: Session, *, actor: Actor, now: datetime) -> list[StaffInvitation]:
    """List the invitations that wait to be used, the newest first."""
    require_admin(actor)
    return staff.list_open_invitations(session, now, MOST_INVITATIONS)


def read_account(session: Session, *, actor: Actor, staff_id: str) -> Account:
    """Read one account; NotFound for an id of nobody."""
    require_admin(actor)
    found = staff.find_account(session, staff_id)
    if found is None:
        raise NotFound("not_found")
    return _with_grants(session, [found])[0]


def check_grant(
    session: Session, *, deployment: Deployment, new: NewGrant, now: datetime
) -> datetime | None:
    """Refuse a grant that cannot be given; give the instant at which it ends by itself, if any."""
    accounts.require_sites(session, (new.site,))
    accounts.check_role(new.role, new.site)
    if new.until_on is None:
        if new.role is Role.INSPECTOR:
            raise InvalidInput("until_missing", field="until_on")
        return None
    over_on = new.until_on + timedelta(days=1)
    until_at = datetime.combine(over_on, time(), zone_named(deployment.study.tz))
    if until_at <= now:
        raise InvalidInput("date_over", field="until_on")
    return until_at


def last_day(deployment: Deployment, until_at: datetime) -> date:
    """The last day on which something holds that ends at an instant, by the study's clock."""
    local = until_at.astimezone(zone_named(deployment.study.tz))
    return (local - timedelta(microseconds=1)).date()


def give(
    session: Session, held: Staff, new: NewGrant, until_at: datetime | None, now: datetime
) -> StaffGrant:
    """Write a grant down for an account whose row is held; WrongState when it has it already."""
    live = [g for g in staff.list_grants(session, [held.id]) if holds(g, now)]
    wanted = Grant(new.role, new.site)
    if any((grant.role, grant.site_id) == (new.role.value, new.site) for grant in live):
        raise WrongState("granted_already", field="role")
    if any(wanted.unblinds(Grant(Role(grant.role), grant.site_id)) for grant in live):
        raise WrongState("assessor_unblinded", field="role")
    given = StaffGrant(
        staff_id=held.id, role=new.role.value, site_id=new.site, from_at=now, until_at=until_at
    )
    session.add(given)
    return given


def add_grant(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    staff_id: str,
    new: NewGrant,
    now: datetime,
) -> None:
    """Give an account a further role."""
    held = _others(session, actor, staff_id)
    if held.disabled_at is not None:
        raise WrongState("account_disabled")
    until_at = check_grant(session, deployment=deployment, new=new, now=now)
    given = give(session, held, new, until_at, now)
    until = {"until_on": new.until_on.isoformat()} if new.until_on else {}
    note(session, actor, "staff.granted", held.id, now, given, **until)


def end_grant(
    session: Session, *, actor: Actor, staff_id: str, grant_id: int, now: datetime
) -> None:
    """End a role of an account now; WrongState when it is over already."""
    held = _others(session, actor, staff_id)
    _require_admin_left(session, [grant_id], now)
    grant = staff.find_grant(session, grant_id)
    if grant is None or grant.staff_id != held.id:
        raise NotFound("not_found")
    if not holds(grant, now):
        raise WrongState("grant_over")
    grant.until_at = now
    note(session, actor, "staff.grant_ended", held.id, now, grant)


def disable(session: Session, *, actor: Actor, staff_id: str, now: datetime) -> None:
    """Keep an account out at once: its roles, sign-ins and unused links end."""
    held = _others(session, actor, staff_id)
    if held.disabled_at is not None:
        raise WrongState("account_disabled")
    live = [grant for grant in staff.list_grants(session, [held.id]) if holds(grant, now)]
    _require_admin_left(session, [grant.id for grant in live], now)
    held.disabled_at = now
    for grant in live:
        grant.until_at = now
    staff.end_sign_ins(session, held.id, now)
    staff.end_invitations(session, held.login, now)
    note(session, actor, "staff.disabled", held.id, now)


def enable(session: Session, *, actor: Actor, staff_id: str, now: datetime) -> None:
    """Let an account in again. It has no role until it is given one."""
    held = _others(session, actor, staff_id)
    if held.disabled_at is None:
        raise WrongState("account_enabled")
    held.disabled_at = None
    note(session, actor, "staff.enabled", held.id, now)


def note(
    session: Session,
    actor: Actor,
    op: str,
    staff_id: str,
    now: datetime,
    grant: StaffGrant | None = None,
    **details: str,
) -> None:
    """Note an act about an account, with the grant that it gave or ended."""
    told, site = {"staff": staff_id, **details}, None
    if grant is not None:
        told["role"] = grant.role
        site = None if grant.site_id == ALL_SITES else grant.site_id
    ledger.queue_act(session, actor=actor, op=op, now=now, site=site, details=told)


def _others(session: Session, actor: Actor, staff_id: str) -> Staff:
    """Get and hold somebody else's account."""
    require_admin(actor)
    if staff_id == actor.id:
        raise WrongState("own_account")
    if staff.find_account(session, staff_id) is None:
        raise NotFound("not_found")
    return stored.lock_staff(session, staff_id)


def _require_admin_left(session: Session, ending: Sequence[int], now: datetime) -> None:
    """Refuse what would leave nobody to look after the accounts."""
    if all(grant.id in ending for grant in staff.lock_admins(session, now)):
        raise WrongState("last_admin")


def _with_grants(session: Session, found: Sequence[Staff]) -> list[Account]:
    ids = [one.id for one in found]
    seen = staff.list_last_sign_ins(session, ids)
    grants: dict[str, list[StaffGrant]] = {id_: [] for id_ in ids}
    for grant in staff.list_grants(session, ids):
        grants[grant.staff_id].append(grant)
    return [Account(one, grants[one.id], seen.get(one.id)) for one in found]
