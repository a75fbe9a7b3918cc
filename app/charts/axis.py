"""The one time axis that every panel shares: where a date stands, and what is marked on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.charts.shapes import number

WIDTH = 860
LEFT = 196
RIGHT = 64
PLOT = WIDTH - LEFT - RIGHT
_WEEK = 7
_NARROWEST_TICK = 58
"""Room that a date needs below the axis, in units."""
_NARROWEST_SESSION = 17


@dataclass(frozen=True, slots=True)
class Tick:
    """A dated line across the panels; `study_day` counts from inclusion, None without it."""

    x: str
    on: date
    study_day: int | None


@dataclass(frozen=True, slots=True)
class SessionMark:
    """A session, numbered by its date; `is_named` is false where its name would not fit.

    It stands at the start of its date: that evening's diary already comes after it.
    """

    x: str
    number: int
    on: date
    is_named: bool


@dataclass(frozen=True, slots=True)
class Band:
    """The column of one day, for the pointer and the link to its history."""

    x: str
    width: str
    on: date


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """A run of dates on a fixed width; both dates included."""

    first_on: date
    last_on: date
    ticks: tuple[Tick, ...]
    sessions: tuple[SessionMark, ...]
    width: int = WIDTH
    left: int = LEFT
    right: int = WIDTH - RIGHT

    @property
    def days(self) -> int:
        """How many dates there are."""
        return (self.last_on - self.first_on).days + 1

    @property
    def column(self) -> float:
        """Units per day."""
        return PLOT / self.days

    def start(self, on: date) -> float:
        """The left edge of a date's column."""
        return LEFT + (on - self.first_on).days * self.column

    def middle(self, on: date) -> float:
        """The middle of a date's column."""
        return self.start(on) + self.column / 2

    def covers(self, on: date) -> bool:
        """Whether the date is on the axis."""
        return self.first_on <= on <= self.last_on

    def bands(self) -> tuple[Band, ...]:
        """Every date's column."""
        width = number(self.column)
        dates = (self.first_on + timedelta(days=k) for k in range(self.days))
        return tuple(Band(number(self.start(on)), width, on) for on in dates)


def time_axis(
    first_on: date,
    last_on: date,
    *,
    inclusion_on: date | None = None,
    sessions_on: Sequence[date] = (),
) -> TimeAxis:
    """Lay out the dates; ticks fall on the study's weeks, which count from session 1."""
    bare = TimeAxis(first_on, last_on, (), ())
    held = sorted(sessions_on)
    return TimeAxis(first_on, last_on, _ticks(bare, held, inclusion_on), _marks(bare, held))


def _marks(axis: TimeAxis, held: Sequence[date]) -> tuple[SessionMark, ...]:
    marks: list[SessionMark] = []
    free_from = 0.0
    for no, on in enumerate(held, start=1):
        if not axis.covers(on):
            continue
        x = axis.start(on)
        marks.append(SessionMark(number(x), no, on, is_named=x >= free_from))
        free_from = x + _NARROWEST_SESSION if x >= free_from else free_from
    return tuple(marks)


def _ticks(axis: TimeAxis, held: Sequence[date], inclusion_on: date | None) -> tuple[Tick, ...]:
    weeks = 1
    while weeks * _WEEK * axis.column < _NARROWEST_TICK:
        weeks += 1
    step = weeks * _WEEK
    anchor = held[0] if held else axis.first_on
    on = axis.first_on + timedelta(days=(anchor - axis.first_on).days % step)
    ticks = []
    while on <= axis.last_on:
        day = None if inclusion_on is None else (on - inclusion_on).days
        ticks.append(Tick(number(axis.start(on)), on, day))
        on += timedelta(days=step)
    return tuple(ticks)
