"""Many participants at a glance: a row each, from the projections of their last days alone.

The cost does not grow with the length of anyone's history: no payload is read. What calls for a
call is decided by letters and by the alerts that are open.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from app.domain import figures
from app.domain.access import Actor, Permission, require_anywhere
from app.domain.alerts import URGENCY, marks_of
from app.domain.diary_day import ONE_DAY, DiaryWindow, Rules, Spans, local_date, window_on
from app.domain.figures import Adherence, Day
from app.domain.letters import Unsettled
from app.domain.participant import State
from app.domain.records import AnswerStatus, EntryStatus
from app.domain.schedule import Course, DueDay, Pause, due_within
from app.domain.trend import trend_day
from app.services.confirmations import waited_since
from app.services.deployment import Deployment
from app.services.trends import course_of, dates_between, next_planned
from app.store import letters, participants, reminders, trends
from app.store.alerts import OpenAlert, list_open
from app.store.session import Session
from app.store.tables import Participant
from app.store.trends import DiaryRow

COHORT_DAYS = 28
"""How far back a row looks."""


@dataclass(frozen=True, kw_only=True)
class CohortRow:
    """One participant of a cohort: the last days, what calls for a call, what waits."""

    person: Participant
    days: tuple[Day, ...]
    today: date
    last_entry_on: date | None
    session_1_on: date | None
    next_session: tuple[int, date] | None
    reasons: tuple[str, ...]
    undecided: int
    adherence: Adherence
    alerts: tuple[OpenAlert, ...]


def read_cohort(
    session: Session, *, deployment: Deployment, actor: Actor, now: datetime
) -> list[CohortRow]:
    """Read a row for each participant whom the actor may see, by study code."""
    require_anywhere(actor, Permission.SEE_COHORT)
    people = participants.list_participants(session, actor.sites_with(Permission.SEE_COHORT))
    ids = [person.id for person in people]
    spans = reminders.spans_by_participant(session, ids)
    held = trends.list_sessions_of(session, ids)
    undecided = trends.count_undecided_of(session, ids)
    unsettled = _unsettled(session, ids, waited_since(deployment, now))
    days = days_by_participant(session, deployment, people, spans, now)
    raised = list_open(session, ids)
    return [
        _cohort_row(
            deployment,
            person,
            days[person.id],
            local_date(now, spans[person.id]),
            held[person.id],
            undecided.get(person.id, 0),
            unsettled[person.id],
            raised[person.id],
        )
        for person in people
    ]


def days_by_participant(
    session: Session,
    deployment: Deployment,
    people: Sequence[Participant],
    spans: Mapping[int, Spans],
    now: datetime,
) -> dict[int, tuple[Day, ...]]:
    """Give the last days of several participants, up to today; three queries for all of them."""
    ids = [person.id for person in people]
    pauses = reminders.pauses_by_participant(session, ids)
    first_on = now.date() - timedelta(days=COHORT_DAYS)
    windows = _Windows(deployment.study.window)
    rows: defaultdict[int, dict[date, DiaryRow]] = defaultdict(dict)
    last_on = now.date() + ONE_DAY
    entered = trends.days_entered_by_site(session, ids, first_on, last_on)
    for row in trends.list_diaries_of(session, ids, first_on, last_on):
        own = (row.participant_id, row.diary_on) not in entered
        rows[row.participant_id][row.diary_on] = row if own else replace(row, by_participant=False)
    return {
        person.id: _recent_days(
            windows, person, spans[person.id], pauses[person.id], rows[person.id], now
        )
        for person in people
    }


def _unsettled(session: Session, ids: Sequence[int], since: datetime) -> dict[int, Unsettled]:
    """What the letters of each participant leave to do; three queries for all of them."""
    asking = letters.who_asks(session, ids)
    disowning = letters.who_disowned(session, ids)
    silent = letters.who_left_unconfirmed(session, ids, since)
    return {id_: Unsettled(id_ in asking, id_ in disowning, id_ in silent) for id_ in ids}


class _Windows:
    """Windows of a date, looked up once for all who have lived in one zone since before it."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._known: dict[tuple[date, str], DiaryWindow | None] = {}
        self._whole: dict[tuple[date, date, str], tuple[DueDay, ...]] = {}

    def due(self, dates: Sequence[date], course: Course, spans: Spans) -> tuple[DueDay, ...]:
        """What is due on these dates; the same for all who live in one zone without a break."""
        is_whole = course.first_on <= dates[0] and dates[-1] <= course.last_on
        has_break = course.pauses or course.ended_at is not None
        if has_break or not is_whole or not _has_settled(spans, dates[0]):
            return self._due(dates, course, spans)
        key = (dates[0], dates[-1], spans[0].tz)
        if key not in self._whole:
            self._whole[key] = self._due(dates, course, spans)
        return self._whole[key]

    def _due(self, dates: Sequence[date], course: Course, spans: Spans) -> tuple[DueDay, ...]:
        return tuple(due_within(on, self._on(on, spans), course) for on in dates)

    def _on(self, day: date, spans: Spans) -> DiaryWindow | None:
        if not _has_settled(spans, day):
            return window_on(day, spans, self._rules)
        key = (day, spans[0].tz)
        if key not in self._known:
            self._known[key] = window_on(day, spans, self._rules)
        return self._known[key]


