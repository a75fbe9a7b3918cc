"""Accounts and their rights, for admins: who is there, inviting, roles, keeping somebody out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Role
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.routers.clinician.desk import FormFields, desk_page, read_date, typed
from app.routers.clinician.staff_words import StaffWords
from app.routers.deps import AtDesk, ConfirmedDesk, Form, Here, Now, Read, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import grants, invitations, rights
from app.services.grants import NewGrant
from app.services.invitations import LINK_LIVES, Invited
from app.store import staff
from app.store.session import Session

router = APIRouter(include_in_schema=False)
Page = Annotated[int, Query(ge=1, le=10_000)]


@router.get("/desk/accounts")
def show_accounts(
    request: Request, service: Here, session: Read, desk: ConfirmedDesk, now: Now, page: Page = 1
) -> Response:
    """List the accounts and the invitations that wait, with the form to invite."""
    return _list_page(request, service, session, desk, now, page, {})


@router.post("/desk/accounts")
def invite(
    request: Request, service: Here, session: Write, form: Form, desk: ConfirmedDesk, now: Now
) -> Response:
    """Invite a person; the answering page shows the link, once."""
    grants.require_admin(desk.actor)

    def render(error: DomainError, told: str) -> Response:
        refused = {"errors": {error.field or "form": told}, "values": typed(form)}
        with service.database.read() as again:
            return _list_page(request, service, again, desk, now, 1, refused)

    on_refusal(request, render)
    new = Invited(
        login=first(form, "login"),
        name=first(form, "name"),
        organisation=first(form, "organisation"),
        language=first(form, "language") or desk.lang,
        grant=_read_grant(form),
    )
    link = invitations.invite(
        session, deployment=service.deployment, actor=desk.actor, new=new, now=now
    )
    return _link_page(request, service, desk, link, new.name, now)


@router.get("/desk/accounts/{staff_id}")
def show_account(
    request: Request, staff_id: str, service: Here, session: Read, desk: ConfirmedDesk, now: Now
) -> Response:
    """Show one account with the history of its roles."""
    return _account_page(request, service, session, desk, staff_id, now, {})


@router.post("/desk/accounts/{staff_id}/grants")
def add_grant(
    request: Request,
    staff_id: str,
    service: Here,
    session: Write,
    form: Form,
    desk: ConfirmedDesk,
    now: Now,
) -> Response:
    """Give an account a further role."""
    _keep_typed(request, service, desk, staff_id, form, now)
    grants.require_admin(desk.actor)
    grants.add_grant(
        session,
        deployment=service.deployment,
        actor=desk.actor,
        staff_id=staff_id,
        new=_read_grant(form),
        now=now,
    )
    return _back(staff_id)


@router.post("/desk/accounts/{staff_id}/grants/{grant_id}/end")
def end_grant(
    request: Request,
    staff_id: str,
    grant_id: int,
    service: Here,
    session: Write,
    desk: ConfirmedDesk,
    now: Now,
) -> Response:
    """End a role now."""
    _keep_typed(request, service, desk, staff_id, {}, now)
    grants.end_grant(session, actor=desk.actor, staff_id=staff_id, grant_id=grant_id, now=now)
    return _back(staff_id)


@router.post("/desk/accounts/{staff_id}/disable")
def disable(
    request: Request, staff_id: str, service: Here, session: Write, desk: ConfirmedDesk, now: Now
) -> Response:
    """Keep an account out, at once."""
    _keep_typed(request, service, desk, staff_id, {}, now)
    grants.disable(session, actor=desk.actor, staff_id=staff_id, now=now)
    return _back(staff_id)


@router.post("/desk/accounts/{staff_id}/enable")
def enable(
    request: Request, staff_id: str, service: Here, session: Write, desk: ConfirmedDesk, now: Now
) -> Response:
    """Let an account in again, without any role."""
    _keep_typed(request, service, desk, staff_id, {}, now)
    grants.enable(session, actor=desk.actor, staff_id=staff_id, now=now)
    return _back(staff_id)


@router.post("/desk/accounts/{staff_id}/link")
def invite_back(
    request: Request, staff_id: str, service: Here, session: Write, desk: ConfirmedDesk, now: Now
) -> Response:
    """Make a link for somebody who lost password or authenticator; it is shown once."""
    _keep_typed(request, service, desk, staff_id, {}, now)
    link = invitations.invite_back(
        session, deployment=service.deployment, actor=desk.actor, staff_id=staff_id, now=now
    )
    held = staff.find_account(session, staff_id)
    return _link_page(request, service, desk, link, held.name if held else "", now, staff_id)


def _back(staff_id: str) -> Response:
    return RedirectResponse(f"/desk/accounts/{staff_id}", status_code=303)


def _read_grant(form: FormFields) -> NewGrant:
    try:
        role = Role(first(form, "role"))
    except ValueError:
        raise InvalidInput("not_a_choice", field="role") from None
    if not first(form, "site"):
        raise InvalidInput("not_a_choice", field="site")
    until_on = read_date(form, "until_on", needed=False)
    return NewGrant(role=role, site=first(form, "site"), until_on=until_on)


def _keep_typed(
    request: Request, service: Service, desk: AtDesk, staff_id: str, form: FormFields, now: datetime
) -> None:
    """Let a refused form answer with the account's page."""

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        refused = {"errors": {error.field or "grants": told}, "values": typed(form)}
        with service.database.read() as session:
            return _account_page(request, service, session, desk, staff_id, now, refused)

    on_refusal(request, render)


def _list_page(
    request: Request,
    service: Service,
    session: Session,
    desk: AtDesk,
    now: datetime,
    number: int,
    refused: Mapping[str, Any],
) -> Response:
    deployment = service.deployment
    found, has_more = grants.list_accounts(session, actor=desk.actor, page=number)
    waiting = grants.list_invitations(session, actor=desk.actor, now=now)
    said = StaffWords(session, deployment, desk.lang, now)
    values = {
        "accounts": [said.account(one) for one in found],
        "waiting": [said.invitation(one) for one in waiting],
        "number": number,
        "has_more": has_more,
        "languages": deployment.study.languages,
        **said.choices(),
        "errors": {},
        "values": {},
        **refused,
    }
    return desk_page(request, desk, deployment, "clinician/accounts.html", values)


def _account_page(
    request: Request,
    service: Service,
    session: Session,
    desk: AtDesk,
    staff_id: str,
    now: datetime,
    refused: Mapping[str, Any],
) -> Response:
    deployment = service.deployment
    account = grants.read_account(session, actor=desk.actor, staff_id=staff_id)
    said = StaffWords(session, deployment, desk.lang, now)
    told = rights.tell(session, [(one, account.staff) for one in reversed(account.grants)])
    values = {
        "account": said.account(account),
        "grants": [said.held(one) for one in told],
        "is_own": account.staff.id == desk.actor.id,
        **said.choices(),
        "errors": {},
        "values": {},
        **refused,
    }
    return desk_page(request, desk, deployment, "clinician/account_of.html", values)


def _link_page(
    request: Request,
    service: Service,
    desk: AtDesk,
    link: str,
    name: str,
    now: datetime,
    staff_id: str = "",
) -> Response:
    zone = zone_named(service.deployment.study.tz)
    values = {
        "link": link,
        "name": name,
        "until": (now + LINK_LIVES).astimezone(zone),
        "back": f"/desk/accounts/{staff_id}" if staff_id else "/desk/accounts",
        "is_return": bool(staff_id),
    }
    return desk_page(request, desk, service.deployment, "clinician/invitation.html", values)
