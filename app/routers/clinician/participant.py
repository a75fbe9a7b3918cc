"""One participant's page: figures, trends, the sessions that the site dates, withdrawal."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Permission
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.domain.figures import AIM_S, FACTOR_TABLE, Length
from app.domain.participant import TRANSITIONS, Move, State
from app.routers.clinician import pictures
from app.routers.clinician.desk import FormFields, desk_page, read_needed_date, typed
from app.routers.clinician.summary import summarise
from app.routers.clinician.words import ASKED, CAUSES, LENGTHS, LIMBS, STATES, Words
from app.routers.deps import AtDesk, Deployed, Desk, Form, Here, Now, Read, Service, Write, first
from app.routers.device_words import said
from app.routers.errors import answer, on_refusal
from app.services import devices, participants, requests
from app.services.deployment import Deployment
from app.services.devices import Phone
from app.services.requests import Asked
from app.services.trends import Trend, read_trend

router = APIRouter(include_in_schema=False)
PERIODS = (30, 90)
LOST_REASON = "lost_reason"
"""The field of its reason: the page has another one, for withdrawal."""
LONG = 120
"""From so many days on, a page shows the latest 90 unless it is asked for all."""
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
    trend = read_trend(
        session, deployment=deployment, actor=desk.actor, study_code=study_code, now=now
    )
    asked = requests.list_open(session, actor=desk.actor, person=trend.person)
    phones = devices.list_of(session, actor=desk.actor, study_code=study_code)
    return _page(request, desk, deployment, trend, asked, phones, period=period)


@router.post("/desk/participants/{study_code}/sessions")
def record_session(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Date a mesotherapy session."""
    _keep_typed(request, service, desk, study_code, form, "session")
    participants.get_permitted(
        session, actor=desk.actor, study_code=study_code, permission=Permission.RECORD_SESSION
    )
    participants.record_session(
        session,
        actor=desk.actor,
        study_code=study_code,
        session_no=_session_no(form),
        held_on=read_needed_date(form, "held_on"),
        now=now,
    )
    return RedirectResponse(f"/desk/participants/{study_code}", status_code=303)


