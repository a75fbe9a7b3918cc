"""Pauses: days on which no diary is due, set and ended by the site with a reason.

A pause is known by its dates, and what is due goes by them alone. The participant's state follows:
`paused` while a pause covers their own date, so that one that begins next week stops nothing
tonight, and one with a last day ends by itself. `follow` keeps the states in step.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from app.domain.access import SYSTEM, Actor, Permission, Role, require
from app.domain.diary_day import ONE_DAY, Spans, local_date
from app.domain.errors import InvalidInput, WrongState
from app.domain.participant import Move, State, move
from app.domain.schedule import Pause
from app.store import ledger, participants, pauses
from app.store.session import Database, Session
from app.store.tables import Participant, ParticipantPause

PAUSABLE = frozenset({State.INVITED, State.ENROLLED, State.PAUSED})


def pause(
    session: Session,
    *,
    actor: Actor,
    study_code: str,
    from_on: date,
    reason: str,
    now: datetime,
    until_on: date | None = None,
) -> None:
    """Pause a participant from a date on, today or later, to a last day or until `resume`.

    Raises InvalidInput for a date that is over, dates reversed or no reason, WrongState when the
    days are paused already or the diary has ended.
    """
    person, role = _managed(session, actor, study_code)
    today = _today(session, person, now)
    _need_reason(reason, "pause_reason")
    if from_on < today:
        raise InvalidInput("date_over", field="pause_from_on")
    if until_on is not None and until_on < from_on:
        raise InvalidInput("dates_reversed", field="pause_until_on")
    if person.state not in PAUSABLE:
        move(State(person.state), Move.PAUSE)
    known = [_dates(row) for row in participants.list_pauses(session, person.id)]
    if any(_overlap(one, Pause(from_on, until_on)) for one in known):
        raise WrongState("paused_already", field="pause_from_on")
    session.add(ParticipantPause(participant_id=person.id, from_on=from_on, until_on=until_on))
    if from_on <= today:
        person.state = move(State(person.state), Move.PAUSE).value
    details = {
        "from_on": from_on.isoformat(),
        "until_on": until_on and until_on.isoformat(),
        "state": person.state,
    }
    _note(session, person, Move.PAUSE, (actor, role), now, details, reason)


def resume(
    session: Session, *, actor: Actor, study_code: str, from_on: date, reason: str, now: datetime
) -> None:
    """End the pause that runs or lies ahead: `from_on` is the first day that is due again.

    Raises InvalidInput for a date that is over or no reason, WrongState without such a pause.
    """
    person, role = _managed(session, actor, study_code)
    today = _today(session, person, now)
    _need_reason(reason, "resume_reason")
    if from_on < today:
        raise InvalidInput("date_over", field="resume_from_on")
    rows = participants.list_pauses(session, person.id)
    open_ones = [row for row in rows if row.until_on is None or row.until_on >= today]
    if not open_ones:
        raise WrongState("not_in_this_state", field="resume_from_on")
    for row in open_ones:
        if row.until_on is None or row.until_on >= from_on:
            row.until_on = from_on - ONE_DAY
    covered = any(_dates(row).covers(today) for row in rows)
    if person.state == State.PAUSED and not covered:
        person.state = move(State.PAUSED, Move.RESUME).value
    details = {"from_on": from_on.isoformat(), "state": person.state}
    _note(session, person, Move.RESUME, (actor, role), now, details, reason)


def find_current(rows: Sequence[ParticipantPause], today: date) -> ParticipantPause | None:
    """The pause that runs on a date, else the next one that lies ahead."""
    ahead = [
        row for row in rows if (row.until_on is None or row.until_on >= max(today, row.from_on))
    ]
    return min(ahead, key=lambda row: row.from_on, default=None)


def follow(database: Database, *, now: datetime) -> int:
    """Let the state follow the dates of every pause that has begun or ended; give how many did."""
    with database.read() as session:
        ids = [person.id for person in pauses.list_concerned(session, now.date())]
        due = [id_ for id_ in ids if _step(session, id_, now) is not None]
    return sum(_follow_one(database, id_, now) for id_ in due)


def _follow_one(database: Database, participant_id: int, now: datetime) -> bool:
    with database.write() as session:
        person = participants.lock_participant(session, participant_id)
        step = _step(session, participant_id, now)
        if step is None:
            return False
        person.state = move(State(person.state), step).value
        details = {"state": person.state}
        _note(session, person, step, (SYSTEM, Role.SYSTEM), now, details, "")
        return True


def _step(session: Session, participant_id: int, now: datetime) -> Move | None:
    """What the dates of the pauses ask of the state now."""
    person = participants.get_participant(session, participant_id)
    rows = participants.list_pauses(session, participant_id)
    if not rows:
        return None
    today = _today(session, person, now)
    is_covered = any(_dates(row).covers(today) for row in rows)
    if person.state == State.ENROLLED and is_covered:
        return Move.PAUSE
    if person.state == State.PAUSED and not is_covered:
        return Move.RESUME
    return None


def _managed(session: Session, actor: Actor, study_code: str) -> tuple[Participant, Role]:
    person = participants.get_by_code(session, study_code, frozenset({"*"}))
    role = require(actor, Permission.MANAGE_PARTICIPANT, person.site_id)
    return participants.lock_participant(session, person.id), role


def _today(session: Session, person: Participant, now: datetime) -> date:
    spans: Spans = participants.list_zones(session, person.id)
    return local_date(now, spans)


def _dates(row: ParticipantPause) -> Pause:
    return Pause(row.from_on, row.until_on)


def _overlap(one: Pause, other: Pause) -> bool:
    """Whether two pauses share a day; one that was taken back before it began has none."""
    if one.until_on is not None and one.until_on < one.from_on:
        return False
    is_before = one.until_on is not None and one.until_on < other.from_on
    is_after = other.until_on is not None and other.until_on < one.from_on
    return not (is_before or is_after)


def _need_reason(reason: str, field: str) -> None:
    if not reason.strip():
        raise InvalidInput("reason_missing", field=field)


def _note(
    session: Session,
    person: Participant,
    by: Move,
    who: tuple[Actor, Role],
    now: datetime,
    details: Mapping[str, Any],
    reason: str,
) -> None:
    ledger.queue_act(
        session,
        actor=who[0],
        op=f"participant.{by.value}",
        role=who[1],
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details=details,
        texts={"reason": reason} if reason else None,
    )
