"""Minutes in which the site is there: nights, weekends, public holidays, nights of the clock."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.working_time import day_minutes, working_minutes
from tests.domain.test_alerts import STUDY

PARIS = ZoneInfo("Europe/Paris")
HOURS = STUDY.site_hours
EASTER = {date(2026, 4, 6)}


def at(day: int, hour: int, minute: int = 0, month: int = 4) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        (at(8, 10), at(8, 11, 30), 90),
        (at(8, 7), at(8, 9, 1), 1),
        (at(8, 16), at(9, 10), 120),
        (at(10, 16), at(13, 10), 120),
        (at(3, 16), at(7, 10), 120),
        (at(4, 8), at(6, 20), 0),
        (at(8, 11), at(8, 10), 0),
        (at(27, 16, month=3), at(30, 10, month=3), 120),
    ],
    ids=[
        "within a day",
        "before it opens",
        "over night",
        "over a weekend",
        "over Easter",
        "only days off",
        "reversed",
        "over the night of the clock",
    ],
)
def test_minutes(since: datetime, until: datetime, minutes: int) -> None:
    assert working_minutes(since, until, HOURS, EASTER) == minutes


def test_a_working_day_has_eight_hours() -> None:
    assert day_minutes(HOURS) == 480
    assert working_minutes(at(8, 0), at(9, 0), HOURS, EASTER) == 480
