"""The figures of one participant as plain values: what the pages show, in the words of the exports.

Nothing is computed here. Means are unrounded; null says that a figure cannot be said, never zero.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, Protocol

from app.domain.figures import (
    FACTOR_TABLE,
    Adherence,
    Baseline,
    DailyMme,
    Day,
    Mean,
    Response,
    Week,
    cause_of,
)
from app.domain.trend import TrendDay


class Course(Protocol):
    """A participant's figures, ready. `baseline` is that of the planned date before session 1."""

    @property
    def days(self) -> Sequence[TrendDay]:
        """The diary days so far."""

    @property
    def today(self) -> date:
        """The last diary day so far; it may still be open."""

    @property
    def session_1_on(self) -> date | None:
        """When session 1 was held."""

    @property
    def baseline(self) -> Baseline | None:
        """The mean before session 1."""

    @property
    def weeks(self) -> Sequence[tuple[Week, Response]]:
        """The weeks from session 1, each with its change from the baseline."""

    @property
    def adherence(self) -> Adherence:
        """Counts of the closed days."""

    @property
    def mme(self) -> Sequence[DailyMme]:
        """Morphine milligram equivalents by date."""


def figures_of(course: Course) -> dict[str, Any]:
    """Everything that is computed of one participant; days and dates that are not over left out."""
    before = course.baseline if course.session_1_on is not None else None
    return {
        "session_1_on": course.session_1_on,
        "baseline": before and _baseline(before),
        "weeks": [_week(week, change, course.today) for week, change in course.weeks],
        "adherence": {
            **asdict(course.adherence),
            "pct": course.adherence.pct,
            "pct_with_paused": course.adherence.pct_with_paused,
        },
        "missing": [missing for day in course.days if (missing := _missing(day.day))],
        "mme": [
            {
                "taken_on": mme.taken_on,
                "value": mme.value,
                "status": mme.status,
                "flags": sorted(mme.flags),
            }
            for mme in course.mme
            if mme.taken_on < course.today
        ],
        "mme_table": FACTOR_TABLE,
    }


def _missing(day: Day) -> dict[str, Any] | None:
    cause = cause_of(day)
    if cause is None:
        return None
    return {"diary_on": day.diary_on, "cause": cause, "is_provisional": day.is_provisional}


def _baseline(baseline: Baseline) -> dict[str, Any]:
    return {
        "starts_on": baseline.starts_on,
        "ends_on": baseline.ends_on,
        "status": baseline.status,
        **_mean(baseline.mean),
    }


def _week(week: Week, change: Response, today: date) -> dict[str, Any]:
    return {
        "week": week.number,
        "starts_on": week.starts_on,
        "ends_on": week.ends_on,
        "is_over": week.ends_on < today,
        **_mean(week.mean),
        **asdict(change),
    }


def _mean(mean: Mean) -> dict[str, Any]:
    return {
        "mean": mean.value,
        "sd": mean.sd,
        "n": mean.n,
        "n_partial": mean.n_partial,
        "n_late": mean.n_late,
        "n_site": mean.n_site,
    }
