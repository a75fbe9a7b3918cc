"""Writing one version of a record together with its change and its projection."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.domain.diary_day import Lateness
from app.domain.ledger import canonical
from app.domain.records import AnyPayload, DiaryPayload, EntryStatus, Kind, Op, write_payload
from app.services.alarms import Answered, raise_for
from app.services.deployment import Deployment
from app.store import ledger, records
from app.store.session import Session
from app.store.tables import Participant, Record, RecordVersion


@dataclass(frozen=True, kw_only=True)
class NewVersion:
    """Everything that one version says, before it has a number in the ledger.

    `record` is the current state that it follows, none for the first version. `actor` and
    `originator` are as the ledger shows them: ids and roles, never names. `texts` are
    what may have to be redacted, `redacts` the text that is removed from every earlier version.
    """

    record_id: str
    record: Record | None
    kind: Kind
    op: Op
    person: Participant
    submission_id: str
    content_mac: str
    payload: AnyPayload | None
    texts: Mapping[str, str]
    diary_on: date
    tz: str
    lateness: Lateness
    flags: tuple[str, ...]
    observed_at: datetime
    device_saved_at: datetime
    saved_at: datetime
    received_at: datetime
    elapsed_s: float = 0.0
    skew_s: float = 0.0
    form_version: str
    assurance: str
    device_id: str | None = None
    actor: Mapping[str, str]
    originator: Mapping[str, str]
    redacts: str | None = None
    accepted_at: datetime | None = None
    """When the site took it in, for what was received earlier and set aside."""


def save_version(session: Session, deployment: Deployment, new: NewVersion) -> RecordVersion:
    """Insert a version, queue its change, bring the projection to it, raise what it calls for."""
    row = _row_of(new)
    session.add(row)
    taken_in_at = new.accepted_at or new.received_at
    records.project(session, row, new.record, _projection(new.payload), taken_in_at)
    ledger.queue_version(
        session,
        row=row,
        study=deployment.study.id,
        study_code=new.person.study_code,
        actor=new.actor,
        originator=new.originator,
        texts=new.texts,
        redacts=new.redacts,
        at=taken_in_at,
    )
    said = Answered(new.payload, new.op, new.diary_on, new.received_at, taken_in_at)
    raise_for(session, deployment, new.person, said)
    return row


def _row_of(new: NewVersion) -> RecordVersion:
    return RecordVersion(
        record_id=new.record_id,
        version=1 if new.record is None else new.record.version + 1,
        change_id=str(uuid.uuid4()),
        submission_id=new.submission_id,
        content_mac=new.content_mac,
        kind=new.kind.value,
        op=new.op.value,
        participant_id=new.person.id,
        site_id=new.person.site_id,
        device_id=new.device_id,
        form_version=new.form_version,
        payload=None if new.payload is None else canonical(write_payload(new.payload)),
        diary_on=new.diary_on,
        tz=new.tz,
        lateness=new.lateness.value,
        observed_at=new.observed_at,
        device_saved_at=new.device_saved_at,
        saved_at=new.saved_at,
        received_at=new.received_at,
        elapsed_s=new.elapsed_s,
        skew_s=new.skew_s,
        flags=" ".join(new.flags),
        assurance=new.assurance,
        originator=canonical(new.originator),
        actor_id=new.actor["id"],
        actor_role=new.actor["role"],
    )


def _projection(payload: AnyPayload | None) -> dict[str, Any]:
    """What lists and strips need of a payload without reading it."""
    if not isinstance(payload, DiaryPayload):
        return {"status": EntryStatus.COMPLETE.value, "pain_average": None}
    main = payload.scores.get("pain_average")
    return {
        "status": payload.entry_status().value,
        "pain_average": main.value if main is not None else None,
    }
