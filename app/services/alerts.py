"""Alerts: raised when a rule calls the site, taken on and closed by people or by the entry itself.

`review` compares what holds now with what is open: one open alert per participant and rule, however
many schedulers look. What somebody closed stays closed until there is something new to say. Rules
kept: an alert is never about an answer's content here, and of two people at once one wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.access import SYSTEM, Actor, Permission, require
from app.domain.alerts import RAISED, may_rise_again, reasons_to_call
from app.domain.diary_day import local_date
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.participant import State
from app.domain.reach import is_unreachable
from app.services.cohorts import days_by_participant, is_running
from app.services.deployment import Deployment
from app.services.reach import sent_before, ways_by_participant
from app.services.trends import scale_of
from app.store import alerts, ledger, participants, reminders
from app.store.session import Database, Session
from app.store.tables import Alert, Participant

REVIEWED_TOGETHER = 200
"""Participants in one transaction, so that nobody's save waits behind a long one."""
SILENT_FOR = timedelta(days=7)
"""How far back an evening's messages still say whether somebody can be reached."""
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be done about one rule of one participant; `alert_id` is the one to close."""

    participant_id: int
    rule: str
    diary_on: date
    alert_id: str | None = None


def review(database: Database, *, deployment: Deployment, now: datetime) -> int:
    """Raise what calls for the site and close what does so no more; give how many changed."""
    with database.read() as session:
        people = alerts.list_watched(session, (State.ENROLLED.value,))
        changing = _changes(session, deployment, people, now)
    ids = list(dict.fromkeys(change.participant_id for change in changing))
    changed = 0
    for start in range(0, len(ids), REVIEWED_TOGETHER):
        some = ids[start : start + REVIEWED_TOGETHER]
        with database.write() as session:
            # Looked at anew inside the transaction: an entry may have come in between.
            found = participants.by_id(session, some)
            fresh = [found[id_] for id_ in some]
            for change in _changes(session, deployment, fresh, now):
                changed += _apply(session, found[change.participant_id], change, now)
    return changed


def _changes(
    session: Session, deployment: Deployment, people: Sequence[Participant], now: datetime
) -> list[_Change]:
    """What the rules of several participants ask for; a fixed number of queries."""
    ids = [person.id for person in people]
    spans = reminders.spans_by_participant(session, ids)
    days = days_by_participant(session, deployment, people, spans, now)
    far = _unreachable(session, deployment, ids, now)
    opened = alerts.list_open(session, ids)
    closed = alerts.closed_by_people(session, ids)
    rules, found = deployment.study.alerts, []
    for person in people:
        today = local_date(now, spans[person.id])
        runs = is_running(person, today)
        holding = reasons_to_call(
            days[person.id] if runs else (),
            scale_of(person),
            rules,
            deployment.study.week,
            is_unreachable=runs and person.id in far,
        )
        over = [day.diary_on for day in days[person.id] if day.is_due and day.closed]
        latest_on = over[-1] if over else today
        standing = {alert.rule: alert.id for alert in opened[person.id]}
        for rule in sorted((RAISED & set(holding)) - set(standing)):
            at = closed.get((person.id, rule))
            closed_on = None if at is None else local_date(at, spans[person.id])
            if closed_on is None or may_rise_again(rule, rules, closed_on, latest_on):
                found.append(_Change(person.id, rule, latest_on))
        found += [
            _Change(person.id, rule, latest_on, standing[rule])
            for rule in sorted((RAISED & set(standing)) - set(holding))
        ]
    return found


def _unreachable(
    session: Session, deployment: Deployment, ids: Sequence[int], now: datetime
) -> frozenset[int]:
    """Who cannot be reached: no way is known, or the last evening's messages were all refused."""
    ways = ways_by_participant(session, deployment, ids)
    evenings = alerts.last_evenings(session, ids, (now - SILENT_FOR).date())
    return frozenset(
        id_ for id_ in ids if is_unreachable(ways[id_].channels, sent_before(evenings.get(id_, ())))
    )


def _apply(session: Session, person: Participant, change: _Change, now: datetime) -> bool:
    details = {"rule": change.rule, "diary_on": change.diary_on.isoformat()}
    if change.alert_id is None:
        raised = alerts.raise_once(session, person.id, change.rule, change.diary_on, now)
        if raised is not None:
            _note(session, person, "alert.raised", {"alert": raised, **details}, now)
        return raised is not None
    alert = alerts.hold_alert(session, change.alert_id)
    if alert is None or alert.closed_at is not None:
        return False
    closing = {"alert": alert.id, **details, "reason": "superseded"}
    alert.change_id = _note(session, person, "alert.closed", closing, now)
    alert.closed_at, alert.closed_by = now, alerts.SYSTEM
    return True


def _note(
    session: Session, person: Participant, op: str, details: dict[str, str], now: datetime
) -> str:
    return ledger.queue_act(
        session,
        actor=SYSTEM,
        op=op,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details=details,
    )


def acknowledge(session: Session, *, actor: Actor, alert_id: str, now: datetime) -> None:
    """Take an alert on: the actor is its owner from now on.

    Raises WrongState when it is closed or somebody else has it.
    """
    alert, person = _held(session, alert_id)
    role = require(actor, Permission.MANAGE_PARTICIPANT, person.site_id)
    if alert.closed_at is not None:
        raise WrongState("alert_closed", field="alert")
    if alert.owner_id == actor.id:
        return
    if alert.owner_id is not None:
        raise WrongState("alert_taken", field="alert")
    alert.owner_id, alert.acknowledged_at = actor.id, now
    ledger.queue_act(
        session,
        actor=actor,
        op="alert.acknowledged",
        role=role,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"alert": alert_id, "rule": alert.rule},
    )


def close(session: Session, *, actor: Actor, alert_id: str, reason: str, now: datetime) -> None:
    """Close an alert with what was done about it, in words.

    Raises InvalidInput without words, WrongState when somebody or the entry itself was sooner.
    """
    alert, person = _held(session, alert_id)
    role = require(actor, Permission.MANAGE_PARTICIPANT, person.site_id)
    said = reason.strip()
    if not said:
        raise InvalidInput("alert_reason", field="alert_reason")
    if len(said) > LONGEST_REASON:
        raise InvalidInput("words_too_many", field="alert_reason", characters=LONGEST_REASON)
    if alert.closed_at is not None:
        raise WrongState("alert_closed", field="alert")
    alert.closed_at, alert.closed_by = now, actor.id
    alert.change_id = ledger.queue_act(
        session,
        actor=actor,
        op="alert.closed",
        role=role,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"alert": alert_id, "rule": alert.rule, "reason": "closed"},
        texts={"reason": said},
    )


def _held(session: Session, alert_id: str) -> tuple[Alert, Participant]:
    """Get and hold an alert as it stands now, with its participant."""
    alert = alerts.hold_alert(session, alert_id)
    if alert is None:
        raise NotFound("not_found")
    return alert, participants.get_participant(session, alert.participant_id)