@router.post("/desk/participants/{study_code}/withdrawal")
def withdraw(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Withdraw a participant, with a reason: collection ends, data stay, the contact is purged."""
    _keep_typed(request, service, desk, study_code, form, "withdrawal")
    participants.change_state(
        session,
        actor=desk.actor,
        study_code=study_code,
        by=Move.WITHDRAW,
        reason=first(form, "reason"),
        now=now,
    )
    return RedirectResponse(f"/desk/participants/{study_code}", status_code=303)


@router.post("/desk/participants/{study_code}/lost-phone")
def close_phones(
    request: Request,
    study_code: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Close every phone of a participant, with a reason; a new link is next."""
    _keep_typed(request, service, desk, study_code, form, "lost-phone")
    devices.revoke(
        session,
        actor=desk.actor,
        study_code=study_code,
        reason=first(form, LOST_REASON),
        now=now,
    )
    return RedirectResponse(f"/desk/participants/{study_code}#phones", status_code=303)


def _asked(
    asked: Sequence[Asked], words: Words, zone: ZoneInfo
) -> list[tuple[str, datetime, Asked]]:
    """The open requests: what is asked, when by the participant's clock, and the request."""
    return [(words.say(ASKED, one.kind), one.asked_at.astimezone(zone), one) for one in asked]


def _phone(phone: Phone, lang: str, zone: ZoneInfo) -> dict[str, Any]:
    """A phone in words, its instants by the participant's clock."""
    instants = {
        "enrolled_at": phone.enrolled_at,
        "contact_at": phone.contact_at,
        "revoked_at": phone.revoked_at,
    }
    local = {name: at and at.astimezone(zone) for name, at in instants.items()}
    return {"name": said(phone.label, lang), **local}


def _session_no(form: FormFields) -> int:
    number = first(form, "session_no")
    if not number.isascii() or not number.isdigit() or len(number) > 3:
        raise InvalidInput("session_number", field="session_no", refused={"session_no": number})
    return int(number)


def _keep_typed(
    request: Request, service: Service, desk: AtDesk, study_code: str, form: FormFields, which: str
) -> None:
    """Let a refused form answer with its page, what was typed and the sentence beside its field."""

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        with service.database.read() as session:
            trend = read_trend(
                session,
                deployment=service.deployment,
                actor=desk.actor,
                study_code=study_code,
                now=service.clock(),
            )
            asked = requests.list_open(session, actor=desk.actor, person=trend.person)
            phones = devices.list_of(session, actor=desk.actor, study_code=study_code)
        field = LOST_REASON if which == "lost-phone" else error.field or which
        refused = {"errors": {field: told}, "values": typed(form)}
        return _page(request, desk, service.deployment, trend, asked, phones, refused=refused)

    on_refusal(request, render)


def _page(
    request: Request,
    desk: AtDesk,
    deployment: Deployment,
    trend: Trend,
    asked: Sequence[Asked],
    phones: Sequence[Phone],
    *,
    period: str = "",
    refused: Mapping[str, Any] | None = None,
) -> Response:
    words = Words(deployment.study, desk.lang)
    days = pictures.shown(trend, _period(period, len(trend.days)))
    person = trend.person
    zone = zone_named(person.tz)
    values = {
        "person": person,
        "state": words.say(STATES, person.state),
        "limb": words.say(LIMBS, f"{person.limb} {person.side}"),
        "trend": trend,
        "mme_table": FACTOR_TABLE,
        "summary": summarise(trend),
        "tempos": {length: words.say(LENGTHS, length) for length in Length},
        "aims": AIM_S,
        "causes": [(words.say(CAUSES, cause), n) for cause, n in trend.causes.most_common()],
        "pictures": pictures.draw(trend, days, words) if days else None,
        "rows": pictures.table(trend, days, words),
        "triggers": [words.triggers[t.code] for t in deployment.study.triggers if t.on],
        "periods": _periods(period, len(trend.days)),
        "sessions": _sessions(deployment, trend),
        "may": _may(desk, trend),
        "phones": [_phone(phone, desk.lang, zone) for phone in phones],
        "asked": _asked(asked, words, zone),
        "errors": {},
        "values": {},
    }
    return desk_page(
        request, desk, deployment, "clinician/participant.html", {**values, **(refused or {})}
    )


def _may(desk: AtDesk, trend: Trend) -> dict[str, bool]:
    """What the reader may do here and now."""
    site, state = trend.person.site_id, State(trend.person.state)
    can_leave = (state, Move.WITHDRAW) in TRANSITIONS
    manages = desk.actor.role_at(Permission.MANAGE_PARTICIPANT, site) is not None
    return {
        "record_session": desk.actor.role_at(Permission.RECORD_SESSION, site) is not None,
        "withdraw": manages and can_leave,
        "lost_phone": manages,
        "link": desk.actor.role_at(Permission.ENROL, site) is not None and can_leave,
    }


def _period(asked: str, available: int) -> int | None:
    """How many days to show; None for all."""
    if asked.isascii() and asked.isdigit() and int(asked) in PERIODS:
        return int(asked)
    return PERIODS[-1] if available > LONG and asked != "all" else None


def _periods(asked: str, available: int) -> list[tuple[str, int | None, bool]]:
    """The choices of a period: address part, days (None: all), whether it is the present one."""
    current = _period(asked, available)
    choices: list[int | None] = [days for days in PERIODS if days < available]
    return [(str(d or "all"), d, d == current) for d in [*choices, None]] if choices else []


def _sessions(deployment: Deployment, trend: Trend) -> list[tuple[int, date | None, date | None]]:
    """The sessions held and those planned: number, date held, date of the protocol."""
    inclusion_on = trend.person.inclusion_on
    planned = deployment.study.sessions.planned_days
    rows = []
    for index in range(max(len(planned), len(trend.sessions_on))):
        held_on = trend.sessions_on[index] if index < len(trend.sessions_on) else None
        due_on = None
        if inclusion_on is not None and index < len(planned):
            due_on = inclusion_on + timedelta(days=planned[index])
        rows.append((index + 1, held_on, due_on))
    return rows
