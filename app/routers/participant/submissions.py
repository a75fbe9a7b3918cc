"""Where phones send what they saved, and where it is shown what became of it.

The rule kept: `X-Record-Ack` is on an answer only after the commit, and on no other answer.
"""

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from app.domain.errors import InvalidInput, NotFound
from app.domain.ledger import receipt_code
from app.domain.records import Submission, read_submission
from app.domain.study import Study
from app.rendering import translations
from app.routers.deps import Body, Here, Now, Person, Read, Write, set_awake, submitter
from app.routers.participant.frame import open_frame
from app.services import diary
from app.services.diary import Outcome
from app.store import records
from app.store.tables import SetAside

router = APIRouter(include_in_schema=False)
STATUS = {Outcome.SAVED: 201, Outcome.KNOWN: 200, Outcome.SET_ASIDE: 202, Outcome.DISCARDED: 202}


@router.post("/submissions")
def receive(request: Request, service: Here, session: Write, body: Body, now: Now) -> Response:
    """Save what a phone sends, and acknowledge it."""
    sender = submitter(request, session, now)
    receipt = diary.submit(
        session,
        deployment=service.deployment,
        actor=sender.actor,
        submission=_read(body),
        now=now,
    )
    request.state.saved = receipt.outcome
    told = {
        "outcome": receipt.outcome,
        "receipt": receipt.code,
        "version": receipt.version,
        "diary_on": receipt.diary_on and receipt.diary_on.isoformat(),
        "lateness": receipt.lateness,
        "reason": receipt.reason,
    }
    acknowledged = {"X-Record-Ack": receipt.record_id}
    answer = JSONResponse(told, status_code=STATUS[receipt.outcome], headers=acknowledged)
    if sender.seen_at is not None:
        set_awake(answer, service)
    return answer


def _read(body: bytes) -> Submission:
    """Parse a body; the site's own assurance is no phone's to claim."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput("bad_request") from None
    submission = read_submission(raw)
    if submission.assurance == "staff":
        raise InvalidInput("value_refused", field="assurance", refused={"assurance": "staff"})
    return submission


@router.get("/saved/{submission_id}")
def saved_page(
    submission_id: str, request: Request, service: Here, session: Read, who: Person
) -> Response:
    """Show what became of a form posted without script, with its receipt."""
    found = records.find_submission(session, submission_id)
    if found is None or found.participant_id != who.person.id:
        raise NotFound("not_found")
    _ = translations(who.lang).gettext
    frame = open_frame(request, service, session, who)
    home = [(_("Go to the first page"), "/")]
    receipt = receipt_code(found.change_id)
    if isinstance(found, SetAside):
        told = _("Received, and kept apart for the study team to look at.")
        return frame.message(_("Saved"), told, receipt=receipt, actions=home)
    study, payload = service.deployment.study, json.loads(found.payload or "{}")
    notes = [study.wording[name].in_(who.lang) for name in _notes(payload)]
    urgent = _is_urgent(study, payload)
    return frame.message(_("Saved"), *notes, receipt=receipt, actions=home, urgent=urgent)


def _notes(payload: dict[str, Any]) -> list[str]:
    """The study's sentences that go with an entry."""
    said = {"flare_saved": payload.get("flare"), "hospital_saved": payload.get("hospital")}
    return [name for name, is_said in said.items() if is_said]


def _is_urgent(study: Study, payload: dict[str, Any]) -> bool:
    """Whether a report names what needs an ambulance, not a study team."""
    reported = {code for code, severity in payload.get("items", {}).items() if severity != "none"}
    return bool(reported & study.session_report.codes("emergency"))
