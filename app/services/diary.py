"""Saving records: the one way a diary, a dose or a session report enters the database.

`submit` decides what a submission becomes: a new version, the same again, or something set aside
for the site. Nothing that a phone holds is ever lost by a rule: what is malformed or foreign is
refused, all else is kept. The rules themselves are in `weighing` and in the domain.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from app.domain.access import Actor
from app.domain.diary_day import zone_named
from app.domain.errors import InvalidInput, NotFound, NotSignedIn, TooFast, WrongState
from app.domain.ledger import canonical, receipt_code
from app.domain.records import AnyPayload, DiaryPayload, Op, Submission, read_payload
from app.services.alarms import Answered, raise_for
from app.services.deployment import Deployment
from app.services.versions import NewVersion, save_version
from app.services.weighing import Arrival, Aside, Weighed, settle, weigh
from app.store import ledger, participants, records
from app.store.session import Session
from app.store.tables import Device, Participant, RecordVersion, SetAside

SET_ASIDE_PER_DEVICE_AND_DAY = 50


class Outcome(StrEnum):
    """What became of a submission."""

    SAVED = "saved"
    KNOWN = "known"
    SET_ASIDE = "set_aside"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a submission; it is shown to a person only after the commit.

    `code` is four characters to read out on the telephone; `reason` says why something was set
    aside or discarded.
    """

    outcome: Outcome
    record_id: str
    code: str = ""
    version: int | None = None
    diary_on: date | None = None
    lateness: str | None = None
    saved_at: datetime | None = None
    reason: str | None = None


def submit(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    submission: Submission,
    now: datetime,
) -> Receipt:
    """Save, recognise or set aside what a participant's device sends.

    Raises InvalidInput for values that no form can give, NotFound for another's record, NotSignedIn
    for another's submission, WrongState for a reused submission id, TooFast when one device had too
    much set aside today.
    """
    if actor.participant_id is None:
        raise NotFound("not_found")
    if submission.enrolment not in (None, actor.id):
        raise NotSignedIn("other_enrolment")
    person, device = participants.lock_with_device(session, actor.participant_id, actor.device_id)
    known = _find_known(session, deployment, submission, person)
    if known is not None:
        return known
    arrival = _receive(session, deployment, person, device, submission, now)
    if person.withdrawn_at is not None and arrival.settled.saved_at >= person.withdrawn_at:
        return Receipt(Outcome.DISCARDED, submission.record_id, reason="withdrawn")
    try:
        receipt = _save(session, deployment, actor, arrival, weigh(session, deployment, arrival))
    except Aside as aside:
        receipt = _set_aside(session, deployment, actor, arrival, aside.code)
    _note_contact(arrival)
    return receipt


def _find_known(
    session: Session, deployment: Deployment, submission: Submission, person: Participant
) -> Receipt | None:
    """Recognise a submission that arrived before, whatever it became."""
    found = records.find_submission(session, submission.submission_id)
    if found is None:
        return None
    if found.participant_id != person.id:
        raise NotFound("not_found")
    if not deployment.vault.is_mac_of(found.content_mac, submission.content()):
        raise WrongState("submission_id_reused", field="submission_id")
    if isinstance(found, RecordVersion):
        return _receipt(Outcome.KNOWN, found)
    return Receipt(
        Outcome.SET_ASIDE,
        found.record_id,
        code=receipt_code(found.change_id),
        saved_at=found.saved_at,
        reason=found.code,
    )


def _receive(
    session: Session,
    deployment: Deployment,
    person: Participant,
    device: Device | None,
    submission: Submission,
    now: datetime,
) -> Arrival:
    """Read the payload and find what the submission is about; refuse the malformed and foreign."""
    record = records.find_record(session, submission.record_id)
    if record is not None and record.participant_id != person.id:
        raise NotFound("not_found")
    is_change = submission.op is not Op.CREATE
    if is_change and not (record or records.is_set_aside(session, submission.record_id, person.id)):
        raise NotFound("not_found")
    if submission.op is Op.CORRECT and not submission.texts.get("reason", "").strip():
        raise InvalidInput("reason_missing", field="reason")
    return Arrival(
        submission=submission,
        payload=_read(deployment, submission),
        person=person,
        device=device,
        record=record,
        settled=settle(submission, person, device, now),
        now=now,
    )


