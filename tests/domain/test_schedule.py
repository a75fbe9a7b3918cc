"""Due days, reminders of an evening and the cause of a missing day, rule by rule and at random."""

import os
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.diary_day import DiaryWindow, WindowRules, ZoneSpan, window_on
from app.domain.schedule import (
    Course,
    Due,
    Evidence,
    Missed,
    MissedCause,
    Outcome,
    Pause,
    ReminderTimes,
    due_day,
    due_days,
    is_quiet,
    missed_cause,
    reminders_due,
)

RULES = WindowRules()
TIMES = ReminderTimes()
PARIS, HONOLULU, KIRITIMATI = "Europe/Paris", "Pacific/Honolulu", "Pacific/Kiritimati"
DAY = timedelta(days=1)
EXAMPLES = 20_000 if os.environ.get("SOAK") else 500

at = datetime.fromisoformat


def spans(tz: str, since: str = "2020-01-01T00:00Z") -> list[ZoneSpan]:
    return [ZoneSpan(at(since), tz)]


def evening(day: date, *journey: ZoneSpan) -> DiaryWindow:
    window = window_on(day, journey or spans(PARIS), RULES)
    assert window is not None
    return window


# Due days

COURSE = Course(date(2026, 1, 5), date(2026, 1, 12))


def dues(course: Course, *journey: ZoneSpan, until_on: date = date(2026, 2, 1)) -> str:
    """Draw the course as one letter a day: D due, P paused, N not due."""
    days = due_days(course, until_on, journey or spans(PARIS), RULES)
    return "".join({Due.DUE: "D", Due.PAUSED: "P", Due.NOT_DUE: "N"}[day.due] for day in days)


def test_every_date_of_the_course_is_due_and_none_beyond_it() -> None:
    assert dues(COURSE) == "DDDDDDDD"
    assert dues(COURSE, until_on=date(2026, 1, 6)) == "DD"
    assert dues(COURSE, until_on=date(2026, 1, 4)) == ""
    for day in (date(2026, 1, 4), date(2026, 1, 13)):
        assert due_day(day, COURSE, spans(PARIS), RULES).due is Due.NOT_DUE


def test_a_pause_covers_both_its_dates_and_may_be_open() -> None:
    pauses = (Pause(date(2026, 1, 6), date(2026, 1, 7)), Pause(date(2026, 1, 11)))
    assert dues(Course(COURSE.first_on, COURSE.last_on, pauses)) == "DPPDDDPP"


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        pytest.param("2026-01-07T12:00+01:00", "DDNNNNNN", id="before the evening"),
        pytest.param("2026-01-07T23:59+01:00", "DDNNNNNN", id="during the evening"),
        pytest.param("2026-01-08T00:00+01:00", "DDDNNNNN", id="once it has closed"),
    ],
)
def test_nothing_is_due_from_the_evening_of_the_end_on(ended: str, expected: str) -> None:
    course = Course(COURSE.first_on, COURSE.last_on, ended_at=at(ended))
    assert dues(course) == expected


def test_an_end_takes_a_paused_day_away_too() -> None:
    course = Course(
        COURSE.first_on,
        COURSE.last_on,
        (Pause(date(2026, 1, 7)),),
        ended_at=at("2026-01-08T12:00+01:00"),
    )
    assert dues(course) == "DDPNNNNN"


def test_a_date_skipped_by_travel_is_not_due_even_in_a_pause() -> None:
    journey = [*spans(HONOLULU), ZoneSpan(at("2026-01-07T12:00-10:00"), KIRITIMATI)]
    assert dues(COURSE, *journey) == "DDNDDDDD"
    paused = Course(COURSE.first_on, COURSE.last_on, (Pause(COURSE.first_on),))
    assert dues(paused, *journey) == "PPNPPPPP"


def test_a_date_before_enrolment_is_not_due() -> None:
    assert dues(COURSE, *spans(PARIS, "2026-01-06T10:00+01:00")) == "NDDDDDDD"


# Reminders


def planned(window: DiaryWindow, own_first: time | None = None) -> list[tuple[int, datetime]]:
    return [(due.step, due.due_at) for due in reminders_due(window, TIMES, own_first)]


