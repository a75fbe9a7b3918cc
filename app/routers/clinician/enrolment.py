"""Enrolling a participant: the form, and the handout with the link and its QR code."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import segno
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import ALL_SITES, Permission, require_anywhere
from app.domain.errors import DomainError, InvalidInput
from app.domain.records import PARTS
from app.domain.study import Formulary, Medicine
from app.routers.clinician.desk import (
    FormFields,
    desk_page,
    read_date,
    read_needed_date,
    read_number,
    read_time,
    typed,
)
from app.routers.deps import AtDesk, Deployed, Desk, Form, Here, Now, Read, Service, Write, first
from app.routers.errors import on_refusal
from app.services import participants
from app.services.participants import LINK_LIVES, Enrolment, ListedMedicine
from app.store import participants as stored

router = APIRouter(include_in_schema=False)
MEDICINE_ROWS = 8
ZONES = (
    "Europe/Paris",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
    "America/Miquelon",
    "Indian/Reunion",
    "Indian/Mayotte",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "Pacific/Wallis",
    "Europe/Brussels",
    "Europe/Luxembourg",
    "Europe/Zurich",
)
"""Zones offered first; any other IANA name may be typed."""


@router.get("/desk/participants/new")
def show_form(request: Request, service: Here, desk: Desk, now: Now) -> Response:
    """Show the enrolment form with the study's usual values."""
    require_anywhere(desk.actor, Permission.ENROL)
    study = service.deployment.study
    today = now.date()
    usual = {
        "language": study.languages[0],
        "tz": ZONES[0],
        "scale": study.default_scale,
        "hand": "centre",
        "first_diary_on": today.isoformat(),
        "last_diary_on": (today + timedelta(days=study.sessions.last_day + 7)).isoformat(),
    }
    return _form_page(request, service, desk, usual, {})


@router.post("/desk/participants")
def enrol(
    request: Request, service: Here, session: Write, form: Form, desk: Desk, now: Now
) -> Response:
    """Invite a participant, and go on to the handout."""
    require_anywhere(desk.actor, Permission.ENROL)

    def render(error: DomainError, told: str) -> Response:
        return _form_page(request, service, desk, typed(form), {error.field or "form": told})

    on_refusal(request, render)
    person = participants.invite(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        enrolment=_read(form, service.deployment.study.formulary, desk.lang),
        now=now,
    )
    return RedirectResponse(f"/desk/participants/{person.study_code}/handout", status_code=303)


@router.get("/desk/participants/{study_code}/handout")
def show_handout(
    request: Request, study_code: str, deployment: Deployed, session: Read, desk: Desk
) -> Response:
    """Offer to make a link: it is shown once, and an earlier unused one stays valid."""
    person = participants.get_permitted(
        session, actor=desk.actor, study_code=study_code, permission=Permission.ENROL
    )
    values = {"person": person, "site": stored.get_site(session, person.site_id)}
    return desk_page(request, desk, deployment, "clinician/link.html", values)


@router.post("/desk/participants/{study_code}/handout")
def make_handout(
    request: Request, study_code: str, service: Here, desk: Desk, now: Now
) -> Response:
    """Make a fresh link and show it with its QR code, in the participant's language."""
    with service.database.write() as session:
        link = participants.issue_link(
            session,
            deployment=service.deployment,
            actor=desk.actor,
            study_code=study_code,
            now=now,
        )
        person = stored.get_by_code(session, study_code, frozenset({ALL_SITES}))
        site = stored.get_site(session, person.site_id)
    values = {
        "person": person,
        "site": site,
        "link": link,
        "qr": qr_code(link),
        "until_on": (now + LINK_LIVES).date(),
    }
    return desk_page(
        request,
        desk,
        service.deployment,
        "clinician/handout.html",
        values,
        lang=person.language,
    )


def qr_code(link: str) -> str:
    """The QR code of a link as the address of a picture, dark on white in any colour scheme."""
    made = segno.make(link, error="m", micro=False)
    return made.svg_data_uri(border=3, dark="#000", light="#fff", omitsize=True)


def labels_of(formulary: Formulary, lang: str) -> dict[str, Medicine]:
    """The boxes of the formulary by the words that name one of them."""
    return {
        f"{box.name} {box.strength}, {formulary.units[box.unit].one.in_(lang)}": box
        for box in formulary.medicines
    }


def _read(form: FormFields, formulary: Formulary, lang: str) -> Enrolment:
    return Enrolment(
        site_id=first(form, "site"),
        language=first(form, "language"),
        tz=first(form, "tz"),
        limb=first(form, "limb"),
        side=first(form, "side"),
        scale=first(form, "scale"),
        hand=first(form, "hand") or "centre",
        first_diary_on=read_needed_date(form, "first_diary_on"),
        last_diary_on=read_needed_date(form, "last_diary_on"),
        consent_on=read_date(form, "consent_on", needed=False),
        inclusion_on=read_date(form, "inclusion_on", needed=False),
        trial_record_id=first(form, "trial_record_id")[:64] or None,
        reminder_at=read_time(form, "reminder_at"),
        email=first(form, "email") or None,
        phone=first(form, "phone") or None,
        medicines=tuple(_read_medicines(form, labels_of(formulary, lang))),
    )


def _read_medicines(form: FormFields, boxes: Mapping[str, Medicine]) -> list[ListedMedicine]:
    listed = []
    for row in range(MEDICINE_ROWS):
        name = first(form, f"m{row}")
        if not name:
            continue
        if name not in boxes:
            raise InvalidInput("unknown_medicine", field=f"m{row}", refused={"medicine": name})
        prescribed: dict[str, float] = {part: read_number(form, f"m{row}.{part}") for part in PARTS}
        role = first(form, f"m{row}.role")
        listed.append(
            ListedMedicine(
                code=boxes[name].code,
                role=role,
                prescribed=prescribed if role == "scheduled" else {},
            )
        )
    return listed


def _form_page(
    request: Request,
    service: Service,
    desk: AtDesk,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
) -> Response:
    study = service.deployment.study
    allowed = desk.actor.sites_with(Permission.ENROL)
    with service.database.read() as session:
        every = stored.list_sites(session)
    sites = [(site.id, site.name) for site in every if allowed & {site.id, ALL_SITES}]
    page_values = {
        "sites": sites,
        "zones": ZONES,
        "boxes": labels_of(study.formulary, desk.lang),
        "rows": range(MEDICINE_ROWS),
        "values": values,
        "errors": errors,
    }
    return desk_page(request, desk, service.deployment, "clinician/enrol.html", page_values)
