"""Day numbers, adherence and the causes of missing days."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.figures import Day, DayNumbers, adherence, missing_causes, number_day
from app.domain.records import AnswerStatus, EntryStatus
from app.domain.schedule import Due, MissedCause

D0 = date(2026, 1, 13)
DAY = timedelta(days=1)
SESSIONS = [date(2026, 1, 14), date(2026, 1, 20), date(2026, 1, 27)]


def day(
    k: int,
    status: EntryStatus = EntryStatus.COMPLETE,
    *,
    answered: bool = True,
    by_participant: bool = True,
    closed: bool = True,
    cause: MissedCause | None = None,
) -> Day:
    st_ = AnswerStatus.ANSWERED if answered else AnswerStatus.UNANSWERED
    value = 50 if answered else None
    return Day(
        D0 + DAY * k,
        status,
        value,
        st_,
        by_participant=by_participant,
        closed=closed,
        cause=cause,
    )


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2026, 1, 6), DayNumbers(-7, -8, 0, None)),
        (date(2026, 1, 13), DayNumbers(0, -1, 0, None)),
        (date(2026, 1, 14), DayNumbers(1, 1, 1, 0)),
        (date(2026, 1, 19), DayNumbers(6, 6, 1, 5)),
        (date(2026, 1, 20), DayNumbers(7, 7, 2, 0)),
        (date(2026, 3, 14), DayNumbers(60, 60, 3, 46)),
    ],
)
def test_days_are_numbered_from_inclusion_and_from_session_1(
    on: date, expected: DayNumbers
) -> None:
    assert number_day(on, D0, [SESSIONS[2], SESSIONS[0], SESSIONS[1]]) == expected


def test_an_unknown_start_gives_no_number() -> None:
    assert number_day(D0, None, []) == DayNumbers(None, None, 0, None)


@given(st.integers(-400, 400))
def test_there_is_no_day_0_and_none_is_skipped(k: int) -> None:
    here = number_day(D0 + DAY * k, D0, SESSIONS).dy
    after = number_day(D0 + DAY * (k + 1), D0, SESSIONS).dy
    assert here is not None
    assert after is not None
    assert here != 0
    assert after - here == (2 if here == -1 else 1)


def test_adherence_counts_closed_due_days_answered_by_the_participant() -> None:
    days = [
        day(0),
        day(1, EntryStatus.PARTIAL),
        day(2, by_participant=False),
        day(3, EntryStatus.MISSING, answered=False),
        day(4, EntryStatus.PAUSED, answered=False),
        day(5, EntryStatus.NOT_DUE, answered=False),
        day(6, closed=False),
    ]
    found = adherence(days)
    assert (found.answered, found.due, found.paused) == (2, 4, 1)
    assert found.pct == 50
    assert found.pct_with_paused == 40


def test_an_entry_on_a_paused_day_was_not_owed() -> None:
    extra = Day(D0, EntryStatus.COMPLETE, 40, AnswerStatus.ANSWERED, due=Due.PAUSED)
    found = adherence([extra, day(1)])
    assert (found.answered, found.due, found.paused) == (1, 1, 1)


def test_a_declined_score_is_not_an_answer() -> None:
    declined = Day(D0, EntryStatus.COMPLETE, None, AnswerStatus.DECLINED)
    assert adherence([declined, day(1)]).pct == 50
    assert missing_causes([declined]) == {MissedCause.DECLINED: 1}


def test_the_target_is_reached_at_exactly_eighty_percent() -> None:
    days = [day(k) for k in range(4)]
    assert adherence([*days, day(4, EntryStatus.MISSING, answered=False)]).meets(80) is True
    assert adherence([*days, day(4, EntryStatus.MISSING, answered=False)]).meets(80.1) is False


def test_before_the_first_day_closes_there_is_no_adherence() -> None:
    found = adherence([day(0, closed=False)])
    assert (found.pct, found.pct_with_paused, found.meets(80)) == (None, None, None)


def test_causes_are_counted_and_the_paused_day_needs_none() -> None:
    gap = EntryStatus.MISSING
    days = [
        day(0),
        day(1, gap, answered=False, cause=MissedCause.NOT_OPENED),
        day(2, gap, answered=False, cause=MissedCause.NOT_OPENED),
        day(3, gap, answered=False),
        day(4, EntryStatus.PAUSED, answered=False, cause=MissedCause.TECHNICAL),
        day(5, EntryStatus.NOT_DUE, answered=False),
        day(6, gap, answered=False, closed=False),
    ]
    assert missing_causes(days) == {
        MissedCause.NOT_OPENED: 2,
        MissedCause.UNKNOWN: 1,
        MissedCause.PAUSED: 1,
    }


@given(
    st.lists(
        st.tuples(st.sampled_from(EntryStatus), st.booleans(), st.booleans(), st.booleans()),
        max_size=40,
    )
)
def test_every_closed_day_is_answered_or_has_one_cause(
    rows: list[tuple[EntryStatus, bool, bool, bool]],
) -> None:
    days = [
        day(k, status, answered=answered, by_participant=own, closed=closed)
        for k, (status, answered, own, closed) in enumerate(rows)
    ]
    counted = [d for d in days if d.closed and d.status is not EntryStatus.NOT_DUE]
    answered = sum(d.pain_average is not None for d in counted)
    assert answered + sum(missing_causes(days).values()) == len(counted)
    found = adherence(days)
    assert 0 <= found.answered <= found.due
    assert found.due + found.paused == len(counted)
