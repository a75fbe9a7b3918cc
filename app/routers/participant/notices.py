"""What a phone and its owner say about messages: where they go, not now, not today, it arrived.

The rules kept: an evening is put off or declined by its owner alone, signed in. A message speaks
for itself: its link and its token open nothing, show nothing, and are answered alike whether they
are known or not.
"""

from contextlib import suppress

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.errors import InvalidInput, TooFast, Unavailable
from app.routers.deps import Form, Here, Now, Person, Write, address_of, first
from app.routers.errors import on_refusal
from app.routers.participant.home import refused
from app.services import evenings, subscriptions, throttles
from app.services.subscriptions import Offered

router = APIRouter(include_in_schema=False)
TOLD_PER_MINUTE = 240
"""What phones behind one address may tell in a minute; a whole hospital can share one."""


@router.post("/push/subscription")
def subscribe(service: Here, session: Write, who: Person, form: Form, now: Now) -> Response:
    """Take down where this browser takes push messages."""
    offered = Offered(first(form, "endpoint"), first(form, "p256dh"), first(form, "auth"))
    subscriptions.subscribe(
        session, deployment=service.deployment, actor=who.actor, subscription=offered, now=now
    )
    return Response(status_code=204)


@router.post("/push/subscription/end")
def unsubscribe(session: Write, who: Person, now: Now) -> Response:
    """Send this browser no more push messages."""
    subscriptions.end_own(session, actor=who.actor, now=now)
    return RedirectResponse("/settings?saved=push#test", status_code=303)


@router.post("/evening/opened")
def opened(service: Here, session: Write, who: Person, now: Now) -> Response:
    """Note that the evening's questions were looked at."""
    evenings.note_opened(session, deployment=service.deployment, actor=who.actor, now=now)
    return Response(status_code=204)


@router.post("/evening/snooze")
def snooze(
    request: Request, service: Here, session: Write, who: Person, form: Form, now: Now
) -> Response:
    """Write again later."""
    on_refusal(request, lambda _, told: refused(request, service, who, now, told))
    minutes = first(form, "minutes")
    if minutes not in map(str, evenings.MINUTES):
        raise InvalidInput("not_a_choice", field="evening", refused={"minutes": minutes})
    evenings.snooze(
        session, deployment=service.deployment, actor=who.actor, minutes=int(minutes), now=now
    )
    return RedirectResponse("/#later", status_code=303)


@router.post("/evening/declined")
def decline(request: Request, service: Here, session: Write, who: Person, now: Now) -> Response:
    """Leave this evening out."""
    on_refusal(request, lambda _, told: refused(request, service, who, now, told))
    evenings.decline(session, deployment=service.deployment, actor=who.actor, now=now)
    return RedirectResponse("/#later", status_code=303)


@router.post("/receipts")
def receive(request: Request, service: Here, session: Write, form: Form, now: Now) -> Response:
    """Take what a phone tells of a message that it got."""
    throttles.keep_pace(session, f"receipts/{address_of(request)}", TOLD_PER_MINUTE, now)
    evenings.note_receipt(
        session,
        deployment=service.deployment,
        token=first(form, "token"),
        what=first(form, "what"),
        now=now,
    )
    return Response(status_code=204)


@router.get("/r/{reminder_id}")
def follow(reminder_id: str, request: Request, service: Here, now: Now) -> Response:
    """Go from a message to the diary; that it was touched is noted at best, and bars no way."""
    if _is_touch(request):
        with suppress(TooFast, Unavailable), service.database.write() as session:
            throttles.keep_pace(session, f"taps/{address_of(request)}", TOLD_PER_MINUTE, now)
            evenings.note_tap(session, reminder_id=reminder_id[:36], now=now)
    return RedirectResponse("/diary?go=1", status_code=303)


def _is_touch(request: Request) -> bool:
    """Whether a person followed the link, as far as their browser says so, or its worker.

    Mail servers open links too, to see what is behind them; they are not taken for the reader.
    """
    told = request.headers
    if "prefetch" in told.get("sec-purpose", ""):
        return False
    return told.get("sec-fetch-mode") == "navigate" or told.get("sec-fetch-site") == "same-origin"
