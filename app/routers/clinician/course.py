"""The course of a participant: its page, state, pauses, phones and the test message."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.domain.access import Permission
from app.domain.errors import InvalidInput, WrongState
from app.domain.participant import Move
from app.routers.clinician.course_page import back, keep_typed, show
from app.routers.clinician.desk import FormFields, read_date, read_needed_date
from app.routers.deps import Desk, Form, Here, Now, Read, Write, first
from app.services import channels, devices, participants, pauses
from app.services.courses import BY_SITE, GRAVE

router = APIRouter(include_in_schema=False)
LOST_REASON = "lost_reason"
"""The field of its reason: the page has others."""
_MANAGE = Permission.MANAGE_PARTICIPANT


@router.get("/desk/participants/{study_code}/course")
def show_course(
    request: Request,
    study_code: str,
    service: Here,
    session: Read,
    desk: Desk,
    medicine: Annotated[str, Query()] = "",
) -> Response:
    """Show the course; `medicine` opens the form of one on the list."""
    return show(request, desk, service, session, study_code, chosen=medicine)


@router.post("/desk/participants/{study_code}/state")
def change_state(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Change the state by one of the moves that the site makes, with a reason."""
    keep_typed(request, service, desk, study_code, form, "state", renamed={"consent_on": "state"})
    participants.get_permitted(session, actor=desk.actor, study_code=study_code, permission=_MANAGE)
    participants.change_state(
        session,
        actor=desk.actor,
        study_code=study_code,
        by=_read_move(form),
        reason=first(form, "reason"),
        on=read_date(form, "on", needed=False),
        now=now,
    )
    return back(study_code, "state")


@router.post("/desk/participants/{study_code}/pause")
def pause(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Pause the diary, to a last day or until it is resumed."""
    keep_typed(request, service, desk, study_code, form, "pause")
    participants.get_permitted(session, actor=desk.actor, study_code=study_code, permission=_MANAGE)
    pauses.pause(
        session,
        actor=desk.actor,
        study_code=study_code,
        from_on=read_needed_date(form, "pause_from_on"),
        until_on=read_date(form, "pause_until_on", needed=False),
        reason=first(form, "pause_reason"),
        now=now,
    )
    return back(study_code, "pause")


@router.post("/desk/participants/{study_code}/resume")
def resume(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Ask for the diary again from a date on."""
    keep_typed(request, service, desk, study_code, form, "pause")
    participants.get_permitted(session, actor=desk.actor, study_code=study_code, permission=_MANAGE)
    pauses.resume(
        session,
        actor=desk.actor,
        study_code=study_code,
        from_on=read_needed_date(form, "resume_from_on"),
        reason=first(form, "resume_reason"),
        now=now,
    )
    return back(study_code, "pause")


@router.post("/desk/participants/{study_code}/lost-phone")
def close_phones(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Close every phone of a participant, with a reason; a new link is next."""
    keep_typed(
        request, service, desk, study_code, form, LOST_REASON, renamed={"reason": LOST_REASON}
    )
    devices.revoke(
        session,
        actor=desk.actor,
        study_code=study_code,
        reason=first(form, LOST_REASON),
        now=now,
    )
    return back(study_code, "phones")


@router.post("/desk/participants/{study_code}/test-message")
def send_test(
    request: Request, study_code: str, service: Here, session: Write, desk: Desk, now: Now
) -> Response:
    """Send the participant a test message."""
    keep_typed(request, service, desk, study_code, {}, "test")
    channels.ask_test_for(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        study_code=study_code,
        now=now,
    )
    return back(study_code, "reach")


def _read_move(form: FormFields) -> Move:
    """The move that was chosen; one that is the phone's or goes by dates is none of these."""
    typed = first(form, "move")
    if typed not in tuple(Move):
        raise InvalidInput("not_a_choice", field="move", refused={"move": typed})
    by = Move(typed)
    if by not in BY_SITE:
        raise WrongState("not_in_this_state", field="move")
    if by in GRAVE and "understood" not in form:
        raise InvalidInput("not_understood", field="understood")
    return by