def _has_settled(spans: Spans, day: date) -> bool:
    """Whether somebody has lived in one zone alone since before a day."""
    return len(spans) == 1 and spans[0].from_at.date() < day - ONE_DAY


def _recent_days(
    windows: _Windows,
    person: Participant,
    spans: Spans,
    pauses: Collection[Pause],
    saved: Mapping[date, DiaryRow],
    now: datetime,
) -> tuple[Day, ...]:
    course = course_of(person, pauses, spans)
    today = local_date(now, spans)
    dates = dates_between(today - timedelta(days=COHORT_DAYS - 1), today)
    return tuple(
        _recent_day(due, saved.get(due.diary_on), now) for due in windows.due(dates, course, spans)
    )


def _recent_day(due: DueDay, saved: DiaryRow | None, now: datetime) -> Day:
    """A day from the projection alone: a complete diary without a score was declined."""
    if saved is None:
        return trend_day(due, None, None, now).day
    status, value = EntryStatus(saved.status), saved.pain_average
    answer = AnswerStatus.ANSWERED
    if value is None:
        is_whole = status is EntryStatus.COMPLETE
        answer = AnswerStatus.DECLINED if is_whole else AnswerStatus.UNANSWERED
    closed = due.window is None or due.window.save_until_at <= now
    return Day(
        due.diary_on,
        status,
        value,
        answer,
        late=saved.late,
        by_participant=saved.by_participant,
        closed=closed,
        due=due.due,
    )


def _cohort_row(
    deployment: Deployment,
    person: Participant,
    days: tuple[Day, ...],
    today: date,
    held: Sequence[date],
    undecided: int,
    unsettled: Unsettled,
    raised: tuple[OpenAlert, ...],
) -> CohortRow:
    entries = [day.diary_on for day in days if day.status in ("complete", "partial")]
    return CohortRow(
        person=person,
        days=days,
        today=today,
        last_entry_on=entries[-1] if entries else None,
        session_1_on=held[0] if held else None,
        next_session=next_planned(deployment, person, held),
        reasons=(
            *marks_of(unsettled),
            *sorted((alert.rule for alert in raised), key=URGENCY.index),
        ),
        undecided=undecided,
        adherence=figures.adherence(days),
        alerts=raised,
    )


def is_running(person: Participant, today: date) -> bool:
    """Whether a call could still change anything: the diary goes on, or ended yesterday."""
    return person.state == State.ENROLLED and today <= person.last_diary_on + ONE_DAY
