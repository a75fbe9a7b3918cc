"""What the site does to a saved record: correct it, void it, redact a text of it.

Each is a later version with a reason; nothing that was saved is changed. The participant's own
corrections come through `diary.submit`.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Actor, Permission, require
from app.domain.diary_day import Lateness
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.records import PAYLOADS, AnyPayload, Kind, Op, read_payload
from app.services.deployment import Deployment
from app.services.versions import NewVersion, save_version
from app.store import ledger, participants, records
from app.store.session import Session
from app.store.tables import Participant, Record, RecordVersion


def correct(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    base: tuple[str, int],
    payload: AnyPayload,
    reason: str,
    now: datetime,
) -> RecordVersion:
    """Save the site's correction of a record; `base` is its id and the version that was seen.

    Raises WrongState when the record was changed meanwhile, InvalidInput without a reason.
    """
    held = _hold(session, actor, base, Permission.CORRECT, reason)
    if not isinstance(payload, PAYLOADS[Kind(held.latest.kind)]):
        raise InvalidInput("value_refused", field="payload")
    return _next(session, deployment, held, Op.CORRECT, payload, {"reason": reason}, now)


def void(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    base: tuple[str, int],
    reason: str,
    now: datetime,
) -> RecordVersion:
    """Take a record out of every figure, keeping all of its versions."""
    held = _hold(session, actor, base, Permission.CORRECT, reason)
    return _next(session, deployment, held, Op.VOID, None, {"reason": reason}, now)


def redact(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    base: tuple[str, int],
    field: str,
    reason: str,
    now: datetime,
) -> RecordVersion:
    """Remove one text of a record from every version of it; the chain still holds without it."""
    held = _hold(session, actor, base, Permission.REDACT, reason)
    versions = records.list_versions(session, held.record.record_id)
    texts = records.texts_of(session, [version.change_id for version in versions])
    if not any(texts.get(v.change_id, {}).get(field, (None, None))[0] for v in versions):
        raise NotFound("not_found", field=field)
    records.null_texts(session, [version.change_id for version in versions], field)
    kept = {
        name: value
        for name, (value, _) in texts.get(held.latest.change_id, {}).items()
        if name not in (field, "reason") and value is not None
    }
    payload = _payload_of(held.latest)
    kept["reason"] = reason
    return _next(session, deployment, held, Op.REDACT, payload, kept, now, redacts=field)


@dataclass(frozen=True, slots=True)
class _Held:
    """A record that the actor may change, held against others, with its latest version."""

    person: Participant
    record: Record
    latest: RecordVersion
    shown: dict[str, str]


def _hold(
    session: Session, actor: Actor, base: tuple[str, int], permission: Permission, reason: str
) -> _Held:
    record_id, version = base
    found = records.find_record(session, record_id)
    if found is None:
        raise NotFound("not_found")
    role = require(actor, permission, found.site_id)
    if not reason.strip():
        raise InvalidInput("reason_missing", field="reason")
    person = participants.lock_participant(session, found.participant_id)
    session.refresh(found)
    latest = records.get_version(session, record_id, found.version)
    if latest is None or found.version != version or found.void:
        raise WrongState("changed_meanwhile")
    return _Held(person, found, latest, ledger.actor_of(actor, role))


def _payload_of(row: RecordVersion) -> AnyPayload | None:
    return None if row.payload is None else read_payload(Kind(row.kind), json.loads(row.payload))


def _next(
    session: Session,
    deployment: Deployment,
    held: _Held,
    op: Op,
    payload: AnyPayload | None,
    texts: Mapping[str, str],
    now: datetime,
    redacts: str | None = None,
) -> RecordVersion:
    """Save the version that follows, for the same diary day as before."""
    submission_id = str(uuid.uuid4())
    return save_version(
        session,
        deployment,
        NewVersion(
            record_id=held.record.record_id,
            record=held.record,
            kind=Kind(held.latest.kind),
            op=op,
            person=held.person,
            submission_id=submission_id,
            content_mac=deployment.vault.mac({"submission_id": submission_id}),
            payload=payload,
            texts=texts,
            diary_on=held.latest.diary_on,
            tz=held.latest.tz,
            lateness=Lateness(held.latest.lateness),
            flags=tuple(held.latest.flags.split()),
            observed_at=held.latest.observed_at,
            device_saved_at=now,
            saved_at=now,
            received_at=now,
            form_version=held.latest.form_version,
            assurance="staff",
            actor=held.shown,
            originator={"type": "staff", **held.shown},
            redacts=redacts,
        ),
    )
