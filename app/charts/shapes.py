"""Paths, the small marks that they are made of, and the labels beside them.

A dot is a line of no length with a round end: one short path draws a year of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Shape:
    """One path of a class; `width` is the stroke's where the number of days decides it."""

    kind: str
    d: str
    width: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A short text at a point; `kind` says which, the template says it in words."""

    x: str
    y: str
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a panel: what it is about, and the y of its middle."""

    code: str
    y: str
    count: int | None = None


@lru_cache(maxsize=8192)
def number(value: float) -> str:
    """A coordinate to a tenth of a unit, in the fewest characters.

    Kept, because the same columns and heights come back in every panel of a page.
    """
    text = f"{value:.1f}"
    return text.removesuffix(".0")


def dot(x: float, y: float) -> str:
    """A point, as large as its stroke is wide."""
    return f"M{number(x)} {number(y)}h0"


def bar(x: float, base_y: float, width: float, height: float) -> str:
    """An upright bar standing on `base_y`."""
    w, h = number(width), number(height)
    return f"M{number(x)} {number(base_y)}v-{h}h{w}v{h}z"


def cross(x: float, y: float, r: float) -> str:
    """A small ×."""
    side = number(2 * r)
    return f"M{number(x - r)} {number(y - r)}l{side} {side}m0-{side}l-{side} {side}"


def line(points: Iterable[tuple[float, float] | None]) -> str:
    """A line through the points, interrupted at each None; a lone point keeps a dot of its own."""
    parts, is_open = [], False
    for point in points:
        if point is None:
            is_open = False
            continue
        x, y = number(point[0]), number(point[1])
        parts.append(f"L{x} {y}" if is_open else f"M{x} {y}h0")
        is_open = True
    return "".join(parts)


def shapes(drawn: Iterable[tuple[str, list[str]]], width: str | None = None) -> tuple[Shape, ...]:
    """One shape per kind that has anything to draw."""
    return tuple(Shape(kind, "".join(parts), width) for kind, parts in drawn if parts)
