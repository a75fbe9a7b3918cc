"""A participant's own scores as one line, small enough for a phone; gaps stay gaps."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.charts.shapes import Label, line, number

WIDTH, HEIGHT = 320, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 314, 8, 142


@dataclass(frozen=True, slots=True)
class OwnLine:
    """The line `d` over a grid, the whole scale high, with the ends of the scale at the left."""

    width: int
    height: int
    grid: str
    d: str
    labels: tuple[Label, ...]


def own_line(scores: Sequence[int | None], maximum: int) -> OwnLine:
    """Draw one score a day on a scale from 0 to `maximum`, the first day at the left."""
    step = (_RIGHT - _LEFT) / max(len(scores) - 1, 1)

    def y(value: float) -> float:
        return _TOP + (maximum - value) / maximum * (_BOTTOM - _TOP)

    marks = (0, maximum / 2, maximum)
    return OwnLine(
        WIDTH,
        HEIGHT,
        "".join(f"M{_LEFT} {number(y(value))}H{_RIGHT}" for value in marks),
        line(
            None if score is None else (_LEFT + step * k, y(score))
            for k, score in enumerate(scores)
        ),
        tuple(Label(str(_LEFT - 6), number(y(value)), f"{value:g}") for value in marks),
    )
