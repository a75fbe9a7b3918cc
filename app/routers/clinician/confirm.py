"""Confirming that it is still the person who signed in: both factors again, then on to the page."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.routers import deps
from app.routers.auth import Next, safe_next
from app.routers.clinician.desk import desk_page
from app.routers.deps import AtDesk, Desk, Form, Here, Now, Service, Write, first
from app.routers.errors import on_refusal
from app.services import accounts, ceremonies, staff_passkeys

router = APIRouter(include_in_schema=False)


@router.get("/desk/confirm")
def confirm_page(request: Request, service: Here, desk: Desk, target: Next = "/desk") -> Response:
    """Ask for both factors again."""
    return confirm_form(request, service, desk, target, {})


@router.post("/desk/confirm")
def confirm(
    request: Request, service: Here, session: Write, form: Form, desk: Desk, now: Now
) -> Response:
    """Take both factors, and go on to the page that asked for them."""
    target = first(form, "next")

    def render(_: Exception, told: str) -> Response:
        return confirm_form(request, service, desk, target, {"password": told})

    on_refusal(request, render)
    token = accounts.confirm(
        session,
        deployment=service.deployment,
        token=request.cookies.get(deps.STAFF_COOKIE, ""),
        password=first(form, "password"),
        code=first(form, "code"),
        now=now,
    )
    response = RedirectResponse(safe_next(target, "/desk"), status_code=303)
    deps.open_desk(response, service, token)
    return response


def confirm_form(
    request: Request, service: Service, desk: AtDesk, target: str, errors: Mapping[str, str]
) -> Response:
    """The page that asks for both factors, with what was wrong about them."""
    with service.database.read() as session:
        own = staff_passkeys.list_own(session, actor=desk.actor)
    values = {
        "passkey": bool(own) and ceremonies.find_party(service.deployment) is not None,
        "next": safe_next(target, "/desk"),
        "login": desk.staff.login,
        "minutes": accounts.CONFIRMED_FOR.seconds // 60,
        "errors": errors,
    }
    return desk_page(request, desk, service.deployment, "clinician/confirm.html", values)
