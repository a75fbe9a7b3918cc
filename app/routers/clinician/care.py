"""Alerts taken on, noted on and closed, from the participant's page and from the work list."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.errors import DomainError, NotAllowed, NotFound
from app.routers.clinician import work
from app.routers.clinician.desk import FormFields, typed
from app.routers.clinician.participant_page import keep_typed
from app.routers.deps import AtDesk, Desk, Form, Here, Now, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import alerts
from app.services.work import Wanted

router = APIRouter(include_in_schema=False)


@router.post("/desk/participants/{study_code}/alerts/{alert_id}/owner")
def acknowledge(
    request: Request,
    study_code: str,
    alert_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Take an alert on."""
    back = _keep_page(request, service, desk, (study_code, alert_id), form)
    alerts.acknowledge(session, actor=desk.actor, alert_id=alert_id, now=now)
    return back()


@router.post("/desk/participants/{study_code}/alerts/{alert_id}/notes")
def note(
    request: Request,
    study_code: str,
    alert_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Note on an alert what was found or done."""
    back = _keep_page(request, service, desk, (study_code, alert_id), form)
    words = first(form, "words")
    alerts.note(session, actor=desk.actor, alert_id=alert_id, words=words, now=now)
    return back()


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
    back = _keep_page(request, service, desk, (study_code, alert_id), form)
    words = first(form, "words")
    alerts.close(session, actor=desk.actor, alert_id=alert_id, reason=words, now=now)
    return back()


def _keep_page(
    request: Request,
    service: Service,
    desk: AtDesk,
    about: tuple[str, str],
    form: FormFields,
) -> Callable[[], Response]:
    """Let a refusal answer with the page that the form is on; give the way back there."""
    study_code, alert_id = about
    field = f"words-{alert_id}"
    renamed = {"alert": "alerts", "alert_note": field, "alert_reason": field}
    if "list" in form:
        wanted = _wanted(first(form, "list"))
        _keep_list(request, service, desk, wanted, form, renamed)
        return lambda: RedirectResponse(work.address(wanted), status_code=303)
    keep_typed(request, service, desk, study_code, form, "alerts", renamed=renamed)
    own = f"/desk/participants/{study_code}#alerts"
    return lambda: RedirectResponse(own, status_code=303)


def _keep_list(
    request: Request,
    service: Service,
    desk: AtDesk,
    wanted: Wanted,
    form: FormFields,
    renamed: Mapping[str, str],
) -> None:
    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        field = renamed.get(error.field or "", error.field or "alerts")
        refused: dict[str, Any] = {"errors": {field: told}, "values": typed(form)}
        with service.database.read() as session:
            return work.show(
                request, desk, service.deployment, session, wanted, service.clock(), refused
            )

    on_refusal(request, render)


def _wanted(query: str) -> Wanted:
    """The filter of the list, as its own forms carry it along."""
    asked = {name: values[0] for name, values in parse_qs(query[:200]).items()}
    return work.read_wanted(
        asked.get("show", ""), asked.get("rule", ""), asked.get("site", "")[:32]
    )
