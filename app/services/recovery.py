"""Recovery codes: ten, shown once, each of which stands in for the authenticator once.

Only keyed digests are stored, so that the table alone opens nothing.
"""

from datetime import datetime

from app.domain.access import Actor
from app.domain.errors import NotSignedIn
from app.services import accounts, throttles
from app.services.deployment import Deployment
from app.services.tokens import new_code
from app.store import accounts as stored
from app.store import ledger, staff
from app.store.session import Session

CODES = 10
LENGTH = 10


def make(session: Session, *, deployment: Deployment, staff_id: str) -> list[str]:
    """Make new codes in place of all that an account had; they are shown once."""
    codes = [new_code(LENGTH) for _ in range(CODES)]
    digests = [_digests(deployment, staff_id, code)[0] for code in codes]
    staff.replace_codes(session, staff_id, digests)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def renew_own(
    session: Session, *, deployment: Deployment, actor: Actor, now: datetime
) -> list[str]:
    """Make new codes for the acting member of staff; the earlier ones end."""
    stored.lock_staff(session, actor.id)
    codes = make(session, deployment=deployment, staff_id=actor.id)
    ledger.queue_act(session, actor=actor, op="staff.codes_made", now=now)
    return codes


def sign_in(
    session: Session,
    *,
    deployment: Deployment,
    login: str,
    password: str,
    code: str,
    now: datetime,
) -> str:
    """Sign a member of staff in with password and a recovery code, which is then used up.

    Refuses as `accounts.sign_in` does.
    """
    source = accounts.source_of(login)
    throttles.require_patience(session, source, now)
    found = stored.find_staff(session, login)
    knows = accounts.knows_password(deployment, found, password)
    refusal = NotSignedIn("sign_in_refused", source=source)
    if not knows or found is None:
        raise refusal
    if not staff.use_code(session, found.id, _digests(deployment, found.id, code), now):
        raise refusal
    throttles.clear(session, source)
    left = staff.count_codes(session, found.id)
    return accounts.begin(session, found, now, by="recovery code", codes_left=str(left))


def _plain(typed: str) -> str:
    return "".join(sign for sign in typed.upper() if sign.isalnum())


def _digests(deployment: Deployment, staff_id: str, code: str) -> tuple[str, ...]:
    """The digest of a code with the present secret, and after it those with earlier ones."""
    return deployment.vault.every_mac({"staff": staff_id, "recovery code": _plain(code)})
