"""The work list: alerts, what else waits, and how soon alerts are taken on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.domain.alerts import URGENCY
from app.routers.clinician.alert_words import AlertWords
from app.routers.clinician.desk import desk_page
from app.routers.clinician.words import REASONS, Words
from app.routers.deps import AtDesk, Deployed, Desk, Now, Read
from app.services.deployment import Deployment
from app.services.pullers import late_for
from app.services.work import VIEWS, Wanted, Work, read_work
from app.store.session import Session

router = APIRouter(include_in_schema=False)


def _(message: str) -> str:
    return message


VIEW_WORDS = {
    "all": _("Open alerts"),
    "mine": _("Mine"),
    "nobody": _("Nobody's yet"),
    "closed": _("Closed lately"),
}
View = Annotated[str, Query(alias="show")]
Rule = Annotated[str, Query(alias="rule", max_length=24)]
AtSite = Annotated[str, Query(alias="site", max_length=32)]


@router.get("/desk/work")
def show_work(
    request: Request,
    deployment: Deployed,
    session: Read,
    desk: Desk,
    now: Now,
    view: View = "all",
    rule: Rule = "",
    site: AtSite = "",
) -> Response:
    """Show the alerts of the reader's sites, and what else waits there."""
    return show(request, desk, deployment, session, read_wanted(view, rule, site), now)


def read_wanted(view: str, rule: str, site: str) -> Wanted:
    """What an address or a form asks for; what it cannot ask for is left out."""
    return Wanted(view if view in VIEWS else "all", rule if rule in URGENCY else "", site)


def address(wanted: Wanted, **changes: str) -> str:
    """The address of the list with a filter, another one, or none."""
    asked = {"show": wanted.view, "rule": wanted.rule, "site": wanted.site} | changes
    kept = {name: value for name, value in asked.items() if value not in ("", "all")}
    return f"/desk/work?{urlencode(kept)}" if kept else "/desk/work"


def show(
    request: Request,
    desk: AtDesk,
    deployment: Deployment,
    session: Session,
    wanted: Wanted,
    now: datetime,
    refused: Mapping[str, Any] | None = None,
) -> Response:
    """Answer with the list."""
    found = read_work(session, deployment=deployment, actor=desk.actor, wanted=wanted, now=now)
    words = Words(deployment.study, desk.lang)
    values = {
        "wanted": wanted,
        "alerts": [AlertWords(words).said(task, desk.actor.id) for task in found.tasks],
        "left_out": found.left_out,
        **_filters(found, wanted, words),
        "waiting": {kind: _codes(found, kind) for kind in ("set_aside", "request", "query")},
        "calls": len(found.waiting.get("call", ())),
        "late_copies": len(late_for(session, actor=desk.actor, now=now)),
        "reaction": found.reaction,
        "spans": _spans(found, AlertWords(words)),
        "errors": {},
        "values": {},
        **(refused or {}),
    }
    return desk_page(request, desk, deployment, "clinician/work.html", values)


def _filters(found: Work, wanted: Wanted, words: Words) -> dict[str, Any]:
    """The filters: address, words, count (None where none is known), whether it is the present."""
    views = [
        (address(wanted, show=v), words.say(VIEW_WORDS, v), found.counts.get(v), v == wanted.view)
        for v in VIEWS
    ]
    rules = [
        (address(wanted, rule=r), words.say(REASONS, r), r == wanted.rule) for r in found.rules
    ]
    sites = [(address(wanted, site=s), s, s == wanted.site) for s in found.sites]
    return {
        "views": views,
        "rules": [(address(wanted, rule=""), None, not wanted.rule), *rules] if rules else [],
        "sites": [(address(wanted, site=""), None, not wanted.site), *sites]
        if len(sites) > 1 or wanted.site
        else [],
    }


def _codes(found: Work, kind: str) -> list[tuple[str, int]]:
    """Whose it is that waits, the longest waiting first, and how much of it."""
    counts: dict[str, int] = {}
    for one in found.waiting.get(kind, ()):
        counts[one.study_code] = counts.get(one.study_code, 0) + 1
    return list(counts.items())


def _spans(found: Work, words: AlertWords) -> tuple[str, str]:
    """The median time to acknowledge in words: elapsed, and worked."""
    reaction = found.reaction
    if reaction.elapsed_min is None or reaction.worked_min is None:
        return "", ""
    return words.span(reaction.elapsed_min), words.span(reaction.worked_min, is_work=True)
