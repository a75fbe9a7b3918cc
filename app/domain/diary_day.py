"""The diary day: the local date that an instant belongs to, on time or late, and clocks that err.

Lives here: local wall time as an instant, the window of a date for a participant who travels, the
placing of a save, the day of a dose, the settling of the device's clock. Not here: what a diary
contains (records), who may save it (access), reminders and due days (schedule).

Rule kept: windows open in the order of their dates, each date at most once, and the opening of one
ends the time of the one before; so every instant is on time for at most one diary day, whatever the
travel. A date whose evening the participant never reached has no window: it is not due.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.domain.errors import InvalidInput

ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)
MIDNIGHT = time(0)

CLOCKS_AGREE_S = 120.0
"""Two contacts whose skews differ by more than this do not vouch for the save between them."""
SKEW_FLAGGED_S = 300.0
"""A skew above this is flagged even when it is steady."""
FUTURE_TOLERANCE_S = 5.0
"""A save this little after its own receipt is the roughness of two clocks, not impossible."""

IMPOSSIBLE_CLOCK = "impossible_clock"


class Rules(Protocol):
    """The times of the study's window; the study definition and `WindowRules` both satisfy it."""

    @property
    def opens(self) -> time:
        """Begin the window, on the diary day itself."""

    @property
    def grace_until(self) -> time:
        """End the grace, on the next date."""

    @property
    def save_until(self) -> time:
        """End the saving of a diary opened before the grace ended, on the next date."""

    @property
    def medicines_until(self) -> time:
        """End the adding of medicines, on the next date."""


@dataclass(frozen=True, slots=True)
class WindowRules:
    """Local times of a window: `opens` on the diary day, the others on the next date.

    A window always closes at 24:00 of its date.
    """

    opens: time = time(18)
    grace_until: time = time(2)
    save_until: time = time(2, 30)
    medicines_until: time = time(12)


@dataclass(frozen=True, slots=True)
class ZoneSpan:
    """The participant's zone from an instant on, until the next span begins."""

    from_at: datetime
    tz: str


Spans = Sequence[ZoneSpan]
"""A participant's zones in the order of their instants; the first begins at enrolment."""


@dataclass(frozen=True, slots=True)
class DiaryWindow:
    """One diary day: on time in [opens_at, closes_at), late in [closes_at, grace_at).

    A diary opened before `grace_at` may be saved, late, until `save_until_at`.
    """

    diary_on: date
    tz: str
    opens_at: datetime
    closes_at: datetime
    grace_at: datetime
    save_until_at: datetime
    medicines_until_at: datetime


class Lateness(StrEnum):
    """Whether a diary was saved before its window closed or in the grace after it."""

    ON_TIME = "on_time"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Placement:
    """The diary day that a save belongs to."""

    window: DiaryWindow
    lateness: Lateness

    @property
    def diary_on(self) -> date:
        """Name the diary day by its local date."""
        return self.window.diary_on

    @property
    def tz(self) -> str:
        """Name the zone in which that window opened."""
        return self.window.tz


@lru_cache(maxsize=1024)
def zone_named(tz: str) -> ZoneInfo:
    """Give the IANA zone of this name, or raise InvalidInput("unknown_zone")."""
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput("unknown_zone", field="tz", refused={"tz": tz}) from None


@lru_cache(maxsize=16_384)
def local_instant(day: date, at: time, tz: str) -> datetime:
    """Give the first instant, in UTC, at which the local clock shows `at` on `day` or later.

    A time that occurs twice is the first of the two; a time that does not occur, be it an hour in
    spring or a whole date at the date line, is the end of the gap.
    """
    zone = zone_named(tz)
    wall = datetime.combine(day, at)
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if _wall(instant, zone) == wall:
        return instant
    # In a gap, fold 1 lies before it and fold 0 after it; gaps end on whole seconds.
    before = wall.replace(tzinfo=zone, fold=1, microsecond=0).astimezone(UTC)
    after = instant.replace(microsecond=0)
    while after - before > ONE_SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (middle, after) if _wall(middle, zone) < wall else (before, middle)
    return after


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def zone_at(at: datetime, spans: Spans) -> str:
    """Name the zone the participant is in; before the first span, the zone of the first."""
    return next((span.tz for span in reversed(spans) if span.from_at <= at), spans[0].tz)


