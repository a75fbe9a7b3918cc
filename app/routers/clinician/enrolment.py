"""Enrolling a participant: the form, and the handout with the link and its QR code."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import segno
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import ALL_SITES, Permission, require_anywhere
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, InvalidInput
from app.domain.participant import State
from app.domain.records import PARTS
from app.domain.study import Medicine, Study
from app.rendering import page
from app.routers.clinician import course_words
from app.routers.clinician.desk import (
    FormFields,
    desk_page,
    read_date,
    read_number,
    read_time,
    typed,
)
from app.routers.clinician.formulary_words import labels_of
from app.routers.clinician.reminder_words import Moments, said_reach
from app.routers.clinician.words import Words
from app.routers.deps import AtDesk, Deployed, Desk, Form, Here, Now, Read, Service, Write, first
from app.routers.device_words import said
from app.routers.errors import on_refusal
from app.services import formularies, participants
from app.services.listed_medicines import ListedMedicine
from app.services.participants import LINK_LIVES, LINKABLE, Enrolment
from app.services.reachability import read_reachability
from app.store import participants as stored
from app.store.ledger import instant
from app.store.session import Session
from app.store.tables import Participant

router = APIRouter(include_in_schema=False)
MEDICINE_ROWS = 8


@router.get("/desk/participants/new")
def show_form(request: Request, service: Here, desk: Desk) -> Response:
    """Show the enrolment form with the study's usual values."""
    require_anywhere(desk.actor, Permission.ENROL)
    study = service.deployment.study
    usual = {
        "language": study.languages[0],
        "scale": study.default_scale,
        "hand": "centre",
    }
    return _form_page(request, service, desk, usual, {})


@router.post("/desk/participants")
def enrol(
    request: Request, service: Here, session: Write, form: Form, desk: Desk, now: Now
) -> Response:
    """Invite a participant and go on to the handout, or only register somebody for screening."""
    require_anywhere(desk.actor, Permission.ENROL)

    def render(error: DomainError, told: str) -> Response:
        study = service.deployment.study
        kept = _with_usual_days(form, study, now.date())
        return _form_page(request, service, desk, kept, {error.field or "form": told})

    on_refusal(request, render)
    person = participants.invite(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        enrolment=_read(session, service, form, desk.lang, now.date()),
        now=now,
    )
    next_page = "course" if person.state == State.SCREENING else "handout"
    return RedirectResponse(f"/desk/participants/{person.study_code}/{next_page}", status_code=303)


