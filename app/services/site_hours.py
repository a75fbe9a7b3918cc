"""The site's hours on real dates: which are public holidays, and how long something waited."""

from datetime import date, datetime, timedelta
from functools import cache

from holidays import country_holidays

from app.domain.diary_day import ONE_DAY, zone_named
from app.domain.study import SiteHours
from app.domain.working_time import day_minutes, is_working_day, working_minutes


def worked_minutes(since: datetime, until: datetime, hours: SiteHours) -> int:
    """Minutes of the site's hours between two instants, public holidays left out."""
    days_off: set[date] = set()
    for year in range(since.year, until.year + 1):
        days_off |= _holidays(hours.holidays, year)
    return working_minutes(since, until, hours, days_off)


def waits_long(since: datetime, now: datetime, hours: SiteHours) -> bool:
    """Whether something waits for more than a working day."""
    return worked_minutes(since, now, hours) > day_minutes(hours)


def is_open_on(on: date, hours: SiteHours) -> bool:
    """Whether a date is a working day of the site."""
    return is_working_day(on, hours, _holidays(hours.holidays, on.year))


def today_at_site(now: datetime, hours: SiteHours) -> date:
    """The date at the site."""
    return now.astimezone(zone_named(hours.zone)).date()


@cache
def _holidays(code: str, year: int) -> frozenset[date]:
    """The public holidays of a country, or of a region of it, and of its neighbouring year's days.

    An instant late on 31 December in one zone is of the next year in another.
    """
    country, _, region = code.partition("-")
    known = country_holidays(country, subdiv=region or None, years=(year - 1, year, year + 1))
    first, last = date(year, 1, 1) - ONE_DAY, date(year, 12, 31) + timedelta(days=1)
    return frozenset(on for on in known if first <= on <= last)
