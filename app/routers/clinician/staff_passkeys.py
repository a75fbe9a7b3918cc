"""Passkeys of staff: shown at the desk's door or to confirm, made and taken away in the account.

The script asks for options, lets the browser do its part, and posts the answer as a form. An answer
is refused only after the transaction that used its challenge up.
"""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from app.domain.errors import DomainError, InvalidInput
from app.routers import deps
from app.routers.auth import safe_next, sign_in_form
from app.routers.clinician.account import keep_refusal
from app.routers.clinician.confirm import confirm_form
from app.routers.deps import ConfirmedDesk, Desk, Form, Here, Lang, Now, Write, first
from app.routers.errors import on_refusal
from app.services import staff_passkeys

router = APIRouter(include_in_schema=False)


@router.post("/desk/sign-in/passkey/options")
def begin_sign_in(request: Request, service: Here, session: Write, now: Now) -> Response:
    """Give the script what a passkey answers; the same to everybody."""
    options = staff_passkeys.begin_showing(
        session,
        deployment=service.deployment,
        source=f"desk passkey/{deps.address_of(request)}",
        now=now,
    )
    return JSONResponse(options)


@router.post("/desk/sign-in/passkey", dependencies=[deps.paced("desk", deps.AT_THE_DESK)])
def sign_in(request: Request, service: Here, form: Form, now: Now, lang: Lang) -> Response:
    """Sign in with a passkey."""
    deployment, target = service.deployment, first(form, "next")

    def render(_: DomainError, told: str) -> Response:
        return sign_in_form(request, deployment, lang, target, error=told)

    on_refusal(request, render)
    with service.database.write() as session:
        token = staff_passkeys.sign_in(
            session,
            deployment=deployment,
            written=first(form, "answer"),
            source=f"desk passkey/{deps.address_of(request)}",
            now=now,
        )
    if isinstance(token, DomainError):
        raise token
    response = RedirectResponse(safe_next(target, "/desk"), status_code=303)
    deps.open_desk(response, service, token)
    return response


@router.post("/desk/confirm/passkey/options")
def begin_confirming(service: Here, session: Write, desk: Desk, now: Now) -> Response:
    """Give the script what one of the reader's own passkeys answers."""
    options = staff_passkeys.begin_showing(
        session,
        deployment=service.deployment,
        source=f"desk passkey/{desk.actor.id}",
        now=now,
        actor=desk.actor,
    )
    return JSONResponse(options)


@router.post("/desk/confirm/passkey")
def confirm(request: Request, service: Here, form: Form, desk: Desk, now: Now) -> Response:
    """Take a passkey in place of password and code, and go on."""
    target = first(form, "next")

    def render(_: DomainError, told: str) -> Response:
        return confirm_form(request, service, desk, target, {"password": told})

    on_refusal(request, render)
    with service.database.write() as session:
        token = staff_passkeys.confirm(
            session,
            deployment=service.deployment,
            token=request.cookies.get(deps.STAFF_COOKIE, ""),
            written=first(form, "answer"),
            now=now,
        )
    if isinstance(token, DomainError):
        raise token
    response = RedirectResponse(safe_next(target, "/desk"), status_code=303)
    deps.open_desk(response, service, token)
    return response


@router.post("/desk/account/passkeys/options")
def begin_adding(service: Here, session: Write, desk: ConfirmedDesk, now: Now) -> Response:
    """Give the script what a new passkey is made with."""
    options = staff_passkeys.begin_adding(
        session, deployment=service.deployment, actor=desk.actor, now=now
    )
    return JSONResponse(options)


@router.post("/desk/account/passkeys")
def add(request: Request, service: Here, form: Form, desk: ConfirmedDesk, now: Now) -> Response:
    """Keep the passkey that this browser made."""
    keep_refusal(request, service, desk, now)
    with service.database.write() as session:
        kept = staff_passkeys.add(
            session,
            deployment=service.deployment,
            actor=desk.actor,
            written=first(form, "answer"),
            now=now,
        )
    if isinstance(kept, DomainError):
        raise kept
    return RedirectResponse("/desk/account#passkey", status_code=303)


@router.post("/desk/account/passkeys/removal")
def remove(session: Write, form: Form, desk: ConfirmedDesk, now: Now) -> Response:
    """Take a passkey away: it opens nothing any more."""
    credential_id = first(form, "passkey")
    if not credential_id:
        raise InvalidInput("field_missing", field="passkey")
    staff_passkeys.remove_own(session, actor=desk.actor, credential_id=credential_id, now=now)
    return RedirectResponse("/desk/account#passkey", status_code=303)
