"""The participant's doors: the enrolment link, the code, the way out, and the language.

The rule kept: opening a link uses nothing up, and no door says more than it must.
"""

from datetime import datetime

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.errors import DomainError, InvalidInput
from app.rendering import LANGUAGES, translations
from app.routers import deps
from app.routers.auth import safe_next
from app.routers.deps import Form, Here, Lang, MaybePerson, Now, Read, Write, first
from app.routers.errors import on_refusal
from app.routers.participant.frame import Frame, frame_of
from app.services import devices, participants
from app.store.session import Session
from app.store.tables import Participant

router = APIRouter(include_in_schema=False)
YEAR_S = 365 * 24 * 3600
DAY_S = 24 * 3600


def _phone_of(request: Request, session: Session) -> Participant | None:
    """Whose phone this is, by its credential alone."""
    credential = request.cookies.get(deps.DEVICE_COOKIE)
    found = devices.find_enrolled(session, credential) if credential else None
    return found[1] if found else None


@router.get("/join/{token}")
def join_page(
    token: str, request: Request, service: Here, session: Read, now: Now, lang: Lang
) -> Response:
    """Show where the code of this phone is chosen."""
    invited = devices.find_invited(session, token, now)
    spoken = lang if request.cookies.get("lang") else invited.language
    frame = frame_of(request, service, session, spoken, None)
    return frame.page("auth/join.html", {"token": token, "errors": {}})


@router.post("/join/{token}")
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
    enrolled = devices.join(
        session,
        token=token,
        pin=pin,
        label=request.headers.get("user-agent", ""),
        sent_at=_instant(first(form, "sent_at")),
        now=now,
    )
    response = RedirectResponse("/", status_code=303)
    deps.set_cookie(response, service, deps.DEVICE_COOKIE, enrolled.credential, YEAR_S)
    deps.set_cookie(response, service, deps.PERSON_COOKIE, enrolled.sign_in, DAY_S)
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
    person = _phone_of(request, session)
    frame = frame_of(request, service, session, lang, person)
    if person is None:
        _ = translations(lang).gettext
        return frame.message(
            _("This phone does not know you yet"),
            _("Open the link that the study team gave you, or ask them for a new one."),
        )
    return frame.page("auth/unlock.html", {"next": safe_next(target, "/"), "errors": {}})


@router.post("/unlock")
def unlock(
    request: Request, service: Here, session: Write, form: Form, now: Now, lang: Lang
) -> Response:
    """Open the diary with the code of this phone."""
    target = safe_next(first(form, "next"), "/")

    def refuse(_: DomainError, told: str) -> Response:
        with service.database.read() as reading:
            frame = frame_of(request, service, reading, lang, _phone_of(request, reading))
        return frame.page("auth/unlock.html", {"next": target, "errors": {"pin": told}})

    on_refusal(request, refuse)
    credential = request.cookies.get(deps.DEVICE_COOKIE, "")
    token = devices.unlock(session, credential=credential, pin=first(form, "pin"), now=now)
    response = RedirectResponse(target, status_code=303)
    deps.set_cookie(response, service, deps.PERSON_COOKIE, token, DAY_S)
    return response


@router.post("/sign-out")
def sign_out(request: Request, session: Write, now: Now) -> Response:
    """Close the diary on this phone. What waits to be sent stays and is still sent."""
    devices.sign_out(session, token=request.cookies.get(deps.PERSON_COOKIE, ""), now=now)
    response = RedirectResponse("/signed-out", status_code=303)
    response.delete_cookie(deps.PERSON_COOKIE, path="/")
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
    deps.set_cookie(response, service, "lang", lang, YEAR_S)
    return response
