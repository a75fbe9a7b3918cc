"""Push subscriptions: a browser of a signed-in participant, until it leaves that participant.

The rule kept: one browser profile serves one person, and a device has one live subscription. The
endpoint opens a way into a phone, so it is sealed as contact data is, and gone when it has ended.
"""

import json
import re
import uuid
from base64 import urlsafe_b64decode
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec

from app.domain.access import SYSTEM, Actor
from app.domain.endpoints import is_push_host
from app.domain.errors import InvalidInput, NotSignedIn, WrongState
from app.domain.participant import State
from app.services.deployment import Deployment
from app.services.ports import Subscription
from app.services.vault import Vault
from app.store import ledger, participants, subscriptions
from app.store.session import Session
from app.store.tables import Participant, PushSubscription

PURPOSE = "push subscription"
POINT_BYTES, AUTH_BYTES = 65, 16
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,120}={0,2}")
_OVER = (State.WITHDRAWN, State.DECEASED)


@dataclass(frozen=True, slots=True)
class Offered:
    """A subscription as a browser gives it: where, and the keys to write for it (base64url)."""

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


def subscribe(
    session: Session, *, deployment: Deployment, actor: Actor, subscription: Offered, now: datetime
) -> str:
    """Take down where the acting participant's device takes push messages; give its id.

    What the device had before ends, and so does the same endpoint of anybody else. The same again
    changes nothing. Raises InvalidInput for a host that is not allowed or keys that are none.
    """
    person, device_id = _own_device(session, actor)
    _check(subscription, deployment.push_hosts)
    hashes = deployment.vault.every_mac({"endpoint": subscription.endpoint})
    met = subscriptions.list_live_in_the_way(session, device_id, hashes)
    told = _told(subscription)
    for row in met:
        if (row.device_id, _opened(deployment.vault, row)) == (device_id, told):
            _end(session, [other for other in met if other is not row], "replaced", now)
            return row.id
    _end(session, met, "replaced", now)
    row = PushSubscription(
        id=str(uuid.uuid4()),
        participant_id=person.id,
        device_id=device_id,
        endpoint_hash=hashes[0],
        sealed=deployment.vault.seal(told, PURPOSE),
        created_at=now,
    )
    session.add(row)
    session.flush()
    _note(session, person, "participant.push_on", actor, now, device=device_id)
    return row.id


def end_own(session: Session, *, actor: Actor, now: datetime) -> int:
    """Send the acting participant's device no more push messages; give how many ways ended."""
    _, device_id = _own_device(session, actor)
    rows = subscriptions.list_live_of_devices(session, [device_id])
    return _end(session, rows, "turned_off", now, actor)


def end_of_devices(session: Session, *, device_ids: Collection[str], by: str, now: datetime) -> int:
    """End the subscriptions of devices: `signed_out`, or `device` when they are taken away."""
    rows = subscriptions.list_live_of_devices(session, device_ids)
    return _end(session, rows, by, now)


def end_of_participant(session: Session, *, participant_id: int, by: str, now: datetime) -> int:
    """End every subscription of a participant, at once: `withdrawn`."""
    rows = subscriptions.list_live_of(session, [participant_id])
    return _end(session, rows, by, now)


def forget(session: Session, subscription_id: str, now: datetime) -> None:
    """End a subscription of which the push service says that it is no more."""
    row = subscriptions.find_live(session, subscription_id)
    if row is not None:
        _end(session, [row], "gone", now)


def live_by_participant(
    session: Session, deployment: Deployment, ids: Collection[int]
) -> dict[int, tuple[Subscription, ...]]:
    """Give where some participants take push messages; who has nowhere is left out.

    So is what cannot be unsealed: it must not hold up the others.
    """
    found: dict[int, tuple[Subscription, ...]] = {}
    for row in subscriptions.list_live_of(session, ids):
        told = _opened(deployment.vault, row)
        if told is not None:
            one = Subscription(row.id, **json.loads(told))
            found[row.participant_id] = (*found.get(row.participant_id, ()), one)
    return found


def _own_device(session: Session, actor: Actor) -> tuple[Participant, str]:
    """Hold the acting participant; the device is enrolled still, and the study goes on."""
    if actor.participant_id is None or actor.device_id is None:
        raise NotSignedIn("sign_in_needed")
    person, device = participants.lock_with_device(session, actor.participant_id, actor.device_id)
    if device is None or device.revoked_at is not None:
        raise NotSignedIn("sign_in_needed")
    if person.state in _OVER:
        raise WrongState("not_in_this_state")
    return person, device.id


def _check(offered: Offered, hosts: Iterable[str]) -> None:
    if not is_push_host(offered.endpoint, hosts):
        raise InvalidInput("push_host", field="endpoint")
    try:
        point = _bytes_of(offered.p256dh)
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise InvalidInput("push_keys", field="p256dh") from None
    if len(point) != POINT_BYTES:  # the compressed form is a point too, and no browser's
        raise InvalidInput("push_keys", field="p256dh")
    try:
        auth = _bytes_of(offered.auth)
    except ValueError:
        auth = b""
    if len(auth) != AUTH_BYTES:
        raise InvalidInput("push_keys", field="auth")


def _bytes_of(written: str) -> bytes:
    """Decode base64url, padded or not; ValueError for anything else."""
    if not _BASE64URL.fullmatch(written):
        raise ValueError("not base64url")
    bare = written.rstrip("=")
    return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _told(offered: Offered) -> str:
    """What is sealed: the endpoint and its keys, as JSON."""
    keys = {"p256dh": offered.p256dh.rstrip("="), "auth": offered.auth.rstrip("=")}
    return json.dumps({"endpoint": offered.endpoint, **keys}, sort_keys=True)


def _opened(vault: Vault, row: PushSubscription) -> str | None:
    if row.sealed is None:
        return None
    try:
        return vault.open(row.sealed, PURPOSE)
    except ValueError:
        return None


def _end(
    session: Session,
    rows: Collection[PushSubscription],
    by: str,
    now: datetime,
    actor: Actor = SYSTEM,
) -> int:
    """End subscriptions; the change that ended a device or a participation says so itself."""
    for row in rows:
        row.ended_at, row.ended_by, row.sealed = now, by, None
        if by not in ("device", "withdrawn"):
            person = participants.get_participant(session, row.participant_id)
            _note(session, person, "participant.push_off", actor, now, device=row.device_id, by=by)
    session.flush()
    return len(rows)


def _note(
    session: Session, person: Participant, op: str, actor: Actor, now: datetime, **details: str
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
