"""What a member of staff changes about their own account: password, language, address, sign-ins."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Actor
from app.domain.errors import InvalidInput, NotFound, NotSignedIn
from app.services import accounts, contacts, throttles
from app.services.contacts import Addresses
from app.services.deployment import Deployment
from app.services.devices import hasher
from app.services.tokens import token_hash
from app.store import accounts as stored
from app.store import ledger, staff
from app.store.session import Session
from app.store.tables import SignIn

EMAIL = "staff e-mail"


@dataclass(frozen=True, slots=True)
class Own:
    """An account as its owner sees it, with the browsers in which it is signed in."""

    email: str
    codes_left: int
    sign_ins: tuple["OwnSignIn", ...]


@dataclass(frozen=True, slots=True)
class OwnSignIn:
    """A live sign-in of an account; `id` names it on a page and opens nothing."""

    id: str
    begun_at: datetime
    seen_at: datetime
    is_here: bool


def read_own(
    session: Session, *, deployment: Deployment, actor: Actor, token: str, now: datetime
) -> Own:
    """Read what the acting member of staff may change; `token` is that of their sign-in here."""
    held = staff.find_account(session, actor.id)
    sealed = held.email_sealed if held else None
    return Own(
        email=deployment.vault.open(sealed, EMAIL) if sealed else "",
        codes_left=staff.count_codes(session, actor.id),
        sign_ins=tuple(
            OwnSignIn(
                id=_name_of(one),
                begun_at=one.created_at,
                seen_at=one.seen_at,
                is_here=one.token_hash == token_hash(token),
            )
            for one in staff.list_live_sign_ins(session, actor.id, now)
        ),
    )


def _name_of(sign_in: SignIn) -> str:
    return token_hash(sign_in.token_hash)[:16]


def change_password(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    present: str,
    password: str,
    now: datetime,
) -> None:
    """Change the acting person's password.

    The present one is asked for; wrong guesses of it count with those at the door.
    """
    accounts.check_password(password)
    held = stored.lock_staff(session, actor.id)
    source = accounts.source_of(held.login)
    throttles.require_patience(session, source, now)
    if not accounts.knows_password(deployment, held, present):
        raise NotSignedIn("password_refused", field="present", source=source)
    throttles.clear(session, source)
    held.password_hash = hasher().hash(password)
    ledger.queue_act(session, actor=actor, op="staff.password_changed", now=now)


def change_language(
    session: Session, *, deployment: Deployment, actor: Actor, language: str, now: datetime
) -> None:
    """Change the language of the acting person's pages and e-mails."""
    if language not in deployment.study.languages:
        raise InvalidInput("unknown_language", field="language")
    stored.lock_staff(session, actor.id).language = language
    details = {"language": language}
    ledger.queue_act(session, actor=actor, op="staff.language_changed", now=now, details=details)


def change_email(
    session: Session, *, deployment: Deployment, actor: Actor, email: str, now: datetime
) -> None:
    """Change where the acting person's daily digest goes; empty: it is not sent."""
    contacts.check(Addresses(email=email or None))
    sealed = deployment.vault.seal(email, EMAIL) if email else None
    stored.lock_staff(session, actor.id).email_sealed = sealed
    details = {"is_given": bool(email)}
    ledger.queue_act(session, actor=actor, op="staff.email_changed", now=now, details=details)


def end_sign_in(session: Session, *, actor: Actor, sign_in_id: str, now: datetime) -> None:
    """Sign the acting person out of one browser; NotFound when it is not theirs, or not alive."""
    live = staff.list_live_sign_ins(session, actor.id, now)
    found = next((one for one in live if _name_of(one) == sign_in_id), None)
    if found is None:
        raise NotFound("not_found")
    stored.end_sign_in(session, found.token_hash, now)
    ledger.queue_act(session, actor=actor, op="staff.sign_ins_ended", now=now, details={"count": 1})


def end_other_sign_ins(session: Session, *, actor: Actor, token: str, now: datetime) -> int:
    """Sign the acting person out everywhere but here; give how many sign-ins ended."""
    ended = staff.end_sign_ins(session, actor.id, now, keep=token_hash(token))
    details = {"count": ended}
    ledger.queue_act(session, actor=actor, op="staff.sign_ins_ended", now=now, details=details)
    return ended
