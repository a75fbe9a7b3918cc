"""One participant's page, and its forms on the course: sessions, a lost phone, withdrawal."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Permission
from app.domain.errors import InvalidInput
from app.domain.participant import Move
from app.routers.clinician.desk import FormFields, read_needed_date
from app.routers.clinician.participant_page import keep_typed, read_seen, show
from app.routers.deps import Deployed, Desk, Form, Here, Now, Read, Write, first
from app.services import devices, participants

router = APIRouter(include_in_schema=False)
LOST_REASON = "lost_reason"
"""The field of its reason: the page has another one, for withdrawal."""
Period = Annotated[str, Query(alias="days")]


@router.get("/desk/participants/{study_code}")
def show_participant(
    request: Request,
    study_code: str,
    deployment: Deployed,
    session: Read,
    desk: Desk,
    now: Now,
    period: Period = "",
) -> Response:
    """Show one participant."""
    seen = read_seen(
        session, deployment=deployment, actor=desk.actor, study_code=study_code, now=now
    )
    return show(request, desk, deployment, seen, period=period)


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
    """Date a mesotherapy session."""
    keep_typed(request, service, desk, study_code, form, "session")
    participants.get_permitted(
        session, actor=desk.actor, study_code=study_code, permission=Permission.RECORD_SESSION
    )
    participants.record_session(
        session,
        actor=desk.actor,
        study_code=study_code,
        session_no=_session_no(form),
        held_on=read_needed_date(form, "held_on"),
        now=now,
    )
    return RedirectResponse(f"/desk/participants/{study_code}", status_code=303)


@router.post("/desk/participants/{study_code}/withdrawal")
def withdraw(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Withdraw a participant, with a reason: collection ends, data stay, the contact is purged."""
    keep_typed(request, service, desk, study_code, form, "withdrawal")
    participants.change_state(
        session,
        actor=desk.actor,
        study_code=study_code,
        by=Move.WITHDRAW,
        reason=first(form, "reason"),
        now=now,
    )
    return RedirectResponse(f"/desk/participants/{study_code}", status_code=303)


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
    return RedirectResponse(f"/desk/participants/{study_code}#phones", status_code=303)


def _session_no(form: FormFields) -> int:
    number = first(form, "session_no")
    if not number.isascii() or not number.isdigit() or len(number) > 3:
        raise InvalidInput("session_number", field="session_no", refused={"session_no": number})
    return int(number)
