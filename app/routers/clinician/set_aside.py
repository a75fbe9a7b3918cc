"""What was set aside: the work list, and each beside what stands, to be accepted or declined."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Permission
from app.domain.comparison import Field, fields_of
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, NotAllowed, NotFound
from app.domain.records import Kind, Op
from app.rendering import translations
from app.routers.clinician.desk import desk_page, read_date, typed
from app.routers.clinician.person import person_page
from app.routers.clinician.words import HURDLES, KINDS, RULINGS, SET_ASIDE, Words
from app.routers.deps import AtDesk, Desk, Form, Here, Now, Read, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import set_aside
from app.services.kept import Kept
from app.services.set_aside import Acceptance
from app.store import trends
from app.store.session import Session
from app.store.set_aside import AsideRow

router = APIRouter(include_in_schema=False)
Number = Annotated[int, Query(ge=1, le=1000)]
HOME = "/desk/set-aside"


def _(message: str) -> str:
    return message


@router.get(HOME)
def show_list(
    request: Request,
    service: Here,
    session: Read,
    desk: Desk,
    now: Now,
    show: str = "",
    page: Number = 1,
) -> Response:
    """Show what waits, oldest first, or what was decided."""
    is_decided = show == "decided"
    rows = set_aside.list_kept(session, actor=desk.actor, is_decided=is_decided, page=page)
    words = Words(service.deployment.study, desk.lang)
    size = set_aside.PAGE
    kept = "?show=decided&page=" if is_decided else "?page="
    values = {
        "rows": [_row(row, words, now) for row in rows[:size]],
        "is_decided": is_decided,
        "before": f"{HOME}{kept}{page - 1}" if page > 1 else None,
        "after": f"{HOME}{kept}{page + 1}" if len(rows) > size else None,
    }
    return desk_page(request, desk, service.deployment, "clinician/set_aside_list.html", values)


@router.get("/desk/set-aside/{set_aside_id}")
def show_one(
    request: Request, set_aside_id: str, service: Here, session: Read, desk: Desk, now: Now
) -> Response:
    """Show what was set aside beside what stands."""
    kept = set_aside.read_kept(
        session, deployment=service.deployment, actor=desk.actor, set_aside_id=set_aside_id
    )
    return _page(request, service, session, desk, kept, now)


@router.post("/desk/set-aside/{set_aside_id}")
def decide(
    request: Request,
    set_aside_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Accept it, or decline it, with a reason."""
    _keep(request, service, desk, set_aside_id, form)
    if first(form, "ruling") != "accepted":
        set_aside.decline(
            session,
            actor=desk.actor,
            set_aside_id=set_aside_id,
            reason=first(form, "reason"),
            now=now,
        )
        return RedirectResponse(f"{HOME}/{set_aside_id}", status_code=303)
    seen = first(form, "seen_version")
    set_aside.accept(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        set_aside_id=set_aside_id,
        acceptance=Acceptance(
            reason=first(form, "reason"),
            seen_version=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 6 else -1,
            day=read_date(form, "day", needed=False),
        ),
        now=now,
    )
    return RedirectResponse(f"{HOME}/{set_aside_id}", status_code=303)


def _keep(
    request: Request, service: Service, desk: AtDesk, set_aside_id: str, form: dict[str, list[str]]
) -> None:
    """Let a refused decision come back with what was typed and what is true now."""

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        refused = {"errors": {error.field or "reason": told}, "values": typed(form)}
        with service.database.read() as session:
            kept = set_aside.read_kept(
                session, deployment=service.deployment, actor=desk.actor, set_aside_id=set_aside_id
            )
            return _page(request, service, session, desk, kept, service.clock(), refused)

    on_refusal(request, render)


