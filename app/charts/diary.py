"""What became of each diary day: a strip of symbols, and a row for each cause of missing days.

The symbols are drawn, not typed, because fonts differ: a tick for an entry, a half disc for a flare
day, a clock for a late one, a dash for a missed one, two bars for a pause, a cross for declined, a
tick in a square for an entry by the site, nothing for a day that was not due. On axes too dense
for symbols the same days are bars: full, half, hollow, low.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.charts.axis import TimeAxis
from app.charts.rows import base_of, height_of, middle_of, span
from app.charts.shapes import Row, Shape, bar, cross, number, shapes
from app.domain.figures import Day, cause_of
from app.domain.records import AnswerStatus, EntryStatus
from app.domain.schedule import MissedCause
from app.domain.trend import TrendDay

PITCH = 20
FULL = PITCH - 6
_LEGIBLE = 6.5
_CELL = 13


@dataclass(frozen=True, slots=True)
class DiaryPanel:
    """The strip's row `diary`, then one row for each cause that occurs, with its days counted."""

    height: int
    rows: tuple[Row, ...]
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """A short run of days as symbols, for a table's cell."""

    width: int
    height: int
    shapes: tuple[Shape, ...]


def symbol_of(day: Day) -> str | None:
    """The name of a day's symbol; None when nothing was due or the day is still open."""
    if day.status in (EntryStatus.NOT_DUE, EntryStatus.PAUSED):
        return "paused" if day.status is EntryStatus.PAUSED else None
    if day.status is EntryStatus.MISSING:
        return "missing" if day.closed else None
    if day.pain_average_st is AnswerStatus.DECLINED:
        return "declined"
    if not day.by_participant:
        return "site"
    if day.is_partial:
        return "flare"
    return "late" if day.late else "entry"


def diary_panel(axis: TimeAxis, days: Sequence[TrendDay]) -> DiaryPanel:
    """Draw the days that the axis covers."""
    seen = [day.day for day in days if axis.covers(day.day.diary_on)]
    causes: dict[MissedCause, list[Day]] = {}
    for day in seen:
        if (cause := cause_of(day)) is not None:
            causes.setdefault(cause, []).append(day)
    rows = [Row("diary", middle_of(0, PITCH), sum(d.pain_average is not None for d in seen))]
    marks = []
    for k, cause in enumerate((c for c in MissedCause if c in causes), start=1):
        rows.append(Row(cause.value, middle_of(k, PITCH), len(causes[cause])))
        marks += [
            bar(axis.middle(d.diary_on) - span(axis) / 2, base_of(k, PITCH) - 3, span(axis), 7)
            for d in causes[cause]
        ]
    return DiaryPanel(
        height=height_of(len(rows), PITCH),
        rows=tuple(rows),
        shapes=(*_draw_strip(axis, seen), *shapes([("cause", marks)])),
    )


def strip(days: Sequence[Day]) -> Strip:
    """Draw a run of days, one cell each."""
    middle, r = _CELL / 2 + 1, 4.6
    drawn: dict[str, list[str]] = {}
    for k, day in enumerate(days):
        name = symbol_of(day)
        if name is not None:
            _add_symbol(drawn, name, _CELL * k + _CELL / 2, middle, r)
    return Strip(_CELL * len(days), _CELL + 2, shapes(drawn.items()))


def strip_symbol(name: str) -> tuple[Shape, ...]:
    """One symbol alone, for a key beside its word."""
    drawn: dict[str, list[str]] = {}
    _add_symbol(drawn, name, 9, 9, 5.6)
    return shapes(drawn.items())


def tally(days: Sequence[Day]) -> Counter[str]:
    """How many days bear each symbol, for the words beside a strip."""
    return Counter(name for day in days if (name := symbol_of(day)) is not None)


def _draw_strip(axis: TimeAxis, days: Sequence[Day]) -> tuple[Shape, ...]:
    drawn: dict[str, list[str]] = {}
    middle = base_of(0, PITCH) - FULL / 2
    r = min(5.2, axis.column * 0.42)
    for day in days:
        name = symbol_of(day)
        if name is None:
            continue
        x = axis.middle(day.diary_on)
        if axis.column >= _LEGIBLE:
            _add_symbol(drawn, name, x, middle, r)
        else:
            _add_bar(drawn, name, x - span(axis) / 2, span(axis))
    return shapes(drawn.items())


def _add_symbol(drawn: dict[str, list[str]], name: str, x: float, y: float, r: float) -> None:
    for kind, draw in _SYMBOLS[name]:
        drawn.setdefault(f"{kind} {name}", []).append(draw(x, y, r))


def _add_bar(drawn: dict[str, list[str]], name: str, x: float, width: float) -> None:
    share = {"flare": 0.5, "missing": 0.15, "paused": 0.15, "declined": 0.3}.get(name, 1.0)
    kind = "sym" if name in ("late", "site", "paused") else "fill"
    drawn.setdefault(f"{kind} {name}", []).append(bar(x, base_of(0, PITCH), width, FULL * share))


def _circle(x: float, y: float, r: float) -> str:
    n, d = number(r), number(2 * r)
    return f"M{number(x - r)} {number(y)}a{n} {n} 0 1 0 {d} 0a{n} {n} 0 1 0-{d} 0"


def _left_half(x: float, y: float, r: float) -> str:
    n = number(r)
    return f"M{number(x)} {number(y - r)}a{n} {n} 0 0 0 0 {number(2 * r)}z"


def _tick(x: float, y: float, r: float) -> str:
    left, low = number(x - 0.75 * r), number(y + 0.05 * r)
    d = number(0.55 * r)
    return f"M{left} {low}l{d} {d}l{number(r)}-{number(1.25 * r)}"


def _hands(x: float, y: float, r: float) -> str:
    return f"M{number(x)} {number(y - 0.6 * r)}v{number(0.6 * r)}h{number(0.5 * r)}"


def _dash(x: float, y: float, r: float) -> str:
    return f"M{number(x - 0.55 * r)} {number(y)}h{number(1.1 * r)}"


def _pause(x: float, y: float, r: float) -> str:
    high, wide = number(1.2 * r), number(0.8 * r)
    return f"M{number(x - 0.4 * r)} {number(y - 0.6 * r)}v{high}m{wide}-{high}v{high}"


def _square(x: float, y: float, r: float) -> str:
    return bar(x - r, y + r, 2 * r, 2 * r)


def _small_cross(x: float, y: float, r: float) -> str:
    return cross(x, y, 0.65 * r)


def _small_tick(x: float, y: float, r: float) -> str:
    return _tick(x, y, 0.7 * r)


_Draw = Callable[[float, float, float], str]
_SYMBOLS: dict[str, tuple[tuple[str, _Draw], ...]] = {
    "entry": (("sym", _tick),),
    "flare": (("sym", _circle), ("fill", _left_half)),
    "late": (("sym", _circle), ("sym", _hands)),
    "missing": (("sym", _dash),),
    "paused": (("sym", _pause),),
    "declined": (("sym", _small_cross),),
    "site": (("sym", _square), ("sym", _small_tick)),
}