def test_three_reminders_an_evening_at_their_local_minute() -> None:
    found = reminders_due(evening(date(2026, 7, 14)), TIMES)
    assert [(due.step, due.due_at) for due in found] == [
        (1, at("2026-07-14T19:00+02:00")),
        (2, at("2026-07-14T21:00+02:00")),
        (3, at("2026-07-14T22:30+02:00")),
    ]
    assert {due.diary_on for due in found} == {date(2026, 7, 14)}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param(time(18), [(1, 18, 0), (2, 21, 0), (3, 22, 30)], id="at the opening"),
        pytest.param(time(20, 15), [(1, 20, 15), (2, 21, 0), (3, 22, 30)], id="between"),
        pytest.param(time(21), [(1, 21, 0), (3, 22, 30)], id="on the second"),
        pytest.param(time(23, 59), [(1, 23, 59)], id="after all"),
        pytest.param(time(17, 59), [(1, 19, 0), (2, 21, 0), (3, 22, 30)], id="before the window"),
        pytest.param(time(0), [(1, 19, 0), (2, 21, 0), (3, 22, 30)], id="after the window"),
    ],
)
def test_an_own_first_time_replaces_the_first_and_silences_what_it_overtakes(
    own: time, expected: list[tuple[int, int, int]]
) -> None:
    found = planned(evening(date(2026, 1, 10)), own)
    assert found == [
        (step, at(f"2026-01-10T{hour:02}:{minute:02}+01:00")) for step, hour, minute in expected
    ]


def test_no_reminder_before_an_evening_that_opened_on_arrival() -> None:
    window = evening(date(2026, 1, 10), *spans(PARIS, "2026-01-10T20:00+01:00"))
    assert [step for step, _ in planned(window)] == [2, 3]


def test_no_reminder_after_the_next_date_has_opened() -> None:
    journey = [*spans(HONOLULU), ZoneSpan(at("2026-01-10T20:00-10:00"), KIRITIMATI)]
    assert [step for step, _ in planned(evening(date(2026, 1, 10), *journey))] == [1]
    assert [step for step, _ in planned(evening(date(2026, 1, 11), *journey))] == [2, 3]


def test_reminders_stay_in_the_zone_of_their_window() -> None:
    journey = [*spans(PARIS), ZoneSpan(at("2026-01-10T20:00+01:00"), "America/New_York")]
    assert planned(evening(date(2026, 1, 10), *journey))[1] == (2, at("2026-01-10T21:00+01:00"))


def test_a_time_that_summer_time_leaves_out_is_the_end_of_the_gap() -> None:
    window = evening(date(2026, 3, 28), *spans("America/Nuuk"))
    late = ReminderTimes(times=(time(22, 30), time(23, 15)))
    # At 23:00 the clock in Nuuk goes to midnight: 23:15 is no longer inside the evening.
    assert [due.due_at for due in reminders_due(window, late)] == [at("2026-03-28T22:30-02:00")]


def test_a_study_without_times_reminds_nobody() -> None:
    assert reminders_due(evening(date(2026, 1, 10)), ReminderTimes(times=()), time(20)) == ()


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        pytest.param("2026-07-14T22:30+02:00", False, id="evening"),
        pytest.param("2026-07-15T00:00+02:00", True, id="midnight"),
        pytest.param("2026-07-15T07:59+02:00", True, id="early"),
        pytest.param("2026-07-15T08:00+02:00", False, id="morning"),
    ],
)
def test_nobody_is_disturbed_at_night(instant: str, *, expected: bool) -> None:
    assert is_quiet(at(instant), PARIS, time(0), time(8)) is expected


