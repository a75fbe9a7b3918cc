"""Time in which the site is there: minutes of its hours between two instants.

Which dates are public holidays is handed in; the hours are the study's settings.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from app.domain.diary_day import ONE_DAY, local_instant, zone_named
from app.domain.study import SiteHours


def working_minutes(
    since: datetime, until: datetime, hours: SiteHours, holidays: Collection[date]
) -> int:
    """Whole minutes of the site's hours from `since` to `until`; 0 when they are reversed."""
    zone = zone_named(hours.zone)
    on, last_on = since.astimezone(zone).date(), until.astimezone(zone).date()
    worked = timedelta()
    while on <= last_on:
        if is_working_day(on, hours, holidays):
            opens_at = local_instant(on, hours.opens, hours.zone)
            closes_at = local_instant(on, hours.closes, hours.zone)
            worked += max(min(until, closes_at) - max(since, opens_at), timedelta())
        on += ONE_DAY
    return worked // timedelta(minutes=1)


def is_working_day(on: date, hours: SiteHours, holidays: Collection[date]) -> bool:
    """Whether the site is there on a date at all."""
    return on.isoweekday() in hours.days and on not in holidays


def day_minutes(hours: SiteHours) -> int:
    """The minutes of one working day by the clock on the wall."""
    opens = timedelta(hours=hours.opens.hour, minutes=hours.opens.minute)
    closes = timedelta(hours=hours.closes.hour, minutes=hours.closes.minute)
    return (closes - opens) // timedelta(minutes=1)
