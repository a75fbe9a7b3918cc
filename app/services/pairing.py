"""Pairing: a short code by which an enrolled phone lets another browser in, above all the installed
app, which shares no cookies with the browser it came from.

The code is enough to become a device of its maker and to see nothing: the PIN or a passkey is asked
there as on any other. It works once, for ten minutes, and a phone has one at a time.
"""

from datetime import datetime, timedelta

from app.domain.access import Actor
from app.domain.errors import NotFound, NotSignedIn
from app.services import devices, throttles
from app.services.devices import Browser
from app.services.tokens import new_code, token_hash
from app.store import ledger, participants, passkeys
from app.store.session import Session
from app.store.tables import PairingCode

CODE_LENGTH = 8
CODE_LIVES = timedelta(minutes=10)


def make_code(session: Session, *, actor: Actor, now: datetime) -> str:
    """Make the acting participant a code on this phone; the one before works no more."""
    if actor.participant_id is None or actor.device_id is None:
        raise NotFound("not_found")
    person = participants.lock_participant(session, actor.participant_id)
    passkeys.drop_pairings(session, [actor.device_id])
    code = new_code(CODE_LENGTH)
    session.add(
        PairingCode(
            code_hash=token_hash(code), device_id=actor.device_id, expires_at=now + CODE_LIVES
        )
    )
    ledger.queue_act(
        session,
        actor=actor,
        op="pairing.code_made",
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"device": actor.device_id},
    )
    return code


def pair(session: Session, *, typed: str, browser: Browser, source: str, now: datetime) -> str:
    """Make a browser a device of the code's maker; give the credential for its cookie.

    Capitals, spaces and dashes do not matter. Raises NotSignedIn for a code that is wrong, used or
    too old, whichever it is, and TooFast for a source that was refused too often.
    """
    throttles.require_patience(session, source, now)
    code_hash = token_hash(_plain(typed))
    found = passkeys.find_pairing(session, code_hash)
    if found is not None:  # hold its maker, and look again: it may have been used meanwhile
        participants.lock_participant(session, found[2].id)
        found = passkeys.find_pairing(session, code_hash)
    if found is None or found[0].used_at is not None or found[0].expires_at <= now:
        raise NotSignedIn("pairing_refused", field="code", source=source)
    code, device, person = found
    code.used_at = now
    throttles.clear(session, source)
    _, credential = devices.enrol_beside(
        session, person=person, device=device, browser=browser, by="pairing", now=now
    )
    return credential


def _plain(typed: str) -> str:
    """A code without what people type around and between its characters."""
    return "".join(part for part in typed.upper() if part.isalnum())
