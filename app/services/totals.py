"""The totals of a cohort, all arms together: states, adherence, missing days, response.

From the rows of the cohort and three queries more, whatever the number of people and of days. Rule
kept: a response counts only where baseline and week can be evaluated, and always with how many.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from app.domain import figures
from app.domain.diary_day import ONE_DAY
from app.domain.figures import Day, Response
from app.domain.records import AnswerStatus, EntryStatus
from app.domain.schedule import Evidence, MissedCause, Outcome, first_cause
from app.services.cohorts import CohortRow
from app.services.deployment import Deployment
from app.services.trends import scale_of
from app.store import totals
from app.store.session import Session
from app.store.tables import Evening
from app.store.totals import SentOn, Span


@dataclass(frozen=True, kw_only=True)
class Totals:
    """A cohort in numbers. `adherence_pct` is the mean of the `n_adherence` people with due days.

    `responses` are those of the latest whole week of each participant who has one, evaluable or
    not; None when the reader may not see any.
    """

    states: Counter[str]
    adherence_pct: float | None
    n_adherence: int
    n_on_target: int
    causes: Counter[MissedCause]
    responses: Sequence[Response] | None

    @property
    def evaluable(self) -> Sequence[Response]:
        """The responses that can be said at all."""
        return [one for one in self.responses or () if one.reduction_points is not None]


def total(
    session: Session,
    deployment: Deployment,
    rows: Sequence[CohortRow],
    seen: frozenset[str],
) -> Totals:
    """Add up the rows of a cohort; responses of the sites in `seen`, `*` standing for all."""
    counted = [row.adherence for row in rows if row.adherence.pct is not None]
    shares = [one.pct for one in counted if one.pct is not None]
    target = deployment.study.adherence_target
    responding = [row for row in rows if seen & {row.person.site_id, "*"}] if seen else None
    return Totals(
        states=Counter(row.person.state for row in rows),
        adherence_pct=sum(shares) / len(shares) if shares else None,
        n_adherence=len(shares),
        n_on_target=sum(bool(one.meets(target)) for one in counted),
        causes=_causes(session, rows),
        responses=None if responding is None else _responses(session, deployment, responding),
    )


def _causes(session: Session, rows: Sequence[CohortRow]) -> Counter[MissedCause]:
    """Why closed days of the rows have no score."""
    if not rows:
        return Counter()
    ids = [row.person.id for row in rows if any(_is_missing(day) for day in row.days)]
    first_on = min(row.days[0].diary_on for row in rows)
    last_on = max(row.today for row in rows)
    sent = {
        (one.participant_id, one.diary_on): one
        for one in totals.list_sent_on(session, ids, first_on, last_on)
    }
    evenings = {
        (row.participant_id, row.diary_on): row
        for row in totals.list_evenings_without(session, ids, first_on, last_on)
    }
    known = {
        key: first_cause(_evidence(evenings.get(key), sent.get(key))) for key in {*sent, *evenings}
    }
    return _counted(rows, known)


def _counted(
    rows: Sequence[CohortRow], known: Mapping[tuple[int, date], MissedCause]
) -> Counter[MissedCause]:
    found: Counter[MissedCause] = Counter()
    for row in rows:
        days = (
            replace(day, cause=known.get((row.person.id, day.diary_on)))
            if _is_missing(day)
            else day
            for day in row.days
        )
        found += figures.missing_causes(days)
    return found


def _is_missing(day: Day) -> bool:
    return day.status is EntryStatus.MISSING and day.closed


def _evidence(evening: Evening | None, sent: SentOn | None) -> Evidence:
    outcomes: list[Outcome] = []
    if sent is not None:
        flags = (sent.has_failed, sent.has_arrived, sent.has_gone)
        kinds = (Outcome.FAILED, Outcome.DELIVERED, Outcome.SENT)
        outcomes = [kind for kind, has in zip(kinds, flags, strict=True) if has]
    return Evidence(
        is_declined=evening is not None and evening.declined_at is not None,
        has_technical_fault=evening is not None and evening.fault_at is not None,
        was_opened=evening is not None and evening.opened_at is not None,
        outcomes=tuple(outcomes),
    )


def _responses(
    session: Session, deployment: Deployment, rows: Sequence[CohortRow]
) -> list[Response]:
    """The latest whole week of each participant against their baseline; one query for all."""
    study = deployment.study
    weeks = {row.person.id: on for row in rows if (on := _week_of(row, study.week.days))}
    due = [row for row in rows if row.person.id in weeks and row.session_1_on is not None]
    spans = [span for row in due for span in _spans(row, weeks[row.person.id], deployment)]
    earlier: defaultdict[int, list[Day]] = defaultdict(list)
    for one in totals.list_scores(session, spans):
        day = Day(
            one.diary_on,
            EntryStatus(one.status),
            one.pain_average,
            AnswerStatus.ANSWERED,
            late=one.late,
        )
        earlier[one.participant_id].append(day)
    found = []
    for row in due:
        own = [*earlier[row.person.id], *row.days]
        before = figures.baseline(own, row.session_1_on or row.today, study.baseline).mean
        after = figures.mean_between(own, weeks[row.person.id], study.week)
        found.append(figures.response(before, after, scale_of(row.person), study.flags))
    return found


def _week_of(row: CohortRow, length: int) -> date | None:
    """The first day of the latest study week that is over; None before the first one is."""
    if row.session_1_on is None:
        return None
    until_on = min(row.today, row.person.last_diary_on + ONE_DAY)
    whole = (until_on - row.session_1_on).days // length
    return row.session_1_on + timedelta(days=length * (whole - 1)) if whole > 0 else None


def _spans(row: CohortRow, week_on: date, deployment: Deployment) -> Iterator[Span]:
    """The days of the baseline and of the week that lie before those of the row."""
    study, start_on = deployment.study, row.session_1_on or row.today
    known_on = row.days[0].diary_on - ONE_DAY
    before_on = start_on - timedelta(days=study.baseline.days)
    week_ends_on = min(week_on + timedelta(days=study.week.days - 1), known_on)
    yield row.person.id, before_on, min(start_on - ONE_DAY, known_on)
    if week_on <= week_ends_on:
        yield row.person.id, week_on, week_ends_on
