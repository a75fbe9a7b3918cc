"""The desk's door: password and TOTP in one form, and the way out."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.rendering import page
from app.routers import deps
from app.routers.deps import Form, Here, Lang, MaybeStaff, Now, Write, first
from app.routers.errors import on_refusal
from app.services import accounts, ceremonies, devices, recovery
from app.services.deployment import Deployment

router = APIRouter(include_in_schema=False)
Next = Annotated[str, Query(alias="next")]


def safe_next(target: str, default: str) -> str:
    """A path on this site to go on to; anything else becomes the default."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and "\\" not in target and target.isprintable() else default


def sign_in_form(
    request: Request,
    deployment: Deployment,
    lang: str,
    target: str,
    *,
    login: str = "",
    error: str = "",
    was_idle: bool = False,
) -> Response:
    """The page of the desk's door; `error` is the sentence of a refusal."""
    values = {
        "next": safe_next(target, "/desk"),
        "login": login,
        "error": error,
        "idle_minutes": accounts.SIGNED_IN_FOR.seconds // 60 if was_idle else None,
        "passkey": ceremonies.find_party(deployment) is not None,
        "demo": deployment.demo,
        "study_title": deployment.study.title.in_(lang),
    }
    return page(request, "auth/sign_in.html", values, lang=lang)


@router.get("/desk/sign-in")
def sign_in_page(
    request: Request,
    service: Here,
    found: MaybeStaff,
    lang: Lang,
    now: Now,
    target: Next = "/desk",
) -> Response:
    """Show the form, or go on when someone is signed in already."""
    if found is not None:
        return RedirectResponse(safe_next(target, "/desk"), status_code=303)
    token, was_idle = request.cookies.get(deps.STAFF_COOKIE), False
    if token:
        with service.database.read() as session:
            was_idle = accounts.was_idle(session, token=token, now=now)
    return sign_in_form(request, service.deployment, lang, target, was_idle=was_idle)


@router.post("/desk/sign-in", dependencies=[deps.paced("desk", deps.AT_THE_DESK)])
def sign_in(
    request: Request, service: Here, session: Write, form: Form, now: Now, lang: Lang
) -> Response:
    """Sign in; the refusal keeps the login and says nothing about which part was wrong.

    Whoever came in by a recovery code is led to their account, which says how many are left.
    """
    deployment, login, target = service.deployment, first(form, "login"), first(form, "next")

    def render(_: Exception, told: str) -> Response:
        return sign_in_form(request, deployment, lang, target, login=login, error=told)

    on_refusal(request, render)
    recovery_code = first(form, "recovery")
    verb = recovery.sign_in if recovery_code else accounts.sign_in
    token = verb(
        session,
        deployment=deployment,
        login=login,
        password=first(form, "password"),
        code=recovery_code or first(form, "code"),
        now=now,
    )
    onward = "/desk/account?by=recovery" if recovery_code else safe_next(target, "/desk")
    response = RedirectResponse(onward, status_code=303)
    deps.open_desk(response, service, token)
    return response


@router.post("/desk/sign-out")
def sign_out(request: Request, service: Here, session: Write, now: Now) -> Response:
    """End the sign-in of this browser."""
    token = request.cookies.get(deps.STAFF_COOKIE, "")
    devices.sign_out(session, token=token, now=now)
    response = RedirectResponse("/desk/sign-in", status_code=303)
    response.delete_cookie(deps.STAFF_COOKIE, path="/")
    return response
