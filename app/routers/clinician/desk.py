"""What every page of the desk carries, and how its forms are read."""

import math
from collections.abc import Mapping
from datetime import date, time
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.domain.access import Permission
from app.domain.errors import InvalidInput
from app.rendering import page
from app.routers.deps import AtDesk, first
from app.services.deployment import Deployment

FormFields = dict[str, list[str]]


def _(message: str) -> str:
    return message


NAV: tuple[tuple[str, str, Permission], ...] = (
    ("/desk", _("Cohort"), Permission.SEE_COHORT),
    ("/desk/work", _("Work list"), Permission.SEE_TRENDS),
    ("/desk/reminders", _("Reminders"), Permission.SEE_COHORT),
    ("/desk/participants/new", _("Enrol"), Permission.ENROL),
    ("/desk/set-aside", _("Set aside"), Permission.SEE_RECORDS),
    ("/desk/queries", _("Queries"), Permission.SEE_RECORDS),
    ("/desk/formulary", _("Formulary"), Permission.EDIT_FORMULARY),
    ("/desk/trail", _("Trail"), Permission.READ_TRAIL),
    ("/desk/trial-database", _("Trial database"), Permission.SEE_RECORDS),
    ("/desk/accounts", _("Accounts"), Permission.MANAGE_ACCOUNTS),
    ("/desk/access", _("Access"), Permission.SEE_RIGHTS),
    ("/desk/operations", _("Operations"), Permission.SEE_OPERATIONS),
)
"""The pages that every page of the desk leads to, and who is led there; the most used first."""
IN_VIEW = 5
"""So many of them stand in a row; what is more lies under one word."""


def desk_page(
    request: Request,
    desk: AtDesk,
    deployment: Deployment,
    template: str,
    values: Mapping[str, Any],
    *,
    lang: str | None = None,
) -> HTMLResponse:
    """Answer with a page of the desk, in the language of the reader or in the one given."""
    lang = lang or desk.lang
    frame = {
        "study": deployment.study,
        "staff": desk.staff.name,
        "nav": _nav(desk, request.url.path),
        "in_view": IN_VIEW,
        "may_enrol": desk.actor.may_anywhere(Permission.ENROL),
        "simulated": deployment.demo,
    }
    return page(request, template, {**frame, **values}, lang=lang)


def first_page(desk: AtDesk) -> str:
    """The first page of the desk that somebody may see; their own account when there is none."""
    allowed = (to for to, _words, needs in NAV if desk.actor.may_anywhere(needs))
    return next(allowed, "/desk/account")


def _nav(desk: AtDesk, path: str) -> list[tuple[str, str, bool]]:
    """Where the reader may go: address, words, whether it is where they are."""
    allowed = [(to, words) for to, words, needs in NAV if desk.actor.may_anywhere(needs)]
    within = [to for to, _words in allowed if f"{path}/".startswith(f"{to}/")]
    here = max(within, key=len, default="")
    if here == "/desk" != path and not path.startswith("/desk/participants/"):
        here = ""  # every page lies below the cohort's, and few belong to it
    return [(to, words, to == here) for to, words in allowed]


def read_date(form: FormFields, name: str, *, needed: bool = True) -> date | None:
    """Read a date field; InvalidInput when it is no date, or when a needed one is empty."""
    typed = first(form, name)
    if not typed:
        if needed:
            raise InvalidInput("field_missing", field=name)
        return None
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise InvalidInput("not_a_date", field=name, refused={name: typed}) from None


def read_needed_date(form: FormFields, name: str) -> date:
    """Read a date that must be there."""
    found = read_date(form, name)
    if found is None:
        raise InvalidInput("field_missing", field=name)
    return found


def read_time(form: FormFields, name: str) -> time | None:
    """Read a time of day; None when it is empty."""
    typed = first(form, name)
    try:
        return time.fromisoformat(typed) if typed else None
    except ValueError:
        raise InvalidInput("not_a_time", field=name, refused={name: typed}) from None


def read_number(form: FormFields, name: str) -> float:
    """Read a number with a comma or a point; 0 when it is empty."""
    typed = first(form, name).replace(",", ".")
    try:
        value = float(typed or 0)
    except ValueError:
        raise InvalidInput("not_a_number", field=name, refused={name: typed}) from None
    if not 0 <= value <= 200 or (value * 2) % 1:
        raise InvalidInput("units_in_halves", field=name, refused={name: typed})
    return value


def read_decimal(form: FormFields, name: str) -> float | None:
    """Read a decimal number with a comma or a point; None when it is empty."""
    typed = first(form, name).replace(",", ".")
    try:
        value = float(typed) if typed else None
    except ValueError:
        raise InvalidInput("not_a_number", field=name, refused={name: typed}) from None
    if value is not None and not math.isfinite(value):
        raise InvalidInput("not_a_number", field=name, refused={name: typed})
    return value


def typed(form: FormFields) -> dict[str, str]:
    """What was typed, to be shown again."""
    return {name: values[0] for name, values in form.items() if values}
