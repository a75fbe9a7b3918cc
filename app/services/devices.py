"""A participant's phones: enrolled by a link and a PIN, unlocked by the PIN, and how they end.

The phone holds a credential that may only post submissions; seeing anything needs the PIN too, or a
passkey. A device that ends stays in the table, and takes with it all that it could open with.
"""

import hmac
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.domain.access import SYSTEM, Actor, Permission, require
from app.domain.diary_day import over_at
from app.domain.errors import InvalidInput, NotFound, NotSignedIn, WrongState
from app.domain.participant import Move, State, move
from app.domain.study import Study
from app.services import subscriptions, throttles
from app.services.participants import get_permitted
from app.services.tokens import new_token, token_hash
from app.store import accounts, ledger, participants, passkeys
from app.store.session import Database, Session
from app.store.tables import Device, EnrolmentLink, Participant, SignIn

SIGNED_IN_FOR = timedelta(minutes=30)
LASTS, DESK_LASTS = timedelta(hours=24), timedelta(hours=12)
"""After this a sign-in ends, however much it is used: a copied one is not kept alive for ever."""
TOUCHED_EVERY = timedelta(minutes=2)
PIN_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new device: the credential for its cookie and the token of its first sign-in."""

    credential: str
    sign_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """What a browser says of itself: what it is called, and its clock if it told it.

    `sent_at` is the first contact that later saves are judged by.
    """

    label: str
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    """A device as its owner and the site see it; `contact_at` is when it was last heard of."""

    id: str
    label: str
    enrolled_at: datetime
    contact_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Submitter:
    """Who sends from a phone, the language to refuse in, and the sign-in if it is alive there."""

    actor: Actor
    language: str
    seen_at: datetime | None


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
    browser = Browser(label=label, sent_at=sent_at)
    device, credential = _enrol(session, person, hasher().hash(pin), browser, now)
    _note(session, person, device, "device.enrolled", now)
    return Enrolled(credential, sign_in(session, device, now))


def enrol_beside(
    session: Session,
    *,
    person: Participant,
    device: Device,
    browser: Browser,
    by: str,
    now: datetime,
) -> tuple[Device, str]:
    """Enrol another browser of the person who holds `device`, with the same PIN.

    `by` says what let it in: `passkey` or `pairing`. Gives the new device and its credential.
    """
    new, credential = _enrol(session, person, device.pin_hash, browser, now)
    _note(session, person, new, "device.enrolled", now, by=by, beside=device.id)
    return new, credential


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
    _note(session, person, device, "participant.signed_in", now)
    return sign_in(session, device, now)


def sign_in(session: Session, device: Device, now: datetime) -> str:
    """Begin a sign-in on a device whose owner has just shown who they are; give its token.

    The token is always new, and the one that the device had before ends.
    """
    accounts.end_sign_ins(session, [device.id], now)
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


def find_signed_in(
    session: Session, token: str, now: datetime
) -> tuple[SignIn, Device, Participant] | None:
    """Find who is signed in with a token, if the sign-in is still alive."""
    return accounts.find_device_sign_in(session, token_hash(token), now)


def find_enrolled(session: Session, credential: str) -> tuple[Device, Participant] | None:
    """Find whose phone this is: enough to post a submission, not to see anything."""
    return accounts.find_device(session, token_hash(credential))


def find_submitter(
    session: Session, credential: str, token: str, now: datetime
) -> Submitter | None:
    """Find who submits from this phone, signed in with that token or not, in one query.

    Whoever is signed in is at work: their sign-in goes on.
    """
    found = accounts.find_submitter(session, token_hash(credential), token_hash(token), now)
    if found is None:
        return None
    device_id, participant_id, study_code, language, seen_at = found
    if seen_at is not None and now - seen_at >= TOUCHED_EVERY:
        accounts.touch_sign_in(session, token_hash(token), now, now + SIGNED_IN_FOR)
    actor = Actor(
        kind="participant", id=study_code, participant_id=participant_id, device_id=device_id
    )
    return Submitter(actor, language, seen_at)


def is_in_hand(device: Device, credential: str) -> bool:
    """Whether a browser shows the credential of this device: a sign-in is of no use elsewhere."""
    return hmac.compare_digest(device.secret_hash, token_hash(credential))


def keep_signed_in(session: Session, sign_in: SignIn, now: datetime) -> None:
    """Move the idle end of a sign-in, to its last hour at most; written every two minutes."""
    lasts = DESK_LASTS if sign_in.staff_id else LASTS
    ends_at = min(now + SIGNED_IN_FOR, sign_in.created_at + lasts)
    accounts.touch_sign_in(session, sign_in.token_hash, now, ends_at)


def is_due_for_touch(sign_in: SignIn, now: datetime) -> bool:
    """Whether enough time has passed to write that the person is still there."""
    return now - sign_in.seen_at >= TOUCHED_EVERY


def sign_out(session: Session, *, token: str, now: datetime) -> None:
    """End a sign-in, and with it the push messages of its phone, which may change hands now.

    What waits on the phone stays there until it is acknowledged.
    """
    ids = accounts.list_devices_of_sign_in(session, token_hash(token))
    subscriptions.end_of_devices(session, device_ids=ids, by="signed_out", now=now)
    accounts.end_sign_in(session, token_hash(token), now)


def list_own(session: Session, *, actor: Actor) -> list[Phone]:
    """List the devices that open the acting participant's diary, oldest first."""
    if actor.participant_id is None:
        return []
    return [p for p in _phones(session, actor.participant_id) if p.revoked_at is None]


