"""A participant's own diary days, a month at a time: status, receipt, doses, what they asked.

The rule kept: no score leaves this module before the participant's diary is over, unless the study
shows them all along; last night's answer would sway tonight's.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.diary_day import ONE_DAY, Rules, Spans, local_date, open_window, window_on
from app.domain.intake import Taken, doses_taken, logged_dose
from app.domain.ledger import receipt_code
from app.domain.participant import OVER
from app.domain.patches import worn_patches
from app.domain.records import DiaryPayload, DosePayload, EntryStatus, Kind
from app.domain.schedule import Course, Due, DueDay, Pause, due_day
from app.services import requests
from app.services.deployment import Deployment
from app.services.requests import Asked
from app.services.trends import course_of, dates_between
from app.store import participants, records
from app.store.session import Session
from app.store.tables import Participant, Record, RecordVersion

WORN_AT_MOST = timedelta(days=8)
"""How far back a patch is looked for; one that is worn longer was forgotten in the diary."""


@dataclass(frozen=True, slots=True)
class Entry:
    """The diary of a day as it stands. Scores are None while they are hidden, or not answered."""

    record_id: str
    saved_at: datetime
    tz: str
    receipt: str
    is_corrected: bool
    average: int | None
    worst: int | None


@dataclass(frozen=True, slots=True)
class OwnDay:
    """One diary day; `status` is None while it can still be filled in."""

    diary_on: date
    status: EntryStatus | None
    is_late: bool
    entry: Entry | None
    taken: tuple[Taken, ...]
    can_correct: bool
    asked: tuple[Asked, ...]

    @property
    def holds_anything(self) -> bool:
        """Whether there is something to tell of a day on which nothing was due."""
        return bool(self.entry or self.taken or self.asked)


@dataclass(frozen=True, slots=True)
class OwnMonth:
    """The days of one month, the latest first, and whether there are others before and after.

    `scores` are the averages of every diary day, None for a day without one; None while hidden.
    """

    first_on: date
    days: tuple[OwnDay, ...]
    has_earlier: bool
    has_later: bool
    scores: Mapping[date, int | None] | None


def read_month(
    session: Session,
    *,
    deployment: Deployment,
    person: Participant,
    month: date | None,
    now: datetime,
) -> OwnMonth:
    """Read the month of a date, or the latest that has diary days; a fixed number of queries."""
    spans = participants.list_zones(session, person.id)
    until_on = min(local_date(now, spans), person.last_diary_on)
    newest = max(person.first_diary_on, until_on)
    first_on = min(max(month or newest, person.first_diary_on), newest).replace(day=1)
    last_on = (first_on + timedelta(days=31)).replace(day=1) - ONE_DAY
    dates = dates_between(max(first_on, person.first_diary_on), min(last_on, until_on))
    found = _Found(session, person, first_on, last_on)
    shows_scores = scores_are_shown(deployment, person, spans, now)
    view = _View(deployment.study.window, course_of(person, found.pauses, spans), spans, now)
    days = [_day(on, view, found, shows_scores=shows_scores) for on in reversed(dates)]
    return OwnMonth(
        first_on,
        tuple(day for day in days if day.status is not EntryStatus.NOT_DUE or day.holds_anything),
        has_earlier=first_on > person.first_diary_on,
        has_later=last_on < newest,
        scores=_scores(session, person, until_on) if shows_scores else None,
    )


def scores_are_shown(
    deployment: Deployment, person: Participant, spans: Spans, now: datetime
) -> bool:
    """Whether a participant sees their own scores: always, or once no diary can follow."""
    if not deployment.study.own_scores_hidden or person.state in OVER:
        return True
    window = window_on(person.last_diary_on, spans, deployment.study.window)
    if window is None:
        return local_date(now, spans) > person.last_diary_on
    return window.save_until_at <= now


def list_worn(session: Session, *, person: Participant, now: datetime) -> tuple[Taken, ...]:
    """List the patches that are worn now, each by its latest application."""
    today = now.date()
    rows = records.list_latest_between(
        session, person.id, today - WORN_AT_MOST, today + ONE_DAY, Kind.DOSE
    )
    payloads = (DosePayload.model_validate_json(row.payload) for _, row in rows if row.payload)
    return worn_patches(logged_dose(payload) for payload in payloads)


@dataclass(frozen=True, slots=True)
class _View:
    """One participant's course at an instant."""

    rules: Rules
    course: Course
    spans: Spans
    now: datetime


