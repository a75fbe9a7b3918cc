"""The list of medicines at the desk: a box added, a prescription changed, a medicine ended."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.access import Permission
from app.domain.errors import InvalidInput
from app.domain.records import PARTS
from app.routers.clinician.course_page import back, keep_typed
from app.routers.clinician.desk import FormFields, read_needed_date, read_number
from app.routers.clinician.formulary_words import labels_of
from app.routers.deps import Desk, Form, Here, Now, Write, first
from app.services import formularies, participants, prescriptions
from app.services.prescriptions import Prescription
from app.store.session import Session

router = APIRouter(include_in_schema=False)
_MANAGE = Permission.MANAGE_PARTICIPANT
_PLACED = {"medicines": "medicine"}


@router.post("/desk/participants/{study_code}/medicines")
def add_medicine(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Put a box of the formulary on the list."""
    keep_typed(request, service, desk, study_code, form, "medicine", renamed=_PLACED)
    participants.get_permitted(session, actor=desk.actor, study_code=study_code, permission=_MANAGE)
    prescriptions.add(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        study_code=study_code,
        code=_read_box(session, service, form, desk.lang),
        prescription=_read_prescription(form),
        now=now,
    )
    return back(study_code, "medicines")


@router.post("/desk/participants/{study_code}/medicines/{medicine_id}/prescription")
def change_prescription(
    request: Request,
    study_code: str,
    medicine_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Prescribe a listed medicine otherwise from a date on."""
    keep_typed(request, service, desk, study_code, form, "medicine", chosen=medicine_id)
    participants.get_permitted(session, actor=desk.actor, study_code=study_code, permission=_MANAGE)
    prescriptions.change(
        session,
        actor=desk.actor,
        study_code=study_code,
        medicine_id=medicine_id,
        prescription=_read_prescription(form),
        now=now,
    )
    return back(study_code, "medicines")


@router.post("/desk/participants/{study_code}/medicines/{medicine_id}/end")
def end_medicine(
    request: Request,
    study_code: str,
    medicine_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Take a medicine off the list after its last day."""
    keep_typed(request, service, desk, study_code, form, "medicine", chosen=medicine_id)
    participants.get_permitted(session, actor=desk.actor, study_code=study_code, permission=_MANAGE)
    prescriptions.end(
        session,
        actor=desk.actor,
        study_code=study_code,
        medicine_id=medicine_id,
        until_on=read_needed_date(form, "until_on"),
        now=now,
    )
    return back(study_code, "medicines")


def _read_box(session: Session, service: Here, form: FormFields, lang: str) -> str:
    """The code of the box whose words were chosen."""
    typed = first(form, "medicine")
    if not typed:
        raise InvalidInput("field_missing", field="medicine")
    formulary = formularies.read_formulary(session, service.deployment.study)
    box = labels_of(formulary, lang).get(typed)
    if box is None:
        raise InvalidInput("unknown_medicine", field="medicine", refused={"medicine": typed})
    return box.code


def _read_prescription(form: FormFields) -> Prescription:
    return Prescription(
        role=first(form, "role"),
        from_on=read_needed_date(form, "from_on"),
        prescribed={part: units for part in PARTS if (units := read_number(form, part))},
        daily_maximum=read_number(form, "daily_maximum") or None,
    )
