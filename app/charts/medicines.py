"""Doses day by day, one row a medicine, under the line of the morphine equivalents.

A date whose equivalents are partial is a hollow point; one not answered is a gap, never a zero.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.charts.axis import TimeAxis
from app.charts.rows import span
from app.charts.shapes import Label, Row, Shape, bar, dot, line, number, shapes
from app.domain.figures import DailyMme, MmeStatus

PITCH = 22
FULL = PITCH - 6
MME_TOP = 14
MME_HEIGHT = 56


@dataclass(frozen=True, slots=True)
class DoseRow:
    """The units of one medicine taken on each date."""

    code: str
    role: str
    units: Mapping[date, float]


@dataclass(frozen=True, slots=True)
class MedicinesPanel:
    """The line of equivalents when there is any, then the rows; `peaks` are a row's most units.

    `mme_labels` are 0 and the top of the line's scale in mg, empty without any equivalent.
    """

    height: int
    rows: tuple[Row, ...]
    shapes: tuple[Shape, ...]
    mme_labels: tuple[Label, ...]
    peaks: tuple[Label, ...]


def medicines_panel(
    axis: TimeAxis, mme: Sequence[DailyMme], rows: Sequence[DoseRow]
) -> MedicinesPanel:
    """Draw the dates that the axis covers; each row's bars are on the scale of its own peak."""
    seen = [daily for daily in mme if axis.covers(daily.taken_on)]
    top = _round_up(max((daily.value or 0 for daily in seen), default=0))
    mme_shapes, mme_labels = _mme_line(axis, seen, top) if top else ((), ())
    offset = MME_TOP + MME_HEIGHT + 8 if top else 4
    drawn: dict[str, list[str]] = {"dose scheduled": [], "dose rescue": [], "grid": []}
    labels, peaks = [], []
    for k, row in enumerate(rows):
        base = offset + (k + 1) * PITCH - 4
        taken = {on: units for on, units in row.units.items() if axis.covers(on) and units}
        peak = max(taken.values(), default=0.0)
        drawn[f"dose {row.role}"] += [
            bar(axis.middle(on) - span(axis) / 2, base, span(axis), FULL * units / peak)
            for on, units in sorted(taken.items())
        ]
        drawn["grid"].append(f"M{axis.left} {base}H{axis.right}")
        middle = number(base - FULL / 2)
        labels.append(Row(row.code, middle, len(taken)))
        if peak:
            peaks.append(Label(str(axis.right + 6), middle, f"{peak:g}"))
    return MedicinesPanel(
        height=offset + len(rows) * PITCH + 4,
        rows=tuple(labels),
        shapes=(*mme_shapes, *shapes((kind, drawn[kind]) for kind in ("grid", *list(drawn)[:2]))),
        mme_labels=mme_labels,
        peaks=tuple(peaks),
    )


def _mme_line(
    axis: TimeAxis, mme: Sequence[DailyMme], top: float
) -> tuple[tuple[Shape, ...], tuple[Label, ...]]:
    def y(value: float) -> float:
        return MME_TOP + (1 - value / top) * MME_HEIGHT

    places = [
        None if daily.value is None else (axis.middle(daily.taken_on), y(daily.value))
        for daily in mme
    ]
    partial = [
        dot(*place)
        for daily, place in zip(mme, places, strict=True)
        if place is not None and daily.status is MmeStatus.PARTIAL
    ]
    size = min(6.0, max(1.6, axis.column * 0.75))
    grid = [f"M{axis.left} {number(y(value))}H{axis.right}" for value in (0, top)]
    marks = (
        *shapes([("grid", grid), ("mme", [line(places)])]),
        *shapes([("ring", partial)], number(size)),
        *shapes([("hole", partial)], number(size * 0.5)),
    )
    labels = (
        Label(str(axis.left), number(y(top)), f"{top:g}"),
        Label(str(axis.left), number(y(0)), "0"),
    )
    return marks, labels


def _round_up(value: float) -> float:
    """The next of 1, 2 or 5 times a power of ten, so that the scale ends on a plain number."""
    if value <= 0:
        return 0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)