class _Found:
    """What is recorded of some dates: diaries, doses taken, and what was asked about them."""

    def __init__(
        self, session: Session, person: Participant, first_on: date, last_on: date
    ) -> None:
        # A dose of these dates may be filed under the evening before or after.
        rows = records.list_latest_between(
            session, person.id, first_on - ONE_DAY, last_on + ONE_DAY
        )
        self.diaries = {row.diary_on: (row, v) for row, v in rows if row.kind == Kind.DIARY}
        pauses = participants.list_pauses(session, person.id)
        self.pauses = [Pause(row.from_on, row.until_on) for row in pauses]
        self.taken: defaultdict[date, list[Taken]] = defaultdict(list)
        for dose in doses_taken(_payloads(self.diaries), _logged(rows)):
            self.taken[dose.taken_on].append(dose)
        self.asked: defaultdict[date, list[Asked]] = defaultdict(list)
        for asked in requests.list_own(session, participant_id=person.id):
            if asked.diary_on is not None:
                self.asked[asked.diary_on].append(asked)


def _scores(session: Session, person: Participant, last_on: date) -> dict[date, int | None]:
    first_on = person.first_diary_on
    rows = records.list_records(session, [person.id], first_on, last_on, Kind.DIARY)
    scores: dict[date, int | None] = dict.fromkeys(dates_between(first_on, last_on))
    return scores | {row.diary_on: row.pain_average for row in rows}


def _payloads(diaries: Mapping[date, tuple[Record, RecordVersion]]) -> dict[date, DiaryPayload]:
    return {
        on: DiaryPayload.model_validate_json(version.payload)
        for on, (_, version) in diaries.items()
        if version.payload is not None
    }


def _logged(rows: Sequence[tuple[Record, RecordVersion]]) -> list[DosePayload]:
    doses = (version.payload for row, version in rows if row.kind == Kind.DOSE)
    return [DosePayload.model_validate_json(payload) for payload in doses if payload]


def _day(on: date, view: _View, found: _Found, *, shows_scores: bool) -> OwnDay:
    due = due_day(on, view.course, view.spans, view.rules)
    window = open_window(view.now, view.spans, view.rules)
    diary = found.diaries.get(on)
    return OwnDay(
        on,
        _status(due, diary, view.now),
        diary is not None and diary[0].late,
        None if diary is None else _entry(*diary, shows_scores=shows_scores),
        tuple(found.taken[on]),
        can_correct=diary is not None and window is not None and window.diary_on == on,
        asked=tuple(found.asked[on]),
    )


def _status(
    due: DueDay, diary: tuple[Record, RecordVersion] | None, now: datetime
) -> EntryStatus | None:
    if diary is not None:
        return EntryStatus(diary[0].status)
    if due.due is not Due.DUE or due.window is None:
        return EntryStatus(due.due.value)
    return EntryStatus.MISSING if due.window.grace_at <= now else None


def _entry(row: Record, version: RecordVersion, *, shows_scores: bool) -> Entry:
    average = worst = None
    if shows_scores and version.payload is not None:
        scores = DiaryPayload.model_validate_json(version.payload).scores
        average, worst = (
            score.value if (score := scores.get(code)) is not None else None
            for code in ("pain_average", "pain_worst")
        )
    return Entry(
        row.record_id,
        version.saved_at,
        version.tz,
        receipt_code(version.change_id),
        row.version > 1,
        average,
        worst,
    )
