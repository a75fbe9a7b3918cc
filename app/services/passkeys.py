"""Passkeys: made on an enrolled phone, they open the diary there and wherever the phone syncs them.

User verification is required: a passkey is the phone and its owner's finger, face or code. Every
challenge is answered once; a refused answer is therefore *returned*, as an error to raise when the
transaction that used the challenge up is committed. Nothing about the person goes to the keeper of
passkeys: its entry bears the diary's name alone.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import webauthn
from webauthn.helpers import bytes_to_base64url, options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorAttachment,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.domain.access import SYSTEM, Actor
from app.domain.errors import InvalidInput, NotFound, NotSignedIn
from app.services import ceremonies, devices, throttles
from app.services.ceremonies import CHALLENGE_LIVES, LONGEST_ID, TIMEOUT_MS
from app.services.deployment import Deployment
from app.services.devices import Browser
from app.store import ledger, participants, passkeys
from app.store.session import Session
from app.store.tables import Device, Participant, Passkey, PasskeyChallenge

OPENINGS_PER_MINUTE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a browser hands in to open the diary.

    `written` is the passkey's answer as JSON, `credential` that of the device if the browser is
    one, `source` the throttle of a browser that is none.
    """

    written: str
    credential: str
    browser: Browser
    source: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A sign-in by passkey; `credential` is that of a new device, None on one already enrolled."""

    sign_in: str
    credential: str | None


def begin_adding(
    session: Session, *, deployment: Deployment, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Give what a phone needs to make a passkey: options as JSON, with a challenge of their own."""
    party, person = ceremonies.require_party(deployment), _owner(session, actor)
    name = deployment.study.participant_name.in_(person.language)
    handle = f"diary/passkey/{person.id}/{person.created_at.isoformat()}"
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=name,
        user_name=name,
        user_id=hashlib.sha256(handle.encode()).digest(),
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            authenticator_attachment=AuthenticatorAttachment.PLATFORM,
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(session, person.id),
    )
    _challenge(session, options.challenge, actor.device_id, now)
    return options_to_json_dict(options)


def add(
    session: Session, *, deployment: Deployment, actor: Actor, written: str, now: datetime
) -> str | InvalidInput:
    """Keep the passkey that a phone has made; give its id, or the error that refuses it."""
    party, person = ceremonies.require_party(deployment), _owner(session, actor)
    refusal = InvalidInput("passkey_not_made", field="passkey")
    challenge = _take_challenge(session, written, now)
    if challenge is None or challenge.device_id != actor.device_id:
        return refusal
    made = ceremonies.verify_made(party, challenge.challenge, written)
    if made is None:
        return refusal
    credential_id = bytes_to_base64url(made.credential_id)
    if len(credential_id) > LONGEST_ID or passkeys.has_credential(session, credential_id):
        return refusal
    session.add(
        Passkey(
            credential_id=credential_id,
            participant_id=person.id,
            device_id=actor.device_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            created_at=now,
        )
    )
    _note(
        session, person, "passkey.added", now, actor=actor, passkey=ceremonies.short(credential_id)
    )
    return credential_id


def list_own(session: Session, *, actor: Actor) -> list[Passkey]:
    """List the passkeys that open the acting participant's diary, oldest first."""
    found = actor.participant_id
    return [] if found is None else passkeys.list_passkeys(session, found)


def remove_own(session: Session, *, actor: Actor, credential_id: str, now: datetime) -> None:
    """Let a passkey of the acting participant open nothing any more; NotFound for any other."""
    person = _owner(session, actor)
    found = passkeys.find_passkey(
        session, ceremonies.parsed(lambda: ceremonies.plain(credential_id)) or ""
    )
    if found is None or found[0].participant_id != person.id:
        raise NotFound("not_found")
    found[0].revoked_at = now
    _note(
        session,
        person,
        "passkey.removed",
        now,
        actor=actor,
        passkey=ceremonies.short(credential_id),
    )


def may_open(session: Session, *, deployment: Deployment, person: Participant | None) -> bool:
    """Whether to offer a passkey at the door: to its owner, and to whom the door does not know."""
    if ceremonies.find_party(deployment) is None:
        return False
    return person is None or bool(passkeys.list_passkeys(session, person.id))


