"""Sessions and visits at the desk: dated, corrected with a reason, an area measured."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.access import Permission
from app.domain.errors import InvalidInput
from app.routers.clinician.course_page import back, keep_typed
from app.routers.clinician.desk import FormFields, read_decimal, read_needed_date
from app.routers.deps import Desk, Form, Here, Now, Write, first
from app.services import participants, sessions
from app.services.sessions import NewVisit

router = APIRouter(include_in_schema=False)


@router.post("/desk/participants/{study_code}/sessions")
def record_session(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Date a mesotherapy session, or correct one that was dated."""
    keep_typed(request, service, desk, study_code, form, "sessions")
    participants.get_permitted(
        session, actor=desk.actor, study_code=study_code, permission=Permission.RECORD_SESSION
    )
    sessions.record_session(
        session,
        actor=desk.actor,
        study_code=study_code,
        session_no=_session_no(form),
        held_on=read_needed_date(form, "held_on"),
        area_cm2=read_decimal(form, "area_cm2"),
        reason=first(form, "session_reason"),
        now=now,
    )
    return back(study_code, "sessions")


@router.post("/desk/participants/{study_code}/visits")
def note_visit(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Note a visit outside the sessions."""
    keep_typed(request, service, desk, study_code, form, "sessions")
    participants.get_permitted(
        session, actor=desk.actor, study_code=study_code, permission=Permission.RECORD_SESSION
    )
    visit = NewVisit(
        held_on=read_needed_date(form, "visit_on"),
        note=first(form, "visit_note"),
        area_cm2=read_decimal(form, "visit_area"),
    )
    sessions.note_visit(session, actor=desk.actor, study_code=study_code, visit=visit, now=now)
    return back(study_code, "sessions")


def _session_no(form: FormFields) -> int:
    number = first(form, "session_no")
    if not number.isascii() or not number.isdigit() or len(number) > 3:
        raise InvalidInput("session_number", field="session_no", refused={"session_no": number})
    return int(number)
