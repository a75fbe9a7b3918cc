"""Links by which named people make their own account, or set their factors anew when lost.

Opening a link consumes nothing; the account, or its new factors, exist once password and a first
code of the authenticator were shown together. The authenticator's secret follows from the link and
the deployment's secret: a page opened twice shows the same one, and nothing is stored before.
"""

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp

from app.domain.access import Actor, Role
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.services import accounts, grants, recovery
from app.services.deployment import Deployment
from app.services.devices import hasher
from app.services.grants import NewGrant
from app.services.tokens import new_token, token_hash
from app.store import accounts as stored
from app.store import ledger, staff, staff_passkeys
from app.store.session import Session
from app.store.tables import Staff, StaffGrant, StaffInvitation

LINK_LIVES = timedelta(days=7)
LONGEST = 120
_SECRET_BYTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """Who is invited: a named person, and the first role that their account will have."""

    login: str
    name: str
    organisation: str
    language: str
    grant: NewGrant


@dataclass(frozen=True, slots=True)
class Joining:
    """What the page of a link shows: whose it is, and the secret for their authenticator.

    `is_return` says that the account is there and only its factors are set anew.
    """

    name: str
    login: str
    language: str
    secret: str
    is_return: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """An account as it was made: the token of its first sign-in, and its recovery codes."""

    sign_in: str
    codes: list[str]


def invite(
    session: Session, *, deployment: Deployment, actor: Actor, new: Invited, now: datetime
) -> str:
    """Invite a person; give the link, which is shown once. An earlier one for the login ends."""
    grants.require_admin(actor)
    for field in ("login", "name", "organisation"):
        _check_words(field, getattr(new, field))
    if new.language not in deployment.study.languages:
        raise InvalidInput("unknown_language", field="language")
    until_at = grants.check_grant(session, deployment=deployment, new=new.grant, now=now)
    if stored.find_staff(session, new.login) is not None:
        raise InvalidInput("login_taken", field="login")
    row = StaffInvitation(
        login=new.login,
        name=new.name,
        organisation=new.organisation,
        role=new.grant.role.value,
        site_id=new.grant.site,
        language=new.language,
        until_at=until_at,
        invited_by=actor.id,
    )
    return _issue(session, deployment, actor, row, now)


def invite_back(
    session: Session, *, deployment: Deployment, actor: Actor, staff_id: str, now: datetime
) -> str:
    """Give a link by which somebody who lost password or authenticator sets both anew.

    What they have works until then.
    """
    grants.require_admin(actor)
    held = staff.find_account(session, staff_id)
    if held is None:
        raise NotFound("not_found")
    if held.disabled_at is not None:
        raise WrongState("account_disabled")
    row = StaffInvitation(
        login=held.login,
        name=held.name,
        organisation=held.organisation,
        role="",
        site_id="",
        language=held.language,
        until_at=None,
        invited_by=actor.id,
    )
    return _issue(session, deployment, actor, row, now, staff=held.id)


def find_joining(session: Session, *, deployment: Deployment, token: str, now: datetime) -> Joining:
    """Find what a live link is for, or raise NotFound. Consumes nothing."""
    row = _require_live(staff.find_invitation(session, token_hash(token)), now)
    return Joining(
        name=row.name,
        login=row.login,
        language=row.language,
        secret=_secrets(deployment, token)[0],
        is_return=not row.role,
    )


def join(
    session: Session, *, deployment: Deployment, token: str, password: str, code: str, now: datetime
) -> Joined:
    """Make the account of a link, or set its factors anew, and sign in. Uses the link up."""
    row = _require_live(staff.lock_invitation(session, token_hash(token)), now)
    accounts.check_password(password)
    shown = _shown(deployment, token, code, now)
    if shown is None:
        raise InvalidInput("code_differs", field="code")
    secret, step = shown
    row.used_at = now
    found = stored.find_staff(session, row.login)
    is_new = bool(row.role)
    held = _make(session, deployment, row, found, now) if is_new else _renew(session, found, now)
    held.password_hash = hasher().hash(password)
    held.totp_sealed = deployment.vault.seal(secret, accounts.TOTP)
    held.totp_last_step = step
    session.flush()
    codes = recovery.make(session, deployment=deployment, staff_id=held.id)
    return Joined(accounts.begin(session, held, now), codes)


