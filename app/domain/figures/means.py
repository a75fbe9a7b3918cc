"""Means of average pain: weekly, baseline, rolling, and the reduction between two of them.

How many days, how few answers and which flags are the study's to set; they are handed in. A mean is
of the days answered, whoever entered them and however late; flare days count. vas100 is in points,
and nrs11 is never multiplied by 10.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from app.domain import study
from app.domain.figures.days import Day
from app.domain.study.rules import Scale


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean with all that is needed to judge it, from the answers in `values`, in scale units.

    `is_evaluable` is false when there are too few of them: there is no mean then. `n_partial` are
    from flare days, `n_late` saved in the grace, `n_site` entered by the site.
    """

    values: tuple[int, ...]
    is_evaluable: bool
    n_partial: int = 0
    n_late: int = 0
    n_site: int = 0

    @property
    def n(self) -> int:
        """How many answers there are, enough or not."""
        return len(self.values)

    @property
    def exact(self) -> Fraction | None:
        """The mean as a fraction, for comparisons."""
        return Fraction(sum(self.values), self.n) if self.is_evaluable else None

    @property
    def value(self) -> float | None:
        """The mean as a float, not rounded."""
        return sum(self.values) / self.n if self.is_evaluable else None

    @property
    def sd(self) -> float | None:
        """The sample standard deviation (n - 1); None without a mean or with one answer."""
        return statistics.stdev(self.values) if self.is_evaluable and self.n > 1 else None


@dataclass(frozen=True, slots=True)
class Week:
    """The mean of study week `number`; week 1 starts on the date of session 1."""

    number: int
    starts_on: date
    ends_on: date
    mean: Mean


class BaselineStatus(StrEnum):
    """Whether there is a baseline to compare with."""

    EVALUABLE = "evaluable"
    NOT_EVALUABLE = "not_evaluable"


@dataclass(frozen=True, slots=True)
class Baseline:
    """The mean of the diary days before session 1 (seven), first and last date included."""

    starts_on: date
    ends_on: date
    mean: Mean

    @property
    def status(self) -> BaselineStatus:
        """`not_evaluable` under the fewest answers (four)."""
        if self.mean.exact is None:
            return BaselineStatus.NOT_EVALUABLE
        return BaselineStatus.EVALUABLE


@dataclass(frozen=True, slots=True)
class Response:
    """A change against baseline; positive is less pain. None means that it cannot be said.

    `reduction_pct` is None on a baseline of 0 as well. Flags are decided on exact numbers.
    """

    reduction_points: float | None
    reduction_pct: float | None
    is_moderate: bool | None
    is_substantial: bool | None
    is_meaningful: bool | None


def mean_between(days: Sequence[Day], starts_on: date, rule: study.Week) -> Mean:
    """The mean of the rule's days from `starts_on`; None under its fewest answers."""
    return _mean_from(_by_ordinal(days), starts_on.toordinal(), rule)


def weekly_means(
    days: Sequence[Day], session_1_on: date | None, rule: study.Week
) -> tuple[Week, ...]:
    """Every week from session 1 to the last day given, the last one perhaps not over; none before.

    Weeks are given without a gap, so that an unanswered week shows as one.
    """
    if session_1_on is None or not days:
        return ()
    by_ordinal = _by_ordinal(days)
    weeks = (max(by_ordinal) - session_1_on.toordinal()) // rule.days + 1
    starts = [session_1_on + timedelta(days=rule.days * k) for k in range(weeks)]
    return tuple(
        Week(k, on, _end(on, rule), _mean_from(by_ordinal, on.toordinal(), rule))
        for k, on in enumerate(starts, start=1)
    )


def baseline(days: Sequence[Day], session_1_on: date, rule: study.Baseline) -> Baseline:
    """The baseline against session 1, or against its planned date to warn the site beforehand."""
    starts_on = session_1_on - timedelta(days=rule.days)
    return Baseline(starts_on, _end(starts_on, rule), mean_between(days, starts_on, rule))


def rolling_means(days: Sequence[Day], rule: study.Week) -> dict[date, Mean]:
    """For each day given, the mean of the rule's days (seven) that end with it."""
    by_ordinal = _by_ordinal(days)
    back = rule.days - 1
    return {
        date.fromordinal(last): _mean_from(by_ordinal, last - back, rule)
        for last in sorted(by_ordinal)
    }


def response(before: Mean, after: Mean, scale: Scale, flags: study.Flags) -> Response:
    """Compare a mean with the baseline on the participant's scale."""
    base, now = before.exact, after.exact
    if base is None or now is None:
        return Response(None, None, None, None, None)
    points = base - now
    pct = 100 * points / base if base else None
    meaningful = flags.vas100_points if scale == "vas100" else flags.nrs11_points
    return Response(
        reduction_points=float(points),
        reduction_pct=None if pct is None else float(pct),
        is_moderate=None if pct is None else pct >= flags.moderate_percent,
        is_substantial=None if pct is None else pct >= flags.substantial_percent,
        is_meaningful=points >= meaningful,
    )


def _end(starts_on: date, rule: study.Week) -> date:
    return starts_on + timedelta(days=rule.days - 1)


def _by_ordinal(days: Sequence[Day]) -> dict[int, Day]:
    by_ordinal = {day.diary_on.toordinal(): day for day in days}
    if len(by_ordinal) != len(days):
        raise ValueError("a diary day is given twice")
    return by_ordinal


def _mean_from(by_ordinal: Mapping[int, Day], first: int, rule: study.Week) -> Mean:
    values: list[int] = []
    n_partial = n_late = n_site = 0
    for ordinal in range(first, first + rule.days):
        day = by_ordinal.get(ordinal)
        if day is None or day.pain_average is None:
            continue
        values.append(day.pain_average)
        n_partial += day.is_partial
        n_late += day.late
        n_site += not day.by_participant
    return Mean(tuple(values), len(values) >= rule.minimum, n_partial, n_late, n_site)
