"""One diary day as a trend shows it: the figures' day, and the answers drawn beside its score.

Built from a due day and from what its diary says now and said first. Nothing is counted here: means
and counts are in figures, geometry in charts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.figures import Day
from app.domain.records import AnswerStatus, DiaryPayload, EntryStatus
from app.domain.schedule import Due, DueDay, Missed


@dataclass(frozen=True, slots=True)
class TriggerAnswer:
    """The answer to one trigger; `value` is there exactly when the status is `answered`."""

    status: AnswerStatus
    value: int | None = None


@dataclass(frozen=True, slots=True)
class TrendDay:
    """A diary day as drawn. `old_average` and `old_worst` are first values that were corrected.

    `gate` is `yes`, `no` or `avoided`, None when not answered; `zones` is None when not asked.
    """

    day: Day
    pain_worst: int | None = None
    old_average: int | None = None
    old_worst: int | None = None
    is_corrected: bool = False
    gate: str | None = None
    triggers: Mapping[str, TriggerAnswer] = field(default_factory=dict)
    zones: frozenset[str] | None = None

    @property
    def has_entry(self) -> bool:
        """Whether anything was saved for the day."""
        return self.day.status in (EntryStatus.COMPLETE, EntryStatus.PARTIAL)

    @property
    def is_hollow(self) -> bool:
        """Whether the score is drawn hollow: it came late or was corrected."""
        return self.day.late or self.is_corrected


@dataclass(frozen=True, slots=True)
class DiarySaved:
    """A diary in its latest version, with what its first version said, in answers of one day."""

    payload: DiaryPayload
    first: DiaryPayload
    version: int
    is_late: bool
    by_participant: bool
    elapsed_s: float = 0.0


def trend_day(
    due: DueDay, saved: DiarySaved | None, missed: Missed | None, now: datetime
) -> TrendDay:
    """Put together one day. An entry counts whatever was due; a day closes when its grace ends."""
    closed = due.window is None or due.window.save_until_at <= now
    if saved is None:
        return TrendDay(_empty_day(due, missed, closed=closed))
    average, worst = _score(saved.payload, "pain_average"), _score(saved.payload, "pain_worst")
    first_average = _score(saved.first, "pain_average")
    first_worst = _score(saved.first, "pain_worst")
    zones = saved.payload.zones
    return TrendDay(
        day=Day(
            due.diary_on,
            saved.payload.entry_status(),
            average.value,
            average.status,
            late=saved.is_late,
            by_participant=saved.by_participant,
            closed=closed,
            due=due.due,
        ),
        pain_worst=worst.value,
        old_average=first_average.value if first_average.value != average.value else None,
        old_worst=first_worst.value if first_worst.value != worst.value else None,
        is_corrected=saved.version > 1,
        gate=saved.payload.allodynia.value,
        triggers={
            code: TriggerAnswer(score.status, score.value)
            for code, score in saved.payload.triggers.items()
        },
        zones=frozenset(zones.codes) if zones.status is AnswerStatus.ANSWERED else None,
    )


def _empty_day(due: DueDay, missed: Missed | None, *, closed: bool) -> Day:
    day = Day(due.diary_on, _STATUS[due.due], closed=closed, due=due.due)
    if missed is None:
        return day
    return replace(day, cause=missed.cause, is_provisional=missed.is_provisional)


_STATUS = {
    Due.DUE: EntryStatus.MISSING,
    Due.PAUSED: EntryStatus.PAUSED,
    Due.NOT_DUE: EntryStatus.NOT_DUE,
}
_UNANSWERED = TriggerAnswer(AnswerStatus.UNANSWERED)


def _score(payload: DiaryPayload, item: str) -> TriggerAnswer:
    score = payload.scores.get(item)
    return _UNANSWERED if score is None else TriggerAnswer(score.status, score.value)