def _make(
    session: Session,
    deployment: Deployment,
    row: StaffInvitation,
    found: Staff | None,
    now: datetime,
) -> Staff:
    """Make the account of a new person, with the role that they were invited to."""
    if found is not None:
        raise InvalidInput("login_taken", field="login")
    if row.until_at is not None and row.until_at <= now:
        raise NotFound("invitation_over")
    held = Staff(
        id=str(uuid.uuid4()),
        login=row.login,
        name=row.name,
        organisation=row.organisation,
        language=row.language,
        password_hash="",
        totp_sealed=b"",
        demo=deployment.demo,
    )
    session.add(held)
    session.flush()
    given = StaffGrant(
        staff_id=held.id, role=row.role, site_id=row.site_id, from_at=now, until_at=row.until_at
    )
    session.add(given)
    session.flush()
    actor = accounts.actor_of_staff(session, held, now)
    details = {"invited_by": row.invited_by}
    if row.until_at is not None:
        details["until_on"] = grants.last_day(deployment, row.until_at).isoformat()
    grants.note(session, actor, "staff.joined", held.id, now, given, **details)
    return held


def _renew(session: Session, found: Staff | None, now: datetime) -> Staff:
    """Let everything end that opened an account so far."""
    if found is None or found.disabled_at is not None:
        raise NotFound("invitation_over")
    staff.end_sign_ins(session, found.id, now)
    staff_passkeys.revoke_all(session, found.id, now)
    actor = accounts.actor_of_staff(session, found, now)
    grants.note(session, actor, "staff.factors_renewed", found.id, now)
    return found


def _issue(
    session: Session,
    deployment: Deployment,
    actor: Actor,
    row: StaffInvitation,
    now: datetime,
    **details: str,
) -> str:
    """Write an invitation down in place of any earlier one; give its link."""
    staff.end_invitations(session, row.login, now)
    token = new_token()
    row.token_hash, row.expires_at = token_hash(token), now + LINK_LIVES
    session.add(row)
    ledger.queue_act(
        session,
        actor=actor,
        role=Role.ADMIN,
        op="staff.invited",
        now=now,
        details={"role": row.role, "site": row.site_id, **details},
        texts={} if details else {"name": row.name, "login": row.login},
    )
    return f"{deployment.base_url}/desk/join/{token}"


def _require_live(row: StaffInvitation | None, now: datetime) -> StaffInvitation:
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise NotFound("invitation_over")
    return row


def _secrets(deployment: Deployment, token: str) -> list[str]:
    """The authenticator's secret of a link; after it those of earlier secrets of the deployment."""
    macs = deployment.vault.every_mac({"staff authenticator": token})
    return [base64.b32encode(bytes.fromhex(mac)[:_SECRET_BYTES]).decode() for mac in macs]


def _shown(deployment: Deployment, token: str, code: str, now: datetime) -> tuple[str, int] | None:
    """The secret that a code is of, and its step; None when it is of none."""
    for secret in _secrets(deployment, token):
        step = accounts.totp_step(secret, code, now)
        if step is not None:
            return secret, step
    return None


def address_for(deployment: Deployment, joining: Joining) -> str:
    """What an authenticator app reads from the picture: the secret, and whose it is."""
    title = deployment.study.title.in_(joining.language)
    return pyotp.TOTP(joining.secret).provisioning_uri(name=joining.login, issuer_name=title)


def _check_words(field: str, value: str) -> None:
    if not value.strip():
        raise InvalidInput("field_missing", field=field)
    if len(value) > LONGEST:
        raise InvalidInput("words_too_many", field=field, characters=LONGEST)
