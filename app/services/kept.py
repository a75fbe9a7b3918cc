"""Looking at what was set aside: what it says, what stands, and what keeps it from being accepted.

Reads only; the decision itself is in `set_aside`.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta

from app.domain.diary_day import (
    ONE_DAY,
    Lateness,
    Placement,
    Spans,
    local_date,
    place,
    window_on,
    zone_at,
    zone_named,
)
from app.domain.errors import InvalidInput
from app.domain.records import (
    AnyPayload,
    DosePayload,
    Kind,
    Op,
    Submission,
    read_payload,
    read_submission,
)
from app.domain.set_aside import UNFIT
from app.services.deployment import Deployment
from app.services.weighing import misfits_of
from app.store import participants, records, set_aside
from app.store.session import Session
from app.store.tables import Participant, Record, RecordVersion, SetAside, SetAsideDecision

UNREADABLE, TAKEN_BACK, OTHER_KIND = "unreadable", "taken_back", "other_kind"
MORNING = 12
"""Before this hour an entry without a window is taken for the evening before."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What was set aside as the desk shows it.

    `standing` is the latest version of the record that it would follow, none where it would be a
    new one. `hurdle` says in a code why it cannot become a version, if so. `day` is the diary day
    that it would belong to; the site chooses it where `is_day_open`.
    """

    row: SetAside
    person: Participant
    submission: Submission
    payload: AnyPayload | None
    standing: RecordVersion | None
    standing_payload: AnyPayload | None
    hurdle: str | None
    day: date
    is_day_open: bool
    tz: str
    lateness: Lateness
    decision: SetAsideDecision | None
    decided_because: str | None


def look(
    session: Session,
    deployment: Deployment,
    row: SetAside,
    person: Participant,
    chosen: date | None = None,
) -> Kept:
    """Look at what was set aside, for the diary day that the site chose or for its own."""
    sent = _submission(session, row)
    payload = _read(sent)
    spans = participants.list_zones(session, person.id)
    record = records.find_record(session, row.record_id)
    placed = _placed(deployment, row, sent, spans)
    day = record.diary_on if record else chosen or _day(row, sent, placed, spans)
    if isinstance(payload, DosePayload):
        day = payload.taken_on
    standing = _standing(session, person, sent, record, day)
    decision = set_aside.find_decision(session, row.id)
    found = records.get_version(session, standing.record_id, standing.version) if standing else None
    window = window_on(day, spans, deployment.study.window)
    is_late = sent.kind is Kind.DIARY and (placed is None or placed.diary_on != day)
    return Kept(
        row=row,
        person=person,
        submission=sent,
        payload=payload,
        standing=found,
        standing_payload=payload_of(found),
        hurdle=_hurdle(session, deployment, person, (sent, payload), standing),
        day=day,
        is_day_open=sent.kind is Kind.DIARY and record is None and placed is None,
        tz=window.tz if window else zone_at(row.received_at, spans),
        lateness=Lateness.LATE if is_late else placed.lateness if placed else Lateness.ON_TIME,
        decision=decision,
        decided_because=_because(session, decision),
    )


def payload_of(version: RecordVersion | None) -> AnyPayload | None:
    """What a version says; None for a void or for none."""
    if version is None or version.payload is None:
        return None
    return read_payload(Kind(version.kind), json.loads(version.payload))


def _submission(session: Session, row: SetAside) -> Submission:
    """The submission as it is kept; when it was sent is no part of what it says.

    Its texts are those of the act, because they may have to be redacted.
    """
    kept = json.loads(row.submission)
    found = records.texts_of(session, [row.change_id]).get(row.change_id, {})
    texts = {name: value for name, (value, _) in found.items() if value is not None}
    return read_submission({**kept, "texts": texts, "sent_at": kept["saved_at"]})


def _read(sent: Submission) -> AnyPayload | None:
    """What it says, None for a void and for what no form version can read any more."""
    if sent.payload is None:
        return None
    try:
        return read_payload(sent.kind, sent.payload)
    except InvalidInput:
        return None


def _placed(
    deployment: Deployment, row: SetAside, sent: Submission, spans: Spans
) -> Placement | None:
    """The evening that a diary belongs to by its own instants, as far as these can be."""
    if sent.kind is not Kind.DIARY or row.saved_at > row.received_at:
        return None
    opened_at = row.saved_at - timedelta(seconds=sent.elapsed_s)
    return place(row.saved_at, opened_at, spans, deployment.study.window)


def _day(row: SetAside, sent: Submission, placed: Placement | None, spans: Spans) -> date:
    """The diary day of a new record: its own, or the evening that is the likeliest."""
    if placed is not None:
        return placed.diary_on
    at = min(row.saved_at, row.received_at)
    local = at.astimezone(zone_named(zone_at(at, spans)))
    is_night = sent.kind is Kind.DIARY and local.hour < MORNING
    return local_date(at, spans) - (ONE_DAY if is_night else timedelta(0))


def _standing(
    session: Session, person: Participant, sent: Submission, record: Record | None, day: date
) -> Record | None:
    """The record that an acceptance would follow: its own, or the diary of that day."""
    if sent.kind is not Kind.DIARY or sent.op is Op.VOID or (record and not record.void):
        return record
    return records.find_diary(session, person.id, day) or record


def _hurdle(
    session: Session,
    deployment: Deployment,
    person: Participant,
    said: tuple[Submission, AnyPayload | None],
    standing: Record | None,
) -> str | None:
    sent, payload = said
    if payload is None and sent.op is not Op.VOID:
        return UNREADABLE
    if standing is not None and standing.kind != sent.kind:
        return OTHER_KIND
    is_gone = standing.void if standing else sent.op is Op.VOID
    if is_gone:
        return TAKEN_BACK
    if payload is None:
        return None
    unfit = [code for code in misfits_of(session, deployment, person, payload) if code in UNFIT]
    return unfit[0] if unfit else None


def _because(session: Session, decision: SetAsideDecision | None) -> str | None:
    if decision is None:
        return None
    texts = records.texts_of(session, [decision.change_id]).get(decision.change_id, {})
    return texts.get("reason", (None, None))[0]
