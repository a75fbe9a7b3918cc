"""Adherence and the causes of missing days: counts of closed days, never of days still open."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from app.domain.figures.days import Day
from app.domain.records import AnswerStatus, EntryStatus
from app.domain.schedule import MissedCause


@dataclass(frozen=True, slots=True)
class Adherence:
    """Closed due days with average pain answered by the participant, of all closed due days.

    A declined score and an entry by the site are entries, not answers of the participant.
    """

    answered: int
    due: int
    paused: int

    @property
    def pct(self) -> float | None:
        """Percent of the due days; None before the first one has closed."""
        return _pct(self.answered, self.due)

    @property
    def pct_with_paused(self) -> float | None:
        """The same with paused days in the denominator."""
        return _pct(self.answered, self.due + self.paused)

    def meets(self, target_pct: float) -> bool | None:
        """Whether the target is reached, decided on the exact share; None without due days."""
        if not self.due:
            return None
        return Fraction(100 * self.answered, self.due) >= Fraction(str(target_pct))


def adherence(days: Iterable[Day]) -> Adherence:
    """Count the closed days given; slice the days to ask about a period."""
    closed = [day for day in days if day.closed]
    due = [day for day in closed if day.is_due]
    return Adherence(
        answered=sum(day.pain_average is not None and day.by_participant for day in due),
        due=len(due),
        paused=sum(day.is_paused for day in closed),
    )


def missing_causes(days: Iterable[Day]) -> Counter[MissedCause]:
    """Count the closed days without a score by cause; a day not due is not missing."""
    causes = (cause_of(day) for day in days)
    return Counter(cause for cause in causes if cause is not None)


def cause_of(day: Day) -> MissedCause | None:
    """Why a closed day has no score; None when it has one, is still open or was not due."""
    if day.pain_average is not None or not day.closed or day.status is EntryStatus.NOT_DUE:
        return None
    if day.status is EntryStatus.PAUSED:
        return MissedCause.PAUSED
    if day.pain_average_st is AnswerStatus.DECLINED:
        return MissedCause.DECLINED
    return day.cause or MissedCause.UNKNOWN


def _pct(part: int, whole: int) -> float | None:
    return float(Fraction(100 * part, whole)) if whole else None
