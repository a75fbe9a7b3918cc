"""Staff accounts and API keys: named people with two factors, machines with a secret."""

import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import pyotp

from app.domain.access import ALL_SITES, Actor, Grant, Permission, Role, require_anywhere
from app.domain.errors import InvalidInput, NotFound, NotSignedIn
from app.services import throttles
from app.services.deployment import Deployment
from app.services.devices import hasher
from app.services.tokens import CODE_ALPHABET, new_code, new_token, token_hash
from app.store import accounts, ledger, participants
from app.store.session import Session
from app.store.tables import ApiKey, SignIn, Staff, StaffGrant

SIGNED_IN_FOR = timedelta(minutes=30)
CONFIRMED_FOR = timedelta(minutes=10)
"""How long showing both factors counts for what asks to be confirmed."""
PASSWORD_LENGTH = 12
TOTP = "staff totp"
SCOPES = ("changes:read", "export:read", "metadata:read")


@dataclass(frozen=True, kw_only=True)
class NewStaff:
    """A member of staff to be added; `sites` may be `*`."""

    login: str
    name: str
    organisation: str
    role: Role
    site: str = ALL_SITES
    language: str = "fr"
    demo: bool = False


def add_staff(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    new: NewStaff,
    password: str,
    now: datetime,
) -> str:
    """Create an account; give its TOTP secret, which is shown once."""
    if len(password) < PASSWORD_LENGTH:
        raise InvalidInput("password_short", field="password", characters=PASSWORD_LENGTH)
    if accounts.find_staff(session, new.login) is not None:
        raise InvalidInput("login_taken", field="login")
    _require_sites(session, (new.site,))
    secret = pyotp.random_base32()
    staff = Staff(
        id=str(uuid.uuid4()),
        login=new.login,
        name=new.name,
        organisation=new.organisation,
        language=new.language,
        password_hash=hasher().hash(password),
        totp_sealed=deployment.vault.seal(secret, TOTP),
        demo=new.demo,
    )
    session.add(staff)
    session.flush()
    session.add(StaffGrant(staff_id=staff.id, role=new.role.value, site_id=new.site, from_at=now))
    ledger.queue_act(
        session,
        actor=actor,
        op="staff.added",
        now=now,
        site=None if new.site == ALL_SITES else new.site,
        details={"staff": staff.id, "role": new.role.value},
    )
    return secret


def sign_in(
    session: Session,
    *,
    deployment: Deployment,
    login: str,
    password: str,
    code: str,
    now: datetime,
) -> str:
    """Sign a member of staff in with password and TOTP; give the token of the sign-in.

    Every failure raises the same NotSignedIn, whichever part was wrong; TooFast after three.
    """
    source = f"staff/{token_hash(login.lower())[:32]}"
    throttles.require_patience(session, source, now)
    staff = accounts.find_staff(session, login)
    matches = hasher().verify(password, staff.password_hash if staff else _nobodys_hash())
    if staff is None or not matches or not _may_enter(deployment, staff):
        raise NotSignedIn("sign_in_refused", source=source)
    step = _totp_step(deployment.vault.open(staff.totp_sealed, TOTP), code, now)
    if step is None or step <= staff.totp_last_step:
        raise NotSignedIn("sign_in_refused", source=source)
    staff.totp_last_step = step
    throttles.clear(session, source)
    actor = actor_of_staff(session, staff, now)
    ledger.queue_act(session, actor=actor, op="staff.signed_in", now=now)
    token = new_token()
    session.add(
        SignIn(
            token_hash=token_hash(token),
            staff_id=staff.id,
            created_at=now,
            seen_at=now,
            expires_at=now + SIGNED_IN_FOR,
            confirmed_at=now,
        )
    )
    return token


def is_confirmed(confirmed_at: datetime | None, now: datetime) -> bool:
    """Whether both factors were shown a short while ago."""
    return confirmed_at is not None and now - confirmed_at < CONFIRMED_FOR


