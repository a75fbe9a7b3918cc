"""What every page of the desk carries, and how its forms are read."""

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
    ("/desk/reminders", _("Reminders"), Permission.SEE_COHORT),
    ("/desk/participants/new", _("Enrol"), Permission.ENROL),
)
"""The pages that every page of the desk leads to, and who is led there."""


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
        "may_enrol": desk.actor.may_anywhere(Permission.ENROL),
        "simulated": deployment.demo,
    }
    return page(request, template, {**frame, **values}, lang=lang)


def _nav(desk: AtDesk, path: str) -> list[tuple[str, str, bool]]:
    """Where the reader may go: address, words, whether it is where they are."""
    allowed = [(to, words) for to, words, needs in NAV if desk.actor.may_anywhere(needs)]
    within = [to for to, _words in allowed if f"{path}/".startswith(f"{to}/")]
    here = max(within, key=len, default="")
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


def typed(form: FormFields) -> dict[str, str]:
    """What was typed, to be shown again."""
    return {name: values[0] for name, values in form.items() if values}
