"""The link of an invitation: password and authenticator are set, then recovery codes shown."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.errors import DomainError, InvalidInput, NotFound
from app.rendering import page
from app.routers import deps
from app.routers.clinician.enrolment import qr_code
from app.routers.deps import Form, Here, Now, Read, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import accounts, invitations
from app.services.invitations import Joining

router = APIRouter(include_in_schema=False)


@router.get("/desk/join/{invitation}")
def show_joining(
    request: Request, invitation: str, service: Here, session: Read, now: Now
) -> Response:
    """Show what a link is for. Opening it consumes nothing."""
    found = invitations.find_joining(
        session, deployment=service.deployment, token=invitation, now=now
    )
    return _page(request, service, invitation, found, {})


@router.post("/desk/join/{invitation}", dependencies=[deps.paced("desk", deps.AT_THE_DESK)])
def join(
    request: Request, invitation: str, service: Here, session: Write, form: Form, now: Now
) -> Response:
    """Make the account, sign in, and show the recovery codes, once."""
    deployment = service.deployment
    found = invitations.find_joining(session, deployment=deployment, token=invitation, now=now)

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound):
            return answer(request, error)
        return _page(request, service, invitation, found, {error.field or "form": told})

    on_refusal(request, render)
    password = first(form, "password")
    accounts.check_password(password)
    if password != first(form, "password_again"):
        raise InvalidInput("password_differs", field="password_again")
    joined = invitations.join(
        session,
        deployment=deployment,
        token=invitation,
        password=password,
        code=first(form, "code"),
        now=now,
    )
    values = {"codes": joined.codes, "login": found.login, "study": deployment.study}
    response = page(request, "auth/staff_codes.html", values, lang=found.language)
    deps.open_desk(response, service, joined.sign_in)
    return response


def _page(
    request: Request,
    service: Service,
    token: str,
    found: Joining,
    errors: Mapping[str, str],
) -> Response:
    deployment = service.deployment
    secret = " ".join(found.secret[at : at + 4] for at in range(0, len(found.secret), 4))
    values = {
        "study": deployment.study,
        "token": token,
        "joining": found,
        "secret": secret,
        "qr": qr_code(invitations.address_for(deployment, found)),
        "characters": accounts.PASSWORD_LENGTH,
        "errors": errors,
    }
    return page(request, "auth/staff_join.html", values, lang=found.language)