def begin_opening(
    session: Session, *, deployment: Deployment, credential: str, source: str, now: datetime
) -> dict[str, Any]:
    """Give what a browser needs to be opened by a passkey: options as JSON.

    On an enrolled phone they name its owner's passkeys; elsewhere nobody's, so that they tell
    nothing. Raises TooFast for a source that asks without end: each asking is kept for a while.
    """
    party = ceremonies.require_party(deployment)
    throttles.keep_pace(session, source, OPENINGS_PER_MINUTE, now)
    known = _device(session, credential)
    options = webauthn.generate_authentication_options(
        rp_id=party.id,
        timeout=TIMEOUT_MS,
        allow_credentials=_descriptors(session, known[1].id) if known else [],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    _challenge(session, options.challenge, None, now)
    return options_to_json_dict(options)


def open_with(
    session: Session, *, deployment: Deployment, answer: Answer, now: datetime
) -> Opened | NotSignedIn:
    """Sign in with a passkey, or give the error that refuses it: the same one whatever was wrong.

    A browser that is no device of the passkey's owner becomes one. Raises TooFast for a source that
    was refused too often.
    """
    party, known = ceremonies.require_party(deployment), _device(session, answer.credential)
    source = f"passkey/{known[0].id}" if known else answer.source
    throttles.require_patience(session, source, now)
    refusal = NotSignedIn("passkey_refused", field="passkey", source=source)
    challenge = _take_challenge(session, answer.written, now)
    credential_id = ceremonies.named_in(answer.written)
    found = _hold(session, credential_id) if challenge else None
    if challenge is None or challenge.device_id is not None or found is None:
        return refusal
    passkey, made_on, person = found
    shown = ceremonies.verify_shown(party, challenge.challenge, answer.written, passkey.public_key)
    if shown is None:
        return refusal
    if ceremonies.is_copied(passkey.sign_count, shown.new_sign_count):
        _note(
            session,
            person,
            "passkey.copied",
            now,
            actor=SYSTEM,
            passkey=ceremonies.short(credential_id),
        )
        return refusal
    passkey.sign_count, passkey.used_at = shown.new_sign_count, now
    throttles.clear(session, source)
    return _open(session, person, made_on, known, answer.browser, now)


def _hold(session: Session, credential_id: str) -> tuple[Passkey, Device, Participant] | None:
    """Find a passkey and hold its owner, so that no phone is added while theirs are revoked."""
    found = passkeys.find_passkey(session, credential_id)
    if found is None:
        return None
    participants.lock_participant(session, found[2].id)
    return passkeys.find_passkey(session, credential_id)  # again: it may have ended meanwhile


def _open(
    session: Session,
    person: Participant,
    made_on: Device,
    known: tuple[Device, Participant] | None,
    browser: Browser,
    now: datetime,
) -> Opened:
    """Sign in on the device in hand, or on a new one like that on which the passkey was made."""
    credential = None
    if known and known[1].id == person.id:
        device = known[0]
    else:
        device, credential = devices.enrol_beside(
            session, person=person, device=made_on, browser=browser, by="passkey", now=now
        )
    actor = devices.actor_for(person, device)
    details = {"device": device.id, "by": "passkey"}
    _note(session, person, "participant.signed_in", now, actor=actor, **details)
    return Opened(devices.sign_in(session, device, now), credential)


def _owner(session: Session, actor: Actor) -> Participant:
    if actor.participant_id is None or actor.device_id is None:
        raise NotFound("not_found")
    return participants.lock_participant(session, actor.participant_id)


def _device(session: Session, credential: str) -> tuple[Device, Participant] | None:
    return devices.find_enrolled(session, credential) if credential else None


def _descriptors(session: Session, participant_id: int) -> list[PublicKeyCredentialDescriptor]:
    return [
        ceremonies.descriptor(passkey.credential_id)
        for passkey in passkeys.list_passkeys(session, participant_id)
    ]


def _challenge(session: Session, challenge: bytes, device_id: str | None, now: datetime) -> None:
    """Note a challenge until it is answered; those that nobody answered in time go."""
    passkeys.drop_stale_challenges(session, now)
    session.add(
        PasskeyChallenge(
            challenge=bytes_to_base64url(challenge),
            device_id=device_id,
            expires_at=now + CHALLENGE_LIVES,
        )
    )


def _take_challenge(session: Session, written: str, now: datetime) -> PasskeyChallenge | None:
    """Use up the challenge that an answer names; None when it is unknown or too old."""
    named = ceremonies.challenge_named(written)
    taken = passkeys.take_challenge(session, named) if named else None
    return taken if taken is not None and taken.expires_at > now else None


def _note(
    session: Session, person: Participant, op: str, now: datetime, *, actor: Actor, **details: str
) -> None:
    ledger.queue_act(
        session,
        actor=actor,
        op=op,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details=details,
    )
