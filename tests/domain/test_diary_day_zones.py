"""The diary day over every IANA zone and on random journeys, against a clock walked by the minute.

The oracle knows nothing of folds, gaps or spans as the code sees them: it looks at the wall clock
every minute, as a participant would, and notes when an evening begins and when the date turns.
Zones with one and the same clock over the three years share one walk; SOAK=1 tries larger counts.
"""

import os
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.diary_day import (
    DiaryWindow,
    Lateness,
    WindowRules,
    ZoneSpan,
    medicine_day,
    open_window,
    over_at,
    place,
    windows_between,
)

RULES = WindowRules()
PARIS, HONOLULU, KIRITIMATI = "Europe/Paris", "Pacific/Honolulu", "Pacific/Kiritimati"
MINUTE, SECOND, DAY = timedelta(minutes=1), timedelta(seconds=1), timedelta(days=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
FIRST_YEAR, YEARS = 2025, 3
ZONES = sorted(available_timezones())
SOAK = bool(os.environ.get("SOAK"))
EXAMPLES = 3_000 if SOAK else 120

at = datetime.fromisoformat


# Every zone, every night on which a clock is changed, against the walked clock


@dataclass(frozen=True)
class Evening:
    """What the walk saw of one evening: the UTC minutes at which each part of it began."""

    day: date
    opens_at: datetime
    closes_at: datetime
    grace_at: datetime


def minutes(first: datetime, last: datetime) -> Iterator[datetime]:
    while first < last:
        yield first
        first += MINUTE


def walk(spans: list[ZoneSpan], first: datetime, last: datetime) -> list[Evening]:
    """Look at the clock every minute, and note each evening whose grace ended within the walk."""
    seen: list[Evening] = []
    running: list[tuple[date, ZoneInfo, dict[str, datetime]]] = []
    last_on = date.min
    starts = {span.from_at: ZoneInfo(span.tz) for span in spans}
    zone = starts[first]
    for now in minutes(first, last):
        zone = starts.get(now, zone)
        here = now.astimezone(zone)
        if here.hour >= 18 and here.date() > last_on:
            last_on = here.date()
            for _, _, times in running:
                times.setdefault("closes_at", now)
            running.append((last_on, zone, {"opens_at": now}))
        for day, opened_in, times in list(running):
            there = now.astimezone(opened_in).replace(tzinfo=None)
            if there.date() > day:
                times.setdefault("closes_at", now)
            if there >= datetime.combine(day + DAY, time(2)):
                seen.append(Evening(day, grace_at=now, **times))
                running.remove((day, opened_in, times))
    return sorted(seen, key=lambda evening: evening.day)


def evenings(windows: tuple[DiaryWindow, ...]) -> list[Evening]:
    return [
        Evening(found.diary_on, found.opens_at, found.closes_at, found.grace_at)
        for found in windows
    ]


def offset_of(tz: str, instant: datetime) -> timedelta:
    return instant.astimezone(ZoneInfo(tz)).utcoffset() or timedelta()


def minute_of_change(tz: str, day: datetime) -> datetime:
    """Find the minute within a UTC day at which the zone takes the offset of the next day."""
    after = offset_of(tz, day + DAY)
    minute = bisect_left(range(1_440), True, key=lambda n: offset_of(tz, day + n * MINUTE) == after)
    return day + minute * MINUTE


@cache
def clock_of(tz: str) -> tuple[timedelta, tuple[tuple[datetime, timedelta], ...]]:
    """Give a zone's first offset, and each instant of change with the new one, of three years."""
    days = [datetime(FIRST_YEAR, 1, 1, tzinfo=UTC) + n * DAY for n in range(YEARS * 365 + 1)]
    offsets = [offset_of(tz, day) for day in days]
    changes = tuple(
        (minute_of_change(tz, day), after)
        for day, (before, after) in zip(days, pairwise(offsets), strict=False)
        if before != after
    )
    return offsets[0], changes


def changing_zones() -> list[str]:
    return [tz for tz in ZONES if clock_of(tz)[1]]


@cache
def walked(clock: object, tz: str, change_at: datetime) -> list[Evening]:
    """Walk the nights around a change once for all zones that share the same clock."""
    span = ZoneSpan(change_at - 3 * DAY, tz)
    return walk([span], span.from_at, change_at + 4 * DAY)


def one_zone_per_clock() -> dict[object, str]:
    return {clock_of(tz): tz for tz in reversed(ZONES)}


def test_the_scan_finds_both_nights_of_each_year() -> None:
    assert [change_at.date().isoformat() for change_at, _ in clock_of(PARIS)[1]] == [
        "2025-03-30", "2025-10-26", "2026-03-29", "2026-10-25", "2027-03-28", "2027-10-31",
    ]  # fmt: skip
    assert len(changing_zones()) > 150
    assert len(ZONES) > 590


def test_every_zone_has_one_window_a_date_on_the_nights_of_change() -> None:
    models = one_zone_per_clock()
    for tz in changing_zones():
        clock = clock_of(tz)
        for change_at, _ in clock[1]:
            expected = walked(clock, models[clock], change_at)
            spans = [ZoneSpan(change_at - 3 * DAY, tz)]
            found = windows_between(expected[0].day, expected[-1].day, spans, RULES)
            assert evenings(found) == expected, (tz, change_at)
            assert len(expected) >= 5


def test_every_zone_has_one_window_a_date_all_three_years() -> None:
    first_on, last_on = date(FIRST_YEAR, 1, 1), date(FIRST_YEAR + YEARS - 1, 12, 31)
    dates = [first_on + n * DAY for n in range((last_on - first_on).days + 1)]
    for tz in ZONES if SOAK else one_zone_per_clock().values():
        windows = windows_between(first_on, last_on, [ZoneSpan(LONG_AGO, tz)], RULES)
        assert [found.diary_on for found in windows] == dates, tz
        for one, other in pairwise(windows):
            assert one.opens_at < one.closes_at <= one.grace_at <= one.save_until_at, tz
            assert one.save_until_at < one.medicines_until_at < other.opens_at, tz
            assert timedelta(hours=5) <= one.closes_at - one.opens_at <= timedelta(hours=7), tz


@pytest.mark.trust(13)
def test_every_save_on_the_nights_of_change_falls_where_the_clock_says() -> None:
    for clock, tz in one_zone_per_clock().items():
        for change_at, _ in clock_of(tz)[1]:
            spans = [ZoneSpan(change_at - 3 * DAY, tz)]
            for evening in walked(clock, tz, change_at):
                for moment, expected in (
                    (evening.opens_at - SECOND, None),
                    (evening.opens_at, Lateness.ON_TIME),
                    (evening.closes_at - SECOND, Lateness.ON_TIME),
                    (evening.closes_at, Lateness.LATE),
                    (evening.grace_at - SECOND, Lateness.LATE),
                    (evening.grace_at, None),
                ):
                    placed = place(moment, None, spans, RULES)
                    found = placed and (placed.diary_on, placed.lateness)
                    assert found == (expected and (evening.day, expected)), (tz, moment)


# Travel: random itineraries against the walked clock

FAR = ["Pacific/Apia", "Pacific/Auckland", KIRITIMATI, HONOLULU, "Pacific/Pago_Pago", "Etc/GMT+12"]
NEAR = [PARIS, "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Nuuk"]
STARTS = [
    at("2011-12-28T00:00Z"),
    at("2025-10-24T00:00Z"),
    at("2026-03-27T00:00Z"),
    at("2026-04-03T00:00Z"),
    at("2027-01-10T00:00Z"),
]
WALKED = timedelta(days=6)


@st.composite
def itineraries(draw: st.DrawFn) -> list[ZoneSpan]:
    """Draw an enrolment and up to six changes of zone, an hour or days apart, in six days."""
    start = draw(st.sampled_from(STARTS))
    zones = st.one_of(st.sampled_from(FAR), st.sampled_from(NEAR), st.sampled_from(ZONES))
    hours = st.one_of(st.integers(1, 360), st.integers(60, 2_160))
    spans = [ZoneSpan(start, draw(zones))]
    for _ in range(draw(st.integers(0, 6))):
        spans.append(ZoneSpan(spans[-1].from_at + draw(hours) * MINUTE, draw(zones)))
    return spans


@settings(max_examples=EXAMPLES, deadline=None)
@given(itineraries())
def test_no_journey_gives_two_windows_for_a_date(spans: list[ZoneSpan]) -> None:
    start = spans[0].from_at
    end = start + WALKED
    expected = walk(spans, start, end)
    first_on = start.date() - 2 * DAY
    windows = windows_between(first_on, first_on + timedelta(days=12), spans, RULES)
    known = [found for found in windows if found.grace_at < end]
    assert evenings(tuple(known)) == expected
    for one, other in pairwise(windows):
        assert one.opens_at < one.closes_at <= other.opens_at


@settings(max_examples=EXAMPLES, deadline=None)
@given(itineraries(), st.data())
def test_a_save_on_any_journey_has_at_most_one_day(
    spans: list[ZoneSpan], data: st.DataObject
) -> None:
    start = spans[0].from_at
    saved = start + data.draw(st.integers(-1_440, 10_000)) * MINUTE
    first_on = start.date() - 3 * DAY
    windows = windows_between(first_on, first_on + timedelta(days=15), spans, RULES)
    on_time = [found for found in windows if found.opens_at <= saved < found.closes_at]
    late = [found for found in windows if found.closes_at <= saved < found.grace_at]
    assert len(on_time) <= 1
    placed = place(saved, None, spans, RULES)
    expected = [(w, Lateness.ON_TIME) for w in on_time] + [
        (w, Lateness.LATE) for w in reversed(late)
    ]
    assert (placed and (placed.window, placed.lateness)) == next(iter(expected), None)
    assert open_window(saved, spans, RULES) == (placed and placed.window)


@settings(max_examples=EXAMPLES, deadline=None)
@given(itineraries(), st.data())
def test_once_a_date_is_over_nothing_more_is_saved_for_it(
    spans: list[ZoneSpan], data: st.DataObject
) -> None:
    last_on = spans[0].from_at.date() + data.draw(st.integers(0, 8)) * DAY
    saved = over_at(last_on, spans, RULES) + data.draw(st.integers(0, 3_000)) * MINUTE
    placed = place(saved, spans[0].from_at, spans, RULES)
    assert placed is None or placed.diary_on > last_on
    assert medicine_day(last_on, saved, spans, RULES) is None
