"""The report after a session: what was noticed, for the site to judge.

The rule kept: swelling of the face or trouble breathing shows whom to call before anything else.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.errors import WrongState
from app.domain.study import Study
from app.routers import forms
from app.routers.deps import Form, Here, Now, Person, Read, Write
from app.routers.participant.frame import open_frame
from app.routers.participant.posts import Post
from app.services import today
from app.services.today import DueReport

router = APIRouter(include_in_schema=False)


@router.get("/session-report")
def report_page(request: Request, service: Here, session: Read, who: Person, now: Now) -> Response:
    """Ask what was noticed since the session, while a report is asked for."""
    seen = today.look(session, deployment=service.deployment, person=who.person, now=now)
    if seen.report is None:
        return RedirectResponse("/", status_code=303)
    values = _shown(service.deployment.study, seen.report, who.lang)
    frame = open_frame(request, service, session, who)
    return frame.page("participant/session_report.html", {**values, "hidden_fields": forms.ids()})


@router.post("/session-report")
def save_report(
    request: Request, service: Here, session: Write, who: Person, form: Form, now: Now
) -> Response:
    """Save what was noticed."""
    post = Post(request, service, who, form, now)
    with service.database.read() as reading:
        seen = today.look(reading, deployment=service.deployment, person=who.person, now=now)
        is_known = post.is_known(reading)
    if not is_known:
        report = seen.report
        if report is None:
            raise WrongState("report_not_asked")
        shown = _shown(service.deployment.study, report, who.lang)
        post.on_refusal(
            "participant/session_report.html",
            lambda error, told: shown | post.again(error, told),
        )
        payload = forms.session_report(form, report.session_no)
        post.save(session, kind="session_report", payload=payload)
    return RedirectResponse(f"/saved/{post.submission_id}", status_code=303)


def _shown(study: Study, report: DueReport, lang: str) -> dict[str, Any]:
    wording = study.session_report
    symptoms = wording.weekly_items if report.is_weekly else wording.items
    return {
        "session_no": report.session_no,
        "intro": (wording.weekly_intro if report.is_weekly else wording.intro).in_(lang),
        "symptoms": [
            {
                "code": symptom.code,
                "label": symptom.label.in_(lang),
                "is_emergency": symptom.group == "emergency",
            }
            for symptom in symptoms
        ],
        "values": {},
        "errors": {},
    }
