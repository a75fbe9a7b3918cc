"""What a participant's first page is about: where the day stands, and the last days by status.

Facts only, without a single score; the pages put them into words. The rule kept: nothing is
allowed or refused here, for what may be saved is decided by `diary.submit` alone.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.domain.diary_day import (
    ONE_DAY,
    DiaryWindow,
    Rules,
    Spans,
    local_date,
    open_window,
    windows_between,
)
from app.domain.participant import OVER
from app.domain.records import EntryStatus, Kind
from app.domain.schedule import Course, Due, Pause, due_day
from app.services.deployment import Deployment
from app.store import participants, records
from app.store.session import Session
from app.store.tables import MesotherapySession, Participant, Record

SHOWN_DAYS = 14


class Stage(StrEnum):
    """Where the day stands; `late` is the grace after midnight, `ended` all after the study."""

    BEFORE = "before"
    PAUSED = "paused"
    CLOSED = "closed"
    OPEN = "open"
    LATE = "late"
    SAVED = "saved"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class PastDay:
    """A diary day by its status; None while it can still be filled in."""

    diary_on: date
    status: EntryStatus | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class DueReport:
    """A report about a session that is asked for today; weekly ones ask less."""

    session_no: int
    is_weekly: bool


@dataclass(frozen=True, slots=True)
class Today:
    """The diary day that a participant is in, and what surrounds it.

    `window` is the open one, else the next to open; `entry` the day's diary once it is in.
    """

    stage: Stage
    diary_on: date
    window: DiaryWindow | None
    entry: Record | None
    days: tuple[PastDay, ...]
    sessions: tuple[MesotherapySession, ...]
    report: DueReport | None


@dataclass(frozen=True, slots=True)
class _View:
    """One participant's course at an instant."""

    course: Course
    spans: Spans
    rules: Rules
    now: datetime
    diaries: dict[date, Record]

    @property
    def open_window(self) -> DiaryWindow | None:
        return open_window(self.now, self.spans, self.rules)

    @property
    def local_on(self) -> date:
        return local_date(self.now, self.spans)


def look(session: Session, *, deployment: Deployment, person: Participant, now: datetime) -> Today:
    """Give where the day stands for a participant at an instant."""
    spans, rules = participants.list_zones(session, person.id), deployment.study.window
    window = open_window(now, spans, rules)
    day = window.diary_on if window else local_date(now, spans)
    shown = [day - n * ONE_DAY for n in reversed(range(SHOWN_DAYS))]
    kept = records.list_records(session, [person.id], shown[0], day + ONE_DAY)
    diaries = {row.diary_on: row for row in kept if row.kind == Kind.DIARY}
    view = _View(_course(session, person), spans, rules, now, diaries)
    stage = Stage.ENDED if person.state in OVER else _stage(view, day)
    sessions = participants.list_sessions(session, person.id)
    reported = [row.diary_on for row in kept if row.kind == Kind.SESSION_REPORT]
    is_asked = stage not in (Stage.BEFORE, Stage.ENDED)
    return Today(
        stage=stage,
        diary_on=day,
        window=window or _next_window(view),
        entry=diaries.get(day),
        days=tuple(_past_day(view, on) for on in shown),
        sessions=tuple(sessions),
        report=due_report(deployment, sessions, reported, view.local_on) if is_asked else None,
    )


def windows_ahead(
    session: Session, *, deployment: Deployment, person: Participant, now: datetime, days: int
) -> tuple[DiaryWindow, ...]:
    """List the evenings that are due from yesterday on: when a phone may ask without a network."""
    if person.state in OVER:
        return ()
    spans, rules = participants.list_zones(session, person.id), deployment.study.window
    course = _course(session, person)
    today = local_date(now, spans)
    shown = (due_day(today + ahead * ONE_DAY, course, spans, rules) for ahead in range(-1, days))
    return tuple(day.window for day in shown if day.due is Due.DUE and day.window is not None)


def due_report(
    deployment: Deployment,
    sessions: list[MesotherapySession],
    reported: list[date],
    today: date,
) -> DueReport | None:
    """Give the report that is asked for on a date: daily after a session, weekly from then on."""
    held = [row for row in sessions if row.held_on <= today]
    if not held:
        return None
    latest = max(held, key=lambda row: row.session_no)
    wording = deployment.study.session_report
    is_weekly = (today - latest.held_on).days not in wording.days_after
    since = today - (wording.weekly_every_days if is_weekly else 1) * ONE_DAY
    if any(since < on <= today for on in reported):
        return None
    return DueReport(latest.session_no, is_weekly)


def _course(session: Session, person: Participant) -> Course:
    pauses = participants.list_pauses(session, person.id)
    return Course(
        person.first_diary_on,
        person.last_diary_on,
        tuple(Pause(row.from_on, row.until_on) for row in pauses),
        person.withdrawn_at,
    )


def _stage(view: _View, day: date) -> Stage:
    window = view.open_window
    if day > view.course.last_on:
        return Stage.ENDED
    if day < view.course.first_on:
        return Stage.BEFORE
    if day in view.diaries:
        return Stage.SAVED
    if due_day(day, view.course, view.spans, view.rules).due is Due.PAUSED:
        return Stage.PAUSED
    if window is None:
        return Stage.CLOSED
    return Stage.LATE if view.now >= window.closes_at else Stage.OPEN


def _next_window(view: _View) -> DiaryWindow | None:
    today = view.local_on
    ahead = windows_between(today, today + 2 * ONE_DAY, view.spans, view.rules)
    return next((window for window in ahead if window.opens_at > view.now), None)


def _past_day(view: _View, day: date) -> PastDay:
    entry = view.diaries.get(day)
    if entry is not None:
        return PastDay(day, EntryStatus(entry.status), entry.late)
    found = due_day(day, view.course, view.spans, view.rules)
    if found.due is not Due.DUE:
        return PastDay(day, EntryStatus(found.due.value), is_late=False)
    is_over = found.window is not None and found.window.grace_at <= view.now
    return PastDay(day, EntryStatus.MISSING if is_over else None, is_late=False)
