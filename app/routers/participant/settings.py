"""Settings: when and where the diary writes, the time zone, the look, the phones, and what to ask.

The rule kept: what belongs to a person is an act of theirs and leaves its change; the look belongs
to the phone and stays in its cookie.
"""

from datetime import datetime, time
from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.errors import DomainError, InvalidInput
from app.domain.reach import Channel
from app.rendering import translations
from app.routers.deps import (
    YEAR_S,
    Form,
    Here,
    Now,
    Person,
    Read,
    Service,
    SignedIn,
    Write,
    first,
    set_cookie,
)
from app.routers.errors import on_refusal
from app.routers.participant import passkeys, phones
from app.routers.participant.frame import LOOK_COOKIE, SIZES, THEMES, open_frame
from app.routers.participant.words import Words
from app.services import channels, participants, preferences
from app.services.channels import Delivery
from app.store import participants as stored
from app.store.session import Session

router = APIRouter(include_in_schema=False)
FRANCE = (
    "Europe/Paris",
    "America/Guadeloupe",
    "America/Martinique",
    "America/Cayenne",
    "America/Miquelon",
    "Indian/Reunion",
    "Indian/Mayotte",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "Pacific/Marquesas",
    "Pacific/Wallis",
)
"""The zones that the list offers; the phone's own, wherever it is, is offered beside it."""


@router.get("/settings")
def settings_page(
    request: Request,
    service: Here,
    session: Read,
    who: Person,
    now: Now,
    saved: str = Query("", max_length=12),
) -> Response:
    """Show what can be set; `saved` names the part that was just changed."""
    values = {**_shown(session, service, who, now), "saved": saved}
    return open_frame(request, service, session, who).page("participant/settings.html", values)


@router.post("/settings/zone")
def save_zone(
    request: Request, service: Here, session: Write, who: Person, form: Form, now: Now
) -> Response:
    """Live in another time zone from now on."""
    _keep_page(request, service, who, now)
    participants.change_zone(
        session,
        actor=who.actor,
        participant_id=who.person.id,
        tz=first(form, "tz"),
        now=now,
    )
    return _saved("zone")


@router.post("/settings/reminder")
def save_reminder(
    request: Request, service: Here, session: Write, who: Person, form: Form, now: Now
) -> Response:
    """Set when the first reminder of an evening comes."""
    _keep_page(request, service, who, now)
    preferences.change_reminder(
        session,
        deployment=service.deployment,
        actor=who.actor,
        at=_time(first(form, "reminder_at")),
        now=now,
    )
    return _saved("reminder")


@router.post("/settings/hand")
def save_hand(
    request: Request, service: Here, session: Write, who: Person, form: Form, now: Now
) -> Response:
    """Put the controls on the side of the better hand."""
    _keep_page(request, service, who, now)
    preferences.change_hand(session, actor=who.actor, hand=first(form, "hand"), now=now)
    return _saved("hand")


@router.post("/settings/look")
def save_look(request: Request, service: Here, who: Person, form: Form, now: Now) -> Response:
    """Keep how this phone shows its pages; nobody but the phone needs to know."""
    _keep_page(request, service, who, now)
    theme, size = first(form, "theme"), first(form, "size")
    if theme not in THEMES or size not in SIZES:
        raise InvalidInput("not_a_choice", field="look", refused={"theme": theme, "size": size})
    response = _saved("look")
    set_cookie(response, service, LOOK_COOKIE, f"{theme}.{size}", YEAR_S, is_for_script=True)
    return response


@router.post("/settings/test-message")
def send_test(request: Request, service: Here, session: Write, who: Person, now: Now) -> Response:
    """Send a message to see whether it arrives."""
    _keep_page(request, service, who, now)
    channels.ask_test(session, deployment=service.deployment, actor=who.actor, now=now)
    return _saved("test")


def _saved(part: str) -> RedirectResponse:
    return RedirectResponse(f"/settings?saved={part}#{part}", status_code=303)


