"""A participant's phones: a code that pairs another browser, and taking the diary off a phone."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.errors import DomainError
from app.routers import deps
from app.routers.deps import Form, Here, Lang, Now, Person, SignedIn, Write, first
from app.routers.device_words import said
from app.routers.errors import on_refusal
from app.routers.participant.doors import browser_of, closed_page
from app.routers.participant.frame import open_frame
from app.routers.participant.words import Words
from app.services import devices, pairing
from app.store.session import Session

router = APIRouter(include_in_schema=False)


def shown(session: Session, words: Words, who: SignedIn) -> list[dict[str, Any]]:
    """The person's phones for `participant/_devices.html`, in words."""
    return [
        {
            "id": phone.id,
            "name": said(phone.label, words.lang),
            "enrolled_on": words.on(phone.enrolled_at, who.person.tz),
            "contact_on": words.on(phone.contact_at or phone.enrolled_at, who.person.tz),
            "is_this": phone.id == who.device.id,
        }
        for phone in devices.list_own(session, actor=who.actor)
    ]


@router.post("/pairing")
def make_code(request: Request, service: Here, session: Write, who: Person, now: Now) -> Response:
    """Make a code for another browser and show it, once."""
    code = pairing.make_code(session, actor=who.actor, now=now)
    words = Words(service.deployment.study, who.lang)
    half = len(code) // 2
    values = {
        "code": f"{code[:half]} {code[half:]}",
        "until": words.clock(now + pairing.CODE_LIVES, who.person.tz),
    }
    return open_frame(request, service, session, who).page("participant/pairing.html", values)


@router.post("/pair", dependencies=[deps.paced("phone", deps.AT_A_PHONE)])
def pair(
    request: Request, service: Here, session: Write, form: Form, now: Now, lang: Lang
) -> Response:
    """Become a phone of the person who made the code; PIN or passkey are asked next."""
    typed = first(form, "code")

    def refuse(_: DomainError, told: str) -> Response:
        with service.database.read() as reading:
            errors = {"errors": {"code": told}, "typed": typed}
            return closed_page(request, service, reading, lang, errors)

    on_refusal(request, refuse)
    credential = pairing.pair(
        session,
        typed=typed,
        browser=browser_of(request, form),
        source=f"pair/{deps.address_of(request)}",
        now=now,
    )
    response = RedirectResponse("/unlock", status_code=303)
    deps.set_cookie(response, service, deps.DEVICE_COOKIE, credential, deps.YEAR_S)
    return response


@router.post("/devices/{device_id}/removal")
def remove(device_id: str, session: Write, who: Person, now: Now) -> Response:
    """Take the diary off another phone of one's own."""
    devices.remove_own(session, actor=who.actor, device_id=device_id, now=now)
    return RedirectResponse("/settings", status_code=303)
