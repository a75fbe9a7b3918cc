"""The page of one participant: what is read for it, how it is put together, how it keeps a refusal.

The handlers of its forms are in `participant` and `care`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from app.domain.access import Actor, Permission
from app.domain.diary_day import zone_named
from app.domain.errors import DomainError, NotAllowed, NotFound
from app.domain.figures import AIM_S, FACTOR_TABLE, Length, cause_of
from app.routers.clinician import pictures
from app.routers.clinician.alert_words import AlertWords
from app.routers.clinician.desk import FormFields, typed
from app.routers.clinician.person import person_page
from app.routers.clinician.reminder_words import Moments, said_reach
from app.routers.clinician.summary import summarise
from app.routers.clinician.words import CAUSES, LENGTHS, Words
from app.routers.deps import AtDesk, Service
from app.routers.errors import answer, on_refusal
from app.services import clinic_measures, reachability, signoff, work
from app.services.deployment import Deployment
from app.services.reachability import Reachability
from app.services.trends import Trend, read_trend
from app.services.work import Task
from app.store.session import Session
from app.store.signoffs import SignOffRow

PERIODS = (30, 90)
LONG = 120
"""From so many days on, a page shows the latest 90 unless it is asked for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Everything that the page of a participant shows, as it stood at `now`.

    `asks_first` is the visit day on which it shows a question instead, to who must not be biased.
    """

    trend: Trend
    reach: Reachability
    alerts: Sequence[Task]
    waiting: Mapping[str, int]
    asks_first: date | None
    signed: tuple[SignOffRow, bool] | None
    now: datetime


def read_seen(
    session: Session, *, deployment: Deployment, actor: Actor, study_code: str, now: datetime
) -> Seen:
    """Read one participant for the page; NotFound out of scope, NotAllowed within it."""
    trend = read_trend(session, deployment=deployment, actor=actor, study_code=study_code, now=now)
    person = trend.person
    return Seen(
        trend=trend,
        reach=reachability.read_reachability(
            session, deployment=deployment, person=person, now=now
        ),
        alerts=work.tasks_about(
            session, deployment=deployment, actor=actor, person=person, now=now
        ),
        waiting=work.waiting_about(session, actor=actor, person=person, now=now),
        asks_first=clinic_measures.find_asked(
            session, deployment=deployment, actor=actor, person=person, now=now
        ),
        signed=signoff.find_last(session, person),
        now=now,
    )


def keep_typed(
    request: Request,
    service: Service,
    desk: AtDesk,
    study_code: str,
    form: FormFields,
    which: str,
    *,
    renamed: Mapping[str, str] | None = None,
) -> None:
    """Let a refused form answer with its page, what was typed and the sentence beside its field.

    `which` names the form for what no field is to blame for; `renamed` gives the names on the page
    of fields that verbs call otherwise.
    """

    def render(error: DomainError, told: str) -> Response:
        if isinstance(error, NotFound | NotAllowed):
            return answer(request, error)
        with service.database.read() as session:
            seen = read_seen(
                session,
                deployment=service.deployment,
                actor=desk.actor,
                study_code=study_code,
                now=service.clock(),
            )
        field = error.field or which
        field = (renamed or {}).get(field, field)
        refused = {"errors": {field: told}, "values": typed(form)}
        return show(request, desk, service.deployment, seen, refused=refused)

    on_refusal(request, render)


def show(
    request: Request,
    desk: AtDesk,
    deployment: Deployment,
    seen: Seen,
    *,
    period: str = "",
    refused: Mapping[str, Any] | None = None,
) -> Response:
    """Answer with the page."""
    words = Words(deployment.study, desk.lang)
    trend, person = seen.trend, seen.trend.person
    if seen.asks_first is not None:
        asked = {"visit_on": seen.asks_first, **(refused or {})}
        template = "clinician/measures_first.html"
        return person_page(request, desk, deployment, person, template, asked)
    zone = zone_named(person.tz)
    values = {
        "may": _may(desk, seen),
        "reach": said_reach(seen.reach, Moments(words, zone, seen.now)),
        "alerts": [AlertWords(words).said(task, desk.actor.id) for task in seen.alerts],
        "waiting": seen.waiting,
        "signed": seen.signed,
        **_figures(deployment, trend, words, period),
        **(refused or {}),
    }
    return person_page(request, desk, deployment, person, "clinician/participant.html", values)


def _figures(deployment: Deployment, trend: Trend, words: Words, period: str) -> dict[str, Any]:
    days = pictures.shown(trend, _period(period, len(trend.days)))
    return {
        "trend": trend,
        "mme_table": FACTOR_TABLE,
        "summary": summarise(trend),
        "tempos": {length: words.say(LENGTHS, length) for length in Length},
        "aims": AIM_S,
        "causes": _causes(trend, words),
        "pictures": pictures.draw(trend, days, words) if days else None,
        "rows": pictures.table(trend, days, words),
        "triggers": [words.triggers[t.code] for t in deployment.study.triggers if t.on],
        "periods": _periods(period, len(trend.days)),
        "sessions": _sessions(deployment, trend),
    }


def _causes(trend: Trend, words: Words) -> list[tuple[str, int, int]]:
    """Each cause of a missing day in words, how many days, and how many of them provisionally."""
    provisional = Counter(cause_of(day.day) for day in trend.days if day.day.is_provisional)
    return [
        (words.say(CAUSES, cause), n, provisional[cause]) for cause, n in trend.causes.most_common()
    ]


def _may(desk: AtDesk, seen: Seen) -> dict[str, bool]:
    """What the reader may do here; the course has a page of its own."""
    site = seen.trend.person.site_id
    return {"alert": desk.actor.role_at(Permission.MANAGE_PARTICIPANT, site) is not None}


def _period(asked: str, available: int) -> int | None:
    """How many days to show; None for all."""
    if asked.isascii() and asked.isdigit() and int(asked) in PERIODS:
        return int(asked)
    return PERIODS[-1] if available > LONG and asked != "all" else None


def _periods(asked: str, available: int) -> list[tuple[str, int | None, bool]]:
    """The choices of a period: address part, days (None: all), whether it is the present one."""
    current = _period(asked, available)
    choices: list[int | None] = [days for days in PERIODS if days < available]
    return [(str(d or "all"), d, d == current) for d in [*choices, None]] if choices else []


def _sessions(deployment: Deployment, trend: Trend) -> list[tuple[int, date | None, date | None]]:
    """The sessions held and those planned: number, date held, date of the protocol."""
    inclusion_on = trend.person.inclusion_on
    planned = deployment.study.sessions.planned_days
    rows = []
    for index in range(max(len(planned), len(trend.sessions_on))):
        held_on = trend.sessions_on[index] if index < len(trend.sessions_on) else None
        due_on = None
        if inclusion_on is not None and index < len(planned):
            due_on = inclusion_on + timedelta(days=planned[index])
        rows.append((index + 1, held_on, due_on))
    return rows
