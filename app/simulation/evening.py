"""Where on earth it is evening: so that a diary can be filled at whatever hour the demo is run.

The service is told nothing untrue for this: the person lives there, or travels there, and the zone
has its history like any other.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from app.domain.diary_day import Rules, ZoneSpan, open_window

PLACES = (
    "Europe/Paris",
    "Indian/Reunion",
    "America/Martinique",
    "America/Miquelon",
    "Pacific/Noumea",
    "Pacific/Tahiti",
    "Asia/Ho_Chi_Minh",
    "America/Cayenne",
    "Pacific/Gambier",
    "Asia/Kolkata",
    "Pacific/Wallis",
    "America/Montreal",
    "America/Vancouver",
)
"""French-speaking places first; together their evenings cover the whole day."""
ENOUGH_TIME = timedelta(minutes=90)


def is_open(
    now: datetime,
    spans: Sequence[ZoneSpan],
    rules: Rules,
    has_diary: Callable[[date], bool],
    enough: timedelta = timedelta(minutes=10),
) -> bool:
    """Whether an unfilled diary stays open for a while to somebody who lived in these zones."""
    window = open_window(now, spans, rules)
    if window is None or window.closes_at - now < enough:
        return False
    return not has_diary(window.diary_on)


def find_evening(
    now: datetime, lived: Sequence[ZoneSpan], rules: Rules, has_diary: Callable[[date], bool]
) -> str | None:
    """Give a place to be in now, where an unfilled diary day is open; None when there is none.

    There is none for some hours after the day was filled: a diary day comes once, wherever one is.
    """
    for tz in PLACES:
        if is_open(now, [*lived, ZoneSpan(now, tz)], rules, has_diary, ENOUGH_TIME):
            return tz
    return None
