"""The geometry of the charts: where things stand, and that a gap is never drawn over."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest

from app.charts import (
    DoseRow,
    PainLevels,
    Shape,
    TimeAxis,
    allodynia_panel,
    diary_panel,
    medicines_panel,
    own_line,
    pain_panel,
    spark,
    strip,
    symbol_of,
    tally,
    time_axis,
    zones_panel,
)
from app.domain.figures import DailyMme, Day, MmeStatus, baseline, rolling_means
from app.domain.records import AnswerStatus, EntryStatus
from app.domain.schedule import MissedCause
from app.domain.study import Baseline, Flags, Week
from app.domain.study.rules import Scale
from app.domain.trend import TrendDay, TriggerAnswer

FIRST = date(2026, 1, 7)
SESSION_1 = date(2026, 1, 14)
DAY = timedelta(days=1)
WEEK = Week(days=7, minimum=4)
FLAGS = Flags(moderate_percent=30, substantial_percent=50, vas100_points=20, nrs11_points=2)
RULE = Baseline(days=7, minimum=4, before_inclusion=True)
COMPLETE, PARTIAL, MISSING = EntryStatus.COMPLETE, EntryStatus.PARTIAL, EntryStatus.MISSING


def entry(k: int, value: int | None, *, late: bool = False, own: bool = True) -> Day:
    st = AnswerStatus.DECLINED if value is None else AnswerStatus.ANSWERED
    return Day(FIRST + DAY * k, COMPLETE, value, st, late=late, by_participant=own)


def gap(k: int, cause: MissedCause | None = None, *, closed: bool = True) -> Day:
    return Day(FIRST + DAY * k, MISSING, cause=cause, closed=closed)


def axis_of(days: int = 28) -> TimeAxis:
    last = FIRST + DAY * (days - 1)
    return time_axis(FIRST, last, inclusion_on=SESSION_1 - DAY, sessions_on=[SESSION_1])


def path(shapes: Sequence[Shape], kind: str) -> str:
    return "".join(shape.d for shape in shapes if shape.kind == kind)


def draw_pain(days: Sequence[TrendDay], scale: Scale = "vas100") -> Sequence[Shape]:
    figures = [day.day for day in days]
    levels = PainLevels(baseline(figures, SESSION_1, RULE), FLAGS)
    return pain_panel(axis_of(), days, rolling_means(figures, WEEK), scale, levels).shapes


def test_every_date_has_its_own_column_and_the_axis_ends_at_its_edge() -> None:
    axis = axis_of()
    bands = axis.bands()
    assert [band.on for band in bands] == [FIRST + DAY * k for k in range(28)]
    assert axis.start(FIRST) == axis.left
    assert axis.start(axis.last_on) + axis.column == pytest.approx(axis.right)


@pytest.mark.parametrize("days", [1, 6, 28, 68, 365])
def test_ticks_fall_on_study_weeks_and_never_crowd(days: int) -> None:
    axis = axis_of(days)
    assert all((tick.on - SESSION_1).days % 7 == 0 for tick in axis.ticks)
    assert all(tick.study_day == (tick.on - SESSION_1).days + 1 for tick in axis.ticks)
    places = [float(tick.x) for tick in axis.ticks]
    assert all(b - a >= 58 for a, b in pairwise(places))
    assert all(axis.covers(tick.on) for tick in axis.ticks)


def test_a_session_whose_name_would_cover_another_keeps_its_line_only() -> None:
    dates = [SESSION_1 + DAY * k for k in (0, 6, 13, 29, 400)]
    marks = time_axis(FIRST, FIRST + DAY * 364, sessions_on=dates).sessions
    assert [(mark.number, mark.is_named) for mark in marks] == [
        (1, True),
        (2, False),
        (3, True),
        (4, True),
    ]


def test_pain_stands_on_the_whole_scale_whatever_was_answered() -> None:
    shapes = draw_pain([TrendDay(entry(0, 100)), TrendDay(entry(1, 0)), TrendDay(entry(2, 50))])
    heights = [float(y) for y in re.findall(r"M[\d.]+ ([\d.]+)h0", path(shapes, "full"))]
    assert heights == [18, 194, 106]


def test_the_scale_from_0_to_10_has_the_same_height() -> None:
    shapes = draw_pain([TrendDay(entry(0, 10)), TrendDay(entry(1, 5))], "nrs11")
    heights = [float(y) for y in re.findall(r"M[\d.]+ ([\d.]+)h0", path(shapes, "full"))]
    assert heights == [18, 106]


def test_the_mean_breaks_where_there_are_too_few_answers() -> None:
    days = [entry(k, 60) for k in range(7)] + [gap(k) for k in range(7, 14)]
    days += [entry(k, 40) for k in range(14, 21)]
    d = path(draw_pain([TrendDay(day) for day in days]), "mean")
    assert d.count("M") == 2


def test_declined_and_missing_days_draw_no_point() -> None:
    shapes = draw_pain([TrendDay(entry(0, None)), TrendDay(gap(1))])
    assert not any(shape.kind in ("full", "ring", "hole", "site", "mean") for shape in shapes)


def test_late_and_corrected_points_are_hollow_and_the_old_value_is_a_ghost() -> None:
    corrected = TrendDay(entry(1, 40), old_average=80, is_corrected=True)
    shapes = draw_pain([TrendDay(entry(0, 50, late=True)), corrected, TrendDay(entry(2, 50))])
    assert path(shapes, "ring").count("M") == 2
    assert path(shapes, "hole") == path(shapes, "ring")
    assert path(shapes, "full").count("M") == 1
    x = axis_of().middle(FIRST + DAY)
    assert path(shapes, "ghost") == f"M{x:.1f} 123.6V53.2"
    assert path(shapes, "old").startswith(f"M{x - 3:.1f} 50.2")


def test_an_entry_by_the_site_is_drawn_apart() -> None:
    shapes = draw_pain([TrendDay(entry(0, 50, own=False))])
    assert path(shapes, "site")
    assert not path(shapes, "full")


def test_the_baseline_is_a_band_of_its_days_and_a_line_with_its_reductions() -> None:
    days = [TrendDay(entry(k, 80)) for k in range(7)]
    levels = PainLevels(baseline([day.day for day in days], SESSION_1, RULE), FLAGS)
    panel = pain_panel(axis_of(), days, {}, "vas100", levels)
    axis = axis_of()
    assert (
        path(panel.shapes, "band") == f"M{axis.left} 18H{axis.start(SESSION_1):g}V194H{axis.left}z"
    )
    assert [(label.kind, label.text, label.y) for label in panel.levels] == [
        ("baseline", "80", "53.2"),
        ("moderate", "30", "95.4"),
        ("substantial", "50", "123.6"),
    ]


def test_level_names_that_would_overlap_are_left_out() -> None:
    days = [TrendDay(entry(k, 10)) for k in range(7)]
    levels = PainLevels(baseline([day.day for day in days], SESSION_1, RULE), FLAGS)
    panel = pain_panel(axis_of(), days, {}, "vas100", levels)
    assert [label.kind for label in panel.levels] == ["baseline"]
    assert path(panel.shapes, "level substantial")


def test_an_unevaluable_baseline_has_a_band_and_no_line() -> None:
    shapes = draw_pain([TrendDay(entry(k, 80)) for k in range(3)])
    assert path(shapes, "band")
    assert not any(shape.kind.startswith("level") for shape in shapes)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (entry(0, 50), "entry"),
        (entry(0, 50, late=True), "late"),
        (Day(FIRST, PARTIAL, 90, AnswerStatus.ANSWERED, late=True), "flare"),
        (entry(0, None), "declined"),
        (entry(0, 50, own=False), "site"),
        (gap(0), "missing"),
        (gap(0, closed=False), None),
        (Day(FIRST, EntryStatus.PAUSED), "paused"),
        (Day(FIRST, EntryStatus.NOT_DUE), None),
    ],
)
def test_every_day_has_its_symbol(day: Day, expected: str | None) -> None:
    assert symbol_of(day) == expected
    drawn = {shape.kind.split()[1] for shape in strip([day]).shapes}
    assert drawn == ({expected} if expected else set())
    assert tally([day]) == ({expected: 1} if expected else {})


@pytest.mark.parametrize("days", [28, 365])
def test_a_cause_has_a_row_only_when_it_occurs_in_the_order_of_causes(days: int) -> None:
    unknown, technical = gap(1), gap(2, MissedCause.TECHNICAL)
    shown = [
        TrendDay(d) for d in (entry(0, 5), unknown, technical, entry(3, None), gap(4, closed=False))
    ]
    panel = diary_panel(axis_of(days), shown)
    assert [(row.code, row.count) for row in panel.rows] == [
        ("diary", 1),
        ("declined", 1),
        ("technical", 1),
        ("unknown", 1),
    ]
    assert path(panel.shapes, "cause").count("M") == 3


def test_each_state_of_a_trigger_is_drawn_differently() -> None:
    states = [
        TriggerAnswer(AnswerStatus.ANSWERED, 100),
        TriggerAnswer(AnswerStatus.ANSWERED, 0),
        TriggerAnswer(AnswerStatus.AVOIDED),
        TriggerAnswer(AnswerStatus.NOT_EXPOSED),
        TriggerAnswer(AnswerStatus.DECLINED),
        TriggerAnswer(AnswerStatus.NOT_ASKED),
    ]
    days = [
        TrendDay(entry(k, 50), gate="yes", triggers={"cold": state})
        for k, state in enumerate(states)
    ]
    panel = allodynia_panel(axis_of(), days, ["cold"], "vas100")
    assert [(row.code, row.count) for row in panel.rows] == [("gate", 6), ("cold", 1)]
    per_kind = {shape.kind: shape.d.count("M") for shape in panel.shapes}
    assert per_kind == {"ground": 2, "felt": 6 + 1, "flat": 1, "hatch": 1, "none": 1, "declined": 1}


def test_avoided_contact_is_not_an_absence_and_a_day_without_entry_breaks_the_track() -> None:
    days = [
        TrendDay(entry(0, 50), gate="avoided"),
        TrendDay(gap(1)),
        TrendDay(entry(2, 50), gate="no"),
    ]
    panel = allodynia_panel(axis_of(), days, [], "vas100")
    per_kind = {shape.kind: shape.d.count("M") for shape in panel.shapes}
    assert per_kind == {"ground": 2, "hatch": 1, "flat": 1}


def test_places_are_counted_by_study_week() -> None:
    palm, wrist = frozenset({"hand.palm"}), frozenset({"hand.palm", "hand.wrist"})
    days = [TrendDay(entry(k, 5), zones=palm) for k in (5, 6)]
    days += [TrendDay(entry(7, 5), zones=wrist), TrendDay(entry(8, 5), zones=frozenset())]
    days.append(TrendDay(entry(9, 5), zones=frozenset({"hand.of_an_older_set"})))
    panel = zones_panel(axis_of(), days, ["hand.wrist", "hand.palm", "hand.thumb"], SESSION_1)
    assert [(row.code, row.count) for row in panel.rows] == [
        ("hand.wrist", 1),
        ("hand.palm", 3),
        ("hand.of_an_older_set", 1),
    ]
    assert sorted(label.text for label in panel.counts) == ["1", "1", "1", "2"]


def test_equivalents_break_at_unanswered_days_and_partial_days_are_hollow() -> None:
    mme = [
        DailyMme(FIRST, 40, MmeStatus.COMPLETE),
        DailyMme(FIRST + DAY, 20, MmeStatus.PARTIAL),
        DailyMme(FIRST + DAY * 2, None, MmeStatus.NOT_ANSWERED),
        DailyMme(FIRST + DAY * 3, 0, MmeStatus.NONE_TAKEN),
    ]
    rows = [DoseRow("a", "scheduled", {FIRST: 2, FIRST + DAY: 4}), DoseRow("b", "rescue", {})]
    panel = medicines_panel(axis_of(), mme, rows)
    assert path(panel.shapes, "mme").count("M") == 2
    assert path(panel.shapes, "ring").count("M") == 1
    assert [label.text for label in panel.mme_labels] == ["50", "0"]
    assert [(row.code, row.count) for row in panel.rows] == [("a", 2), ("b", 0)]
    assert [label.text for label in panel.peaks] == ["4"]


def test_without_any_opioid_there_is_no_line_of_equivalents() -> None:
    panel = medicines_panel(axis_of(), [DailyMme(FIRST, 0, MmeStatus.NONE_TAKEN)], [])
    assert panel.mme_labels == ()
    assert not path(panel.shapes, "mme")


@pytest.mark.parametrize("days", [[], [gap(0)], [entry(0, None)], [entry(0, 50)]])
def test_few_or_no_entries_are_drawn_as_they_are(days: list[Day]) -> None:
    shown = [TrendDay(day) for day in days]
    scores = sum(day.pain_average is not None for day in days)
    assert path(draw_pain(shown), "full").count("M") == scores
    assert (spark(days, "vas100").point is not None) == bool(scores)


def test_no_coordinate_is_written_longer_than_a_tenth() -> None:
    shapes = draw_pain([TrendDay(entry(k, 33 + k), pain_worst=60) for k in range(20)])
    assert not re.search(r"\.\d\d", "".join(shape.d for shape in shapes))


def test_own_scores_are_one_line_with_its_gaps() -> None:
    drawn = own_line([0, 50, None, 100, None], 100)
    assert (drawn.width, drawn.height) == (320, 150)
    assert drawn.d == "M48 142h0L114.5 75M247.5 8h0"
    assert [label.text for label in drawn.labels] == ["0", "50", "100"]
    assert drawn.grid.count("M48 ") == 3


@pytest.mark.parametrize("scores", [[], [None], [None, None]])
def test_no_score_draws_no_line(scores: list[int | None]) -> None:
    assert own_line(scores, 10).d == ""


def test_one_score_alone_is_a_point() -> None:
    assert own_line([5], 10).d == "M48 75h0"
