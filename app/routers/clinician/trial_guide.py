"""The data manager's guide at the desk: how to get the data, and what every variable means.

What it says of variables, columns and codes is the dictionary that `/api/v1/metadata` gives.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.domain.access import Permission, require_anywhere
from app.domain.records import Kind
from app.exports.dictionary import Variable, describe, variables
from app.routers.clinician.desk import desk_page
from app.routers.deps import Deployed, Desk

router = APIRouter(include_in_schema=False)


def _(message: str) -> str:
    return message


KINDS = {
    Kind.DIARY: _("Diary day"),
    Kind.DOSE: _("Dose"),
    Kind.SESSION_REPORT: _("Report after a session"),
}


@router.get("/desk/trial-database/guide")
def show_guide(request: Request, deployment: Deployed, desk: Desk) -> Response:
    """Show the guide, with the data dictionary of the study."""
    require_anywhere(desk.actor, Permission.SEE_RECORDS)
    study, lang = deployment.study, desk.lang
    told = describe(study)
    values = {
        "base_url": deployment.base_url,
        "kinds": [
            (kind.value, words, [_said(one, lang) for one in variables(study) if one.kind is kind])
            for kind, words in KINDS.items()
        ],
        "statuses": [(row["number"], code, row[lang]) for code, row in told["statuses"].items()],
        "columns": {
            name: [(code, _values(row), row[lang]) for code, row in columns.items()]
            for name, columns in told["columns"].items()
        },
        "members": [(code, _values(row), row[lang]) for code, row in told["members"].items()],
        "codes": [
            (name, [(code, words[lang]) for code, words in codes.items()])
            for name, codes in told["codes"].items()
        ],
    }
    return desk_page(request, desk, deployment, "clinician/guide.html", values)


def _said(variable: Variable, lang: str) -> dict[str, Any]:
    """A variable as a row of its table."""
    return {
        "name": variable.name,
        "path": variable.path,
        "status": variable.status,
        "label": variable.label[lang],
        "asked": variable.asked,
        "codes": variable.codes,
        "range": _range(variable),
        "aliases": _aliases(variable),
    }


def _range(variable: Variable) -> list[str]:
    """What values it takes: by scale, between bounds, or its type; codes stand in a list apart."""
    if variable.scales:
        return [f"{one.scale}: {one.minimum}–{one.maximum} ({one.unit})" for one in variable.scales]
    if variable.codes:
        return [variable.type]
    unit = f" ({variable.unit})" if variable.unit else ""
    if variable.maximum is not None:
        return [f"{variable.type}, {variable.minimum}–{variable.maximum}{unit}"]
    return [f"{variable.type}{unit}"]


def _aliases(variable: Variable) -> list[str]:
    """Its names elsewhere: LOINC by scale, CDISC."""
    by_scale: Iterable[tuple[str, Mapping[str, str]]] = [
        *(("", alias) for alias in variable.aliases),
        *((f" ({one.scale})", alias) for one in variable.scales for alias in one.aliases),
    ]
    return [
        f"{alias['system']} {alias['code']}{scale}" for scale, alias in by_scale if "code" in alias
    ] + sorted({_findings(alias) for _scale, alias in by_scale if "code" not in alias})


def _findings(alias: Mapping[str, str]) -> str:
    """A name of CDISC's Findings About, without the scale, which the range says."""
    rest = [f"{name} {alias[name]}" for name in ("FATESTCD", "FAOBJ", "FAEVLINT") if name in alias]
    return f"{alias['system']} {', '.join(rest)}"


def _values(row: Mapping[str, Any]) -> tuple[str, str | None]:
    """The type of a column with its unit, and the list of its codes."""
    unit = f" ({row['unit']})" if "unit" in row else ""
    return f"{row['type']}{unit}", row.get("codes")
