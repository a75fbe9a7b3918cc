"""Touch-evoked pain: the gate and each trigger day by day, and the places week by week.

Intensity is the height of a bar. Avoided is hatched, not exposed a small dot, exposed without pain
a flat line, not asked an empty track; no entry has no track at all.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.charts.axis import TimeAxis
from app.charts.rows import base_of, height_of, middle_of, span, tracks
from app.charts.shapes import Label, Row, Shape, bar, cross, dot, number, shapes
from app.domain.records import SCALE_MAX, AnswerStatus
from app.domain.study.rules import Scale
from app.domain.trend import TrendDay, TriggerAnswer

PITCH = 24
FULL = PITCH - 6
FLAT = 1.6
ZONE_PITCH = 18
_WEEK = 7
_SHADES = 4
_KINDS = ("felt", "flat", "hatch", "none", "declined")


@dataclass(frozen=True, slots=True)
class AllodyniaPanel:
    """The gate's row, then one row a trigger; a row's count is its days with pain."""

    height: int
    rows: tuple[Row, ...]
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class ZonesPanel:
    """One row a place ever named, one cell a week; a label holds the number of days in its cell."""

    height: int
    rows: tuple[Row, ...]
    shapes: tuple[Shape, ...]
    counts: tuple[Label, ...]


def allodynia_panel(
    axis: TimeAxis, days: Sequence[TrendDay], triggers: Sequence[str], scale: Scale
) -> AllodyniaPanel:
    """Draw the days that the axis covers; the first row's code is `gate`."""
    seen = [day for day in days if axis.covers(day.day.diary_on) and day.has_entry]
    drawn: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    for day in seen:
        x = axis.middle(day.day.diary_on) - span(axis) / 2
        _draw_gate(drawn, axis, x, day)
        for row, code in enumerate(triggers, start=1):
            answer = day.triggers.get(code)
            if answer is not None:
                _draw_trigger(drawn, axis, x, row, answer, SCALE_MAX[scale])
    counts = [sum(day.gate == "yes" for day in seen)]
    counts += [sum(_hurt(day.triggers.get(code)) for day in seen) for code in triggers]
    rows = ["gate", *triggers]
    ground = tracks(axis, (d.day.diary_on for d in seen), range(len(rows)), PITCH)
    return AllodyniaPanel(
        height=height_of(len(rows), PITCH),
        rows=tuple(Row(code, middle_of(k, PITCH), counts[k]) for k, code in enumerate(rows)),
        shapes=(*([ground] if ground else []), *_marks(drawn, axis)),
    )


def zones_panel(
    axis: TimeAxis, days: Sequence[TrendDay], order: Sequence[str], session_1_on: date | None
) -> ZonesPanel:
    """Count the days on which each place was named, by study week, in the order given.

    A place of an earlier zone set, unknown to the order, comes last.
    """
    anchor = session_1_on or axis.first_on
    counts: Counter[tuple[str, int]] = Counter()
    for day in days:
        if day.zones and axis.covers(day.day.diary_on):
            week = (day.day.diary_on - anchor).days // _WEEK
            counts.update((zone, week) for zone in day.zones)
    found = {zone for zone, _ in counts}
    named = [z for z in order if z in found] + sorted(found.difference(order))
    cells: dict[str, list[str]] = {f"heat h{shade}": [] for shade in range(1, _SHADES + 1)}
    labels = []
    for (zone, week), count in counts.items():
        left, right = _week_edges(axis, anchor, week)
        base = base_of(named.index(zone), ZONE_PITCH)
        shade = min(_SHADES, 1 + (count - 1) * _SHADES // _WEEK)
        cells[f"heat h{shade}"].append(bar(left + 0.5, base, right - left - 1, ZONE_PITCH - 4))
        middle = number((left + right) / 2)
        labels.append(Label(middle, number(base - (ZONE_PITCH - 4) / 2), str(count), f"h{shade}"))
    return ZonesPanel(
        height=height_of(len(named), ZONE_PITCH),
        rows=tuple(
            Row(
                zone,
                middle_of(k, ZONE_PITCH),
                sum(n for (named_zone, _), n in counts.items() if named_zone == zone),
            )
            for k, zone in enumerate(named)
        ),
        shapes=shapes(cells.items()),
        counts=tuple(labels),
    )


def _week_edges(axis: TimeAxis, anchor: date, week: int) -> tuple[float, float]:
    first = max(anchor + timedelta(days=week * _WEEK), axis.first_on)
    last = min(anchor + timedelta(days=week * _WEEK + _WEEK - 1), axis.last_on)
    return axis.start(first), axis.start(last) + axis.column


def _hurt(answer: TriggerAnswer | None) -> bool:
    return answer is not None and bool(answer.value)


def _draw_gate(drawn: dict[str, list[str]], axis: TimeAxis, x: float, day: TrendDay) -> None:
    base = base_of(0, PITCH)
    if day.gate == "yes":
        drawn["felt"].append(bar(x, base, span(axis), FULL))
    elif day.gate == "avoided":
        drawn["hatch"].append(bar(x, base, span(axis), FULL))
    elif day.gate == "no":
        drawn["flat"].append(bar(x, base, span(axis), FLAT))


def _draw_trigger(
    drawn: dict[str, list[str]],
    axis: TimeAxis,
    x: float,
    row: int,
    answer: TriggerAnswer,
    maximum: int,
) -> None:
    base, middle = base_of(row, PITCH), x + span(axis) / 2
    if answer.value is not None:
        kind = "felt" if answer.value else "flat"
        height = max(FLAT, FULL * answer.value / maximum)
        drawn[kind].append(bar(x, base, span(axis), height))
    elif answer.status is AnswerStatus.AVOIDED:
        drawn["hatch"].append(bar(x, base, span(axis), FULL))
    elif answer.status is AnswerStatus.NOT_EXPOSED:
        drawn["none"].append(dot(middle, base - FULL / 2))
    elif answer.status is AnswerStatus.DECLINED:
        drawn["declined"].append(cross(middle, base - FULL / 2, min(2.4, axis.column * 0.35)))


def _marks(drawn: dict[str, list[str]], axis: TimeAxis) -> tuple[Shape, ...]:
    solid = shapes((kind, drawn[kind]) for kind in ("felt", "flat", "hatch", "declined"))
    return (*solid, *shapes([("none", drawn["none"])], number(min(2.6, axis.column * 0.45))))
