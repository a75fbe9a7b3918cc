"""Alerts that an answer raises by itself, in the transaction that saves it: nobody waits for them.

An emergency, a sign of infection, confusion, "I am in hospital". What becomes of them is in
`alerts`; they stay until a person closes them, whatever is corrected later.
"""

from dataclasses import dataclass
from datetime import date, datetime

from app.domain.access import SYSTEM
from app.domain.alerts import Call, calls_at_save
from app.domain.records import AnyPayload, Op
from app.services.deployment import Deployment
from app.store import alerts, ledger
from app.store.session import Session
from app.store.tables import Participant


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it came in: `payload` is None for a void; `now` is when it is saved."""

    payload: AnyPayload | None
    op: Op
    diary_on: date
    received_at: datetime
    now: datetime


def raise_for(
    session: Session, deployment: Deployment, person: Participant, answered: Answered
) -> None:
    """Raise what the answer calls for, unless it is open already or was seen to."""
    if answered.payload is None:
        return
    study = deployment.study
    for call in calls_at_save(answered.payload, study.alerts, study.session_report):
        last = alerts.find_last(session, person.id, call.rule)
        if last is None or _is_new(answered, last):
            dated = Call(call.rule, answered.diary_on, call.figures)
            raise_alert(session, person, dated, answered.now)


def _is_new(answered: Answered, last: alerts.Last) -> bool:
    """Whether an answer says more than the alert that somebody closed: of a later day, or after."""
    if answered.diary_on > last.diary_on:
        return True
    is_first = answered.op is Op.CREATE
    return is_first and last.closed_at is not None and answered.received_at > last.closed_at


def raise_alert(session: Session, person: Participant, call: Call, now: datetime) -> bool:
    """Raise an alert unless one of its rule is open; whether it is new.

    The change says by which figures, so that they can be read as they were.
    """
    diary_on = call.diary_on or now.date()
    raised = alerts.raise_once(session, person.id, call.rule, diary_on, now)
    if raised is None:
        return False
    change_id = ledger.queue_act(
        session,
        actor=SYSTEM,
        op="alert.raised",
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={
            "alert": raised,
            "rule": call.rule,
            "diary_on": diary_on.isoformat(),
            "figures": dict(call.figures),
        },
    )
    alerts.note_change(session, raised, change_id)
    return True