def find_signed_in(
    session: Session, deployment: Deployment, token: str, now: datetime
) -> tuple[SignIn, Staff, Actor] | None:
    """Find which member of staff a token belongs to, with the rights that hold now."""
    found = accounts.find_staff_sign_in(session, token_hash(token), now)
    if found is None or not _may_enter(deployment, found[1]):
        return None
    return found[0], found[1], actor_of_staff(session, found[1], now)


def actor_of_staff(session: Session, staff: Staff, now: datetime) -> Actor:
    """The acting member of staff, with the grants that hold now."""
    grants = accounts.list_grants(session, staff.id, now)
    return Actor(
        kind="staff",
        id=staff.id,
        organisation=staff.organisation,
        grants=frozenset(Grant(Role(grant.role), grant.site_id) for grant in grants),
        name=staff.name,
    )


def create_key(
    session: Session,
    *,
    actor: Actor,
    label: str,
    sites: tuple[str, ...],
    expires_at: datetime,
    now: datetime,
    scopes: tuple[str, ...] = SCOPES,
    demo: bool = False,
) -> str:
    """Make a key for the trial database; the whole key is shown once and never stored."""
    if actor.kind != "system":
        require_anywhere(actor, Permission.MANAGE_KEYS)
    if not set(scopes) <= set(SCOPES):
        raise InvalidInput("not_a_choice", field="scopes")
    _require_sites(session, sites)
    key_id, secret = new_code(8), new_token()
    session.add(
        ApiKey(
            id=key_id,
            label=label[:80],
            secret_hash=token_hash(secret),
            scopes=" ".join(scopes),
            sites=" ".join(sites),
            created_at=now,
            expires_at=expires_at,
            demo=demo,
        )
    )
    ledger.queue_act(
        session,
        actor=actor,
        op="key.created",
        now=now,
        details={"key": key_id, "sites": list(sites), "scopes": list(scopes)},
    )
    return f"diary_{key_id}_{secret}"


def find_key_actor(
    session: Session, deployment: Deployment, bearer: str, now: datetime
) -> tuple[ApiKey, Actor] | None:
    """Find the key that a bearer token is, and the actor it makes; None when it does not hold."""
    parts = bearer.split("_", 2)
    if len(parts) != 3 or parts[0] != "diary" or not set(parts[1]) <= set(CODE_ALPHABET):
        return None
    key = accounts.find_key(session, parts[1])
    digest = key.secret_hash if key is not None else token_hash("")
    is_right = hmac.compare_digest(digest, token_hash(parts[2]))
    if key is None or not is_right or key.revoked_at is not None or key.expires_at <= now:
        return None
    if key.demo and not deployment.demo:
        return None
    grants = frozenset(Grant(Role.TRIAL_DATABASE, site) for site in key.sites.split())
    return key, Actor(kind="key", id=key.id, organisation=key.label, grants=grants)


def revoke_key(session: Session, *, actor: Actor, key_id: str, now: datetime) -> None:
    """Revoke a key at once."""
    require_anywhere(actor, Permission.MANAGE_KEYS)
    key = accounts.find_key(session, key_id)
    if key is None:
        raise NotFound("not_found")
    key.revoked_at = now
    ledger.queue_act(session, actor=actor, op="key.revoked", now=now, details={"key": key_id})


@cache
def _nobodys_hash() -> str:
    """What an unknown login is checked against, so that it takes as long as a known one."""
    return hasher().hash(new_token())


def _require_sites(session: Session, sites: tuple[str, ...]) -> None:
    """Refuse a mistyped site: rights there would be rights to nothing, and nobody would be told."""
    known = {site.id for site in participants.list_sites(session)} | {ALL_SITES}
    for site in sites:
        if site not in known:
            raise InvalidInput("unknown_site", field="site", site=site)


def _may_enter(deployment: Deployment, staff: Staff) -> bool:
    """Whether the account is live; the demo's accounts are, only in demo mode."""
    return staff.disabled_at is None and (deployment.demo or not staff.demo)


def _totp_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that a code is of (this one, or a neighbour), or None."""
    totp = pyotp.TOTP(secret)
    given = code.replace(" ", "").encode()
    present = int(now.timestamp()) // totp.interval
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(totp.at(step * totp.interval).encode(), given):
            return step
    return None
