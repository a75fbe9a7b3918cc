"""One participant's page: the trend. What the site does is in `course` and `care`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.routers.clinician.participant_page import keep_typed, read_seen, show
from app.routers.deps import Deployed, Desk, Form, Here, Now, Read, Write, first
from app.services import clinic_measures
from app.services.clinic_measures import Said

router = APIRouter(include_in_schema=False)
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


@router.post("/desk/participants/{study_code}/clinic-measures")
def note_measures(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Say whether the clinic's own measures are done, which opens the trends on a visit day."""
    keep_typed(request, service, desk, study_code, form, "measures")
    clinic_measures.note(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        study_code=study_code,
        said=Said(first(form, "done"), first(form, "measures_reason")),
        now=now,
    )
    return RedirectResponse(f"/desk/participants/{study_code}", status_code=303)
