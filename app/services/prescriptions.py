"""What the site changes of a participant's list of medicines, each from a date on.

A change of prescription ends the row and begins another, so that a dose of an earlier date keeps
the medicine as it was then. Nothing is deleted, and what was saved keeps its snapshot.
"""

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from app.domain.access import Actor, Permission, Role
from app.domain.diary_day import ONE_DAY
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.records import Snapshot
from app.domain.study import Medicine
from app.services import formularies
from app.services.deployment import Deployment
from app.services.listed_medicines import (
    LARGEST_MAXIMUM,
    ROLES,
    ListedMedicine,
    add_row,
    prescribed_of,
    put_on_list,
)
from app.services.participants import hold_permitted
from app.store import ledger, participants
from app.store.session import Session
from app.store.tables import Participant, ParticipantMedicine


@dataclass(frozen=True, kw_only=True)
class Prescription:
    """How a medicine is to be taken from a date on; `prescribed` is units per part of day."""

    role: str
    from_on: date
    prescribed: dict[str, float] = field(default_factory=dict)
    daily_maximum: float | None = None


def add(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    study_code: str,
    code: str,
    prescription: Prescription,
    now: datetime,
) -> str:
    """Put a box of the formulary on a participant's list; give the id of its row.

    Raises WrongState when the same box stands on the list from then on already.
    """
    person, role = _held(session, actor, study_code)
    _check(prescription)
    formulary = formularies.read_formulary(session, deployment.study)
    rows = participants.list_medicines(session, person.id)
    open_rows = [r for r in rows if r.until_on is None or r.until_on >= prescription.from_on]
    if any(_is_of(row, formulary.find(code)) for row in open_rows):
        raise WrongState("listed_already", field="medicine")
    new = put_on_list(
        session,
        formulary=formulary,
        participant_id=person.id,
        listed=ListedMedicine(
            code=code,
            role=prescription.role,
            prescribed=prescription.prescribed,
            daily_maximum=prescription.daily_maximum,
        ),
        position=max((row.position for row in rows), default=-1) + 1,
        from_on=prescription.from_on,
    )
    _note(session, (actor, role), person, "medicine.listed", _said(new, prescription), now)
    return new.id


def change(
    session: Session,
    *,
    actor: Actor,
    study_code: str,
    medicine_id: str,
    prescription: Prescription,
    now: datetime,
) -> str:
    """Prescribe a listed medicine otherwise from a date on; give the id of the new row.

    Raises WrongState when it was ended or changed already.
    """
    person, role = _held(session, actor, study_code)
    _check(prescription)
    row = _open_row(session, person, medicine_id)
    if prescription.from_on <= row.from_on:
        raise InvalidInput("not_after_start", field="from_on")
    row.until_on = prescription.from_on - ONE_DAY
    snapshot = Snapshot.model_validate_json(row.snapshot).model_copy(
        update={
            "medicine_id": str(uuid.uuid4()),
            "role": prescription.role,
            "prescribed": prescribed_of(prescription.prescribed),
        }
    )
    new = add_row(
        session,
        person.id,
        snapshot,
        prescription.daily_maximum,
        row.position,
        prescription.from_on,
    )
    details = {"instead_of": medicine_id, **_said(new, prescription)}
    _note(session, (actor, role), person, "medicine.changed", details, now)
    return new.id


def end(
    session: Session,
    *,
    actor: Actor,
    study_code: str,
    medicine_id: str,
    until_on: date,
    now: datetime,
) -> None:
    """Take a medicine off the list after its last day; it stays in the history.

    Raises WrongState when it was ended already, InvalidInput for a day before its first.
    """
    person, role = _held(session, actor, study_code)
    row = _open_row(session, person, medicine_id)
    if until_on < row.from_on - ONE_DAY:
        raise InvalidInput("dates_reversed", field="until_on")
    row.until_on = until_on
    details = {"medicine": medicine_id, "until_on": until_on.isoformat()}
    _note(session, (actor, role), person, "medicine.ended", details, now)


def _held(session: Session, actor: Actor, study_code: str) -> tuple[Participant, Role]:
    return hold_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.MANAGE_PARTICIPANT
    )


def _open_row(session: Session, person: Participant, medicine_id: str) -> ParticipantMedicine:
    """The row of a medicine that nobody ended; looked up while the participant is held."""
    row = session.get(ParticipantMedicine, medicine_id, populate_existing=True)
    if row is None or row.participant_id != person.id:
        raise NotFound("not_found")
    if row.until_on is not None:
        raise WrongState("medicine_ended", field="until_on")
    return row


def _is_of(row: ParticipantMedicine, box: Medicine | None) -> bool:
    """Whether a row of the list is of that box: its id is its own, what is printed is the same."""
    known = Snapshot.model_validate_json(row.snapshot)
    printed = (known.name, known.strength, known.unit)
    return box is not None and printed == (box.name, box.strength, box.unit)


def _check(prescription: Prescription) -> None:
    if prescription.role not in ROLES:
        raise InvalidInput("not_a_choice", field="role")
    if prescription.role == "rescue" and prescription.prescribed:
        raise InvalidInput("rescue_prescribed", field="role")
    maximum = prescription.daily_maximum
    if maximum is not None and not 0 < maximum <= LARGEST_MAXIMUM:
        raise InvalidInput("units_in_halves", field="daily_maximum")


def _said(row: ParticipantMedicine, prescription: Prescription) -> dict[str, Any]:
    return {
        "medicine": row.id,
        "role": prescription.role,
        "prescribed": prescribed_of(prescription.prescribed),
        "daily_maximum": prescription.daily_maximum,
        "from_on": prescription.from_on.isoformat(),
    }


def _note(
    session: Session,
    who: tuple[Actor, Role],
    person: Participant,
    op: str,
    details: dict[str, Any],
    now: datetime,
) -> None:
    ledger.queue_act(
        session,
        actor=who[0],
        op=op,
        role=who[1],
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details=details,
    )