def local_date(at: datetime, spans: Spans) -> date:
    """Give the date on the participant's calendar at this instant."""
    return at.astimezone(zone_named(zone_at(at, spans))).date()


def _ends(spans: Spans) -> Iterator[tuple[ZoneSpan, datetime | None]]:
    """Pair each span with the instant at which it ends; the last one does not."""
    return zip(spans, [*(span.from_at for span in spans[1:]), None], strict=False)


def _opening(day: date, spans: Spans, rules: Rules) -> tuple[datetime, str] | None:
    """Say when, and in which zone, the evening of this date first reaches the participant."""
    for span, ends_at in _ends(spans):
        # Of a date that the zone's calendar leaves out, both are the end of the gap: no evening.
        reached_at = max(local_instant(day, rules.opens, span.tz), span.from_at)
        left_at = local_instant(day + ONE_DAY, MIDNIGHT, span.tz)
        if reached_at < (left_at if ends_at is None else min(left_at, ends_at)):
            return reached_at, span.tz
    return None


def window_on(day: date, spans: Spans, rules: Rules) -> DiaryWindow | None:
    """Give the window of a date; None for a date skipped by travel or by the calendar (`not_due`).

    Its zone is the one in which it opens, and stays so: the first zone in which that evening
    begins, or in which the participant arrives while it lasts. After a later date has opened, an
    earlier one no longer does; zones are at most 26 hours apart, so two dates ahead are enough.
    """
    opening = _opening(day, spans, rules)
    if opening is None:
        return None
    opens_at, tz = opening
    later = [_opening(day + ahead * ONE_DAY, spans, rules) for ahead in (1, 2)]
    next_at = min((found[0] for found in later if found), default=None)
    if next_at is not None and next_at < opens_at:
        return None
    next_on = day + ONE_DAY
    closes_at = local_instant(next_on, MIDNIGHT, tz)
    return DiaryWindow(
        diary_on=day,
        tz=tz,
        opens_at=opens_at,
        closes_at=closes_at if next_at is None else min(closes_at, next_at),
        grace_at=local_instant(next_on, rules.grace_until, tz),
        save_until_at=local_instant(next_on, rules.save_until, tz),
        medicines_until_at=local_instant(next_on, rules.medicines_until, tz),
    )


def windows_between(
    first_on: date, last_on: date, spans: Spans, rules: Rules
) -> tuple[DiaryWindow, ...]:
    """Give the windows of the dates from `first_on` to `last_on`, both included, in order."""
    days = (first_on + n * ONE_DAY for n in range((last_on - first_on).days + 1))
    return tuple(window for day in days if (window := window_on(day, spans, rules)))


def place(
    saved_at: datetime, opened_at: datetime | None, spans: Spans, rules: Rules
) -> Placement | None:
    """Give the diary day of a diary saved at this instant; None outside every window.

    Both instants are settled ones (see `settle_clock`). Where two windows fit, after a change of
    zone, the later date is taken: it alone can be on time, since its opening ends the other's time.
    """
    today = saved_at.astimezone(UTC).date()
    windows = windows_between(today - 2 * ONE_DAY, today + ONE_DAY, spans, rules)
    for window in reversed(windows):
        if lateness := _lateness(saved_at, opened_at, window):
            return Placement(window, lateness)
    return None


def _lateness(
    saved_at: datetime, opened_at: datetime | None, window: DiaryWindow
) -> Lateness | None:
    if window.opens_at <= saved_at < window.closes_at:
        return Lateness.ON_TIME
    begun = opened_at is not None and opened_at < window.grace_at
    if window.closes_at <= saved_at < (window.save_until_at if begun else window.grace_at):
        return Lateness.LATE
    return None


def open_window(at: datetime, spans: Spans, rules: Rules) -> DiaryWindow | None:
    """Give the window that a diary opened now belongs to, its grace included; None when closed."""
    placement = place(at, None, spans, rules)
    return placement.window if placement else None


@dataclass(frozen=True, slots=True)
class MedicineDay:
    """The date a dose is counted on; `recalled` when it was logged after that date had ended."""

    taken_on: date
    tz: str
    recalled: bool


