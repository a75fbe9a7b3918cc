"""One sample of every mark, on an 18 by 18 ground, for the keys under the charts."""

from collections.abc import Sequence

from app.charts.diary import strip_symbol
from app.charts.shapes import Shape, bar, cross, dot

_M = 9.0

PAIN: dict[str, tuple[Shape, ...]] = {
    "average": (Shape("full", dot(_M, _M), "7"),),
    "worst": (Shape("stem", "M9 15V5"), Shape("worst", "M5.5 5h7")),
    "mean": (Shape("mean", "M1 12L9 6L17 9"),),
    "baseline": (Shape("band", bar(1, 17, 16, 16)), Shape("level baseline", "M1 9h16")),
    "hollow": (Shape("ring", dot(_M, _M), "7"), Shape("hole", dot(_M, _M), "3.6")),
    "old": (Shape("ghost", "M9 15V5"), Shape("old", cross(_M, 5, 3))),
    "site": (Shape("site", dot(_M, _M), "7"),),
}
ALLODYNIA: dict[str, tuple[Shape, ...]] = {
    "felt": (Shape("ground", bar(2, 17, 14, 16)), Shape("felt", bar(6, 17, 6, 11))),
    "flat": (Shape("ground", bar(2, 17, 14, 16)), Shape("flat", bar(6, 17, 6, 2))),
    "hatch": (Shape("ground", bar(2, 17, 14, 16)), Shape("hatch", bar(6, 17, 6, 16))),
    "none": (Shape("ground", bar(2, 17, 14, 16)), Shape("none", dot(_M, _M), "3")),
    "ground": (Shape("ground", bar(2, 17, 14, 16)),),
}
MEDICINES: dict[str, tuple[Shape, ...]] = {
    "scheduled": (Shape("dose scheduled", bar(6, 16, 6, 13)),),
    "rescue": (Shape("dose rescue", bar(6, 16, 6, 13)),),
    "partial": (Shape("ring", dot(_M, _M), "7"), Shape("hole", dot(_M, _M), "3.6")),
}


def diary_keys(names: Sequence[str]) -> dict[str, tuple[Shape, ...]]:
    """A sample of each symbol asked for."""
    return {name: strip_symbol(name) for name in names}