def _keep_page(request: Request, service: Service, who: SignedIn, now: datetime) -> None:
    """Let a refusal answer with this page and its sentence beside the field."""

    def render(error: DomainError, told: str) -> Response:
        with service.database.read() as session:
            values = _shown(session, service, who, now)
            frame = open_frame(request, service, session, who)
        values |= {"errors": {error.field or "form": told}}
        return frame.page("participant/settings.html", values)

    on_refusal(request, render)


def _time(written: str) -> time | None:
    """A time of the list; None for "as the study sets"."""
    try:
        return time.fromisoformat(written) if written else None
    except ValueError:
        refused = {"reminder_at": written}
        raise InvalidInput("not_a_time", field="reminder_at", refused=refused) from None


def _shown(session: Session, service: Service, who: SignedIn, now: datetime) -> dict[str, Any]:
    deployment, person = service.deployment, who.person
    words = Words(deployment.study, who.lang)
    times = [f"{at:%H:%M}" for at in preferences.reminder_times(deployment.study)]
    return {
        "zone": _zone(session, who, words),
        "reminder": {
            "at": f"{person.reminder_at:%H:%M}" if person.reminder_at else "",
            "times": times,
            "usual": f"{deployment.study.reminders[0].at:%H:%M}",
            "opens": times[0],
        },
        **reached(session, service, who),
        "test": last_test(session, who, words, now),
        "hand": person.hand,
        "phones": phones.shown(session, words, who),
        "passkeys": passkeys.shown(session, service, who),
        "errors": {},
        "saved": "",
    }


def _zone(session: Session, who: SignedIn, words: Words) -> dict[str, Any]:
    """The present time zone, those to choose from, and where the person lived before."""
    tz = who.person.tz
    names = {zone: words.zone(zone) for zone in sorted({*FRANCE, tz}, key=words.zone)}
    spans = stored.list_zones(session, who.person.id)
    lived = [(words.zone(span.tz), words.moment(span.from_at, span.tz)) for span in spans]
    return {"tz": tz, "name": names[tz], "choices": names, "lived": lived[:0:-1]}


def reached(session: Session, service: Service, who: SignedIn) -> dict[str, Any]:
    """How reminders reach somebody, for the part of the page that says so."""
    ways = channels.find_known_ways(session, deployment=service.deployment, actor=who.actor)
    return {
        "email": ways.email,
        "phone": ways.phone,
        "push": push_of(service, is_here=ways.is_pushed_here),
        "is_reached": ways.first is not Channel.CALL,
    }


def push_of(service: Service, *, is_here: bool) -> dict[str, Any]:
    """What the script needs to turn notifications on: our key, or none where there are none."""
    if Channel.PUSH not in service.deployment.channels:
        return {"key": None, "is_here": False}
    return {"key": service.push_key, "is_here": is_here}


def last_test(session: Session, who: SignedIn, words: Words, now: datetime) -> str | None:
    """How far the last test message got, in words."""
    _ = translations(words.lang).gettext
    last = channels.find_last_test(session, participant_id=who.person.id, now=now)
    if last is None:
        return None
    handed_over = {
        Channel.PUSH: _("The test message was handed over at %(time)s. Look for a notification."),
        Channel.SMS: _("The test message was handed over at %(time)s. Look in your text messages."),
    }.get(last.channel, _("The test message was handed over at %(time)s. Look in your mail."))
    told = {
        Delivery.ON_ITS_WAY: _("A test message is on its way since %(time)s."),
        Delivery.HANDED_OVER: handed_over,
        Delivery.ARRIVED: _("The test message arrived on your phone at %(time)s."),
        Delivery.FAILED: _("The test message of %(time)s could not be handed over. Call the team."),
    }
    is_over = last.delivery in (Delivery.HANDED_OVER, Delivery.ARRIVED)
    at = last.known_at if is_over and last.known_at else last.asked_at
    return told[last.delivery] % {"time": words.clock(at, who.person.tz)}
