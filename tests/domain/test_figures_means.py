"""Weekly means, baseline, rolling mean and reduction, against worked examples and an oracle."""

import statistics
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.figures import (
    BaselineStatus,
    Day,
    Mean,
    baseline,
    mean_between,
    response,
    rolling_means,
    weekly_means,
)
from app.domain.records import AnswerStatus, EntryStatus
from app.domain.study import Baseline, Flags, Week

SESSION_1 = date(2026, 1, 14)
DAY = timedelta(days=1)
WEEK = Week(days=7, minimum=4)
BASELINE = Baseline(days=7, minimum=4, before_inclusion=True)
FLAGS = Flags(moderate_percent=30, substantial_percent=50, vas100_points=20, nrs11_points=2)


def answered(on: date, value: int, *, late: bool = False, flare: bool = False) -> Day:
    status = EntryStatus.PARTIAL if flare else EntryStatus.COMPLETE
    return Day(on, status, value, AnswerStatus.ANSWERED, late=late)


def missing(on: date) -> Day:
    return Day(on, EntryStatus.MISSING)


def run(starts_on: date, values: Sequence[int | None]) -> list[Day]:
    dates = (starts_on + DAY * k for k in range(len(values)))
    pairs = zip(dates, values, strict=True)
    return [missing(on) if v is None else answered(on, v) for on, v in pairs]


def mean_of(*values: int) -> Mean:
    return Mean(values, is_evaluable=bool(values))


def test_week_1_starts_on_the_date_of_session_1() -> None:
    before = answered(SESSION_1 - DAY, 100)
    weeks = weekly_means(
        [before, *run(SESSION_1, [10, 20, 30, 40, 50, 60, 70, 80])], SESSION_1, WEEK
    )
    assert [(w.number, w.starts_on, w.ends_on) for w in weeks] == [
        (1, date(2026, 1, 14), date(2026, 1, 20)),
        (2, date(2026, 1, 21), date(2026, 1, 27)),
    ]
    assert weeks[0].mean.value == 40
    assert weeks[0].mean.n == 7
    assert weeks[0].mean.sd == pytest.approx(21.602469, abs=1e-6)


def test_four_answers_of_seven_make_a_mean_and_three_do_not() -> None:
    four = weekly_means(run(SESSION_1, [60, None, 61, None, 62, None, 64]), SESSION_1, WEEK)[0].mean
    three = weekly_means(run(SESSION_1, [60, None, 61, None, 62, None, None]), SESSION_1, WEEK)[
        0
    ].mean
    assert (four.value, four.n) == (61.75, 4)
    assert (three.value, three.sd, three.n) == (None, None, 3)


def test_an_unanswered_week_stays_in_the_row_as_a_gap() -> None:
    weeks = weekly_means(run(SESSION_1, [50] * 7 + [None] * 7 + [40] * 7), SESSION_1, WEEK)
    assert [w.mean.value for w in weeks] == [50, None, 40]


def test_there_is_no_week_before_session_1_is_recorded() -> None:
    assert weekly_means(run(SESSION_1, [50] * 7), None, WEEK) == ()
    assert weekly_means(run(SESSION_1 - DAY * 9, [50] * 7), SESSION_1, WEEK) == ()
    assert weekly_means([], SESSION_1, WEEK) == ()


def test_flare_late_and_site_days_count_and_are_counted() -> None:
    days = [
        answered(SESSION_1, 90, flare=True),
        answered(SESSION_1 + DAY, 70, late=True),
        Day(
            SESSION_1 + DAY * 2,
            EntryStatus.COMPLETE,
            50,
            AnswerStatus.ANSWERED,
            by_participant=False,
        ),
        answered(SESSION_1 + DAY * 3, 30),
    ]
    mean = weekly_means(days, SESSION_1, WEEK)[0].mean
    assert (mean.value, mean.n, mean.n_partial, mean.n_late, mean.n_site) == (60, 4, 1, 1, 1)


def test_a_declined_score_is_no_answer_and_no_zero() -> None:
    declined = Day(SESSION_1 + DAY * 4, EntryStatus.COMPLETE, None, AnswerStatus.DECLINED)
    mean = weekly_means([*run(SESSION_1, [40, 40, 40, 40]), declined], SESSION_1, WEEK)[0].mean
    assert (mean.value, mean.n) == (40, 4)


def test_baseline_is_the_seven_days_before_session_1() -> None:
    days = run(SESSION_1 - DAY * 8, [0, 70, 72, 74, 70, 72, 74, 72, 0])
    found = baseline(days, SESSION_1, BASELINE)
    assert (found.starts_on, found.ends_on) == (date(2026, 1, 7), date(2026, 1, 13))
    assert found.status is BaselineStatus.EVALUABLE
    assert (found.mean.value, found.mean.n) == (72, 7)


def test_baseline_under_four_answers_is_not_evaluable() -> None:
    found = baseline(run(SESSION_1 - DAY * 3, [70, 70, 70]), SESSION_1, BASELINE)
    assert found.status is BaselineStatus.NOT_EVALUABLE
    assert (found.mean.value, found.mean.n) == (None, 3)


