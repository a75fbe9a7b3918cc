"""The diary day, rule by rule; `test_diary_day_zones` tries it over every zone and on journeys."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from app.domain.diary_day import (
    ClockFlag,
    Contact,
    DiaryWindow,
    Lateness,
    WindowRules,
    ZoneSpan,
    local_date,
    local_instant,
    medicine_day,
    open_window,
    place,
    settle_clock,
    window_on,
    windows_between,
    zone_at,
    zone_named,
)
from app.domain.errors import InvalidInput

RULES = WindowRules()
PARIS, HONOLULU, KIRITIMATI = "Europe/Paris", "Pacific/Honolulu", "Pacific/Kiritimati"
MINUTE, SECOND, DAY = timedelta(minutes=1), timedelta(seconds=1), timedelta(days=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

at = datetime.fromisoformat


def settled_in(tz: str) -> list[ZoneSpan]:
    return [ZoneSpan(LONG_AGO, tz)]


def window(day: date, *spans: ZoneSpan) -> DiaryWindow:
    found = window_on(day, spans, RULES)
    assert found is not None
    return found


# Local time as an instant


@pytest.mark.parametrize(
    ("tz", "day", "wall", "instant"),
    [
        pytest.param(PARIS, date(2026, 1, 10), time(18), "2026-01-10T18:00+01:00", id="winter"),
        pytest.param(PARIS, date(2026, 7, 10), time(18), "2026-07-10T18:00+02:00", id="summer"),
        pytest.param(PARIS, date(2026, 10, 25), time(2), "2026-10-25T02:00+02:00", id="twice"),
        pytest.param(PARIS, date(2026, 3, 29), time(2), "2026-03-29T03:00+02:00", id="gap start"),
        pytest.param(PARIS, date(2026, 3, 29), time(2, 30), "2026-03-29T03:00+02:00", id="gap"),
        pytest.param(PARIS, date(2026, 3, 29), time(3), "2026-03-29T03:00+02:00", id="gap end"),
        pytest.param(
            "America/Nuuk", date(2026, 3, 28), time(23, 15), "2026-03-29T00:00-01:00", id="to date"
        ),
        pytest.param(
            "Pacific/Apia", date(2011, 12, 30), time(18), "2011-12-31T00:00+14:00", id="no date"
        ),
    ],
)
def test_local_time_is_the_first_instant_that_shows_it(
    tz: str, day: date, wall: time, instant: str
) -> None:
    assert local_instant(day, wall, tz) == at(instant)
    assert local_instant(day, wall, tz).tzinfo is UTC


@pytest.mark.parametrize(
    "tz", ["", "Europe", "Mars/Base", "../etc/passwd", "/etc", "a\0b", "\ud800"]
)
def test_an_unknown_zone_is_refused_by_name(tz: str) -> None:
    with pytest.raises(InvalidInput, match="unknown_zone"):
        zone_named(tz)


# The window of a date


def test_window_of_an_ordinary_day() -> None:
    found = window(date(2026, 1, 10), *settled_in(PARIS))
    assert found == DiaryWindow(
        diary_on=date(2026, 1, 10),
        tz=PARIS,
        opens_at=at("2026-01-10T18:00+01:00"),
        closes_at=at("2026-01-11T00:00+01:00"),
        grace_at=at("2026-01-11T02:00+01:00"),
        save_until_at=at("2026-01-11T02:30+01:00"),
        medicines_until_at=at("2026-01-11T12:00+01:00"),
    )


def test_grace_ends_at_the_first_two_o_clock_when_there_are_two() -> None:
    found = window(date(2026, 10, 24), *settled_in(PARIS))
    assert found.grace_at == at("2026-10-25T02:00+02:00")
    assert found.save_until_at == at("2026-10-25T02:30+02:00")


def test_grace_ends_at_the_end_of_the_gap_when_there_is_no_two_o_clock() -> None:
    found = window(date(2026, 3, 28), *settled_in(PARIS))
    assert found.grace_at == found.save_until_at == at("2026-03-29T03:00+02:00")


def test_an_evening_shortened_by_summer_time_closes_when_the_date_turns() -> None:
    found = window(date(2026, 3, 28), *settled_in("America/Nuuk"))
    assert found.closes_at - found.opens_at == timedelta(hours=5)


@pytest.mark.trust(13)
def test_an_evening_whose_last_hour_comes_twice_lasts_seven_hours() -> None:
    found = window(date(2026, 10, 29), *settled_in("Africa/Cairo"))
    assert found.closes_at - found.opens_at == timedelta(hours=7)


def test_a_date_left_out_by_the_calendar_has_no_window() -> None:
    spans = settled_in("Pacific/Apia")
    windows = windows_between(date(2011, 12, 28), date(2012, 1, 1), spans, RULES)
    assert [found.diary_on.day for found in windows] == [28, 29, 31, 1]
    assert windows[1].closes_at == at("2011-12-31T00:00+14:00")


def test_enrolment_during_the_evening_opens_the_window_then() -> None:
    found = window(date(2026, 1, 10), ZoneSpan(at("2026-01-10T20:15+01:00"), PARIS))
    assert found.opens_at == at("2026-01-10T20:15+01:00")
    assert found.closes_at == at("2026-01-11T00:00+01:00")


def test_no_window_before_enrolment_nor_for_an_enrolment_after_midnight() -> None:
    spans = [ZoneSpan(at("2026-01-11T00:30+01:00"), PARIS)]
    assert window_on(date(2026, 1, 10), spans, RULES) is None
    assert open_window(at("2026-01-11T01:00+01:00"), spans, RULES) is None


def test_nobody_without_a_zone_has_a_window() -> None:
    assert window_on(date(2026, 1, 10), [], RULES) is None


def test_the_zone_of_a_window_stays_the_one_in_which_it_opened() -> None:
    spans = [*settled_in(PARIS), ZoneSpan(at("2026-01-10T20:00+01:00"), "America/New_York")]
    tonight = window(date(2026, 1, 10), *spans)
    assert (tonight.tz, tonight.closes_at) == (PARIS, at("2026-01-11T00:00+01:00"))
    # New York's evening of the same date, four hours later, is not a second window.
    assert open_window(at("2026-01-10T21:00-05:00"), spans, RULES) is None
    assert window(date(2026, 1, 11), *spans).opens_at == at("2026-01-11T18:00-05:00")


@pytest.mark.trust(13)
def test_arriving_while_the_evening_runs_opens_it_on_arrival() -> None:
    spans = [*settled_in("America/New_York"), ZoneSpan(at("2026-01-10T22:00+01:00"), PARIS)]
    found = window(date(2026, 1, 10), *spans)
    assert (found.tz, found.opens_at) == (PARIS, at("2026-01-10T22:00+01:00"))


def test_a_date_skipped_eastward_over_the_date_line_is_not_due() -> None:
    spans = [*settled_in(HONOLULU), ZoneSpan(at("2026-01-10T12:00-10:00"), KIRITIMATI)]
    assert window_on(date(2026, 1, 10), spans, RULES) is None
    assert window(date(2026, 1, 9), *spans).tz == HONOLULU
    assert window(date(2026, 1, 11), *spans).tz == KIRITIMATI


def test_a_date_lived_twice_westward_over_the_date_line_has_one_window() -> None:
    spans = [*settled_in(KIRITIMATI), ZoneSpan(at("2026-01-11T10:00+14:00"), HONOLULU)]
    assert window(date(2026, 1, 10), *spans).tz == KIRITIMATI
    assert open_window(at("2026-01-10T20:00-10:00"), spans, RULES) is None
    assert window(date(2026, 1, 11), *spans).opens_at == at("2026-01-11T18:00-10:00")


def test_the_next_date_ends_the_evening_when_it_opens_on_arrival() -> None:
    arrival = at("2026-01-10T20:00-10:00")
    spans = [*settled_in(HONOLULU), ZoneSpan(arrival, KIRITIMATI)]
    assert window(date(2026, 1, 10), *spans).closes_at == arrival
    assert window(date(2026, 1, 11), *spans).opens_at == arrival
    assert window(date(2026, 1, 10), *spans).grace_at == at("2026-01-11T02:00-10:00")


def test_an_earlier_date_does_not_open_after_a_later_one() -> None:
    spans = [
        *settled_in(HONOLULU),
        ZoneSpan(at("2026-01-10T17:00-10:00"), KIRITIMATI),
        ZoneSpan(at("2026-01-10T18:30-10:00"), HONOLULU),
    ]
    assert window(date(2026, 1, 11), *spans).tz == KIRITIMATI
    assert window_on(date(2026, 1, 10), spans, RULES) is None


def test_zone_and_local_date_follow_the_spans() -> None:
    spans = [ZoneSpan(at("2026-01-10T00:00Z"), HONOLULU), ZoneSpan(at("2026-01-12T00:00Z"), PARIS)]
    assert zone_at(at("2026-01-09T00:00Z"), spans) == HONOLULU
    assert zone_at(at("2026-01-11T23:59Z"), spans) == HONOLULU
    assert zone_at(at("2026-01-12T00:00Z"), spans) == PARIS
    assert local_date(at("2026-01-11T05:00Z"), spans) == date(2026, 1, 10)


# The placing of a save


@pytest.mark.parametrize(
    ("saved", "opened", "expected"),
    [
        ("2026-01-10T17:59:59+01:00", None, None),
        ("2026-01-10T18:00:00+01:00", None, (10, "on_time")),
        ("2026-01-10T23:59:59+01:00", None, (10, "on_time")),
        ("2026-01-11T00:00:00+01:00", None, (10, "late")),
        ("2026-01-11T01:59:59+01:00", None, (10, "late")),
        ("2026-01-11T02:00:00+01:00", None, None),
        ("2026-01-11T02:00:00+01:00", "2026-01-11T02:00:00+01:00", None),
        ("2026-01-11T02:29:59+01:00", "2026-01-11T01:59:59+01:00", (10, "late")),
        ("2026-01-11T02:30:00+01:00", "2026-01-11T01:59:59+01:00", None),
        ("2026-01-11T12:00:00+01:00", "2026-01-10T20:00:00+01:00", None),
    ],
)
def test_a_save_belongs_to_the_evening_on_time_late_or_not_at_all(
    saved: str, opened: str | None, expected: tuple[int, str] | None
) -> None:
    placed = place(at(saved), at(opened) if opened else None, settled_in(PARIS), RULES)
    assert (placed and (placed.diary_on.day, placed.lateness.value)) == expected


def test_open_window_includes_the_grace() -> None:
    spans = settled_in(PARIS)
    for now in ("2026-01-10T18:00+01:00", "2026-01-11T01:59+01:00"):
        found = open_window(at(now), spans, RULES)
        assert found is not None
        assert found.diary_on == date(2026, 1, 10)
    assert open_window(at("2026-01-11T02:00+01:00"), spans, RULES) is None


def test_on_time_is_preferred_to_late_when_two_windows_fit() -> None:
    arrival = at("2026-01-10T20:00-10:00")
    spans = [*settled_in(HONOLULU), ZoneSpan(arrival, KIRITIMATI)]
    placed = place(arrival, arrival - MINUTE, spans, RULES)
    assert placed is not None
    assert (placed.diary_on, placed.lateness) == (date(2026, 1, 11), Lateness.ON_TIME)
    # Once the second has closed too, both are in their grace: the later date is taken.
    placed = place(at("2026-01-12T00:30+14:00"), None, spans, RULES)
    assert placed is not None
    assert (placed.diary_on, placed.lateness) == (date(2026, 1, 11), Lateness.LATE)


# Medicines


@pytest.mark.parametrize(
    ("saved", "expected"),
    [
        ("2026-01-09T23:59+01:00", None),
        ("2026-01-10T00:00+01:00", False),
        ("2026-01-10T23:59+01:00", False),
        ("2026-01-11T00:00+01:00", True),
        ("2026-01-11T11:59+01:00", True),
        ("2026-01-11T12:00+01:00", None),
        ("2027-01-11T12:00+01:00", None),
    ],
)
def test_a_dose_may_be_added_until_noon_of_the_next_day(saved: str, expected: bool | None) -> None:
    found = medicine_day(date(2026, 1, 10), at(saved), settled_in(PARIS), RULES)
    assert (found and found.recalled) == expected


def test_a_dose_far_outside_the_calendar_is_not_accepted() -> None:
    for day in (date.min, date.max):
        assert medicine_day(day, at("2026-01-10T12:00Z"), settled_in(PARIS), RULES) is None


def test_a_dose_before_enrolment_has_no_day() -> None:
    spans = [ZoneSpan(at("2026-01-10T12:00Z"), PARIS)]
    assert medicine_day(date(2026, 1, 10), at("2026-01-10T11:00Z"), spans, RULES) is None


def test_a_dose_on_a_date_lived_twice_is_accepted_on_the_second_evening() -> None:
    spans = [*settled_in(KIRITIMATI), ZoneSpan(at("2026-01-11T10:00+14:00"), HONOLULU)]
    found = medicine_day(date(2026, 1, 10), at("2026-01-10T22:00-10:00"), spans, RULES)
    assert found is not None
    assert (found.tz, found.recalled) == (KIRITIMATI, False)
    # The date of the zone just left, taken before the flight, has begun as well.
    assert medicine_day(date(2026, 1, 11), at("2026-01-10T22:00-10:00"), spans, RULES) is not None
    assert medicine_day(date(2026, 1, 12), at("2026-01-10T22:00-10:00"), spans, RULES) is None


def test_a_dose_taken_before_flying_east_may_be_added_until_noon_where_the_window_opened() -> None:
    spans = [*settled_in(HONOLULU), ZoneSpan(at("2026-01-10T23:00-10:00"), PARIS)]
    found = medicine_day(date(2026, 1, 10), at("2026-01-11T11:00-10:00"), spans, RULES)
    assert found is not None
    assert (found.tz, found.recalled) == (HONOLULU, True)
    assert medicine_day(date(2026, 1, 10), at("2026-01-11T12:00-10:00"), spans, RULES) is None


# The device's clock

ENROLLED = at("2026-01-01T09:00Z")
SAVED = at("2026-01-10T18:30Z")
RECEIVED = at("2026-01-11T08:00Z")


def contact(received: datetime, skew_s: float) -> Contact:
    return Contact(received, received - timedelta(seconds=skew_s))


@pytest.mark.trust(13)
def test_a_steady_skew_corrects_the_save() -> None:
    settled = settle_clock(
        SAVED, contact(RECEIVED, 200), previous=contact(ENROLLED, 100), enrolled_at=ENROLLED
    )
    assert settled.saved_at == SAVED + timedelta(seconds=200)
    assert (settled.skew_s, settled.shift_s) == (200, 200)
    assert settled.flags == ()
    assert settled.set_aside is None


def test_a_large_steady_skew_is_corrected_and_flagged() -> None:
    year_s = 365 * 86_400.0
    settled = settle_clock(
        SAVED - timedelta(days=365),
        contact(RECEIVED, year_s),
        previous=contact(ENROLLED, year_s - 120),
        enrolled_at=ENROLLED,
    )
    assert settled.saved_at == SAVED
    assert settled.flags == (ClockFlag.SKEW,)


@pytest.mark.parametrize(
    "previous",
    [
        pytest.param(None, id="no contact before"),
        pytest.param(contact(ENROLLED, 79), id="contacts disagree"),
        pytest.param(contact(SAVED + 60 * MINUTE, 200), id="the contact is after the save"),
    ],
)
@pytest.mark.trust(13)
def test_an_unsettled_clock_corrects_nothing_and_is_flagged(previous: Contact | None) -> None:
    settled = settle_clock(SAVED, contact(RECEIVED, 200), previous=previous, enrolled_at=ENROLLED)
    assert (settled.saved_at, settled.shift_s) == (SAVED, 0)
    assert settled.flags == (ClockFlag.UNSETTLED,)


def test_a_clock_set_back_between_save_and_contact_is_unsettled() -> None:
    back = Contact(RECEIVED, SAVED - 10 * MINUTE)
    settled = settle_clock(
        SAVED, back, previous=contact(ENROLLED, back.skew_s), enrolled_at=ENROLLED
    )
    assert ClockFlag.UNSETTLED in settled.flags


@pytest.mark.parametrize(("ahead_s", "set_aside"), [(5, None), (6, "impossible_clock")])
def test_a_save_in_the_future_is_set_aside(ahead_s: int, set_aside: str | None) -> None:
    settled = settle_clock(
        RECEIVED + timedelta(seconds=ahead_s),
        contact(RECEIVED, 0),
        previous=None,
        enrolled_at=ENROLLED,
    )
    assert settled.set_aside == set_aside
    assert (settled.saved_at > RECEIVED) == (set_aside is not None)


@pytest.mark.parametrize(
    ("saved", "set_aside"), [(ENROLLED, None), (ENROLLED - SECOND, "impossible_clock")]
)
def test_a_save_before_enrolment_is_set_aside(saved: datetime, set_aside: str | None) -> None:
    settled = settle_clock(saved, contact(RECEIVED, 0), previous=None, enrolled_at=ENROLLED)
    assert (settled.saved_at, settled.set_aside) == (saved, set_aside)


@pytest.mark.parametrize(
    ("saved", "sent"),
    [
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_a_clock_at_the_end_of_time_is_set_aside(saved: str, sent: str) -> None:
    settled = settle_clock(
        at(saved),
        Contact(RECEIVED, at(sent)),
        previous=contact(ENROLLED, 0),
        enrolled_at=ENROLLED,
    )
    assert settled.set_aside == "impossible_clock"


def test_a_row_that_an_emptying_contact_did_not_bring_is_flagged() -> None:
    def flags(emptied: datetime) -> tuple[ClockFlag, ...]:
        return settle_clock(
            SAVED,
            contact(RECEIVED, 0),
            previous=contact(ENROLLED, 0),
            enrolled_at=ENROLLED,
            last_emptied_at=emptied,
        ).flags

    assert flags(SAVED + SECOND) == (ClockFlag.NOT_BROUGHT,)
    assert flags(SAVED - SECOND) == ()
