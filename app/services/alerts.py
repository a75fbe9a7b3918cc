"""Alerts: raised once when a rule calls the site, taken on, noted on and closed.

`review` compares what holds now with what is open: one open alert per participant and rule, however
many schedulers look. What somebody closed stays closed until there is something new to say. What an
answer raises by itself is in `alarms`. Rule kept: of two people at once one wins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.access import SYSTEM, Actor, Permission, Role, require
from app.domain.alerts import (
    AT_SAVE,
    OF_PAST_DAYS,
    Call,
    Known,
    calls_now,
    may_rise_again,
    still_holds,
)
from app.domain.diary_day import local_date
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.participant import State
from app.domain.reach import is_unreachable
from app.domain.study import Study
from app.services.alarms import raise_alert
from app.services.cohorts import days_by_participant, is_running
from app.services.deployment import Deployment
from app.services.intake import recent_mme
from app.services.reach import sent_before, ways_by_participant
from app.services.trends import scale_of
from app.store import alerts, ledger, participants, reminders
from app.store.alerts import OpenAlert
from app.store.session import Database, Session
from app.store.tables import Alert, AlertNote, Participant

REVIEWED_TOGETHER = 200
"""Participants in one transaction, so that nobody's save waits behind a long one."""
SILENT_FOR = timedelta(days=7)
"""How far back an evening's messages still say whether somebody can be reached."""
RESTS_AT_MOST = timedelta(days=60)
"""How far back a person's closing is asked about: no rule looks at as many days."""
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class _Change:
    """What is to be done about one rule of one participant: raise it, or close this alert."""

    participant_id: int
    call: Call
    closes: str | None = None


@dataclass(frozen=True, slots=True)
class _Standing:
    """A participant as the rules see them, what is open, and when people closed what, by rule."""

    person: Participant
    known: Known
    today: date
    runs: bool
    opened: tuple[OpenAlert, ...]
    closed_on: Mapping[str, date]


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
    return [
        change
        for standing in _standings(session, deployment, people, now)
        for change in _changes_of(standing, deployment.study)
    ]


def _standings(
    session: Session, deployment: Deployment, people: Sequence[Participant], now: datetime
) -> list[_Standing]:
    ids = [person.id for person in people]
    spans = reminders.spans_by_participant(session, ids)
    today = {id_: local_date(now, spans[id_]) for id_ in ids}
    days = days_by_participant(session, deployment, people, spans, now)
    mme = recent_mme(session, ids, today) if deployment.study.alerts.mme_rise.on else {}
    far = _unreachable(session, deployment, ids, now)
    opened = alerts.list_open(session, ids)
    closed = alerts.closed_by_people(session, ids, now - RESTS_AT_MOST)
    return [
        _Standing(
            person,
            Known(days[id_], scale_of(person), mme.get(id_, ()), id_ in far),
            today[id_],
            is_running(person, today[id_]),
            opened[id_],
            {rule: local_date(at, spans[id_]) for rule, at in closed.get(id_, {}).items()},
        )
        for id_, person in zip(ids, people, strict=True)
    ]


def _changes_of(standing: _Standing, study: Study) -> list[_Change]:
    """What is to be raised and what is to be closed about one participant."""
    rules, week, id_ = study.alerts, study.week, standing.person.id
    known, today = standing.known, standing.today
    calls = calls_now(known, rules, week) if standing.runs else {}
    is_open = {alert.rule for alert in standing.opened}
    found = []
    for rule, call in calls.items():
        diary_on = call.diary_on or _last_over(known, today)
        closed_on = standing.closed_on.get(rule)
        may = closed_on is None or may_rise_again(rule, rules, closed_on, diary_on)
        if rule not in is_open and may:
            found.append(_Change(id_, Call(rule, diary_on, call.figures)))
    for alert in standing.opened:
        rule, on = alert.rule, alert.diary_on
        stays = rule in AT_SAVE or rule in calls
        if rule in OF_PAST_DAYS:
            stays = stays or still_holds(rule, on, known, rules, week)
        if not stays:
            found.append(_Change(id_, Call(rule, on), closes=alert.id))
    return found


