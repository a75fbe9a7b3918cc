"""What panels made of rows have in common: where a row stands, and the track behind its days."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from app.charts.axis import TimeAxis
from app.charts.shapes import Shape, number

TOP = 4
_DAY = timedelta(days=1)


def base_of(index: int, pitch: int) -> int:
    """The y on which the bars of a row stand."""
    return TOP + (index + 1) * pitch - 4


def middle_of(index: int, pitch: int) -> str:
    """The y of a row's middle, for its label."""
    return number(base_of(index, pitch) - (pitch - 6) / 2)


def height_of(rows: int, pitch: int) -> int:
    """The height of a panel of so many rows."""
    return TOP + rows * pitch + 2


def span(axis: TimeAxis) -> float:
    """The width of one day's bar: its column less a little air."""
    return max(axis.column * 0.72, 1.2)


def tracks(axis: TimeAxis, dates: Iterable[date], rows: Sequence[int], pitch: int) -> Shape | None:
    """A pale ground behind each run of dates with an entry; where it is broken, there was none."""
    runs: list[tuple[date, date]] = []
    for on in sorted(on for on in dates if axis.covers(on)):
        if runs and on - runs[-1][1] == _DAY:
            runs[-1] = (runs[-1][0], on)
        else:
            runs.append((on, on))
    parts = []
    for row in rows:
        base, high = number(base_of(row, pitch)), number(pitch - 6)
        for first, last in runs:
            left = number(axis.start(first))
            right = number(axis.start(last) + axis.column)
            parts.append(f"M{left} {base}v-{high}H{right}v{high}z")
    return Shape("ground", "".join(parts)) if parts else None
