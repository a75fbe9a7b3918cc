"""The page of a participant's course: how it is put together, and how it keeps a refused form.

The handlers of its forms are in `course`, `visits`, `medicines` and `enrolled`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Permission
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, NotAllowed, NotFound
from app.domain.participant import OVER, State
from app.domain.records import PARTS
from app.routers.clinician import course_words
from app.routers.clinician.desk import FormFields, typed
from app.routers.clinician.formulary_words import labels_of
from app.routers.clinician.person import person_page
from app.routers.clinician.reminder_words import Moments, said_reach
from app.routers.clinician.words import Words
from app.routers.deps import AtDesk, Service
from app.routers.device_words import said
from app.routers.errors import answer, on_refusal
from app.services import devices, formularies, pauses
from app.services.courses import GRAVE, CourseSeen, Listed, read_course
from app.services.deployment import Deployment
from app.services.devices import Phone
from app.services.participants import CONTACTLESS, LINKABLE
from app.services.preferences import reminder_times
from app.store.session import Session


def back(study_code: str, part: str) -> Response:
    """Go back to a part of the page."""
    return RedirectResponse(f"/desk/participants/{study_code}/course#{part}", status_code=303)


def keep_typed(
    request: Request,
    service: Service,
    desk: AtDesk,
    study_code: str,
    form: FormFields,
    which: str,
    *,
    renamed: Mapping[str, str] | None = None,
    chosen: str = "",
) -> None:
    """Let a refused form answer with the course, what was typed and the sentence at its field.

    `which` names the form for what no field is to blame for; `renamed` gives the names on the page
    of fields that verbs call otherwise; `chosen` is the medicine whose form is open.
    """

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        field = error.field or which
        field = (renamed or {}).get(field, field)
        refused = {"errors": {field: told}, "values": typed(form), "refused": which}
        with service.database.read() as session:
            return show(request, desk, service, session, study_code, refused=refused, chosen=chosen)

    on_refusal(request, render)


def show(
    request: Request,
    desk: AtDesk,
    service: Service,
    session: Session,
    study_code: str,
    *,
    refused: Mapping[str, Any] | None = None,
    chosen: str = "",
) -> Response:
    """Answer with the page as it stands now."""
    deployment, now = service.deployment, service.clock()
    seen = read_course(
        session, deployment=deployment, actor=desk.actor, study_code=study_code, now=now
    )
    words = Words(deployment.study, desk.lang)
    phones = devices.list_of(session, actor=desk.actor, study_code=study_code)
    values = {
        **_state(seen, desk, words),
        **_ways(seen, phones, words, now),
        "history": course_words.history(seen, words),
        "today": seen.today,
        "refused": "",
        **_enrolled(seen, words, deployment),
        **_visits(seen, deployment),
        **_medicines(session, seen, words, deployment, chosen),
        **(refused or {}),
    }
    return person_page(
        request,
        desk,
        deployment,
        seen.person,
        "clinician/course.html",
        values,
        tab=f"{values['own']}/course",
    )


def _state(seen: CourseSeen, desk: AtDesk, words: Words) -> dict[str, Any]:
    """Where the course stands, and what the reader may do about it."""
    pause = pauses.find_current(seen.pauses, seen.today)
    return {
        "may": _may(desk, seen, is_paused=pause is not None),
        "moves": course_words.moves(seen, words),
        "grave": {move.value for move in GRAVE},
        "pause": pause,
        "scarce": seen.scarce,
    }


def _ways(seen: CourseSeen, phones: Sequence[Phone], words: Words, now: datetime) -> dict[str, Any]:
    """The phones of the participant, and how messages go, by the participant's clock."""
    zone = zone_named(seen.person.tz)
    return {
        "phones": [_phone(phone, words.lang, zone) for phone in phones],
        "reach": said_reach(seen.reach, Moments(words, zone, now)),
    }