def _row(found: AsideRow, words: Words, now: datetime) -> dict[str, Any]:
    row, decision = found.row, found.decision
    return {
        "to": f"{HOME}/{row.id}",
        "study_code": found.study_code,
        "why": words.say(SET_ASIDE, row.code),
        "received_at": row.received_at.astimezone(zone_named(found.tz)),
        "waits": waits(now - row.received_at, words.lang),
        "ruling": words.say(RULINGS, decision.decision) if decision else "",
        "decided_at": decision and decision.decided_at.astimezone(zone_named(found.tz)),
    }


def waits(duration: timedelta, lang: str) -> str:
    """How long something waits, in the largest unit that says it."""
    said, hours = translations(lang), int(duration.total_seconds() // 3600)
    if hours < 1:
        return said.gettext(_("less than an hour"))
    if hours < 48:
        return said.ngettext("%(num)s hour", "%(num)s hours", hours) % {"num": hours}
    days = hours // 24
    return said.ngettext("%(num)s day", "%(num)s days", days) % {"num": days}


def _page(
    request: Request,
    service: Service,
    session: Session,
    desk: AtDesk,
    kept: Kept,
    now: datetime,
    refused: dict[str, Any] | None = None,
) -> Response:
    words = Words(service.deployment.study, desk.lang)
    row, person = kept.row, kept.person
    zone = zone_named(person.tz)
    own = f"/desk/participants/{person.study_code}"
    may_decide = desk.actor.role_at(Permission.DECIDE_SET_ASIDE, person.site_id) is not None
    values = {
        "row": row,
        "kind": words.say(KINDS, kept.submission.kind),
        "why": words.say(SET_ASIDE, row.code),
        "waits": waits(now - row.received_at, desk.lang),
        "saved_at": row.saved_at.astimezone(zone),
        "received_at": row.received_at.astimezone(zone),
        "day": kept.day,
        "is_day_open": kept.is_day_open,
        "sides": _sides(kept, words),
        "texts": kept.submission.texts,
        "is_void": kept.submission.op is Op.VOID,
        "standing": kept.standing,
        "history": f"{own}/days/{kept.day}",
        "hurdle": words.say(HURDLES, kept.hurdle) if kept.hurdle else None,
        "instead": _instead(kept, own) if kept.submission.kind is Kind.DIARY else None,
        "decision": _decision(session, kept, words),
        "may_decide": may_decide and kept.decision is None,
        **(refused or {}),
    }
    template = "clinician/set_aside.html"
    return person_page(request, desk, service.deployment, person, template, values)


def _decision(session: Session, kept: Kept, words: Words) -> dict[str, Any] | None:
    """What was decided, by whom and why; None while it waits."""
    decision = kept.decision
    if decision is None:
        return None
    names = trends.names_of_staff(session, {decision.decided_by})
    return {
        "what": words.say(RULINGS, decision.decision),
        "at": decision.decided_at.astimezone(zone_named(kept.person.tz)),
        "who": names.get(decision.decided_by, decision.decided_by),
        "because": kept.decided_because,
    }


def _instead(kept: Kept, own: str) -> str:
    """Where the site enters the answers itself: a correction of what stands, or a new entry."""
    if kept.standing is not None and kept.standing.payload is not None:
        return f"{own}/records/{kept.standing.record_id}/correction"
    return f"{own}/entries/new?day={kept.day}"


def _sides(kept: Kept, words: Words) -> list[dict[str, Any]]:
    """Every field of both sides: what was sent, what stands, whether they differ."""
    sent = {(f.group, f.code): f for f in fields_of(kept.payload)}
    stands = {(f.group, f.code): f for f in fields_of(kept.standing_payload)}
    rows = []
    for key in [*sent, *(key for key in stands if key not in sent)]:
        one, other = sent.get(key), stands.get(key)
        named = one or other
        if named is not None:
            rows.append(
                {
                    "name": words.field(named),
                    "sent": _said(one, words),
                    "stands": _said(other, words),
                    "differs": (one and one.value) != (other and other.value),
                }
            )
    return rows


def _said(field: Field | None, words: Words) -> str:
    return words.value(field.group, field.value) if field else words.value("", None)
