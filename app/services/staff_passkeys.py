"""Passkeys at the desk's door: two factors in one touch, for members of staff.

Every challenge is answered once; a refused answer is *returned*, as an error to raise when the
transaction that used the challenge up is committed. A passkey may live in the computer, in a phone
or on a security key; user verification is always required.
"""

import hashlib
from datetime import datetime
from typing import Any

import webauthn
from webauthn.helpers import bytes_to_base64url, options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.domain.access import SYSTEM, Actor
from app.domain.errors import InvalidInput, NotFound, NotSignedIn
from app.services import accounts, ceremonies, throttles
from app.services.ceremonies import CHALLENGE_LIVES, LONGEST_ID, TIMEOUT_MS
from app.services.deployment import Deployment
from app.store import accounts as stored
from app.store import ledger
from app.store import staff_passkeys as passkeys
from app.store.session import Session
from app.store.tables import Staff, StaffChallenge, StaffPasskey

OPENINGS_PER_MINUTE = 30
MOST = 10


def begin_adding(
    session: Session, *, deployment: Deployment, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Give what a browser needs to make a passkey: options as JSON, with their own challenge."""
    party, held = ceremonies.require_party(deployment), stored.lock_staff(session, actor.id)
    own = passkeys.list_passkeys(session, held.id)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=deployment.study.title.in_(held.language),
        user_name=held.login,
        user_display_name=held.name,
        user_id=hashlib.sha256(f"desk/passkey/{held.id}".encode()).digest(),
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[ceremonies.descriptor(one.credential_id) for one in own],
    )
    _challenge(session, options.challenge, held.id, now)
    return options_to_json_dict(options)


def add(
    session: Session, *, deployment: Deployment, actor: Actor, written: str, now: datetime
) -> str | InvalidInput:
    """Keep the passkey that a browser has made; give its id, or the error that refuses it."""
    party, held = ceremonies.require_party(deployment), stored.lock_staff(session, actor.id)
    refusal = InvalidInput("desk_passkey_not_made", field="passkey")
    challenge = _take_challenge(session, written, now)
    if challenge is None or challenge.staff_id != held.id:
        return refusal
    made = ceremonies.verify_made(party, challenge.challenge, written)
    if made is None or len(passkeys.list_passkeys(session, held.id)) >= MOST:
        return refusal
    credential_id = bytes_to_base64url(made.credential_id)
    if len(credential_id) > LONGEST_ID or passkeys.has_credential(session, credential_id):
        return refusal
    session.add(
        StaffPasskey(
            credential_id=credential_id,
            staff_id=held.id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            created_at=now,
        )
    )
    _note(session, actor, "staff.passkey_added", credential_id, now)
    return credential_id


def list_own(session: Session, *, actor: Actor) -> list[StaffPasskey]:
    """List the passkeys of the acting member of staff, oldest first."""
    return passkeys.list_passkeys(session, actor.id)


def remove_own(session: Session, *, actor: Actor, credential_id: str, now: datetime) -> None:
    """Let a passkey of the acting member of staff open nothing; NotFound for any other."""
    stored.lock_staff(session, actor.id)
    found = passkeys.find_passkey(session, credential_id)
    if found is None or found[1].id != actor.id:
        raise NotFound("not_found")
    found[0].revoked_at = now
    _note(session, actor, "staff.passkey_removed", credential_id, now)


def begin_showing(
    session: Session,
    *,
    deployment: Deployment,
    source: str,
    now: datetime,
    actor: Actor | None = None,
) -> dict[str, Any]:
    """Give what a browser needs to show a passkey: options as JSON.

    At the door they name nobody's passkeys, so that they tell nothing; to whoever is signed in they
    name their own. Raises TooFast for a source that asks without end.
    """
    party = ceremonies.require_party(deployment)
    throttles.keep_pace(session, source, OPENINGS_PER_MINUTE, now)
    own = passkeys.list_passkeys(session, actor.id) if actor else []
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        timeout=TIMEOUT_MS,
        allow_credentials=[ceremonies.descriptor(one.credential_id) for one in own],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    _challenge(session, options.challenge, actor.id if actor else None, now)
    return options_to_json_dict(options)


def sign_in(
    session: Session, *, deployment: Deployment, written: str, source: str, now: datetime
) -> str | NotSignedIn:
    """Sign in with a passkey; give the token, or the error that refuses it, whatever was wrong."""
    throttles.require_patience(session, source, now)
    held = _show(session, deployment, written, None, now)
    if held is None:
        return NotSignedIn("desk_passkey_refused", field="passkey", source=source)
    throttles.clear(session, source)
    return accounts.begin(session, held, now, by="passkey")


def confirm(
    session: Session, *, deployment: Deployment, token: str, written: str, now: datetime
) -> str | NotSignedIn:
    """Note that whoever is signed in with a token showed a passkey; give the token from now on.

    Or give the error that refuses.
    """
    sign_in_here, owner = accounts.require_signed_in(session, token, now)
    source = f"desk passkey/{owner.id}"
    throttles.require_patience(session, source, now)
    held = _show(session, deployment, written, owner.id, now)
    if held is None:
        return NotSignedIn("desk_passkey_refused", field="passkey", source=source)
    throttles.clear(session, source)
    return accounts.note_confirmed(session, sign_in_here, held, now, by="passkey")


def _show(
    session: Session, deployment: Deployment, written: str, staff_id: str | None, now: datetime
) -> Staff | None:
    """Judge an answer to a challenge of the door (None) or of somebody; give who showed it."""
    party = ceremonies.require_party(deployment)
    challenge = _take_challenge(session, written, now)
    credential_id = ceremonies.named_in(written)
    found = passkeys.find_passkey(session, credential_id) if challenge else None
    if challenge is None or found is None or challenge.staff_id != staff_id:
        return None
    passkey, held = found
    if staff_id not in (None, held.id) or not accounts.may_enter(deployment, held):
        return None
    shown = ceremonies.verify_shown(party, challenge.challenge, written, passkey.public_key)
    if shown is None:
        return None
    if ceremonies.is_copied(passkey.sign_count, shown.new_sign_count):
        _note(session, SYSTEM, "staff.passkey_copied", credential_id, now)
        return None
    passkey.sign_count, passkey.used_at = shown.new_sign_count, now
    return held


def _challenge(session: Session, challenge: bytes, staff_id: str | None, now: datetime) -> None:
    """Note a challenge until it is answered; those that nobody answered in time go."""
    passkeys.drop_stale_challenges(session, now)
    session.add(
        StaffChallenge(
            challenge=bytes_to_base64url(challenge),
            staff_id=staff_id,
            expires_at=now + CHALLENGE_LIVES,
        )
    )


def _take_challenge(session: Session, written: str, now: datetime) -> StaffChallenge | None:
    """Use up the challenge that an answer names; None when it is unknown or too old."""
    named = ceremonies.challenge_named(written)
    taken = passkeys.take_challenge(session, named) if named else None
    return taken if taken is not None and taken.expires_at > now else None


def _note(session: Session, actor: Actor, op: str, credential_id: str, now: datetime) -> None:
    details = {"passkey": ceremonies.short(credential_id)}
    ledger.queue_act(session, actor=actor, op=op, now=now, details=details)