@router.get("/desk/participants/{study_code}/handout")
def show_handout(
    request: Request, study_code: str, deployment: Deployed, session: Read, desk: Desk
) -> Response:
    """Offer to make a link: it is shown once, and an earlier unused one stays valid."""
    person = participants.get_permitted(
        session, actor=desk.actor, study_code=study_code, permission=Permission.ENROL
    )
    values = {"person": person, "may_link": person.state in LINKABLE}
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
        arrival = _arrival(session, service, person, instant(now), now)
    values = {
        **arrival,
        "since": instant(now),
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


@router.get("/desk/participants/{study_code}/arrival")
def show_arrival(
    request: Request, study_code: str, service: Here, desk: Desk, now: Now, since: str = ""
) -> Response:
    """Say in the handout made at `since` whether a phone has come in, and what became of a test."""
    with service.database.read() as session:
        person = participants.get_permitted(
            session, actor=desk.actor, study_code=study_code, permission=Permission.ENROL
        )
        values = _arrival(session, service, person, since, now)
    return page(request, "clinician/_arrival.html", values, lang=person.language)


def _arrival(
    session: Session, service: Service, person: Participant, since: str, now: datetime
) -> dict[str, Any]:
    """The phones that have come in since an instant, and what is known of the test message."""
    deployment, zone = service.deployment, zone_named(person.tz)
    reach = read_reachability(session, deployment=deployment, person=person, now=now)
    words = Words(deployment.study, person.language)
    return {
        "phones": [
            (said(device.label, person.language), device.enrolled_at.astimezone(zone))
            for device in stored.list_devices(session, person.id)
            if device.revoked_at is None and instant(device.enrolled_at) >= since
        ],
        "reach": said_reach(reach, Moments(words, zone, now)),
    }


def qr_code(link: str) -> str:
    """The QR code of a link as the address of a picture, dark on white in any colour scheme."""
    made = segno.make(link, error="m", micro=False)
    return made.svg_data_uri(border=3, dark="#000", light="#fff", omitsize=True)


def _read(
    session: Session, service: Service, form: FormFields, lang: str, today: date
) -> Enrolment:
    is_screening = first(form, "only") == "screening"
    study = service.deployment.study
    boxes = labels_of(formularies.read_formulary(session, study), lang)
    consent_on = read_date(form, "consent_on", needed=not is_screening)
    inclusion_on = read_date(form, "inclusion_on", needed=False)
    usual_first, usual_last = _usual_days(study, consent_on, inclusion_on, today)
    return Enrolment(
        site_id=first(form, "site"),
        language=first(form, "language"),
        tz=first(form, "tz"),
        limb=first(form, "limb"),
        side=first(form, "side"),
        scale=first(form, "scale"),
        hand=first(form, "hand") or "centre",
        first_diary_on=read_date(form, "first_diary_on", needed=False) or usual_first,
        last_diary_on=read_date(form, "last_diary_on", needed=False) or usual_last,
        consent_on=consent_on,
        consent_version=first(form, "consent_version") or None,
        inclusion_on=inclusion_on,
        trial_record_id=first(form, "trial_record_id")[:64] or None,
        reminder_at=read_time(form, "reminder_at"),
        email=first(form, "email") or None,
        phone=first(form, "phone") or None,
        medicines=tuple(_read_medicines(form, boxes)),
        is_screening=is_screening,
        is_sure="sure" in form,
    )


def _with_usual_days(form: FormFields, study: Study, today: date) -> dict[str, str]:
    """What was typed, with the diary days by the plan once the inclusion is known."""
    kept = typed(form)
    try:
        inclusion_on = read_date(form, "inclusion_on", needed=False)
        consent_on = read_date(form, "consent_on", needed=False)
    except InvalidInput:
        return kept
    if inclusion_on is not None:
        days = _usual_days(study, consent_on, inclusion_on, today)
        for name, day in zip(("first_diary_on", "last_diary_on"), days, strict=True):
            kept[name] = kept.get(name) or day.isoformat()
    return kept


def _usual_days(
    study: Study, consent_on: date | None, inclusion_on: date | None, today: date
) -> tuple[date, date]:
    """The diary days by the study's plan: from the baseline before session 1 to the last study day.

    Without an inclusion date the diary starts today, and ends when a baseline and the study fit in.
    """
    baseline = timedelta(days=study.baseline.days)
    if inclusion_on is None:
        return today, today + timedelta(days=study.sessions.last_day) + baseline
    session_1_on = inclusion_on + timedelta(days=study.sessions.planned_days[0])
    earliest = max(consent_on or today, today)
    first_on = inclusion_on if not study.baseline.before_inclusion else session_1_on - baseline
    last_on = inclusion_on + timedelta(days=study.sessions.last_day)
    return min(max(first_on, earliest), last_on), last_on


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
    words = Words(study, desk.lang)
    allowed = desk.actor.sites_with(Permission.ENROL)
    with service.database.read() as session:
        every = stored.list_sites(session)
        formulary = formularies.read_formulary(session, study)
    sites = [(site.id, site.name) for site in every if allowed & {site.id, ALL_SITES}]
    page_values = {
        "sites": sites,
        "zones": course_words.zones(words, str(values.get("tz", ""))),
        "boxes": labels_of(formulary, desk.lang),
        "rows": range(MEDICINE_ROWS),
        "values": values,
        "errors": errors,
    }
    return desk_page(request, desk, service.deployment, "clinician/enrol.html", page_values)
