"""Mesotherapy sessions and visits outside them, as the site dates them; never computed.

A wrong date is corrected with a reason, and the order of the sessions is kept. An area is what the
clinician measured, in cm²: no drawing of a phone is calibrated.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.domain.access import Actor, Permission, Role
from app.domain.diary_day import ONE_DAY, local_date
from app.domain.errors import InvalidInput
from app.services.participants import LONGEST_REASON, hold_permitted, need_reason
from app.store import ledger, participants
from app.store.session import Session
from app.store.tables import MesotherapySession, Participant, Visit

LAST_NUMBER = 50
LARGEST_CM2 = 10_000


@dataclass(frozen=True, kw_only=True)
class NewVisit:
    """A visit outside the numbered sessions: what it was about is a text of its change."""

    held_on: date
    note: str
    area_cm2: float | None = None


def record_session(
    session: Session,
    *,
    actor: Actor,
    study_code: str,
    session_no: int,
    held_on: date,
    now: datetime,
    area_cm2: float | None = None,
    reason: str = "",
) -> None:
    """Date a session, or say again when it was and what was measured; that needs a reason.

    Saying the same again changes nothing. Raises InvalidInput for a number or an area that there
    is not, a date that is still to come, and an order that cannot be.
    """
    person, role = hold_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.RECORD_SESSION
    )
    held = {row.session_no: row for row in participants.list_sessions(session, person.id)}
    _check(session, person, held, (session_no, held_on), now)
    check_area(area_cm2)
    row = held.get(session_no)
    was = None if row is None else _said(row)
    if row is None:
        row = MesotherapySession(participant_id=person.id, session_no=session_no)
        session.add(row)
    row.held_on, row.area_cm2 = held_on, area_cm2
    details = {"session_no": session_no, **_said(row)}
    if was is not None:
        if was == _said(row):
            return
        need_reason(reason, "session_reason")
        details["was"] = was
    op = "session.dated" if was is None else "session.corrected"
    texts = {"reason": reason} if reason.strip() else {}
    _note(session, (actor, role), person, op, details, texts, now)


def _said(row: MesotherapySession) -> dict[str, Any]:
    """A session as its change says it."""
    return {"held_on": row.held_on.isoformat(), "area_cm2": row.area_cm2}


def note_visit(
    session: Session, *, actor: Actor, study_code: str, visit: NewVisit, now: datetime
) -> None:
    """Note a visit outside the sessions, with a few words about it."""
    person, role = hold_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.RECORD_SESSION
    )
    _check_date(session, person, visit.held_on, "visit_on", now)
    if not visit.note.strip():
        raise InvalidInput("note_missing", field="visit_note")
    if len(visit.note) > LONGEST_REASON:
        raise InvalidInput("words_too_many", field="visit_note", characters=LONGEST_REASON)
    check_area(visit.area_cm2, "visit_area")
    details = {"held_on": visit.held_on.isoformat(), "area_cm2": visit.area_cm2}
    texts = {"note": visit.note}
    change_id = _note(session, (actor, role), person, "visit.noted", details, texts, now)
    session.add(
        Visit(
            id=str(uuid.uuid4()),
            participant_id=person.id,
            held_on=visit.held_on,
            area_cm2=visit.area_cm2,
            noted_at=now,
            change_id=change_id,
        )
    )


def check_area(area_cm2: float | None, field: str = "area_cm2") -> None:
    """Raise InvalidInput for an area that no limb has, or measured finer than a tenth of a cm²."""
    if area_cm2 is None:
        return
    if not 0 < area_cm2 <= LARGEST_CM2 or round(area_cm2, 1) != area_cm2:
        raise InvalidInput("not_an_area", field=field, refused={"area_cm2": area_cm2})


def _check(
    session: Session,
    person: Participant,
    held: Mapping[int, MesotherapySession],
    wanted: tuple[int, date],
    now: datetime,
) -> None:
    session_no, held_on = wanted
    if not 1 <= session_no <= LAST_NUMBER:
        raise InvalidInput("session_number", field="session_no")
    _check_date(session, person, held_on, "held_on", now)
    for number, row in held.items():
        if (number < session_no and row.held_on > held_on) or (
            number > session_no and row.held_on < held_on
        ):
            raise InvalidInput("sessions_out_of_order", field="held_on", session_no=number)


def _check_date(
    session: Session, person: Participant, held_on: date, field: str, now: datetime
) -> None:
    """A day of tolerance: the clinic's date may be ahead of the participant's."""
    today = local_date(now, participants.list_zones(session, person.id))
    if held_on > today + ONE_DAY:
        raise InvalidInput("date_in_future", field=field)


def _note(
    session: Session,
    who: tuple[Actor, Role],
    person: Participant,
    op: str,
    details: Mapping[str, Any],
    texts: Mapping[str, str],
    now: datetime,
) -> str:
    return ledger.queue_act(
        session,
        actor=who[0],
        op=op,
        role=who[1],
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details=details,
        texts=texts,
    )
