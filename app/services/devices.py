"""A participant's phones: enrolled by a link and a PIN, unlocked by the PIN, revoked by the site.

The phone holds a credential that may only post submissions; seeing anything needs the PIN too.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.domain.access import Actor, Permission, require
from app.domain.errors import InvalidInput, NotFound, NotSignedIn
from app.domain.participant import Move, State, move
from app.services import throttles
from app.services.tokens import new_token, token_hash
from app.store import accounts, ledger, participants
from app.store.session import Session
from app.store.tables import Device, EnrolmentLink, Participant, SignIn

SIGNED_IN_FOR = timedelta(minutes=30)
TOUCHED_EVERY = timedelta(minutes=2)
PIN_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new device: the credential for its cookie and the token of its first sign-in."""

    credential: str
    sign_in: str


@cache
def hasher() -> PasswordHash:
    """The one way in which PINs and passwords are hashed: Argon2id."""
    return PasswordHash((Argon2Hasher(),))


def actor_for(person: Participant, device: Device) -> Actor:
    """The acting participant on a device."""
    return Actor(
        kind="participant",
        id=person.study_code,
        participant_id=person.id,
        device_id=device.id,
    )


def find_invited(session: Session, token: str, now: datetime) -> Participant:
    """Get the participant a live enrolment link is for, or raise NotFound. Consumes nothing."""
    return participants.get_participant(session, _live_link(session, token, now).participant_id)


def join(
    session: Session, *, token: str, pin: str, label: str, sent_at: datetime | None, now: datetime
) -> Enrolled:
    """Enrol this phone and set its PIN. Uses the link up.

    `sent_at` is the phone's clock, if it told it: the first contact that later saves are judged by.
    """
    _check_pin(pin)
    person = participants.lock_participant(session, _live_link(session, token, now).participant_id)
    link = _live_link(session, token, now)  # again: another phone may have used it meanwhile
    link.used_at = now
    if person.state == State.INVITED:
        person.state = move(State.INVITED, Move.ENROL).value
        person.enrolled_at = now
    credential = new_token()
    device = Device(
        id=str(uuid.uuid4()),
        participant_id=person.id,
        secret_hash=token_hash(credential),
        pin_hash=hasher().hash(pin),
        label=label[:80],
        enrolled_at=now,
        contact_at=now if sent_at else None,
        contact_skew_s=(now - sent_at).total_seconds() if sent_at else None,
    )
    session.add(device)
    session.flush()
    ledger.queue_act(
        session,
        actor=actor_for(person, device),
        op="device.enrolled",
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"device": device.id},
    )
    return Enrolled(credential, _sign_in(session, device, now))


def unlock(session: Session, *, credential: str, pin: str, now: datetime) -> str:
    """Sign in on an enrolled device with its PIN; give the token of the sign-in.

    Raises NotSignedIn for a wrong PIN or an unknown device, TooFast after three wrong ones.
    """
    found = accounts.find_device(session, token_hash(credential))
    if found is None:
        raise NotSignedIn("device_unknown")
    device, person = found
    source = f"pin/{device.id}"
    throttles.require_patience(session, source, now)
    if not hasher().verify(pin, device.pin_hash):
        raise NotSignedIn("wrong_pin", field="pin", source=source)
    throttles.clear(session, source)
    ledger.queue_act(
        session,
        actor=actor_for(person, device),
        op="participant.signed_in",
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"device": device.id},
    )
    return _sign_in(session, device, now)


def find_signed_in(
    session: Session, token: str, now: datetime
) -> tuple[SignIn, Device, Participant] | None:
    """Find who is signed in with a token, if the sign-in is still alive."""
    return accounts.find_device_sign_in(session, token_hash(token), now)


def find_enrolled(session: Session, credential: str) -> tuple[Device, Participant] | None:
    """Find whose phone this is: enough to post a submission, not to see anything."""
    return accounts.find_device(session, token_hash(credential))


def find_submitter(session: Session, credential: str) -> tuple[Actor, str] | None:
    """Find who submits from this phone, and the language to refuse in; the least that it takes."""
    found = accounts.find_submitter(session, token_hash(credential))
    if found is None:
        return None
    device_id, participant_id, study_code, language = found
    actor = Actor(
        kind="participant", id=study_code, participant_id=participant_id, device_id=device_id
    )
    return actor, language


def keep_signed_in(session: Session, sign_in: SignIn, now: datetime) -> None:
    """Move the idle end of a sign-in; written every two minutes at most."""
    accounts.touch_sign_in(session, sign_in.token_hash, now, now + SIGNED_IN_FOR)


def is_due_for_touch(sign_in: SignIn, now: datetime) -> bool:
    """Whether enough time has passed to write that the person is still there."""
    return now - sign_in.seen_at >= TOUCHED_EVERY


def sign_out(session: Session, *, token: str, now: datetime) -> None:
    """End a sign-in. What waits on the phone stays there until it is acknowledged."""
    accounts.end_sign_in(session, token_hash(token), now)


def revoke(session: Session, *, actor: Actor, study_code: str, now: datetime) -> int:
    """Revoke every device of a participant (lost phone); give how many there were."""
    person = participants.get_by_code(session, study_code, frozenset({"*"}))
    role = require(actor, Permission.MANAGE_PARTICIPANT, person.site_id)
    live = [d for d in participants.list_devices(session, person.id) if d.revoked_at is None]
    for device in live:
        device.revoked_at = now
    ledger.queue_act(
        session,
        actor=actor,
        op="device.revoked",
        role=role,
        now=now,
        site=person.site_id,
        study_code=study_code,
        details={"devices": [device.id for device in live]},
    )
    return len(live)


def _sign_in(session: Session, device: Device, now: datetime) -> str:
    token = new_token()
    session.add(
        SignIn(
            token_hash=token_hash(token),
            device_id=device.id,
            created_at=now,
            seen_at=now,
            expires_at=now + SIGNED_IN_FOR,
        )
    )
    return token


def _live_link(session: Session, token: str, now: datetime) -> EnrolmentLink:
    link = participants.find_link(session, token_hash(token))
    if link is None or link.used_at is not None or link.expires_at <= now:
        raise NotFound("link_not_valid")
    return link


def _check_pin(pin: str) -> None:
    """Refuse a PIN that is too short or that anyone would try first."""
    if not (pin.isascii() and pin.isdigit() and PIN_DIGITS <= len(pin) <= 12):
        raise InvalidInput("pin_digits", field="pin", digits=PIN_DIGITS)
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if steps in ({0}, {1}, {-1}):
        raise InvalidInput("pin_too_easy", field="pin")
