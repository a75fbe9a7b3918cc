"""The formulary at the desk: searched by name, a box added, one taken out of the choice."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.domain.access import Permission, require_anywhere
from app.domain.errors import DomainError, InvalidInput, NotAllowed
from app.domain.study.formulary import Opioid
from app.routers.clinician.desk import FormFields, desk_page, typed
from app.routers.clinician.formulary_words import label_of
from app.routers.deps import AtDesk, Desk, Form, Here, Now, Service, Write, first
from app.routers.errors import answer, on_refusal
from app.services import formularies
from app.services.formularies import NewBox

router = APIRouter(include_in_schema=False)
SHOWN_AT_ONCE = 30


@router.get("/desk/formulary")
def show_formulary(
    request: Request, service: Here, desk: Desk, q: Annotated[str, Query(max_length=80)] = ""
) -> Response:
    """Show the boxes whose name or ingredient holds what is looked for."""
    require_anywhere(desk.actor, Permission.EDIT_FORMULARY)
    return _page(request, service, desk, q)


@router.post("/desk/formulary")
def add_box(
    request: Request, service: Here, session: Write, form: Form, desk: Desk, now: Now
) -> Response:
    """Add a box."""
    _keep_typed(request, service, desk, form)
    require_anywhere(desk.actor, Permission.EDIT_FORMULARY)
    new = NewBox(
        name=first(form, "name"),
        ingredient=first(form, "ingredient"),
        strength=first(form, "strength"),
        unit=first(form, "unit"),
        route=first(form, "route"),
        mg_per_unit=_read_amount(form, "mg_per_unit"),
        opioid=first(form, "opioid") or None,
        ug_per_h=_read_amount(form, "ug_per_h"),
    )
    formularies.add_box(session, deployment=service.deployment, actor=desk.actor, new=new, now=now)
    return RedirectResponse(f"/desk/formulary?{urlencode({'q': new.name})}", status_code=303)


@router.post("/desk/formulary/{box_code}/removal")
def take_out(
    request: Request, box_code: str, service: Here, session: Write, desk: Desk, now: Now
) -> Response:
    """Take a box out of the choice."""
    _keep_typed(request, service, desk, {})
    formularies.take_out(
        session, deployment=service.deployment, actor=desk.actor, code=box_code, now=now
    )
    return RedirectResponse("/desk/formulary", status_code=303)


def _keep_typed(request: Request, service: Service, desk: AtDesk, form: FormFields) -> None:
    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotAllowed):
            return answer(request, error)
        refused = {"errors": {error.field or "form": told}, "values": typed(form)}
        return _page(request, service, desk, "", refused)

    on_refusal(request, render)


def _page(
    request: Request,
    service: Service,
    desk: AtDesk,
    query: str,
    refused: Mapping[str, Any] | None = None,
) -> Response:
    study, lang = service.deployment.study, desk.lang
    with service.database.read() as session:
        formulary = formularies.read_formulary(session, study)
        own = formularies.own_codes(session)
    sought = query.casefold().split()
    found = [
        {
            "code": box.code,
            "label": label_of(formulary, box, lang),
            "inn": box.inn.in_(lang),
            "route": formulary.routes[box.route].in_(lang),
            "opioid": next((part.opioid for part in box.ingredients if part.opioid), ""),
            "is_own": box.code in own,
        }
        for box in formulary.medicines
        if _holds(f"{box.name} {box.strength} {box.inn.in_(lang)}".casefold(), sought)
    ]
    found.sort(key=lambda box: (not box["is_own"], str(box["label"]).casefold()))
    values = {
        "query": query,
        "found": found[:SHOWN_AT_ONCE],
        "count": len(found),
        "units": [(code, unit.one.in_(lang)) for code, unit in formulary.units.items()],
        "routes": [(code, route.in_(lang)) for code, route in formulary.routes.items()],
        "opioids": [(code, code) for code in get_args(Opioid)],
        "errors": {},
        "values": {},
        **(refused or {}),
    }
    return desk_page(request, desk, service.deployment, "clinician/formulary.html", values)


def _holds(words: str, sought: list[str]) -> bool:
    return all(word in words for word in sought)


def _read_amount(form: FormFields, name: str) -> Decimal | None:
    """Read an amount exactly as it was written; None when it is empty."""
    written = first(form, name).replace(",", ".")
    try:
        amount = Decimal(written) if written else None
    except InvalidOperation:
        raise InvalidInput("not_a_number", field=name, refused={name: written}) from None
    if amount is not None and not (amount.is_finite() and 0 < amount < 100_000):
        raise InvalidInput("not_a_number", field=name, refused={name: written})
    return amount