def medicine_day(
    taken_on: date, saved_at: datetime, spans: Spans, rules: Rules
) -> MedicineDay | None:
    """Accept a dose for the date it was taken on; None when too late, or before that date began.

    A dose may be added until noon of the next day, by the clock where the participant now is or by
    the clock of that date's window, whichever is later. `tz` is the zone of the window, when the
    date has one, else the present zone.
    """
    lived = [span for span in spans if span.from_at <= saved_at]
    if not lived or abs(taken_on - saved_at.date()) > 3 * ONE_DAY:
        return None
    here = lived[-1].tz
    window = window_on(taken_on, spans, rules)
    until_at = local_instant(taken_on + ONE_DAY, rules.medicines_until, here)
    if window:
        until_at = max(until_at, window.medicines_until_at)
    ends = [*(span.from_at for span in lived[1:]), saved_at]
    begun = any(
        local_instant(taken_on, MIDNIGHT, span.tz) <= end
        for span, end in zip(lived, ends, strict=True)
    )
    if not begun or saved_at >= until_at:
        return None
    recalled = taken_on < local_date(saved_at, spans)
    return MedicineDay(taken_on, window.tz if window else here, recalled)


def over_at(last_on: date, spans: Spans, rules: Rules) -> datetime:
    """Give the instant from which nothing can be saved any more for the dates up to `last_on`.

    Medicines are accepted longest. Of several zones, it is the last to come: the window of the
    date may have opened in any of them.
    """
    return max(local_instant(last_on + ONE_DAY, rules.medicines_until, s.tz) for s in spans)


@dataclass(frozen=True, slots=True)
class Contact:
    """One time the device reached the server, by the server's clock and by the device's."""

    received_at: datetime
    sent_at: datetime

    @property
    def skew_s(self) -> float:
        """Seconds to add to the device's clock to obtain the server's."""
        return (self.received_at - self.sent_at).total_seconds()


class ClockFlag(StrEnum):
    """What the site should know about the instant of a save."""

    UNSETTLED = "clock_unsettled"
    SKEW = "clock_skew"
    NOT_BROUGHT = "not_brought"


@dataclass(frozen=True, slots=True)
class Settled:
    """The save instant as far as it can be known.

    `shift_s` is what was added to the device's clock (0 when uncorrected): the caller adds the same
    to `opened_at` and `observed_at`. `set_aside` is the code for the site, or None.
    """

    saved_at: datetime
    skew_s: float
    shift_s: float
    flags: tuple[ClockFlag, ...]
    set_aside: str | None


def settle_clock(
    saved_at: datetime,
    contact: Contact,
    *,
    previous: Contact | None,
    enrolled_at: datetime,
    last_emptied_at: datetime | None = None,
) -> Settled:
    """Settle the device's save instant with the contacts before and after the save.

    `contact` is the one that brings the row; `previous` the device's latest contact before the
    save by its own clock, at the earliest the one at enrolment. The instant is corrected only when
    both agree within 2 minutes and the save lies between them, else flagged. `last_emptied_at` is
    the server's instant of the latest earlier contact that said it had brought everything: a save
    older than that is flagged. An instant in the future or before enrolment is to be set aside.
    """
    settled = _vouched(saved_at, previous, contact)
    shift_s = contact.skew_s if settled else 0.0
    try:
        true_at = saved_at + timedelta(seconds=shift_s)
    except OverflowError:
        true_at = saved_at
    late_s = (contact.received_at - true_at).total_seconds()
    impossible = late_s < -FUTURE_TOLERANCE_S or true_at < enrolled_at
    if not impossible:
        true_at = min(true_at, contact.received_at)
    raised = {
        ClockFlag.UNSETTLED: not settled,
        ClockFlag.SKEW: abs(contact.skew_s) > SKEW_FLAGGED_S,
        ClockFlag.NOT_BROUGHT: last_emptied_at is not None and true_at < last_emptied_at,
    }
    return Settled(
        saved_at=true_at,
        skew_s=contact.skew_s,
        shift_s=shift_s,
        flags=tuple(flag for flag, is_up in raised.items() if is_up),
        set_aside=IMPOSSIBLE_CLOCK if impossible else None,
    )


def _vouched(saved_at: datetime, previous: Contact | None, contact: Contact) -> bool:
    """Tell whether two agreeing contacts enclose the save on the device's own clock."""
    if previous is None or abs(contact.skew_s - previous.skew_s) > CLOCKS_AGREE_S:
        return False
    slack = timedelta(seconds=FUTURE_TOLERANCE_S)
    return previous.sent_at <= saved_at + slack and saved_at <= contact.sent_at + slack
