"""The cohort's table: who needs a call first; filters and order stand in the address."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.charts import legend
from app.domain.access import Permission
from app.domain.participant import State
from app.routers.clinician.desk import desk_page, first_page
from app.routers.clinician.pictures import CohortLine, cohort_line
from app.routers.clinician.words import CAUSES, STATES, SYMBOLS, Words
from app.routers.deps import AtDesk, Deployed, Desk, Now, Read
from app.services.cohorts import COHORT_DAYS, CohortRow, read_cohort
from app.services.deployment import Deployment
from app.services.pullers import late_for
from app.services.totals import Totals, total
from app.store.session import Session

router = APIRouter(include_in_schema=False)


def _(message: str) -> str:
    return message


_IN_DIARY = (State.INVITED, State.ENROLLED)
_Test = Callable[[CohortRow], bool]
FILTERS: dict[str, tuple[str, _Test]] = {
    "all": (_("Everybody"), lambda row: True),
    "call": (_("Needs a call"), lambda row: bool(row.reasons or row.undecided)),
    "diary": (_("In the diary"), lambda row: row.person.state in _IN_DIARY),
    "paused": (_("Paused"), lambda row: row.person.state == State.PAUSED),
    "over": (_("Over"), lambda row: row.person.state not in (*_IN_DIARY, State.PAUSED)),
}
_Key = Callable[[CohortRow], Any]
ORDERS: dict[str, tuple[str, _Key]] = {
    "call": (
        _("needs a call first"),
        lambda row: (-len(row.reasons), -row.undecided, row.person.study_code),
    ),
    "code": (_("study code"), lambda row: row.person.study_code),
    "entry": (
        _("longest without entry"),
        lambda row: (row.last_entry_on is not None, row.last_entry_on, row.person.study_code),
    ),
    "adherence": (
        _("lowest adherence"),
        lambda row: (row.adherence.pct is None, row.adherence.pct, row.person.study_code),
    ),
    "session": (
        _("next session"),
        lambda row: (row.next_session is None, row.next_session and row.next_session[1]),
    ),
}
Filter = Annotated[str, Query(alias="show")]
Order = Annotated[str, Query(alias="order")]
AtSite = Annotated[str, Query(alias="site", max_length=32)]


@router.get("/desk")
def show_cohort(
    request: Request,
    deployment: Deployed,
    session: Read,
    desk: Desk,
    now: Now,
    shown: Filter = "all",
    order: Order = "call",
    site: AtSite = "",
) -> Response:
    """Show the participants of the reader's sites; lead on whoever has other work here."""
    if not desk.actor.may_anywhere(Permission.SEE_COHORT):
        return RedirectResponse(first_page(desk), status_code=303)
    everybody = read_cohort(session, deployment=deployment, actor=desk.actor, now=now)
    places = sorted({row.person.site_id for row in everybody})
    rows = [row for row in everybody if site in ("", row.person.site_id)]
    shown = shown if shown in FILTERS else "all"
    order = order if order in ORDERS else "call"
    words = Words(deployment.study, desk.lang)
    sites = desk.actor.sites_with(Permission.SEE_TRENDS)
    found = total(session, deployment, rows, sites)
    values = {
        "totals": found,
        "causes": [(words.say(CAUSES, cause), n) for cause, n in found.causes.most_common()],
        "flags": _flags(found, deployment),
        "sites": ["", *places] if len(places) > 1 or site else [],
        "site": site,
        "window_days": COHORT_DAYS,
        "lines": _lines(rows, shown, order, words, sites),
        "filters": [(code, label, _count(rows, code)) for code, (label, _test) in FILTERS.items()],
        "orders": [(code, label) for code, (label, _key) in ORDERS.items()],
        "shown": shown,
        "order": order,
        "states": {code: words.say(STATES, code) for code in STATES},
        "keys": [(shape, words.symbol(n)) for n, shape in legend.diary_keys([*SYMBOLS]).items()],
        "target": deployment.study.adherence_target,
        "late_copies": _late_copies(session, desk, now),
    }
    return desk_page(request, desk, deployment, "clinician/cohort.html", values)


def _late_copies(session: Session, desk: AtDesk, now: datetime) -> int:
    """How many copies are behind, for who watches over them and has no work list."""
    if desk.actor.may_anywhere(Permission.SEE_TRENDS):
        return 0
    return len(late_for(session, actor=desk.actor, now=now))


def _flags(found: Totals, deployment: Deployment) -> list[tuple[str, int]]:
    """How many reached each flag of a response."""
    flags, some = deployment.study.flags, found.evaluable
    return [
        (f"≥ {flags.moderate_percent} %", sum(bool(one.is_moderate) for one in some)),
        (f"≥ {flags.substantial_percent} %", sum(bool(one.is_substantial) for one in some)),
        ("points", sum(bool(one.is_meaningful) for one in some)),
    ]


def _lines(
    rows: Sequence[CohortRow], shown: str, order: str, words: Words, sites: frozenset[str]
) -> list[CohortLine]:
    kept = sorted(filter(FILTERS[shown][1], rows), key=ORDERS[order][1])
    return [
        cohort_line(row, words, with_trend=bool(sites & {row.person.site_id, "*"})) for row in kept
    ]


def _count(rows: Sequence[CohortRow], shown: str) -> int:
    return sum(map(FILTERS[shown][1], rows))
