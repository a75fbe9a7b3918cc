"""How well messages do: handed over, arrived, tapped, opened and saved, by way and by local hour.

Counted over the evening messages of the last four weeks. An opening or a save counts for the last
message before it, so that no evening is counted twice.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from app.domain.diary_day import zone_named
from app.domain.reach import Channel
from app.services.timeline import last_before
from app.store import timeline
from app.store.session import Session
from app.store.timeline import Evenings, HandedRow

COUNTED_DAYS = 28
UNTOLD = frozenset({Channel.EMAIL})
"""Ways that give no receipt: that a message arrived is not known, and is not said to be none."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Counts of some messages; `delivered` is of the `told`, whose way gives a receipt."""

    handed_over: int
    told: int
    delivered: int
    tapped: int
    opened: int
    saved: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The counts of each way, and of each local hour of the hand-over, in order."""

    since_on: date
    by_channel: tuple[tuple[Channel, Arrivals], ...]
    by_hour: tuple[tuple[int, Arrivals], ...]


@dataclass(frozen=True, slots=True)
class _Counted:
    row: HandedRow
    is_opened: bool
    is_saved: bool


def read_figures(session: Session, sites: frozenset[str], now: datetime) -> Figures:
    """Count the last four weeks of some sites; three queries."""
    since_on = (now - timedelta(days=COUNTED_DAYS)).date()
    rows = timeline.list_handed_over(session, sites, since_on)
    whose = timeline.at_sites(sites)
    opened = timeline.opened_since(session, whose, since_on)
    saved = timeline.saved_since(session, whose, since_on)
    by_channel: defaultdict[Channel, list[_Counted]] = defaultdict(list)
    by_hour: defaultdict[int, list[_Counted]] = defaultdict(list)
    for one in _counted(rows, opened, saved):
        by_channel[one.row.channel].append(one)
        by_hour[one.row.handed_over_at.astimezone(zone_named(one.row.tz)).hour].append(one)
    return Figures(
        since_on,
        tuple((way, _sum(by_channel[way])) for way in Channel if way in by_channel),
        tuple((hour, _sum(by_hour[hour])) for hour in sorted(by_hour)),
    )


def _counted(rows: Iterable[HandedRow], opened: Evenings, saved: Evenings) -> Iterator[_Counted]:
    """Say of each message whether the diary was opened or saved before the next one went."""
    for evening, some in groupby(rows, key=lambda row: (row.participant_id, row.diary_on)):
        sent = list(some)
        by_opening = last_before(sent, opened.get(evening))
        by_saving = last_before(sent, saved.get(evening))
        for row in sent:
            yield _Counted(row, row is by_opening, row is by_saving)


def _sum(some: Sequence[_Counted]) -> Arrivals:
    """Add up; among several ways only those that give receipts say how many arrived."""
    told = [one for one in some if one.row.channel not in UNTOLD]
    return Arrivals(
        handed_over=len(some),
        told=len(told),
        delivered=sum(one.row.is_delivered for one in told),
        tapped=sum(one.row.is_tapped for one in some),
        opened=sum(one.is_opened for one in some),
        saved=sum(one.is_saved for one in some),
    )