def list_of(session: Session, *, actor: Actor, study_code: str) -> list[Phone]:
    """List every device that a participant ever had, for the desk; oldest first."""
    person = get_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.SEE_COHORT
    )
    return _phones(session, person.id)


def remove_own(session: Session, *, actor: Actor, device_id: str, now: datetime) -> None:
    """Take the diary off another phone of the acting participant.

    Raises NotFound for a phone that is not theirs or not enrolled any more, WrongState for the one
    in hand: signing out is what they want there.
    """
    if actor.participant_id is None:
        raise NotFound("not_found")
    person = participants.lock_participant(session, actor.participant_id)
    own = {device.id: device for device in participants.list_devices(session, person.id)}
    device = own.get(device_id)
    if device is None or device.revoked_at is not None:
        raise NotFound("not_found")
    if device.id == actor.device_id:
        raise WrongState("device_in_hand")
    _end(session, [device], now)
    _note(session, person, device, "device.removed", now, actor=actor)


def revoke(session: Session, *, actor: Actor, study_code: str, reason: str, now: datetime) -> int:
    """Revoke every device of a participant (lost phone), with a reason; give how many there were.

    Sign-ins, passkeys and pairing codes end with them, and links that nobody has used yet.
    """
    found = participants.get_by_code(session, study_code, frozenset({"*"}))
    role = require(actor, Permission.MANAGE_PARTICIPANT, found.site_id)
    if not reason.strip():
        raise InvalidInput("reason_missing", field="reason")
    person = participants.lock_participant(session, found.id)
    live = [d for d in participants.list_devices(session, person.id) if d.revoked_at is None]
    _end(session, live, now)
    participants.end_links(session, person.id, now)
    ledger.queue_act(
        session,
        actor=actor,
        op="device.revoked",
        role=role,
        now=now,
        site=person.site_id,
        study_code=study_code,
        details={"devices": [device.id for device in live]},
        texts={"reason": reason},
    )
    return len(live)


def end_finished(database: Database, *, study: Study, now: datetime) -> int:
    """End the devices of those whose diary is over, so many days after the last; give how many.

    Only a device which said, after the last moment at which anything could be saved, that nothing
    waits on it: any other can still send, however late.
    """
    until_on = (now - timedelta(days=study.credentials_end_after_days + 1)).date()
    with database.read() as session:
        past = participants.list_devices_past(session, until_on)
        ended = [device.id for device, person in past if _is_empty(session, study, device, person)]
    if ended:
        with database.write() as session:
            for device, person in participants.list_devices_past(session, until_on):
                if device.id in ended:
                    _end(session, [device], now)
                    _note(session, person, device, "device.ended", now, actor=SYSTEM)
    return len(ended)


def _is_empty(session: Session, study: Study, device: Device, person: Participant) -> bool:
    spans = participants.list_zones(session, person.id)
    is_over = over_at(person.last_diary_on, spans, study.window)
    return device.emptied_at is not None and device.emptied_at >= is_over


def _phones(session: Session, participant_id: int) -> list[Phone]:
    devices = participants.list_devices(session, participant_id)
    seen = accounts.list_last_seen(session, [device.id for device in devices])
    return [
        Phone(
            id=device.id,
            label=device.label,
            enrolled_at=device.enrolled_at,
            contact_at=max(filter(None, (device.contact_at, seen.get(device.id))), default=None),
            revoked_at=device.revoked_at,
        )
        for device in devices
    ]


def _end(session: Session, devices: Sequence[Device], now: datetime) -> None:
    """End devices with all that they open with and are reached by: sign-ins, passkeys made there,
    pairing codes, push subscriptions.
    """
    ids: Collection[str] = [device.id for device in devices]
    for device in devices:
        device.revoked_at = now
    accounts.end_sign_ins(session, ids, now)
    passkeys.revoke_made_on(session, ids, now)
    passkeys.drop_pairings(session, ids)
    subscriptions.end_of_devices(session, device_ids=ids, by="device", now=now)


def _enrol(
    session: Session, person: Participant, pin_hash: str, browser: Browser, now: datetime
) -> tuple[Device, str]:
    """Make a device; give it and the credential that its browser is to keep."""
    credential, sent_at = new_token(), browser.sent_at
    device = Device(
        id=str(uuid.uuid4()),
        participant_id=person.id,
        secret_hash=token_hash(credential),
        pin_hash=pin_hash,
        label=browser.label[:80],
        enrolled_at=now,
        contact_at=now if sent_at else None,
        contact_skew_s=(now - sent_at).total_seconds() if sent_at else None,
    )
    session.add(device)
    session.flush()
    return device, credential


def _note(
    session: Session,
    person: Participant,
    device: Device,
    op: str,
    now: datetime,
    *,
    actor: Actor | None = None,
    **details: str,
) -> None:
    """Note an act about a device; by its holder, unless another is named."""
    ledger.queue_act(
        session,
        actor=actor or actor_for(person, device),
        op=op,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"device": device.id, **details},
    )


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
