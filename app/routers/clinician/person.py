"""The frame of the pages about one participant: their heading, and the pages that go with it."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.domain.access import Permission
from app.routers.clinician.desk import desk_page
from app.routers.clinician.words import LIMBS, STATES, Words
from app.routers.deps import AtDesk
from app.services.deployment import Deployment
from app.store.tables import Participant


def _(message: str) -> str:
    return message


TABS: tuple[tuple[str, str, Permission], ...] = (
    ("", _("Trend"), Permission.SEE_TRENDS),
    ("/course", _("Course"), Permission.SEE_COHORT),
    ("/reminders", _("Messages sent"), Permission.SEE_COHORT),
    ("/letters", _("Letters"), Permission.SEE_RECORDS),
    ("/sign-off", _("Sign-off"), Permission.SEE_TRENDS),
    ("/copy", _("Copy"), Permission.TAKE_COPY),
)
"""The pages about a participant, after the participant's own address, and who may see them."""


def person_page(
    request: Request,
    desk: AtDesk,
    deployment: Deployment,
    person: Participant,
    template: str,
    values: Mapping[str, Any],
    *,
    tab: str | None = None,
) -> HTMLResponse:
    """Answer with a page about one participant; its template extends `clinician/person.html`.

    `tab` says which page it is when the address does not: that of a form which was refused.
    """
    words = Words(deployment.study, desk.lang)
    frame = {
        "person": person,
        "state": words.say(STATES, person.state),
        "limb": words.say(LIMBS, f"{person.limb} {person.side}"),
        "tabs": _tabs(desk, person, tab or request.url.path),
        "errors": {},
        "values": {},
    }
    return desk_page(request, desk, deployment, template, {**frame, **values})


def _tabs(desk: AtDesk, person: Participant, path: str) -> list[tuple[str, str, bool]]:
    """The pages about a participant that the reader may see: address, words, whether it is here."""
    own = f"/desk/participants/{person.study_code}"
    allowed = [
        (f"{own}{to}", words)
        for to, words, needs in TABS
        if desk.actor.role_at(needs, person.site_id) is not None
    ]
    within = [to for to, _words in allowed if f"{path}/".startswith(f"{to}/")]
    here = max(within, key=len, default="")
    return [(to, words, to == here) for to, words in allowed]
