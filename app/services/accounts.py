"""Staff accounts: named people with two factors."""

import hmac
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import pyotp

from app.domain.access import (
    ALL_SITES,
    STAFF_ROLES,
    Actor,
    Grant,
    Role,
)
from app.domain.errors import InvalidInput, NotSignedIn
from app.services import throttles
from app.services.deployment import Deployment
from app.services.devices import hasher
from app.services.tokens import new_token, token_hash
from app.store import accounts, ledger, participants
from app.store.session import Session
from app.store.tables import SignIn, Staff, StaffGrant

SIGNED_IN_FOR = timedelta(minutes=30)
CONFIRMED_FOR = timedelta(minutes=10)
"""How long showing both factors counts for what asks to be confirmed."""
PASSWORD_LENGTH = 12
TOTP = "staff totp"


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
    check_password(password)
    check_role(new.role, new.site)
    if accounts.find_staff(session, new.login) is not None:
        raise InvalidInput("login_taken", field="login")
    require_sites(session, (new.site,))
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
    source = source_of(login)
    throttles.require_patience(session, source, now)
    staff = accounts.find_staff(session, login)
    if not _shows_both(deployment, staff, password, code, now) or staff is None:
        raise NotSignedIn("sign_in_refused", source=source)
    throttles.clear(session, source)
    return begin(session, staff, now)


def begin(session: Session, staff: Staff, now: datetime, **details: str) -> str:
    """Begin a sign-in of somebody who has just shown both factors; give its token.

    `details` say in the trail how, where it was not by password and authenticator.
    """
    actor = actor_of_staff(session, staff, now)
    ledger.queue_act(session, actor=actor, op="staff.signed_in", now=now, details=details)
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


def prove(
    session: Session,
    *,
    deployment: Deployment,
    staff_id: str,
    password: str,
    code: str,
    now: datetime,
) -> None:
    """Raise NotSignedIn unless a member of staff shows both factors here and now.

    For what is signed with two components; it leaves nothing but a code that is used up. Refusals
    count with those at the door, TooFast after three.
    """
    staff = accounts.lock_staff(session, staff_id)
    source = source_of(staff.login)
    throttles.require_patience(session, source, now)
    if not _shows_both(deployment, staff, password, code, now):
        raise NotSignedIn("confirmation_refused", field="password", source=source)
    throttles.clear(session, source)


def confirm(
    session: Session, *, deployment: Deployment, token: str, password: str, code: str, now: datetime
) -> str:
    """Note that whoever is signed in with a token has shown both factors again, as `prove` does.

    Gives the token that the sign-in has from now on.
    """
    sign_in_here, staff = require_signed_in(session, token, now)
    prove(
        session,
        deployment=deployment,
        staff_id=staff.id,
        password=password,
        code=code,
        now=now,
    )
    return note_confirmed(session, sign_in_here, staff, now)


def require_signed_in(session: Session, token: str, now: datetime) -> tuple[SignIn, Staff]:
    """Get the live sign-in of a token and whose it is, or raise NotSignedIn."""
    found = accounts.find_staff_sign_in(session, token_hash(token), now)
    if found is None:
        raise NotSignedIn("sign_in_needed")
    return found


def note_confirmed(
    session: Session, sign_in_here: SignIn, staff: Staff, now: datetime, **details: str
) -> str:
    """Let a sign-in count as confirmed from now on, for as long as that holds; give its new token.

    The one before opens nothing any more, least of all for whoever may have copied it.
    """
    token = new_token()
    sign_in_here.token_hash, sign_in_here.confirmed_at = token_hash(token), now
    actor = actor_of_staff(session, staff, now)
    ledger.queue_act(session, actor=actor, op="staff.confirmed", now=now, details=details)
    return token


def was_idle(session: Session, *, token: str, now: datetime) -> bool:
    """Whether the sign-in of a token ended by itself, because nobody used it for so long."""
    past = accounts.find_sign_in(session, token_hash(token))
    if past is None or past.staff_id is None or past.expires_at > now:
        return False
    return past.expires_at - past.seen_at >= SIGNED_IN_FOR


def is_confirmed(confirmed_at: datetime | None, now: datetime) -> bool:
    """Whether both factors were shown a short while ago."""
    return confirmed_at is not None and now - confirmed_at < CONFIRMED_FOR


def find_signed_in(
    session: Session, deployment: Deployment, token: str, now: datetime
) -> tuple[SignIn, Staff, Actor] | None:
    """Find which member of staff a token belongs to, with the rights that hold now."""
    found = accounts.find_staff_sign_in(session, token_hash(token), now)
    if found is None or not may_enter(deployment, found[1]):
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


@cache
def _nobodys_hash() -> str:
    """What an unknown login is checked against, so that it takes as long as a known one."""
    return hasher().hash(new_token())


def require_sites(session: Session, sites: tuple[str, ...]) -> None:
    """Refuse a mistyped site: rights there would be rights to nothing, and nobody would be told."""
    known = {site.id for site in participants.list_sites(session)} | {ALL_SITES}
    for site in sites:
        if site not in known:
            raise InvalidInput("unknown_site", field="site", site=site)


def source_of(login: str) -> str:
    """The throttle that counts the refusals of a login, at the door and behind it."""
    return f"staff/{token_hash(login.lower())[:32]}"


def knows_password(deployment: Deployment, staff: Staff | None, password: str) -> bool:
    """Whether a password is that of a live account; it takes as long for an unknown one."""
    matches = hasher().verify(password, staff.password_hash if staff else _nobodys_hash())
    return staff is not None and matches and may_enter(deployment, staff)


def check_role(role: Role, site: str) -> None:
    """Refuse a role that is not of staff, and an admin of anything less than every site."""
    if role not in STAFF_ROLES:
        raise InvalidInput("not_a_choice", field="role")
    if role is Role.ADMIN and site != ALL_SITES:
        raise InvalidInput("admin_everywhere", field="site")


def check_password(password: str) -> None:
    """Refuse a password that is too short."""
    if len(password) < PASSWORD_LENGTH:
        raise InvalidInput("password_short", field="password", characters=PASSWORD_LENGTH)


def _shows_both(
    deployment: Deployment, staff: Staff | None, password: str, code: str, now: datetime
) -> bool:
    """Whether password and code are those of a live account; the code is then used up."""
    if not knows_password(deployment, staff, password) or staff is None:
        return False
    step = totp_step(deployment.vault.open(staff.totp_sealed, TOTP), code, now)
    if step is None or step <= staff.totp_last_step:
        return False
    staff.totp_last_step = step
    return True


def may_enter(deployment: Deployment, staff: Staff) -> bool:
    """Whether the account is live; the demo's accounts are, only in demo mode."""
    return staff.disabled_at is None and (deployment.demo or not staff.demo)


def totp_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step that a code is of (this one, or a neighbour), or None."""
    totp = pyotp.TOTP(secret)
    given = code.replace(" ", "").encode()
    present = int(now.timestamp()) // totp.interval
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(totp.at(step * totp.interval).encode(), given):
            return step
    return None
