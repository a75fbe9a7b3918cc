"""The work list: open alerts of the reader's sites, what else waits, how soon alerts are taken on.

A fixed number of queries, whatever is open. Acting is in `alerts`; rule kept: the most urgent rule
comes first, and within a rule what waits longest.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from app.domain.access import ALL_SITES, Actor, Permission, require_anywhere
from app.domain.alerts import URGENCY
from app.domain.study import SiteHours
from app.services.deployment import Deployment
from app.services.site_hours import worked_minutes
from app.store import records, work
from app.store.session import Session
from app.store.tables import Participant
from app.store.work import AlertRow, NoteRow, Waiting

SHOWN_AT_MOST = 100
CLOSED_LATELY = timedelta(days=14)
MEASURED_FOR = timedelta(days=30)
VIEWS = ("all", "mine", "nobody", "closed")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the list is asked for: a view, and one rule or site alone."""

    view: str = "all"
    rule: str = ""
    site: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """An alert as somebody works on it: by which figures, its notes, how long it waits or waited.

    `waited` is to its closing, or to now; `worked_min` the site's own minutes of that. `closing`
    are the words of whoever closed it.
    """

    row: AlertRow
    figures: Mapping[str, Any]
    notes: Sequence[NoteRow]
    waited: timedelta
    worked_min: int
    may_act: bool
    closing: str | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """How soon alerts were acknowledged: the median minutes elapsed and worked, and of how many."""

    n: int = 0
    elapsed_min: float | None = None
    worked_min: float | None = None


@dataclass(frozen=True, kw_only=True)
class Work:
    """The work list as a reader sees it; `left_out` are open alerts beyond those shown.

    `counts` is of each view under the rule and site asked for; `rules` and `sites` are those there
    is anything of.
    """

    tasks: Sequence[Task]
    left_out: int
    counts: Mapping[str, int]
    rules: Sequence[str]
    sites: Sequence[str]
    waiting: Mapping[str, Sequence[Waiting]]
    reaction: Reaction = field(default_factory=Reaction)


def read_work(
    session: Session, *, deployment: Deployment, actor: Actor, wanted: Wanted, now: datetime
) -> Work:
    """Read the work list of the actor's sites; NotAllowed for who sees no trends anywhere."""
    require_anywhere(actor, Permission.SEE_TRENDS)
    sites = actor.sites_with(Permission.SEE_TRENDS)
    opened = work.list_alerts(session, sites)
    kept = [row for row in opened if _is_wanted(row, wanted)]
    views = {view: [row for row in kept if _is_in_view(row, view, actor)] for view in VIEWS[:3]}
    if wanted.view == "closed":
        since = now - CLOSED_LATELY
        closed = work.list_alerts(session, sites, closed_since=since, limit=SHOWN_AT_MOST)
        rows = [row for row in closed if _is_wanted(row, wanted)]
    else:
        rows = sorted(views.get(wanted.view, kept), key=_urgency)
    known_sites = {row.site_id for row in opened}
    waiting: dict[str, list[Waiting]] = {}
    for one in work.list_waiting(session, actor.sites_with(Permission.MANAGE_PARTICIPANT), now):
        waiting.setdefault(one.kind, []).append(one)
    return Work(
        tasks=_tasks(session, deployment, actor, rows[:SHOWN_AT_MOST], now),
        left_out=max(0, len(rows) - SHOWN_AT_MOST),
        counts={view: len(some) for view, some in views.items()},
        rules=[rule for rule in URGENCY if rule in {row.alert.rule for row in opened}],
        sites=sorted(known_sites),
        waiting=waiting,
        reaction=_reaction(session, deployment, sites, now),
    )


def tasks_about(
    session: Session, *, deployment: Deployment, actor: Actor, person: Participant, now: datetime
) -> list[Task]:
    """Read the open alerts about one participant, the most urgent first."""
    rows = work.list_alerts(session, {person.site_id}, participant_id=person.id)
    return _tasks(session, deployment, actor, sorted(rows, key=_urgency), now)


def waiting_about(
    session: Session, *, actor: Actor, person: Participant, now: datetime
) -> Counter[str]:
    """Count what else waits about one participant by kind, for those who see to it."""
    if actor.role_at(Permission.MANAGE_PARTICIPANT, person.site_id) is None:
        return Counter()
    rows = work.list_waiting(session, {person.site_id}, now, participant_id=person.id)
    return Counter(one.kind for one in rows)


def _is_wanted(row: AlertRow, wanted: Wanted) -> bool:
    return wanted.rule in ("", row.alert.rule) and wanted.site in ("", row.site_id)


def _is_in_view(row: AlertRow, view: str, actor: Actor) -> bool:
    if view == "mine":
        return row.alert.owner_id == actor.id
    return view == "all" or row.alert.owner_id is None


def _urgency(row: AlertRow) -> tuple[int, datetime]:
    return URGENCY.index(row.alert.rule), row.alert.raised_at


def _tasks(
    session: Session, deployment: Deployment, actor: Actor, rows: Sequence[AlertRow], now: datetime
) -> list[Task]:
    sites = actor.sites_with(Permission.MANAGE_PARTICIPANT)
    notes = work.list_notes(session, [row.alert.id for row in rows])
    closings = [row.alert.change_id for row in rows if row.alert.closed_at and row.alert.change_id]
    words = records.texts_of(session, closings)
    return [
        Task(
            row=row,
            figures=_figures(row),
            notes=notes.get(row.alert.id, ()),
            waited=(row.alert.closed_at or now) - row.alert.raised_at,
            worked_min=_worked(row, deployment.study.site_hours, now),
            may_act=row.alert.closed_at is None and bool(sites & {row.site_id, ALL_SITES}),
            closing=words.get(row.alert.change_id or "", {}).get("reason", (None, None))[0],
        )
        for row in rows
    ]


def _worked(row: AlertRow, hours: SiteHours, now: datetime) -> int:
    return worked_minutes(row.alert.raised_at, row.alert.closed_at or now, hours)


def _figures(row: AlertRow) -> Mapping[str, Any]:
    """The figures that raised it, as its change says them."""
    if row.body is None:
        return {}
    figures: Mapping[str, Any] = json.loads(row.body)["details"].get("figures", {})
    return figures


def _reaction(
    session: Session, deployment: Deployment, sites: frozenset[str], now: datetime
) -> Reaction:
    pairs = work.list_acknowledged(session, sites, now - MEASURED_FOR)
    if not pairs:
        return Reaction()
    hours = deployment.study.site_hours
    return Reaction(
        len(pairs),
        median((at - raised_at) / timedelta(minutes=1) for raised_at, at in pairs),
        median(worked_minutes(raised_at, at, hours) for raised_at, at in pairs),
    )
