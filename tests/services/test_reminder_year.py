"""A year of reminders for fifty people in twelve zones, against wall clocks that the test walks.

The oracle knows nothing of the service: it moves a person's wall clock on by a quarter of an hour,
sees when it first shows 18:00 of a date, and then when it first shows each reminder's time.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from app.store.session import Database
from tests.effort import SOAK
from tests.engines import Engine, migrate
from tests.reminded import ENROLLED_AT, FIRST_ON, LAST_ON, Clock, Post, address_of

ZONES = (
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Lisbon",
    "America/New_York",
    "America/Toronto",
    "America/Nuuk",
    "America/Guadeloupe",
    "Indian/Reunion",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Honolulu",
)
QUARTER = timedelta(minutes=15)
OPENS, TIMES = time(18), (time(19), time(21), time(22, 30))
QUIET_UNTIL = time(8)
STARTS = ("2026-03-07", "2026-03-27", "2026-06-07", "2026-09-20", "2026-10-24", "2026-10-31")
AROUND = tuple(
    (start, start + timedelta(days=4))
    for start in (datetime.fromisoformat(f"{day}T00:00Z") for day in STARTS)
)
SPANS = ((ENROLLED_AT, ENROLLED_AT + timedelta(days=355)),) if SOAK else AROUND
"""The times that are lived through: around each change of clocks and each trip, or the whole year.

The first day of a span only begins it.
"""
TRIPS = {
    # Over the date line and back; the second lands on the date that it left, the third loses one.
    7: (("2026-03-10T06:00Z", "Pacific/Honolulu"), ("2026-03-24T06:00Z", "Pacific/Auckland")),
    19: (("2026-06-01T12:00Z", "Pacific/Apia"), ("2026-06-09T01:00Z", "Pacific/Pago_Pago")),
    31: (("2026-09-14T08:30Z", "Pacific/Auckland"), ("2026-09-21T02:00Z", "America/New_York")),
}
"""Who travels, when, and to where."""


Stays = tuple[tuple[datetime, str], ...]
"""Since when somebody is in which zone."""


@dataclass(frozen=True)
class Person:
    """One of the fifty, as the oracle knows them."""

    name: str
    zones: Stays
    own_first: time | None = None


@cache
def expected(
    zones: Stays, own_first: time | None, first: datetime, last: datetime
) -> list[datetime]:
    """Walk a person's wall clock and give the instants of their reminders."""
    return list(_walk(zones, own_first, first, last))


def _walk(
    zones: Stays, own_first: time | None, first: datetime, last: datetime
) -> Iterator[datetime]:
    at, opened_on = first, max(FIRST_ON, first.date()) - timedelta(days=1)
    here, ahead = ZoneInfo(zones[0][1]), [*zones[1:]]
    zone, left = here, list[time]()
    while at < last:
        if ahead and ahead[0][0] <= at:
            here = ZoneInfo(ahead.pop(0)[1])
        wall = at.astimezone(here).replace(tzinfo=None)
        if wall.date() > opened_on and wall.time() >= OPENS and wall.date() <= LAST_ON:
            opened_on, zone = wall.date(), here
            one = own_first or TIMES[0]
            steps = sorted({one, *(step for step in TIMES[1:] if step > one)})
            # Whoever arrives late in an evening is not reminded of what it is too late for.
            left = [step for step in steps if step >= wall.time()]
        shown = at.astimezone(zone).replace(tzinfo=None)
        if left and shown >= datetime.combine(opened_on, left[0]):
            # The last one whose time has come: what was passed over is not made up for.
            while left and shown >= datetime.combine(opened_on, left[0]):
                left.pop(0)
            if shown.date() == opened_on and wall.time() >= QUIET_UNTIL:
                yield at
        at += QUARTER


def people() -> list[Person]:
    """Fifty people, four in each zone and two more; some with a first time of their own."""
    found = []
    for n in range(50):
        trips = [(datetime.fromisoformat(at), tz) for at, tz in TRIPS.get(n, ())]
        own = time(18, 15) if n % 10 == 3 else time(21, 30) if n % 10 == 6 else None
        found.append(Person(f"p{n}", ((ENROLLED_AT, ZONES[n % len(ZONES)]), *trips), own))
    return found


@pytest.fixture
def post(sqlite_engine: Engine) -> Iterator[Post]:
    """A scheduler on SQLite: the rules are the same on either engine, and a year is long."""
    url, _ = sqlite_engine.copy_of(migrate)
    database = Database(url)
    yield Post(database=database, clock=Clock(ENROLLED_AT))
    database.close()
    sqlite_engine.drop(url)


@pytest.mark.parametrize("span", SPANS, ids=lambda span: f"{span[0]:%d %B}")
def test_each_goes_out_exactly_once_at_its_local_minute(
    post: Post, span: tuple[datetime, datetime]
) -> None:
    first, last = span
    fifty = people()
    keys = {p.name: post.enrol(p.name, tz=p.zones[0][1], own_first=p.own_first) for p in fifty}
    trips = sorted((at, p.name, tz) for p in fifty for at, tz in p.zones[1:])
    due = Counter(
        (address_of(p.name), at)
        for p in fifty
        for at in expected(p.zones, p.own_first, first, last)
    )
    other = Post(database=post.database, clock=post.clock, worker="two", mailer=post.mailer)
    chance = random.Random(20260110)
    for at in sorted({at for _, at in due}):
        while trips and trips[0][0] <= at:
            since, name, tz = trips.pop(0)
            post.move(keys[name], tz, since.isoformat())
        post.run(at)
        if chance.random() < 0.05:  # a second scheduler, then a clock that was set back
            other.run(at)
            post.run(at - timedelta(minutes=chance.choice((1, 20, 90))))
    begun = first + timedelta(days=1)
    wanted = Counter({one: n for one, n in due.items() if begun <= one[1]})
    sent = Counter((mail.to, mail.at) for mail in post.sent if begun <= mail.at)
    assert sent - wanted == Counter()
    assert wanted - sent == Counter()
    assert len(wanted) > 50 * 2 * (last - begun).days


def test_the_oracle_sees_the_night_on_which_clocks_change() -> None:
    stay = ((ENROLLED_AT, "Europe/Paris"),)
    found = expected(stay, None, ENROLLED_AT, datetime(2026, 3, 30, tzinfo=UTC))
    around = [f"{at:%d %H:%M}" for at in found if at.month == 3 and at.day in (28, 29)]
    assert around == ["28 18:00", "28 20:00", "28 21:30", "29 17:00", "29 19:00", "29 20:30"]
