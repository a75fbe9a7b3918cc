"""Entry by the site for a participant: the sheet of a correction, with how it was collected."""

import uuid
from datetime import date, datetime
from typing import Any, cast

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Permission
from app.domain.diary_day import ONE_DAY, local_date, zone_named
from app.domain.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.domain.records import MODES, DiaryPayload, Entered, Kind
from app.routers.clinician.answers import Sheet, typed_again
from app.routers.clinician.corrections import has_dose, keeps, listed_on
from app.routers.clinician.desk import read_date, read_needed_date, read_time
from app.routers.clinician.person import person_page
from app.routers.clinician.words import MODES as MODE_WORDS
from app.routers.clinician.words import Words
from app.routers.deps import AtDesk, Desk, Form, Here, Now, Read, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import participants, site_entries
from app.services.corrections import Why
from app.services.site_entries import SiteEntry
from app.store import participants as people
from app.store import records
from app.store.session import Session
from app.store.tables import Participant

router = APIRouter(include_in_schema=False)
FormFields = dict[str, list[str]]
OWN = "/desk/participants/{study_code}/entries"


@router.get(OWN + "/new")
def entry_page(
    request: Request,
    study_code: str,
    service: Here,
    session: Read,
    desk: Desk,
    now: Now,
    day: str = "",
) -> Response:
    """Ask for the answers of a diary day; the evening before where none is named."""
    person = _person(session, desk, study_code)
    on = _day_asked(session, person, day, now)
    values = {"record_id": str(uuid.uuid4()), "observed_on": on.isoformat()}
    return _page(request, service, session, desk, (person, on), now, {"values": values})


@router.post(OWN)
def save_entry(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Save the participant's answers of a diary day."""
    _keep(request, service, desk, study_code, form)
    person = _person(session, desk, study_code)
    on = read_needed_date(form, "day")
    sheet = _sheet(service, session, person, on)
    version = site_entries.enter(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        study_code=study_code,
        entry=SiteEntry(
            record_id=_record_id(form),
            diary_on=on,
            observed_at=_observed_at(form, person),
            entered=_entered(form),
            payload=cast(DiaryPayload, sheet.read(form)),
            why=Why(reason=first(form, "reason"), source=first(form, "source")),
            collected_by=first(form, "collected_by_name"),
            texts_beside=sheet.texts(form, {}),
        ),
        now=now,
    )
    to = f"/desk/participants/{study_code}/days/{on}#record-{version.record_id}"
    return RedirectResponse(to, status_code=303)


def _person(session: Session, desk: AtDesk, study_code: str) -> Participant:
    return participants.get_permitted(
        session, actor=desk.actor, study_code=study_code, permission=Permission.CORRECT
    )


def _day_asked(session: Session, person: Participant, asked: str, now: datetime) -> date:
    try:
        return date.fromisoformat(asked)
    except ValueError:
        return local_date(now, people.list_zones(session, person.id)) - ONE_DAY


def _sheet(service: Service, session: Session, person: Participant, on: date) -> Sheet:
    return Sheet(
        study=service.deployment.study,
        person=person,
        kind=Kind.DIARY,
        medicines=listed_on(session, person, on),
        has_logged_dose=has_dose(session, person, on),
    )


def _keep(
    request: Request, service: Service, desk: AtDesk, study_code: str, form: FormFields
) -> None:
    """Let a refused entry come back as it was typed, with the sentence at its field."""

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        refused = {
            "values": typed_again(form),
            "errors": {error.field or "day": told},
            "unsettled": error.params.get("codes", ()),
        }
        with service.database.read() as session:
            person = _person(session, desk, study_code)
            on = _day_asked(session, person, first(form, "day"), service.clock())
            seen = (person, on)
            return _page(request, service, session, desk, seen, service.clock(), refused)

    on_refusal(request, render)


def _page(
    request: Request,
    service: Service,
    session: Session,
    desk: AtDesk,
    seen: tuple[Participant, date],
    now: datetime,
    typed: dict[str, Any],
) -> Response:
    person, on = seen
    words = Words(service.deployment.study, desk.lang)
    window, is_open = site_entries.open_days(
        session, deployment=service.deployment, person=person, on=on, now=now
    )
    entry = records.find_diary(session, person.id, on)
    own = f"/desk/participants/{person.study_code}"
    values = {
        "own": own,
        "diary_on": on,
        "is_open": is_open,
        "is_ahead": window is not None and now < window.opens_at,
        "is_due": window is not None and person.first_diary_on <= on <= person.last_diary_on,
        "entry": f"{own}/records/{entry.record_id}/correction" if entry else None,
        "modes": [(mode, words.say(MODE_WORDS, mode)) for mode in MODES],
        "sheet": _sheet(service, session, person, on).shown(words),
        "keeps": keeps(service.deployment, desk.lang),
        "unsettled": (),
        **typed,
    }
    return person_page(request, desk, service.deployment, person, "clinician/entry.html", values)


def _entered(form: FormFields) -> Entered:
    mode = first(form, "mode")
    if mode not in MODES:
        raise InvalidInput("not_a_choice", field="mode", refused={"mode": mode})
    page_on = read_date(form, "page_on", needed=mode == "paper")
    return Entered(
        mode=mode,
        collected_by="other" if first(form, "collected_by") == "other" else "staff",
        page_on=page_on if mode == "paper" else None,
    )


def _observed_at(form: FormFields, person: Participant) -> datetime:
    """The instant that the participant states, by their own clock."""
    on, at = read_needed_date(form, "observed_on"), read_time(form, "observed_at")
    if at is None:
        raise InvalidInput("field_missing", field="observed_at")
    return datetime.combine(on, at, tzinfo=zone_named(person.tz))


def _record_id(form: FormFields) -> str:
    """The id that the form was given when it was shown."""
    try:
        return str(uuid.UUID(first(form, "record_id")))
    except ValueError:
        raise InvalidInput("bad_request", field="day") from None