@pytest.mark.parametrize(
    ("before", "after", "moderate", "substantial", "meaningful"),
    [
        ((70, 70, 70, 70), (49, 49, 49, 49), True, False, True),
        ((70, 70, 70, 70), (49, 49, 49, 50), False, False, True),
        ((70, 70, 70, 70), (35, 35, 35, 35), True, True, True),
        ((90, 90, 90, 90), (70, 70, 70, 70), False, False, True),
        ((90, 90, 90, 90), (70, 70, 70, 71), False, False, False),
        ((60, 60, 60, 60), (42, 42, 42, 42), True, False, False),
        ((50, 50, 50, 50), (60, 60, 60, 60), False, False, False),
    ],
)
def test_flags_are_raised_from_the_threshold_on(
    before: tuple[int, ...],
    after: tuple[int, ...],
    moderate: bool,
    substantial: bool,
    meaningful: bool,
) -> None:
    found = response(mean_of(*before), mean_of(*after), "vas100", FLAGS)
    assert found.is_moderate is moderate
    assert found.is_substantial is substantial
    assert found.is_meaningful is meaningful


def test_thirty_percent_that_floats_miss_is_still_reached() -> None:
    before, after = mean_of(34, 34, 34, 34), mean_of(24, 24, 24, 24, 23)
    assert 100 * ((before.value or 0) - (after.value or 0)) / (before.value or 0) < 30
    assert response(before, after, "vas100", FLAGS).is_moderate is True


def test_reduction_is_not_rounded_and_a_rise_is_negative() -> None:
    assert response(mean_of(70), mean_of(48), "vas100", FLAGS).reduction_pct == 2200 / 70
    assert response(mean_of(50), mean_of(60), "vas100", FLAGS).reduction_pct == -20


def test_nrs_is_not_multiplied_by_ten() -> None:
    assert response(mean_of(7), mean_of(5), "nrs11", FLAGS).is_meaningful is True
    assert response(mean_of(7), mean_of(5, 5, 5, 6), "nrs11", FLAGS).is_meaningful is False


def test_a_baseline_of_zero_has_no_percentage() -> None:
    found = response(mean_of(0), mean_of(10), "vas100", FLAGS)
    assert (found.reduction_pct, found.is_moderate, found.is_substantial) == (None, None, None)
    assert (found.reduction_points, found.is_meaningful) == (-10, False)


@pytest.mark.parametrize(("before", "after"), [((), (40,)), ((70,), ()), ((), ())])
def test_without_one_of_the_means_nothing_is_said(
    before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    found = response(mean_of(*before), mean_of(*after), "vas100", FLAGS)
    assert found.reduction_points is None
    assert found.is_moderate is None
    assert found.is_meaningful is None


def test_rolling_mean_ends_with_its_day_and_breaks_where_answers_are_few() -> None:
    rolling = rolling_means(run(SESSION_1, [10, 20, 30, 40, None, None, None, None, 50, 60]), WEEK)
    values = [mean.value for mean in rolling.values()]
    assert values == [None, None, None, 25, 25, 25, 25, None, None, None]


def test_a_mean_over_given_dates_keeps_the_same_rule() -> None:
    days = run(SESSION_1, [10, 20, 30, 40, 50])
    assert mean_between(days, SESSION_1, WEEK).value == 30
    assert mean_between(days, SESSION_1 + DAY * 2, WEEK).value is None


def test_the_study_sets_how_many_days_and_how_few_answers() -> None:
    days = run(SESSION_1 - DAY * 5, [10, 20, 30, 40, 50, 60])
    assert baseline(days, SESSION_1, Baseline(days=3, minimum=1, before_inclusion=True)).mean.n == 3
    assert [w.mean.n for w in weekly_means(days, days[0].diary_on, Week(days=5, minimum=1))] == [
        5,
        1,
    ]


def test_a_day_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        weekly_means([answered(SESSION_1, 5), answered(SESSION_1, 6)], SESSION_1, WEEK)


def test_a_day_cannot_hold_a_value_that_was_not_answered() -> None:
    with pytest.raises(ValueError, match="exactly when"):
        Day(SESSION_1, EntryStatus.COMPLETE, 50, AnswerStatus.DECLINED)


@given(
    values=st.lists(st.none() | st.integers(0, 100), min_size=1, max_size=40),
    offset=st.integers(0, 12),
)
def test_means_agree_with_a_plain_recomputation(values: list[int | None], offset: int) -> None:
    first = SESSION_1 - DAY * offset
    days = run(first, values)
    scores = {first + DAY * k: v for k, v in enumerate(values)}

    def plain(from_on: date) -> float | None:
        found = [scores.get(from_on + DAY * k) for k in range(7)]
        kept = [v for v in found if v is not None]
        return statistics.fmean(kept) if len(kept) >= 4 else None

    for week in weekly_means(days, SESSION_1, WEEK):
        expected = plain(SESSION_1 + DAY * 7 * (week.number - 1))
        assert week.mean.value == (None if expected is None else pytest.approx(expected))
    expected_before = plain(SESSION_1 - DAY * 7)
    found_before = baseline(days, SESSION_1, BASELINE).mean.value
    assert found_before == (None if expected_before is None else pytest.approx(expected_before))
    for on, mean in rolling_means(days, WEEK).items():
        expected_rolling = plain(on - DAY * 6)
        assert mean.value == (None if expected_rolling is None else pytest.approx(expected_rolling))


@given(st.lists(st.none() | st.integers(0, 100), min_size=1, max_size=60))
def test_every_answer_from_session_1_on_is_in_exactly_one_week(values: list[int | None]) -> None:
    weeks = weekly_means(run(SESSION_1, values), SESSION_1, WEEK)
    assert sum(week.mean.n for week in weeks) == sum(value is not None for value in values)
    assert all(b.starts_on - a.ends_on == DAY for a, b in pairwise(weeks))