def _last_over(known: Known, today: date) -> date:
    """The last due day that is over: what an alert about no day in particular is dated by."""
    over = [day.diary_on for day in known.days if day.is_due and day.closed]
    return over[-1] if over else today


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
    if change.closes is None:
        return raise_alert(session, person, change.call, now)
    alert = alerts.hold_alert(session, change.closes)
    if alert is None or alert.closed_at is not None:
        return False
    details = {"reason": "superseded", "diary_on": alert.diary_on.isoformat()}
    held = _Held(alert, person, Role.SYSTEM)
    alert.change_id = _leave(session, held, SYSTEM, "closed", now, details)
    alert.closed_at, alert.closed_by = now, alerts.SYSTEM
    return True


@dataclass(frozen=True, slots=True)
class _Held:
    """An alert held against others, whose it is, and the role by which it is acted on."""

    alert: Alert
    person: Participant
    role: Role


def acknowledge(session: Session, *, actor: Actor, alert_id: str, now: datetime) -> None:
    """Take an alert on: the actor is its owner from now on.

    Raises WrongState when it is closed or somebody else has it.
    """
    held = _hold(session, actor, alert_id)
    alert = held.alert
    _need_open(alert)
    if alert.owner_id == actor.id:
        return
    if alert.owner_id is not None:
        raise WrongState("alert_taken", field="alert")
    alert.owner_id, alert.acknowledged_at = actor.id, now
    _leave(session, held, actor, "acknowledged", now)


def note(session: Session, *, actor: Actor, alert_id: str, words: str, now: datetime) -> None:
    """Note on an open alert what was found or done, in words.

    Raises InvalidInput without words, WrongState when it is closed.
    """
    held = _hold(session, actor, alert_id)
    said = _read(words, "alert_note")
    _need_open(held.alert)
    change_id = _leave(session, held, actor, "noted", now, texts={"note": said})
    noted = AlertNote(alert_id=alert_id, noted_at=now, noted_by=actor.id, change_id=change_id)
    session.add(noted)


def close(session: Session, *, actor: Actor, alert_id: str, reason: str, now: datetime) -> None:
    """Close an alert with what was done about it, in words.

    Raises InvalidInput without words, WrongState when somebody or the entry itself was sooner.
    """
    held = _hold(session, actor, alert_id)
    said = _read(reason, "alert_reason")
    _need_open(held.alert)
    held.alert.closed_at, held.alert.closed_by = now, actor.id
    how = {"reason": "closed"}
    held.alert.change_id = _leave(session, held, actor, "closed", now, how, {"reason": said})


def _hold(session: Session, actor: Actor, alert_id: str) -> _Held:
    """Get and hold an alert as it stands now; NotFound, NotAllowed without the right to act."""
    alert = alerts.hold_alert(session, alert_id)
    if alert is None:
        raise NotFound("not_found")
    person = participants.get_participant(session, alert.participant_id)
    return _Held(alert, person, require(actor, Permission.MANAGE_PARTICIPANT, person.site_id))


def _leave(
    session: Session,
    held: _Held,
    actor: Actor,
    done: str,
    now: datetime,
    details: Mapping[str, str] | None = None,
    texts: Mapping[str, str] | None = None,
) -> str:
    """Leave the change of what was done about an alert."""
    alert, person = held.alert, held.person
    return ledger.queue_act(
        session,
        actor=actor,
        op=f"alert.{done}",
        role=held.role,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"alert": alert.id, "rule": alert.rule, **(details or {})},
        texts=texts,
    )


def _need_open(alert: Alert) -> None:
    if alert.closed_at is not None:
        raise WrongState("alert_closed", field="alert")


def _read(words: str, field: str) -> str:
    """What somebody wrote about an alert; InvalidInput for nothing or too much."""
    said = words.strip()
    if not said:
        raise InvalidInput(field, field=field)
    if len(said) > LONGEST_REASON:
        raise InvalidInput("words_too_many", field=field, characters=LONGEST_REASON)
    return said