def test_quiet_hours_may_pass_midnight() -> None:
    hours = [at(f"2026-07-14T{hour:02}:00+02:00") for hour in range(24)]
    quiet = [hour.hour for hour in hours if is_quiet(hour, "Europe/Paris", time(22), time(7))]
    assert len(quiet) == 9


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    tz=st.sampled_from(sorted(available_timezones())),
    day=st.dates(date(2025, 1, 1), date(2027, 12, 31)),
    times=st.lists(st.times(), min_size=1, max_size=4, unique=True).map(sorted),
    own_first=st.none() | st.times(),
    since_h=st.integers(-48, 48),
)
def test_reminders_are_in_order_inside_the_window_and_show_their_time_on_the_wall(
    tz: str, day: date, times: list[time], own_first: time | None, since_h: int
) -> None:
    since = datetime.combine(day, time(20), UTC) + timedelta(hours=since_h)
    window = window_on(day, [ZoneSpan(since, tz)], RULES)
    if window is None:
        return
    found = reminders_due(window, ReminderTimes(tuple(times)), own_first)
    instants = [due.due_at for due in found]
    assert instants == sorted(set(instants))
    assert len({due.step for due in found}) == len(found) <= len(times)
    for due in found:
        assert window.opens_at <= due.due_at < window.closes_at
        wall = due.due_at.astimezone(ZoneInfo(tz)).replace(tzinfo=None)
        wanted = {times[due.step - 1]} | ({own_first} if due.step == 1 else set())
        assert wall.date() == day
        assert wall.time() in wanted or not exists(tz, day, wanted)


def exists(tz: str, day: date, times: set[time | None]) -> bool:
    """Tell whether the zone's clock shows one of these times on the day: go there and back."""
    for wall in (datetime.combine(day, moment) for moment in times if moment is not None):
        there = wall.replace(tzinfo=ZoneInfo(tz)).astimezone(UTC).astimezone(ZoneInfo(tz))
        if there.replace(tzinfo=None) == wall:
            return True
    return False


# The cause of a missing day

WINDOW = evening(date(2026, 1, 10))
AFTERWARDS = WINDOW.save_until_at


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [
        (Evidence(is_paused=True, is_declined=True), "paused"),
        (Evidence(is_declined=True, has_technical_fault=True), "declined"),
        (Evidence(has_technical_fault=True, was_opened=True), "technical"),
        (Evidence(was_opened=True, outcomes=(Outcome.DELIVERED,)), "not_finished"),
        (Evidence(outcomes=(Outcome.FAILED, Outcome.DELIVERED)), "not_opened"),
        (Evidence(outcomes=(Outcome.FAILED, Outcome.FAILED)), "not_reachable"),
        (Evidence(outcomes=(Outcome.FAILED, Outcome.SENT)), "unknown"),
        (Evidence(outcomes=(Outcome.SENT,)), "unknown"),
        (Evidence(), "unknown"),
    ],
)
def test_the_first_cause_that_fits_is_given(evidence: Evidence, cause: str) -> None:
    assert missed_cause(evidence, WINDOW).cause == cause


@pytest.mark.parametrize(
    ("contact_at", "is_provisional"),
    [
        (None, True),
        (AFTERWARDS - timedelta(seconds=1), True),
        (AFTERWARDS, False),
        (AFTERWARDS + DAY, False),
    ],
)
def test_a_cause_is_provisional_until_the_device_has_been_in_contact(
    contact_at: datetime | None, is_provisional: bool
) -> None:
    found = missed_cause(Evidence(last_contact_at=contact_at), WINDOW)
    assert found == Missed(MissedCause.UNKNOWN, is_provisional)


def test_every_combination_of_evidence_has_the_first_cause_in_order() -> None:
    answers = product((False, True), repeat=4)
    messages: list[tuple[Outcome, ...]] = [(), *((one,) for one in Outcome)]
    messages += product(Outcome, repeat=2)
    for (paused, declined, fault, opened), sent in product(answers, messages):
        evidence = Evidence(paused, declined, fault, opened, sent)
        if paused:
            expected = "paused"
        elif declined:
            expected = "declined"
        elif fault:
            expected = "technical"
        elif opened:
            expected = "not_finished"
        elif "delivered" in sent:
            expected = "not_opened"
        elif sent and all(outcome == "failed" for outcome in sent):
            expected = "not_reachable"
        else:
            expected = "unknown"
        assert missed_cause(evidence, WINDOW).cause == expected
