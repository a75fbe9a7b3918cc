"""The few figures that head a participant's page, chosen from the trend; none is computed here."""

from dataclasses import dataclass
from datetime import date

from app.domain.figures import DailyMme, Mean, MmeStatus, Response, Week
from app.services.trends import Trend


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The latest whole week against the baseline, and the latest morphine equivalents.

    `direction` says in a word how the week stands to the baseline: lower, higher, same, unknown.
    """

    week: Week | None
    response: Response | None
    is_week_over: bool
    baseline: Mean | None
    is_baseline_planned: bool
    direction: str
    mme: DailyMme | None
    scores: int
    days: int
    gate_yes: int
    gate_avoided: int
    gate_answered: int


def summarise(trend: Trend) -> Summary:
    """Choose the figures that answer "how is this person doing"."""
    week, response = _latest_week(trend)
    gates = [day.gate for day in trend.days if day.gate is not None]
    closed = [day for day in trend.days if day.day.closed and day.day.status != "not_due"]
    return Summary(
        week=week,
        response=response,
        is_week_over=week is not None and week.ends_on < trend.today,
        baseline=trend.baseline.mean if trend.baseline else None,
        is_baseline_planned=trend.session_1_on is None,
        direction=_direction(response),
        mme=_latest_mme(trend, trend.today),
        scores=sum(day.day.pain_average is not None for day in closed),
        days=len(closed),
        gate_yes=gates.count("yes"),
        gate_avoided=gates.count("avoided"),
        gate_answered=len(gates),
    )


def _latest_week(trend: Trend) -> tuple[Week | None, Response | None]:
    """The last week that is over; the first one while it goes on."""
    over = [pair for pair in trend.weeks if pair[0].ends_on < trend.today]
    chosen = over[-1:] or list(trend.weeks[:1])
    return chosen[0] if chosen else (None, None)


def _direction(response: Response | None) -> str:
    if response is None or response.reduction_points is None:
        return "unknown"
    if not response.reduction_points:
        return "same"
    return "lower" if response.reduction_points > 0 else "higher"


def _latest_mme(trend: Trend, today: date) -> DailyMme | None:
    """The last answered day before today; None when no opioid was ever taken."""
    if not any(daily.value for daily in trend.mme):
        return None
    known = [d for d in trend.mme if d.taken_on < today and d.status != MmeStatus.NOT_ANSWERED]
    return known[-1] if known else None