def _enrolled(seen: CourseSeen, words: Words, deployment: Deployment) -> dict[str, Any]:
    person = seen.person
    return {
        "zone": words.say(course_words.ZONES, person.tz),
        "zones": course_words.zones(words, person.tz),
        "stays": [
            (words.say(course_words.ZONES, span.tz), span.from_at.astimezone(zone_named(span.tz)))
            for span in reversed(seen.zones)
        ],
        "masked": seen.masked,
        "has_diary": seen.has_diary,
        "half_hours": [f"{at:%H:%M}" for at in reminder_times(deployment.study)],
        "own": f"/desk/participants/{person.study_code}",
    }


def _visits(seen: CourseSeen, deployment: Deployment) -> dict[str, Any]:
    """The sessions held and planned, and the visits beside them."""
    inclusion_on = seen.person.inclusion_on
    planned = deployment.study.sessions.planned_days
    held = {row.session_no: row for row in seen.sessions}
    rows: list[tuple[int, date | None, date | None, float | None]] = []
    for number in sorted({*held, *range(1, len(planned) + 1)}):
        row, due_on = held.get(number), None
        if inclusion_on is not None and number <= len(planned):
            due_on = inclusion_on + timedelta(days=planned[number - 1])
        rows.append((number, row.held_on if row else None, due_on, row.area_cm2 if row else None))
    return {"sessions": rows, "next_no": max(held, default=0) + 1, "visits": seen.visits}


def _medicines(
    session: Session, seen: CourseSeen, words: Words, deployment: Deployment, chosen: str
) -> dict[str, Any]:
    """The list of medicines in words, those of today first, and the one whose form is open."""
    if seen.medicines is None:
        return {"medicines": None, "chosen": None, "boxes": {}}
    formulary = formularies.read_formulary(session, deployment.study)
    rows = [_medicine(row, words, seen.today) for row in seen.medicines]
    rows.sort(key=lambda row: row["is_over"])
    opened = [row for row in rows if row["id"] == chosen and row["until_on"] is None]
    return {
        "medicines": rows,
        "chosen": opened[0] if opened else None,
        "boxes": labels_of(formulary, words.lang),
    }


def _medicine(row: Listed, words: Words, today: date) -> dict[str, Any]:
    medicine = row.medicine
    unit = words.study.formulary.units.get(medicine.unit)
    units = {str(part): medicine.prescribed[part] for part in PARTS if part in medicine.prescribed}
    return {
        "id": row.id,
        "name": f"{medicine.name} {medicine.strength}",
        "unit": unit.many.in_(words.lang) if unit else medicine.unit,
        "role": medicine.role,
        "use": words.say(course_words.USES, medicine.role),
        "prescribed": words.value("scheduled", units) if units else "",
        "units": {part: f"{amount:g}" for part, amount in units.items()},
        "daily_maximum": row.daily_maximum,
        "from_on": row.from_on,
        "until_on": row.until_on,
        "is_ahead": row.from_on > today,
        "is_over": row.until_on is not None and row.until_on < today,
    }


def _phone(phone: Phone, lang: str, zone: ZoneInfo) -> dict[str, Any]:
    """A phone in words, its instants by the participant's clock."""
    instants = {
        "enrolled_at": phone.enrolled_at,
        "contact_at": phone.contact_at,
        "revoked_at": phone.revoked_at,
    }
    local = {name: at and at.astimezone(zone) for name, at in instants.items()}
    return {"name": said(phone.label, lang), **local}


def _may(desk: AtDesk, seen: CourseSeen, *, is_paused: bool) -> dict[str, bool]:
    """What the reader may do here and now."""
    site, state = seen.person.site_id, State(seen.person.state)
    manages = desk.actor.role_at(Permission.MANAGE_PARTICIPANT, site) is not None
    return {
        "manage": manages,
        "record_session": desk.actor.role_at(Permission.RECORD_SESSION, site) is not None,
        "see_area": seen.medicines is not None,
        "change_state": manages and bool(seen.moves),
        "contact": manages and state not in CONTACTLESS,
        "lost_phone": manages,
        "link": desk.actor.role_at(Permission.ENROL, site) is not None and state in LINKABLE,
        "test": manages and state not in OVER and bool(seen.reach.ways),
        "pause": manages and state == State.ENROLLED and not is_paused,
        "resume": manages and state not in OVER and is_paused,
    }