def _read(deployment: Deployment, submission: Submission) -> AnyPayload | None:
    if submission.form_version not in deployment.study.accepted_versions:
        raise InvalidInput("unknown_form_version", field="form_version")
    if submission.payload is None:
        return None
    payload = read_payload(submission.kind, submission.payload)
    if isinstance(payload, DiaryPayload) and payload.entered is not None:
        # Only the site's own form says that the site entered something.
        raise InvalidInput("value_refused", field="entered")
    return payload


def _save(
    session: Session, deployment: Deployment, actor: Actor, arrival: Arrival, weighed: Weighed
) -> Receipt:
    submission, person = arrival.submission, arrival.person
    helper = ("helper",) if submission.helper else ()
    shown = ledger.actor_of(actor, None)
    row = save_version(
        session,
        deployment,
        NewVersion(
            record_id=submission.record_id,
            record=arrival.record,
            kind=submission.kind,
            op=submission.op,
            person=person,
            submission_id=submission.submission_id,
            content_mac=deployment.vault.mac(submission.content()),
            payload=arrival.payload,
            texts=submission.texts,
            diary_on=weighed.diary_on,
            tz=weighed.tz,
            lateness=weighed.lateness,
            flags=(*arrival.settled.flags, *weighed.flags, *helper),
            observed_at=arrival.observed_at,
            device_saved_at=submission.saved_at,
            saved_at=arrival.settled.saved_at,
            received_at=arrival.now,
            elapsed_s=submission.elapsed_s,
            skew_s=arrival.settled.skew_s,
            form_version=submission.form_version,
            assurance=submission.assurance,
            device_id=actor.device_id,
            actor=shown,
            originator={"type": "participant", "id": person.study_code, "role": shown["role"]},
        ),
    )
    return _receipt(Outcome.SAVED, row)


def _set_aside(
    session: Session, deployment: Deployment, actor: Actor, arrival: Arrival, code: str
) -> Receipt:
    """Keep a submission whole for the site to decide; the ledger says that it is there."""
    since = arrival.now - timedelta(days=1)
    if records.count_set_aside(session, actor.device_id, since) >= SET_ASIDE_PER_DEVICE_AND_DAY:
        raise TooFast("too_much_set_aside", retry_after_s=3600)
    submission, person = arrival.submission, arrival.person
    change_id = ledger.queue_act(
        session,
        actor=actor,
        op="submission.set_aside",
        now=arrival.now,
        site=person.site_id,
        study_code=person.study_code,
        details={
            "code": code,
            "record_id": submission.record_id,
            "submission_id": submission.submission_id,
            "kind": submission.kind.value,
        },
        texts=submission.texts,
    )
    session.add(
        SetAside(
            id=str(uuid.uuid4()),
            submission_id=submission.submission_id,
            content_mac=deployment.vault.mac(submission.content()),
            record_id=submission.record_id,
            participant_id=person.id,
            device_id=actor.device_id,
            code=code,
            submission=canonical({**submission.content(), "texts": {}}),
            saved_at=arrival.settled.saved_at,
            skew_s=arrival.settled.skew_s,
            received_at=arrival.now,
            change_id=change_id,
        )
    )
    said = Answered(arrival.payload, submission.op, _day_of(arrival), arrival.now, arrival.now)
    raise_for(session, deployment, person, said)
    return Receipt(
        Outcome.SET_ASIDE,
        submission.record_id,
        code=receipt_code(change_id),
        saved_at=arrival.settled.saved_at,
        reason=code,
    )


def _day_of(arrival: Arrival) -> date:
    """The date on which something that has no diary day was saved, by the participant's clock."""
    saved_at = min(arrival.settled.saved_at, arrival.now)
    return saved_at.astimezone(zone_named(arrival.person.tz)).date()


def _receipt(outcome: Outcome, row: RecordVersion) -> Receipt:
    return Receipt(
        outcome,
        row.record_id,
        code=receipt_code(row.change_id),
        version=row.version,
        diary_on=row.diary_on,
        lateness=row.lateness,
        saved_at=row.saved_at,
    )


def _note_contact(arrival: Arrival) -> None:
    """Remember the device's clock once it has brought everything; the next save is judged by it."""
    device, submission = arrival.device, arrival.submission
    if device is not None and submission.waiting <= 1:
        device.contact_at = arrival.now
        device.contact_skew_s = arrival.settled.skew_s
        device.emptied_at = arrival.now
