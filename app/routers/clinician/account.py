"""One's own account: password, recovery codes, passkeys, language, the digest, other sign-ins."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.errors import DomainError, InvalidInput
from app.routers import deps
from app.routers.clinician.desk import FormFields, desk_page, typed
from app.routers.clinician.staff_words import StaffWords
from app.routers.deps import AtDesk, ConfirmedDesk, Desk, Form, Here, Now, Service, Write, first
from app.routers.errors import on_refusal
from app.services import accounts, ceremonies, own_account, recovery, staff_passkeys
from app.services.own_account import OwnSignIn
from app.store import staff

router = APIRouter(include_in_schema=False)
By = Annotated[str, Query(alias="by")]
_SECRET = ("present", "password", "password_again")


@router.get("/desk/account")
def show_own(request: Request, service: Here, desk: Desk, now: Now, by: By = "") -> Response:
    """Show one's own account."""
    return own_page(request, service, desk, now, {"by_recovery": by == "recovery"})


@router.post("/desk/account/password")
def change_password(
    request: Request, service: Here, session: Write, form: Form, desk: Desk, now: Now
) -> Response:
    """Change the password; the present one is asked for, and only this browser stays signed in."""
    _keep_typed(request, service, desk, form, now)
    password = first(form, "password")
    if password != first(form, "password_again"):
        raise InvalidInput("password_differs", field="password_again")
    own_account.change_password(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        present=first(form, "present"),
        password=password,
        now=now,
    )
    own_account.end_other_sign_ins(session, actor=desk.actor, token=_token(request), now=now)
    return _back("password")


@router.post("/desk/account/language")
def change_language(
    request: Request, service: Here, session: Write, form: Form, desk: Desk, now: Now
) -> Response:
    """Change the language of one's pages."""
    _keep_typed(request, service, desk, form, now)
    own_account.change_language(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        language=first(form, "language"),
        now=now,
    )
    return _back("language")


@router.post("/desk/account/email")
def change_email(
    request: Request, service: Here, session: Write, form: Form, desk: Desk, now: Now
) -> Response:
    """Change where the daily digest goes."""
    _keep_typed(request, service, desk, form, now)
    own_account.change_email(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        email=first(form, "email"),
        now=now,
    )
    return _back("email")


@router.post("/desk/account/codes")
def make_codes(
    request: Request, service: Here, session: Write, desk: ConfirmedDesk, now: Now
) -> Response:
    """Make new recovery codes, and show them once."""
    codes = recovery.renew_own(session, deployment=service.deployment, actor=desk.actor, now=now)
    values = {"codes": codes, "login": desk.staff.login}
    return desk_page(request, desk, service.deployment, "clinician/codes.html", values)


@router.post("/desk/account/sign-ins/end")
def end_other_sign_ins(request: Request, session: Write, desk: Desk, now: Now) -> Response:
    """Sign out everywhere but here."""
    own_account.end_other_sign_ins(session, actor=desk.actor, token=_token(request), now=now)
    return _back("sign-ins")


@router.post("/desk/account/sign-ins/{sign_in_id}/end")
def end_sign_in(sign_in_id: str, session: Write, desk: Desk, now: Now) -> Response:
    """Sign out of one browser."""
    own_account.end_sign_in(session, actor=desk.actor, sign_in_id=sign_in_id, now=now)
    return _back("sign-ins")


def _token(request: Request) -> str:
    return request.cookies.get(deps.STAFF_COOKIE, "")


def own_page(
    request: Request,
    service: Service,
    desk: AtDesk,
    now: datetime,
    more: Mapping[str, Any] | None = None,
) -> Response:
    """The page of one's own account; `more` says what was refused, or how one came in."""
    deployment = service.deployment
    with service.database.read() as session:
        own = own_account.read_own(
            session, deployment=deployment, actor=desk.actor, token=_token(request), now=now
        )
        passkeys = staff_passkeys.list_own(session, actor=desk.actor)
        said = StaffWords(session, deployment, desk.lang, now)
        held = staff.list_grants(session, [desk.actor.id])
    values = {
        "login": desk.staff.login,
        "organisation": desk.staff.organisation,
        "roles": [one for one in map(said.grant, held) if one["is_live"]],
        "own": own,
        "sign_ins": [_shown(one, said) for one in own.sign_ins],
        "passkeys": [
            {
                "id": one.credential_id,
                "made": said.local(one.created_at),
                "used": said.local(one.used_at),
            }
            for one in passkeys
        ],
        "has_passkeys": ceremonies.find_party(deployment) is not None,
        "is_confirmed": accounts.is_confirmed(desk.confirmed_at, now),
        "characters": accounts.PASSWORD_LENGTH,
        "by_recovery": False,
        "errors": {},
        "values": {"email": own.email, "language": desk.staff.language},
        **(more or {}),
    }
    return desk_page(request, desk, deployment, "clinician/account.html", values)


def _shown(one: OwnSignIn, said: StaffWords) -> dict[str, Any]:
    begun, seen = said.local(one.begun_at), said.local(one.seen_at)
    return {"id": one.id, "begun": begun, "seen": seen, "is_here": one.is_here}


def keep_refusal(request: Request, service: Service, desk: AtDesk, now: datetime) -> None:
    """Let a refusal answer with the page of the account."""
    _keep_typed(request, service, desk, {}, now)


def _keep_typed(
    request: Request, service: Service, desk: AtDesk, form: FormFields, now: datetime
) -> None:
    def render(error: DomainError, told: str) -> Response:
        kept = {name: value for name, value in typed(form).items() if name not in _SECRET}
        refused = {"errors": {error.field or "form": told}}
        if kept:
            refused["values"] = {"email": "", "language": desk.staff.language, **kept}
        return own_page(request, service, desk, now, refused)

    on_refusal(request, render)


def _back(part: str) -> Response:
    return RedirectResponse(f"/desk/account#{part}", status_code=303)
