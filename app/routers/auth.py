"""The desk's door: password and TOTP in one form, and the way out."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.rendering import page
from app.routers import deps
from app.routers.deps import Deployed, Form, Here, Lang, MaybeStaff, Now, Write, first
from app.routers.errors import on_refusal
from app.services import accounts, devices
from app.services.deployment import Deployment

router = APIRouter(include_in_schema=False)
Next = Annotated[str, Query(alias="next")]


def safe_next(target: str, default: str) -> str:
    """A path on this site to go on to; anything else becomes the default."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and "\\" not in target and target.isprintable() else default


def _form_page(
    request: Request, deployment: Deployment, lang: str, target: str, login: str, error: str
) -> Response:
    values = {
        "next": safe_next(target, "/desk"),
        "login": login,
        "error": error,
        "demo": deployment.demo,
        "study_title": deployment.study.title.in_(lang),
    }
    return page(request, "auth/sign_in.html", values, lang=lang)


@router.get("/desk/sign-in")
def sign_in_page(
    request: Request, deployment: Deployed, found: MaybeStaff, lang: Lang, target: Next = "/desk"
) -> Response:
    """Show the form, or go on when someone is signed in already."""
    if found is not None:
        return RedirectResponse(safe_next(target, "/desk"), status_code=303)
    return _form_page(request, deployment, lang, target, "", "")


@router.post("/desk/sign-in")
def sign_in(
    request: Request, service: Here, session: Write, form: Form, now: Now, lang: Lang
) -> Response:
    """Sign in; the refusal keeps the login and says nothing about which part was wrong."""
    deployment, login, target = service.deployment, first(form, "login"), first(form, "next")
    on_refusal(request, lambda _, told: _form_page(request, deployment, lang, target, login, told))
    token = accounts.sign_in(
        session,
        deployment=deployment,
        login=login,
        password=first(form, "password"),
        code=first(form, "code"),
        now=now,
    )
    response = RedirectResponse(safe_next(target, "/desk"), status_code=303)
    deps.set_cookie(response, service, deps.STAFF_COOKIE, token, 12 * 3600)
    return response


@router.post("/desk/sign-out")
def sign_out(request: Request, service: Here, session: Write, now: Now) -> Response:
    """End the sign-in of this browser."""
    token = request.cookies.get(deps.STAFF_COOKIE, "")
    devices.sign_out(session, token=token, now=now)
    response = RedirectResponse("/desk/sign-in", status_code=303)
    response.delete_cookie(deps.STAFF_COOKIE, path="/")
    return response
