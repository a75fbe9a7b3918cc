"""What the site does between visits: alerts taken on and closed, pauses, test messages."""

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Permission
from app.routers.clinician.desk import read_date, read_needed_date
from app.routers.clinician.participant_page import keep_typed
from app.routers.deps import Desk, Form, Here, Now, Write, first
from app.services import alerts, channels, participants, pauses

router = APIRouter(include_in_schema=False)


@router.post("/desk/participants/{study_code}/alerts/{alert_id}/owner")
def acknowledge(
    request: Request,
    study_code: str,
    alert_id: str,
    service: Here,
    session: Write,
    desk: Desk,
    now: Now,
) -> Response:
    """Take an alert on."""
    keep_typed(request, service, desk, study_code, {}, "alerts", renamed={"alert": "alerts"})
    alerts.acknowledge(session, actor=desk.actor, alert_id=alert_id, now=now)
    return _back(study_code, "alerts")


@router.post("/desk/participants/{study_code}/alerts/{alert_id}/closing")
def close(
    request: Request,
    study_code: str,
    alert_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Close an alert with what was done about it."""
    renamed = {"alert": "alerts", "alert_reason": f"reason-{alert_id}"}
    keep_typed(request, service, desk, study_code, form, "alerts", renamed=renamed)
    alerts.close(
        session, actor=desk.actor, alert_id=alert_id, reason=first(form, "alert_reason"), now=now
    )
    return _back(study_code, "alerts")


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
    participants.get_permitted(
        session,
        actor=desk.actor,
        study_code=study_code,
        permission=Permission.MANAGE_PARTICIPANT,
    )
    pauses.pause(
        session,
        actor=desk.actor,
        study_code=study_code,
        from_on=read_needed_date(form, "pause_from_on"),
        until_on=read_date(form, "pause_until_on", needed=False),
        reason=first(form, "pause_reason"),
        now=now,
    )
    return _back(study_code, "pause")


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
    participants.get_permitted(
        session,
        actor=desk.actor,
        study_code=study_code,
        permission=Permission.MANAGE_PARTICIPANT,
    )
    pauses.resume(
        session,
        actor=desk.actor,
        study_code=study_code,
        from_on=read_needed_date(form, "resume_from_on"),
        reason=first(form, "resume_reason"),
        now=now,
    )
    return _back(study_code, "pause")


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
    return _back(study_code, "reach")


def _back(study_code: str, part: str) -> Response:
    return RedirectResponse(f"/desk/participants/{study_code}#{part}", status_code=303)
