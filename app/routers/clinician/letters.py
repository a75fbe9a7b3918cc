"""Letters between a participant and the site: requests to answer, messages to send."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Permission
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.domain.letters import ANSWERED_WITH, Decision, RequestKind
from app.domain.records import MAX_TEXT
from app.routers.clinician.desk import typed
from app.routers.clinician.person import person_page
from app.routers.clinician.words import ASKED, Words
from app.routers.deps import AtDesk, Desk, Form, Here, Now, Read, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import messages, participants, requests
from app.services.requests import Asked
from app.store.session import Session
from app.store.tables import Participant

router = APIRouter(include_in_schema=False)
OWN = "/desk/participants/{study_code}/letters"


def _(message: str) -> str:
    return message


DECISIONS: dict[str, str] = {
    Decision.GRANTED: _("Accepted: it is done"),
    Decision.DECLINED: _("Not accepted"),
    Decision.ANSWERED: _("Answered, nothing to decide"),
}
OFFERED = {
    RequestKind.CORRECTION: (Decision.GRANTED, Decision.DECLINED),
    RequestKind.DATA_COPY: (Decision.GRANTED, Decision.DECLINED),
    RequestKind.LEAVING: (Decision.GRANTED, Decision.ANSWERED),
}
"""How each kind can be answered."""


@router.get(OWN)
def show_letters(
    request: Request, study_code: str, service: Here, session: Read, desk: Desk
) -> Response:
    """Show what a participant asked, and what was written to them."""
    return _page(request, service, session, desk, study_code, {})


@router.post(OWN)
def send_message(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Write to the participant."""
    _keep(request, service, desk, study_code, form, {"words": "message"})
    words = first(form, "message")
    messages.send(session, actor=desk.actor, study_code=study_code, words=words, now=now)
    return RedirectResponse(f"{OWN.format(study_code=study_code)}#messages", status_code=303)


@router.post(OWN + "/{request_id}")
def answer_request(
    request: Request,
    study_code: str,
    request_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Answer a request, in words that the participant reads."""
    renamed = {"words": f"words-{request_id}", "decision": f"decision-{request_id}"}
    _keep(request, service, desk, study_code, form, renamed)
    participants.get_permitted(
        session, actor=desk.actor, study_code=study_code, permission=Permission.MANAGE_PARTICIPANT
    )
    requests.answer(
        session,
        actor=desk.actor,
        request_id=request_id,
        decision=_decision(first(form, "decision")),
        words=first(form, "words"),
        now=now,
    )
    return RedirectResponse(f"{OWN.format(study_code=study_code)}#asked", status_code=303)


def _decision(written: str) -> Decision:
    try:
        return Decision(written)
    except ValueError:
        refused = {"decision": written}
        raise InvalidInput("not_a_choice", field="decision", refused=refused) from None


def _keep(
    request: Request,
    service: Service,
    desk: AtDesk,
    study_code: str,
    form: dict[str, list[str]],
    renamed: dict[str, str],
) -> None:
    """Let a refused letter come back as it was typed; `renamed` gives the fields of the page."""

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        said = {renamed.get(name, name): value for name, value in typed(form).items()}
        field = renamed.get(error.field or "words", "asked")
        with service.database.read() as session:
            refused = {"values": said, "errors": {field: told}}
            return _page(request, service, session, desk, study_code, refused)

    on_refusal(request, render)


def _page(
    request: Request,
    service: Service,
    session: Session,
    desk: AtDesk,
    study_code: str,
    refused: dict[str, Any],
) -> Response:
    person = participants.get_permitted(
        session, actor=desk.actor, study_code=study_code, permission=Permission.SEE_RECORDS
    )
    words, zone = Words(service.deployment.study, desk.lang), zone_named(person.tz)
    found = requests.list_for_site(session, actor=desk.actor, person=person)
    written = messages.list_for_site(session, actor=desk.actor, person=person)
    asked = [_asked(one, desk, person, words, zone) for one in found]
    values = {
        "own": f"/desk/participants/{study_code}",
        "may": desk.actor.role_at(Permission.MANAGE_PARTICIPANT, person.site_id) is not None,
        "waiting": [one for one in asked if one["answer"] is None],
        "answered": [one for one in asked if one["answer"] is not None],
        "longest": MAX_TEXT,
        "messages": [
            {
                "sent_at": _local(one.sent_at, zone),
                "read_at": _local(one.read_at, zone),
                "words": one.words,
            }
            for one in written
        ],
        **refused,
    }
    template = "clinician/letters.html"
    return person_page(request, desk, service.deployment, person, template, values)


def _asked(
    one: Asked, desk: AtDesk, person: Participant, words: Words, zone: ZoneInfo
) -> dict[str, Any]:
    """A request in words, with its answer, or with how it can be answered."""
    said = one.answer
    return {
        "id": one.id,
        "what": words.say(ASKED, one.kind),
        "asked_at": _local(one.asked_at, zone),
        "diary_on": one.diary_on,
        "words": one.words,
        "decisions": [(d.value, words.say(DECISIONS, d)) for d in OFFERED[one.kind]],
        "may_answer": desk.actor.role_at(ANSWERED_WITH[one.kind], person.site_id) is not None,
        "answer": said
        and {
            "what": words.say(DECISIONS, said.decision),
            "at": _local(said.answered_at, zone),
            "words": said.words,
        },
    }


def _local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    return at and at.astimezone(zone)
