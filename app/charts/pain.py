"""Pain over time: average and worst by day, the rolling mean, the baseline, what was corrected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.charts.axis import TimeAxis
from app.charts.shapes import Label, Shape, cross, dot, line, number, shapes
from app.domain.figures import Baseline, Day, Mean
from app.domain.records import SCALE_MAX
from app.domain.study.rules import Flags, Scale
from app.domain.trend import TrendDay

TOP = 18
HEIGHT = 176
_LABEL_ROOM = 12


@dataclass(frozen=True, slots=True)
class PainLevels:
    """What the daily scores are read against: the baseline and the study's reductions."""

    baseline: Baseline | None
    flags: Flags


@dataclass(frozen=True, slots=True)
class PainPanel:
    """The pain chart; `axis_labels` are values of the scale, `levels` name a line at the right."""

    height: int
    top: int
    bottom: int
    shapes: tuple[Shape, ...]
    axis_labels: tuple[Label, ...]
    levels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Spark:
    """A small line of daily scores with its last point; `point` is None without any score."""

    width: int
    height: int
    d: str
    point: str | None


class _Scale:
    """From a score to y; the axis always spans the whole scale."""

    def __init__(self, scale: Scale) -> None:
        self.maximum = SCALE_MAX[scale]

    def y(self, value: float) -> float:
        return TOP + (self.maximum - value) / self.maximum * HEIGHT


def pain_panel(
    axis: TimeAxis,
    days: Sequence[TrendDay],
    rolling: Mapping[date, Mean],
    scale: Scale,
    levels: PainLevels,
) -> PainPanel:
    """Draw the days that the axis covers, on the whole scale, higher being worse."""
    to = _Scale(scale)
    seen = [day for day in days if axis.covers(day.day.diary_on)]
    half = to.maximum / 2
    marks = [(value, to.y(value)) for value in (0, half, to.maximum)]
    grid = [f"M{axis.left} {number(y)}H{axis.right}" for _, y in marks]
    lines, labels = _level_lines(axis, to, levels)
    thin, points = _daily_shapes(axis, to, seen)
    return PainPanel(
        height=TOP + HEIGHT + 8,
        top=TOP,
        bottom=TOP + HEIGHT,
        shapes=(
            *_baseline_band(axis, levels.baseline),
            *shapes([("grid", grid)]),
            *lines,
            *thin,
            *_rolling_line(axis, to, rolling),
            *points,
        ),
        axis_labels=tuple(Label(str(axis.left), number(y), f"{v:g}") for v, y in marks),
        levels=labels,
    )


def spark(days: Sequence[Day], scale: Scale, width: int = 112, height: int = 32) -> Spark:
    """Draw the daily averages of a run of days in a table's cell, the whole scale high."""
    maximum, pad = SCALE_MAX[scale], 3
    step = (width - 2 * pad) / max(len(days) - 1, 1)
    points = [
        None
        if (value := day.pain_average) is None
        else (pad + step * k, pad + (maximum - value) / maximum * (height - 2 * pad))
        for k, day in enumerate(days)
    ]
    last = next((point for point in reversed(points) if point is not None), None)
    return Spark(width, height, line(points), None if last is None else dot(*last))


def _daily_shapes(
    axis: TimeAxis, to: _Scale, days: Sequence[TrendDay]
) -> tuple[tuple[Shape, ...], tuple[Shape, ...]]:
    """Worsts as ticks on a stem, under the mean; averages as points over it, some hollow."""
    size = min(6.4, max(1.4, axis.column * 0.8))
    drawn: dict[str, list[str]] = {
        kind: [] for kind in ("stem", "worst", "ghost", "old", "full", "ring", "site")
    }
    holes: list[str] = []
    for day in days:
        x = axis.middle(day.day.diary_on)
        average = day.day.pain_average
        if day.pain_worst is not None:
            reach = min(3.2, axis.column * 0.36)
            at = number(to.y(day.pain_worst))
            drawn["worst"].append(f"M{number(x - reach)} {at}h{number(2 * reach)}")
            if average is not None:
                drawn["stem"].append(f"M{number(x)} {number(to.y(average))}V{at}")
        if average is None:
            continue
        if day.old_average is not None:
            old_y = to.y(day.old_average)
            drawn["old"].append(cross(x, old_y, min(3, axis.column * 0.45)))
            drawn["ghost"].append(f"M{number(x)} {number(to.y(average))}V{number(old_y)}")
        point = dot(x, to.y(average))
        kind = "ring" if day.is_hollow else "full"
        drawn[kind if day.day.by_participant else "site"].append(point)
        if day.is_hollow:
            holes.append(point)
    thin = shapes((kind, drawn[kind]) for kind in ("stem", "worst", "ghost"))
    points = shapes(((kind, drawn[kind]) for kind in ("full", "ring", "site")), number(size))
    hollow = shapes([("hole", holes)], number(size * 0.5))
    return thin, (*points, *hollow, *shapes([("old", drawn["old"])]))


def _rolling_line(axis: TimeAxis, to: _Scale, rolling: Mapping[date, Mean]) -> tuple[Shape, ...]:
    points = [
        None if mean.value is None else (axis.middle(on), to.y(mean.value))
        for on, mean in sorted(rolling.items())
        if axis.covers(on)
    ]
    d = line(points)
    return (Shape("mean-under", d), Shape("mean", d)) if d else ()


def _baseline_band(axis: TimeAxis, baseline: Baseline | None) -> tuple[Shape, ...]:
    """The days that make the baseline, shaded, evaluable or not."""
    if baseline is None or not (
        baseline.starts_on <= axis.last_on and axis.covers(baseline.ends_on)
    ):
        return ()
    left = axis.start(max(baseline.starts_on, axis.first_on))
    right = axis.start(baseline.ends_on) + axis.column
    return (Shape("band", f"M{number(left)} {TOP}H{number(right)}V{TOP + HEIGHT}H{number(left)}z"),)


def _level_lines(
    axis: TimeAxis, to: _Scale, levels: PainLevels
) -> tuple[tuple[Shape, ...], tuple[Label, ...]]:
    """The baseline and its reductions as lines to the right edge, named where there is room."""
    if levels.baseline is None or levels.baseline.mean.value is None:
        return (), ()
    base = levels.baseline.mean.value
    left = number(max(axis.left, axis.start(levels.baseline.starts_on)))
    drawn, labels, above = [], [], float(-_LABEL_ROOM)
    for kind, share in (
        ("baseline", 0),
        ("moderate", levels.flags.moderate_percent),
        ("substantial", levels.flags.substantial_percent),
    ):
        y = to.y(base * (100 - share) / 100)
        drawn.append(Shape(f"level {kind}", f"M{left} {number(y)}H{axis.right}"))
        if y - above >= _LABEL_ROOM:
            labels.append(Label(str(axis.right + 6), number(y), f"{share or base:.3g}", kind))
            above = y
    return tuple(drawn), tuple(labels)
