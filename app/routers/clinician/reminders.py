"""Messages at the desk: one participant's timeline; the queue with calls, failures and figures."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import ALL_SITES, Permission
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, NotAllowed, NotFound
from app.routers.clinician.desk import desk_page, typed
from app.routers.clinician.person import person_page
from app.routers.clinician.reminder_words import (
    CHANNELS,
    MESSAGE_KINDS,
    Moments,
    said_detail,
    said_step,
)
from app.routers.clinician.words import Words
from app.routers.deps import AtDesk, Deployed, Desk, Form, Here, Now, Read, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import queue
from app.services.arrivals import Arrivals
from app.services.queue import CallOutcome, Queue, Queued
from app.services.timeline import TimelineEvening, read_timeline

router = APIRouter(include_in_schema=False)


def _(message: str) -> str:
    return message


OUTCOMES: dict[str, str] = {
    CallOutcome.REACHED: _("Reached"),
    CallOutcome.NO_ANSWER: _("No answer"),
}
LISTS = {
    "failed": _("Failed"),
    "put_off": _("Put off, tried again"),
    "waiting": _("Waiting to be sent"),
    "in_hand": _("Being sent"),
    "expired": _("Expired: too late to be of use"),
}


@router.get("/desk/participants/{study_code}/reminders")
def show_timeline(
    request: Request,
    study_code: str,
    deployment: Deployed,
    session: Read,
    desk: Desk,
    now: Now,
) -> Response:
    """Show what became of a participant's messages on the last evenings."""
    found = read_timeline(session, actor=desk.actor, study_code=study_code, now=now)
    words = Words(deployment.study, desk.lang)
    moments = Moments(words, zone_named(found.person.tz), now)
    values = {"evenings": [_evening(evening, moments) for evening in found.evenings]}
    return person_page(request, desk, deployment, found.person, "clinician/timeline.html", values)


def _evening(evening: TimelineEvening, moments: Moments) -> dict[str, Any]:
    words = moments.words
    return {
        "diary_on": evening.diary_on,
        "saved": evening.saved_at and moments.near(evening.saved_at),
        "opened": evening.opened_at and moments.near(evening.opened_at),
        "sendings": [
            {
                "kind": words.say(MESSAGE_KINDS, sending.kind),
                "channel": words.say(CHANNELS, sending.channel),
                "steps": [said_step(step, moments) for step in sending.steps],
            }
            for sending in evening.sendings
        ],
    }


@router.get("/desk/reminders")
def show_queue(
    request: Request, deployment: Deployed, session: Read, desk: Desk, now: Now
) -> Response:
    """Show what waits, what failed, whom to call, and how messages did in four weeks."""
    found = queue.read_queue(session, actor=desk.actor, now=now)
    return desk_page(
        request, desk, deployment, "clinician/reminders.html", _values(desk, deployment, found, now)
    )


@router.post("/desk/reminders/{reminder_id}/retry")
def retry(
    request: Request, reminder_id: str, service: Here, session: Write, desk: Desk, now: Now
) -> Response:
    """Send a failed message again."""
    _keep_page(request, service, desk, reminder_id, {})
    queue.retry(session, actor=desk.actor, reminder_id=reminder_id, now=now)
    return RedirectResponse("/desk/reminders", status_code=303)


@router.post("/desk/reminders/{reminder_id}/call")
def note_call(
    request: Request,
    reminder_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: Desk,
    now: Now,
) -> Response:
    """Note how a call went."""
    _keep_page(request, service, desk, reminder_id, typed(form))
    queue.note_call(
        session,
        actor=desk.actor,
        reminder_id=reminder_id,
        outcome=first(form, "outcome"),
        note=first(form, "note"),
        now=now,
    )
    return RedirectResponse("/desk/reminders", status_code=303)


def _keep_page(
    request: Request, service: Service, desk: AtDesk, reminder_id: str, values: dict[str, str]
) -> None:
    """Let a refusal answer with the queue as it is now, the sentence and what was typed."""

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        now = service.clock()
        with service.database.read() as session:
            found = queue.read_queue(session, actor=desk.actor, now=now)
        shown = _values(desk, service.deployment, found, now)
        ids = {one["id"] for one in shown["calls"]}
        field = f"{error.field}-{reminder_id}" if error.field and reminder_id in ids else "queue"
        shown |= {"errors": {field: told}, "values": values, "typed_for": reminder_id}
        return desk_page(request, desk, service.deployment, "clinician/reminders.html", shown)

    on_refusal(request, render)


def _values(desk: AtDesk, deployment: Deployed, found: Queue, now: datetime) -> dict[str, Any]:
    words = Words(deployment.study, desk.lang)
    sites = desk.actor.sites_with(Permission.MANAGE_PARTICIPANT)

    def rows(some: Sequence[Queued]) -> list[dict[str, Any]]:
        return [_queued(one, words, now, bool(sites & {one.site_id, ALL_SITES})) for one in some]

    lists = [(code, words.say(LISTS, code), rows(getattr(found, code))) for code in LISTS]
    return {
        "calls": rows(found.calls),
        "lists": lists,
        "is_quiet": not any(some for _code, _title, some in lists),
        "outcomes": [(code, words.say(OUTCOMES, code)) for code in OUTCOMES],
        "by_channel": [
            (words.say(CHANNELS, way), _counts(one)) for way, one in found.figures.by_channel
        ],
        "by_hour": [(f"{hour:02d}:00", _counts(one)) for hour, one in found.figures.by_hour],
        "errors": {},
        "values": {},
        "typed_for": "",
    }


def _queued(one: Queued, words: Words, now: datetime, may_act: bool) -> dict[str, Any]:
    moments = Moments(words, zone_named(one.tz), now)
    due_on = one.due_at.astimezone(moments.zone).date()
    return {
        "id": one.reminder_id,
        "study_code": one.study_code,
        "kind": words.say(MESSAGE_KINDS, one.kind),
        "channel": words.say(CHANNELS, one.channel),
        "due": f"{words.day(due_on)} {moments.clock(one.due_at)}",
        "next": moments.near(one.next_at) if one.next_at else "",
        "why": said_detail(one.detail, words),
        "ended": moments.near(one.ended_at) if one.ended_at else "",
        "attempts": one.attempts,
        "may_act": may_act,
        "may_retry": may_act and one.is_useful,
    }


def _counts(one: Arrivals) -> list[tuple[int, float | None] | None]:
    """Each count with its share in percent; None where the way gives no receipt."""
    delivered = (one.delivered, 100 * one.delivered / one.told) if one.told else None
    others = (one.tapped, one.opened, one.saved)
    return [
        (one.handed_over, None),
        delivered,
        *((count, 100 * count / one.handed_over) for count in others),
    ]
