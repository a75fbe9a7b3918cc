"""What the site does to a saved record: correct it, void it, redact a text of it.

Each is a later version with a reason; nothing that was saved is changed. The participant's own
corrections come through `diary.submit`.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from app.domain.access import Actor, Permission, Role, require
from app.domain.comparison import Changed, changes_between
from app.domain.diary_day import Lateness, local_date
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.records import (
    MAX_TEXT,
    PAYLOADS,
    AnyPayload,
    DosePayload,
    Kind,
    Op,
    read_payload,
)
from app.domain.set_aside import UNFIT
from app.services.deployment import Deployment
from app.services.participants import get_permitted
from app.services.versions import NewVersion, save_version
from app.services.weighing import misfits_of
from app.store import ledger, participants, records
from app.store.session import Session
from app.store.tables import Participant, Record, RecordVersion


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why the site changes a record, and what that rests on: a call, a paper page, the file."""

    reason: str
    source: str

    def texts(self) -> dict[str, str]:
        """Both as texts of a version; InvalidInput for one that is missing or too long."""
        return {
            "reason": words_of(self.reason, "reason"),
            "source": words_of(self.source, "source"),
        }


@dataclass(frozen=True, kw_only=True)
class Correction(Why):
    """The answers as the site says they should read; `texts` are the words that go with them."""

    payload: AnyPayload
    texts_beside: Mapping[str, str] = field(default_factory=dict)

    def texts(self) -> dict[str, str]:
        """Every text of the version."""
        return {**self.texts_beside, **super().texts()}


def correct(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    base: tuple[str, int],
    correction: Correction,
    now: datetime,
) -> RecordVersion:
    """Save the site's correction of a record; `base` is its id and the version that was seen.

    Raises WrongState when the record was changed meanwhile, InvalidInput without a reason or a
    source note, or for answers that are no participant's of this scale and limb.
    """
    held = _hold(session, actor, base, Permission.CORRECT)
    texts, payload = correction.texts(), correction.payload
    if not isinstance(payload, PAYLOADS[Kind(held.latest.kind)]):
        raise InvalidInput("value_refused", field="payload")
    if UNFIT & set(misfits_of(session, deployment, held.person, payload)):
        raise InvalidInput("value_refused", field="payload")
    if isinstance(payload, DosePayload):
        _check_day(session, held.person, payload.taken_on, now)
    return _next(session, deployment, held, Op.CORRECT, payload, texts, now)


def void(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    base: tuple[str, int],
    why: Why,
    now: datetime,
) -> RecordVersion:
    """Take a record out of every figure, keeping all of its versions."""
    held = _hold(session, actor, base, Permission.CORRECT)
    return _next(session, deployment, held, Op.VOID, None, why.texts(), now)


@dataclass(frozen=True, slots=True)
class Correctable:
    """A record as whoever corrects it sees it: its latest version with its answers and texts."""

    person: Participant
    latest: RecordVersion
    payload: AnyPayload | None
    texts: Mapping[str, str]


def read_correctable(
    session: Session, *, actor: Actor, study_code: str, record_id: str
) -> Correctable:
    """Read a record for its correction; NotFound for another's, NotAllowed without the right."""
    person = get_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.CORRECT
    )
    found = records.find_record(session, record_id)
    if found is None or found.participant_id != person.id:
        raise NotFound("not_found")
    latest = records.get_version(session, record_id, found.version)
    if latest is None:
        raise NotFound("not_found")
    texts = records.texts_of(session, [latest.change_id]).get(latest.change_id, {})
    said = {name: text for name, (text, _) in texts.items() if text is not None}
    return Correctable(person, latest, _payload_of(latest), said)


def changes_since(session: Session, *, record_id: str, version: int) -> tuple[Changed, ...]:
    """Give what differs between a version that was seen and the latest one."""
    rows = records.list_versions(session, record_id)
    seen = next((row for row in rows if row.version == version), None)
    if seen is None:
        return ()
    return changes_between(_payload_of(seen), _payload_of(rows[-1]))


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
    held = _hold(session, actor, base, Permission.REDACT)
    said = words_of(reason, "reason")
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
    kept["reason"] = said
    return _next(session, deployment, held, Op.REDACT, payload, kept, now, redacts=field)


@dataclass(frozen=True, slots=True)
class _Held:
    """A record that the actor may change, held against others, with its latest version."""

    person: Participant
    record: Record
    latest: RecordVersion
    shown: dict[str, str]


def role_for(actor: Actor, permission: Permission, site: str) -> Role:
    """The role by which a text may be removed, or a record changed; an operator removes any."""
    if actor.kind == "system" and permission is Permission.REDACT:
        return Role.SYSTEM
    return require(actor, permission, site)


def words_of(written: str, name: str) -> str:
    """A text that the site must give, as written but for the ends."""
    said = written.replace("\r\n", "\n").strip()
    if not said:
        raise InvalidInput(f"{name}_missing", field=name)
    if len(said) > MAX_TEXT:
        raise InvalidInput("words_too_many", field=name, characters=MAX_TEXT)
    return said


def _check_day(session: Session, person: Participant, on: date, now: datetime) -> None:
    """A dose is of a diary day that the participant has lived."""
    today = local_date(now, participants.list_zones(session, person.id))
    if not person.first_diary_on <= on <= min(today, person.last_diary_on):
        raise InvalidInput("no_diary_day", field="taken_on", refused={"taken_on": on.isoformat()})


def _hold(session: Session, actor: Actor, base: tuple[str, int], permission: Permission) -> _Held:
    record_id, version = base
    found = records.find_record(session, record_id)
    if found is None:
        raise NotFound("not_found")
    role = role_for(actor, permission, found.site_id)
    person = participants.lock_participant(session, found.participant_id)
    session.refresh(found)
    latest = records.get_version(session, record_id, found.version)
    is_over = found.void and permission is not Permission.REDACT  # words of a void go too
    if latest is None or found.version != version or is_over:
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
    """Save the version that follows; a dose may move to the day on which it was taken."""
    submission_id, latest = str(uuid.uuid4()), held.latest
    return save_version(
        session,
        deployment,
        NewVersion(
            record_id=held.record.record_id,
            record=held.record,
            kind=Kind(latest.kind),
            op=op,
            person=held.person,
            submission_id=submission_id,
            content_mac=deployment.vault.mac({"submission_id": submission_id}),
            payload=payload,
            texts=texts,
            diary_on=_day_of(payload, latest),
            tz=latest.tz,
            lateness=Lateness(latest.lateness),
            flags=tuple(latest.flags.split()),
            observed_at=latest.observed_at,
            device_saved_at=now,
            saved_at=now,
            received_at=now,
            form_version=latest.form_version,
            assurance="staff",
            actor=held.shown,
            originator={"type": "staff", **held.shown},
            redacts=redacts,
        ),
    )


def _day_of(payload: AnyPayload | None, latest: RecordVersion) -> date:
    return payload.taken_on if isinstance(payload, DosePayload) else latest.diary_on
