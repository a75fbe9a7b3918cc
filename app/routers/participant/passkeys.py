"""Passkeys on the phone: offered, made, used at the door, taken away.

The script asks for options, lets the phone do its part, and posts the answer as a form. An answer
is refused only after the transaction that used its challenge up.
"""

from typing import Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from app.domain.errors import DomainError, InvalidInput
from app.routers import deps
from app.routers.auth import safe_next
from app.routers.deps import Form, Here, Lang, Now, Person, Read, Service, SignedIn, Write, first
from app.routers.errors import on_refusal
from app.routers.participant.doors import browser_of, closed_page
from app.routers.participant.frame import Frame, open_frame
from app.routers.participant.words import Words
from app.services import ceremonies, passkeys
from app.services.passkeys import Answer
from app.store.session import Session

router = APIRouter(include_in_schema=False)


def shown(session: Session, service: Service, who: SignedIn) -> list[dict[str, Any]] | None:
    """The person's passkeys for `participant/_passkeys.html`; None where there can be none."""
    if ceremonies.find_party(service.deployment) is None:
        return None
    words = Words(service.deployment.study, who.lang)
    return [
        {
            "id": found.credential_id,
            "made_on": words.on(found.created_at, who.person.tz),
            "is_here": found.device_id == who.device.id,
        }
        for found in passkeys.list_own(session, actor=who.actor)
    ]


@router.get("/passkeys/new")
def offer(
    request: Request,
    service: Here,
    session: Read,
    who: Person,
    target: str = Query("/", alias="next"),
) -> Response:
    """Offer to open the diary with a finger or the face; or go on, where no passkey can be."""
    onward = safe_next(target, "/")
    if ceremonies.find_party(service.deployment) is None:
        return RedirectResponse(onward, status_code=303)
    return _offer(open_frame(request, service, session, who), onward, {})


@router.post("/passkeys/new/options")
def begin_adding(service: Here, session: Write, who: Person, now: Now) -> Response:
    """Give the script what a new passkey is made with."""
    options = passkeys.begin_adding(
        session, deployment=service.deployment, actor=who.actor, now=now
    )
    return JSONResponse(options)


@router.post("/passkeys")
def add(request: Request, service: Here, who: Person, form: Form, now: Now) -> Response:
    """Keep the passkey that this phone made."""
    target = safe_next(first(form, "next"), "/")

    def refuse(_: DomainError, told: str) -> Response:
        with service.database.read() as session:
            frame = open_frame(request, service, session, who)
        return _offer(frame, target, {"passkey": told})

    on_refusal(request, refuse)
    with service.database.write() as session:
        kept = passkeys.add(
            session,
            deployment=service.deployment,
            actor=who.actor,
            written=first(form, "answer"),
            now=now,
        )
    if isinstance(kept, DomainError):
        raise kept
    return RedirectResponse(target, status_code=303)


@router.post("/passkeys/removal")
def remove(session: Write, who: Person, form: Form, now: Now) -> Response:
    """Take a passkey away: it opens nothing any more."""
    credential_id = first(form, "passkey")
    if not credential_id:
        raise InvalidInput("field_missing", field="passkey")
    passkeys.remove_own(session, actor=who.actor, credential_id=credential_id, now=now)
    return RedirectResponse("/settings", status_code=303)


@router.post("/passkeys/options")
def begin_opening(request: Request, service: Here, session: Write, now: Now) -> Response:
    """Give the script what a passkey answers; the same to everybody whom the door does not know."""
    options = passkeys.begin_opening(
        session,
        deployment=service.deployment,
        credential=request.cookies.get(deps.DEVICE_COOKIE, ""),
        source=f"passkey/{deps.address_of(request)}",
        now=now,
    )
    return JSONResponse(options)


@router.post("/passkeys/opening", dependencies=[deps.paced("phone", deps.AT_A_PHONE)])
def open_with(request: Request, service: Here, form: Form, now: Now, lang: Lang) -> Response:
    """Open the diary with a passkey; a browser that the door does not know is enrolled by it."""
    target = safe_next(first(form, "next"), "/")

    def refuse(_: DomainError, told: str) -> Response:
        errors: dict[str, Any] = {"next": target, "errors": {"passkey": told}}
        with service.database.read() as session:
            return closed_page(request, service, session, lang, errors)

    on_refusal(request, refuse)
    answer = Answer(
        written=first(form, "answer"),
        credential=request.cookies.get(deps.DEVICE_COOKIE, ""),
        browser=browser_of(request, form),
        source=f"passkey/{deps.address_of(request)}",
    )
    with service.database.write() as session:
        opened = passkeys.open_with(session, deployment=service.deployment, answer=answer, now=now)
    if isinstance(opened, DomainError):
        raise opened
    response = RedirectResponse(target, status_code=303)
    deps.open_diary(response, service, opened.sign_in, opened.credential)
    return response


def _offer(frame: Frame, target: str, errors: dict[str, str]) -> Response:
    return frame.page("participant/passkey.html", {"next": target, "errors": errors})
