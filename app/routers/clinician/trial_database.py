"""The trial database at the desk: who pulls and how far behind, and the keys that let them in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import ALL_SITES, Permission
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.routers.clinician.desk import FormFields, desk_page, typed
from app.routers.deps import (
    AtDesk,
    ConfirmedDesk,
    Desk,
    Form,
    Here,
    Now,
    Read,
    Service,
    Write,
    first,
)
from app.routers.errors import answer, on_refusal
from app.services import heads, keys, pullers
from app.services.pullers import KeyState
from app.store import participants
from app.store.session import Session

router = APIRouter(include_in_schema=False)
PAGE = "/desk/trial-database"
USUAL_DAYS, MOST_DAYS = 365, 730


@router.get("/desk/trial-database")
def show_pullers(request: Request, service: Here, session: Read, desk: Desk, now: Now) -> Response:
    """Show who pulls, how far behind each copy is, and the keys."""
    return _show(request, service, session, desk, now, {})


@router.post("/desk/keys")
def create_key(
    request: Request, service: Here, session: Write, form: Form, desk: ConfirmedDesk, now: Now
) -> Response:
    """Make a key; the answering page shows it, once."""
    _keep_typed(request, service, desk, form)
    keys.require_manager(desk.actor)
    is_token = _is_token(service, form)
    create = keys.create_redcap_token if is_token else keys.create
    key = create(
        session,
        actor=desk.actor,
        new=keys.NewKey(
            label=first(form, "label"),
            sites=tuple(form.get("sites", ())),
            scopes=tuple(form.get("scopes", ())),
            expires_at=now + timedelta(days=_days(form)),
        ),
        now=now,
    )
    return _show_key(request, service, desk, key, first(form, "label"), is_token=is_token)


@router.post("/desk/keys/{key_id}/rotation")
def rotate_key(
    request: Request, key_id: str, service: Here, session: Write, desk: ConfirmedDesk, now: Now
) -> Response:
    """Make the key that takes another's place; the answering page shows it, once."""
    _keep_typed(request, service, desk, {})
    made = keys.rotate(
        session,
        actor=desk.actor,
        key_id=key_id,
        overlap_days=keys.USUAL_OVERLAP_DAYS,
        now=now,
    )
    is_token = not made.key.startswith("diary_")
    return _show_key(
        request, service, desk, made.key, made.label, until=made.until, is_token=is_token
    )


@router.post("/desk/keys/{key_id}/end")
def end_key(
    request: Request, key_id: str, service: Here, session: Write, desk: ConfirmedDesk, now: Now
) -> Response:
    """End a key at once."""
    _keep_typed(request, service, desk, {})
    keys.revoke(session, actor=desk.actor, key_id=key_id, now=now)
    return RedirectResponse(f"{PAGE}#keys", status_code=303)


def _show_key(
    request: Request,
    service: Service,
    desk: AtDesk,
    key: str,
    label: str,
    *,
    is_token: bool,
    until: datetime | None = None,
) -> Response:
    """Show a key once; `until` is how long the one before it holds."""
    zone = zone_named(service.deployment.study.tz)
    values = {
        "key": key,
        "label": label,
        "base_url": service.deployment.base_url,
        "is_token": is_token,
        "until": until and until.astimezone(zone),
    }
    return desk_page(request, desk, service.deployment, "clinician/key.html", values)


def _is_token(service: Service, form: FormFields) -> bool:
    """Whether a token of the REDCap façade is asked for, where there is one."""
    kind = first(form, "kind") or keys.DOOR
    if kind not in (keys.DOOR, keys.REDCAP) or (kind == keys.REDCAP and not service.redcap_facade):
        raise InvalidInput("not_a_choice", field="kind")
    return kind == keys.REDCAP


def _days(form: FormFields) -> int:
    """For how many days a key holds."""
    written = first(form, "days")
    if not written.isascii() or not written.isdigit() or not 1 <= int(written[:5]) <= MOST_DAYS:
        raise InvalidInput("key_days", field="days", refused={"days": written}, most=MOST_DAYS)
    return int(written)


def _keep_typed(request: Request, service: Service, desk: AtDesk, form: FormFields) -> None:
    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        kept = {**typed(form), "sites": form.get("sites", []), "scopes": form.get("scopes", [])}
        refused = {"errors": {error.field or "form": told}, "values": kept}
        with service.database.read() as session:
            return _show(request, service, session, desk, service.clock(), refused)

    on_refusal(request, render)


def _show(
    request: Request,
    service: Service,
    session: Session,
    desk: AtDesk,
    now: datetime,
    refused: Mapping[str, Any],
) -> Response:
    signed_at = heads.last_signed_at(session)
    states = pullers.list_states(session, actor=desk.actor, now=now)
    allowed = desk.actor.sites_with(Permission.MANAGE_KEYS)
    named = {site.id: site.name for site in participants.list_sites(session)}
    values = {
        "states": [_said(state, named, service, now) for state in states],
        "has_late": any(copy.is_late for state in states for copy in state.copies),
        "signed_at": signed_at and signed_at.astimezone(zone_named(service.deployment.study.tz)),
        "unused": [state.key.label for state in states if state.is_unused],
        "may_manage": bool(allowed),
        "sites": [(id_, name) for id_, name in named.items() if allowed & {id_, ALL_SITES}],
        "may_all": ALL_SITES in allowed,
        "scopes": keys.SCOPES,
        "has_redcap": service.redcap_facade,
        "days": USUAL_DAYS,
        "values": {},
        "errors": {},
        **refused,
    }
    return desk_page(request, desk, service.deployment, "clinician/trial_database.html", values)


def _said(
    state: KeyState, named: Mapping[str, str], service: Service, now: datetime
) -> dict[str, Any]:
    """A key and its copies, instants by the study's clock."""
    zone, key = zone_named(service.deployment.study.tz), state.key
    sites = key.sites.split()
    return {
        "id": key.id,
        "label": key.label,
        "sites": [] if ALL_SITES in sites else [named.get(site, site) for site in sites],
        "scopes": ["REDCap"] if key.kind == keys.REDCAP else key.scopes.split(),
        "created_at": key.created_at.astimezone(zone),
        "expires_at": key.expires_at.astimezone(zone),
        "revoked_at": key.revoked_at and key.revoked_at.astimezone(zone),
        "used_at": key.used_at and key.used_at.astimezone(zone),
        "is_over": state.is_over,
        "ends_soon": keys.state_of(key, now) == "ends_soon",
        "copies": [
            {
                "name": copy.name,
                "told_at": copy.told_at.astimezone(zone),
                "behind": copy.after.count,
                "since": copy.after.since and copy.after.since.astimezone(zone),
                "is_late": copy.is_late,
            }
            for copy in state.copies
        ],
    }
