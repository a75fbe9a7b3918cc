"""The participant's doors: the enrolment link, the code, the way out, and the language.

The rule kept: opening a link uses nothing up, and no door says more than it must. Passkeys and
pairing are beside, in `passkeys` and `phones`; they share the page of the closed door.
"""

from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.errors import DomainError, InvalidInput
from app.rendering import LANGUAGES, translations
from app.routers import deps
from app.routers.auth import safe_next
from app.routers.deps import Form, Here, Lang, MaybePerson, Now, Read, Service, Write, first
from app.routers.device_words import name_of
from app.routers.errors import on_refusal
from app.routers.participant.frame import Frame, frame_of
from app.services import ceremonies, devices, participants, passkeys
from app.services.devices import Browser
from app.store.session import Session
from app.store.tables import Participant

router = APIRouter(include_in_schema=False)


def _phone_of(request: Request, session: Session) -> Participant | None:
    """Whose phone this is, by its credential alone."""
    credential = request.cookies.get(deps.DEVICE_COOKIE)
    found = devices.find_enrolled(session, credential) if credential else None
    return found[1] if found else None


def browser_of(request: Request, form: dict[str, list[str]]) -> Browser:
    """What the browser that posts a form says of itself."""
    name = name_of(request.headers.get("user-agent", ""))
    return Browser(label=name, sent_at=_instant(first(form, "sent_at")))


def closed_page(
    request: Request,
    service: Service,
    session: Session,
    lang: str,
    shown: Mapping[str, object],
) -> Response:
    """Ask for passkey or code on an enrolled phone; on any other, for a pairing code or a link.

    `shown` may hold `next` (an address), `errors` and what was `typed` as a pairing code.
    """
    person = _phone_of(request, session)
    frame = frame_of(request, service, session, lang, person)
    offers = passkeys.may_open(session, deployment=service.deployment, person=person)
    template = "auth/unknown.html" if person is None else "auth/unlock.html"
    values = {"next": "/", "errors": {}, "typed": "", "passkey": offers}
    response = frame.page(template, {**values, **shown})
    response.delete_cookie(deps.AWAKE_COOKIE, path="/")
    return response


@router.get("/join/{token}")
def join_page(
    token: str, request: Request, service: Here, session: Read, now: Now, lang: Lang
) -> Response:
    """Show where the code of this phone is chosen."""
    invited = devices.find_invited(session, token, now)
    spoken = lang if request.cookies.get("lang") else invited.language
    frame = frame_of(request, service, session, spoken, None)
    return frame.page("auth/join.html", {"token": token, "errors": {}})


@router.post("/join/{token}", dependencies=[deps.paced("phone", deps.AT_A_PHONE)])
def join(
    token: str, request: Request, service: Here, session: Write, form: Form, now: Now, lang: Lang
) -> Response:
    """Enrol this phone with the chosen code, and open the diary."""

    def refuse(error: DomainError, told: str) -> Response:
        errors = {error.field or "pin": told}
        return Frame(request, service, lang).page(
            "auth/join.html", {"token": token, "errors": errors}
        )

    on_refusal(request, refuse)
    pin = first(form, "pin")
    if pin != first(form, "pin_again"):
        raise InvalidInput("pin_differs", field="pin_again")
    browser = browser_of(request, form)
    enrolled = devices.join(
        session, token=token, pin=pin, label=browser.label, sent_at=browser.sent_at, now=now
    )
    # Only the script tells the time, and only the script makes passkeys.
    offers = browser.sent_at is not None and ceremonies.find_party(service.deployment) is not None
    response = RedirectResponse("/passkeys/new" if offers else "/", status_code=303)
    deps.open_diary(response, service, enrolled.sign_in, enrolled.credential)
    return response


def _instant(written: str) -> datetime | None:
    """What the phone's clock said; None without script, or when it says nothing of use."""
    try:
        instant = datetime.fromisoformat(written)
    except ValueError:
        return None
    return instant if instant.tzinfo else None


@router.get("/unlock")
def unlock_page(
    request: Request,
    service: Here,
    session: Read,
    found: MaybePerson,
    lang: Lang,
    target: str = Query("/", alias="next"),
) -> Response:
    """Ask for the code, or go on when the diary is open already."""
    if found is not None:
        return RedirectResponse(safe_next(target, "/"), status_code=303)
    return closed_page(request, service, session, lang, {"next": safe_next(target, "/")})


@router.post("/unlock", dependencies=[deps.paced("phone", deps.AT_A_PHONE)])
def unlock(
    request: Request, service: Here, session: Write, form: Form, now: Now, lang: Lang
) -> Response:
    """Open the diary with the code of this phone."""
    target = safe_next(first(form, "next"), "/")

    def refuse(_: DomainError, told: str) -> Response:
        with service.database.read() as reading:
            shown = {"next": target, "errors": {"pin": told}}
            return closed_page(request, service, reading, lang, shown)

    on_refusal(request, refuse)
    credential = request.cookies.get(deps.DEVICE_COOKIE, "")
    token = devices.unlock(session, credential=credential, pin=first(form, "pin"), now=now)
    response = RedirectResponse(target, status_code=303)
    deps.open_diary(response, service, token, None)
    return response


@router.post("/sign-out")
def sign_out(request: Request, session: Write, now: Now) -> Response:
    """Close the diary on this phone. What waits to be sent stays and is still sent."""
    devices.sign_out(session, token=request.cookies.get(deps.PERSON_COOKIE, ""), now=now)
    response = RedirectResponse("/signed-out", status_code=303)
    response.delete_cookie(deps.PERSON_COOKIE, path="/")
    response.delete_cookie(deps.AWAKE_COOKIE, path="/")
    return response


@router.get("/signed-out")
def signed_out(request: Request, service: Here, session: Read, lang: Lang) -> Response:
    """Say that the diary is closed, and whom to call."""
    _ = translations(lang).gettext
    frame = frame_of(request, service, session, lang, _phone_of(request, session))
    return frame.message(
        _("Your diary is closed"),
        _("What you saved is kept. What still waits is sent as soon as there is signal."),
        actions=[(_("Open it again"), "/unlock")],
        erase=True,
    )


@router.post("/language")
def choose_language(
    service: Here, session: Write, found: MaybePerson, form: Form, now: Now
) -> Response:
    """Speak another language from now on."""
    lang = first(form, "lang")
    if lang not in LANGUAGES:
        raise InvalidInput("unknown_language", field="lang")
    if found is not None:
        participants.change_language(
            session, deployment=service.deployment, actor=found.actor, language=lang, now=now
        )
    response = RedirectResponse(safe_next(first(form, "back"), "/"), status_code=303)
    deps.set_cookie(response, service, "lang", lang, deps.YEAR_S)
    return response
