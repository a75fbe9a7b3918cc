"""What is due when: the dates on which a diary is due, the reminders of an evening, missed days.

Lives here: due days from enrolment, pauses and the end; the planned instants of reminders; the
cause of a missing day. Not here: windows (diary_day), the way of a message (reach), whether
tonight's entry is in and how a message travels (services). Rule kept: nothing is planned outside
the window it belongs to, so a late scheduler can only be late, never early and never on the wrong
day.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from app.domain.diary_day import (
    ONE_DAY,
    DiaryWindow,
    Rules,
    Spans,
    local_instant,
    window_on,
    zone_named,
)


class Due(StrEnum):
    """Whether a diary is asked for on a date; a date skipped by travel is not due."""

    DUE = "due"
    PAUSED = "paused"
    NOT_DUE = "not_due"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause set by the site, both dates included; open-ended without `until_on`."""

    from_on: date
    until_on: date | None = None

    def covers(self, day: date) -> bool:
        """Tell whether the date lies within the pause."""
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


@dataclass(frozen=True, slots=True)
class Course:
    """A participant's time in the diary: first and last diary day, pauses, and an early end.

    `ended_at` is the instant of withdrawal, death or an early stop; None while it goes on.
    """

    first_on: date
    last_on: date
    pauses: tuple[Pause, ...] = ()
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueDay:
    """One date of the course; `window` is None exactly when the date has none."""

    diary_on: date
    window: DiaryWindow | None
    due: Due


def due_days(course: Course, until_on: date, spans: Spans, rules: Rules) -> tuple[DueDay, ...]:
    """Give every date from the first diary day to `until_on` or the last one, with what is due."""
    last_on = min(until_on, course.last_on)
    days = (course.first_on + n * ONE_DAY for n in range((last_on - course.first_on).days + 1))
    return tuple(due_day(day, course, spans, rules) for day in days)


def due_day(day: date, course: Course, spans: Spans, rules: Rules) -> DueDay:
    """Say whether a diary is due on this date.

    A day is due only while enrolled, not paused, not withdrawn: an end before the window has
    closed takes the day away, so that nobody owes the diary of the evening on which they left.
    """
    return due_within(day, window_on(day, spans, rules), course)


def due_within(day: date, window: DiaryWindow | None, course: Course) -> DueDay:
    """The same as `due_day` for a window that is known already."""
    outside = not course.first_on <= day <= course.last_on
    if outside or window is None:
        return DueDay(day, window, Due.NOT_DUE)
    if course.ended_at is not None and course.ended_at < window.closes_at:
        return DueDay(day, window, Due.NOT_DUE)
    if course.pauses and any(pause.covers(day) for pause in course.pauses):
        return DueDay(day, window, Due.PAUSED)
    return DueDay(day, window, Due.DUE)


class Kind(StrEnum):
    """What a message is for: the evening's diary, asked for again, a notice of the day, a test.

    `snooze` is a message that the participant asked for later; `test` reminds of nothing and
    proves nothing about an evening.
    """

    DIARY = "diary"
    SNOOZE = "snooze"
    NOTICE = "notice"
    TEST = "test"


EVENING = (Kind.DIARY, Kind.SNOOZE)
"""The kinds that ask for the evening's diary."""


@dataclass(frozen=True, slots=True)
class ReminderTimes:
    """Local times of an evening's reminders, in order."""

    times: tuple[time, ...] = (time(19), time(21), time(22, 30))


@dataclass(frozen=True, slots=True)
class Planned:
    """A message to be sent at an instant; `step` counts from 1 and is unique with the date."""

    diary_on: date
    step: int
    due_at: datetime


def reminders_due(
    window: DiaryWindow, times: ReminderTimes, own_first: time | None = None
) -> tuple[Planned, ...]:
    """Give the reminders of an evening, in the zone of its window and inside [opens, closes).

    The participant's own first time replaces the study's, and silences the later steps that it
    overtakes; an own time outside the window does neither. A step keeps its number whichever
    others fall away, so that planning again after a change cannot send a step twice.
    """
    instants = [local_instant(window.diary_on, at, window.tz) for at in times.times]
    if own_first is not None and instants:
        own_at = local_instant(window.diary_on, own_first, window.tz)
        if _inside(own_at, window):
            instants[0] = own_at
    return tuple(
        Planned(window.diary_on, step, due_at)
        for step, due_at in enumerate(instants, start=1)
        if _inside(due_at, window) and all(due_at > before for before in instants[: step - 1])
    )


def _inside(at: datetime, window: DiaryWindow) -> bool:
    return window.opens_at <= at < window.closes_at


def is_quiet(at: datetime, tz: str, quiet_from: time, quiet_until: time) -> bool:
    """Whether nobody is to be disturbed at an instant; the local span may pass midnight."""
    clock = at.astimezone(zone_named(tz)).time()
    if quiet_from <= quiet_until:
        return quiet_from <= clock < quiet_until
    return clock >= quiet_from or clock < quiet_until


class ReminderState(StrEnum):
    """How far a reminder got: waiting, with one scheduler, with the site, or over.

    `stopped` was no longer wanted (the entry is in, a pause, a withdrawal), `expired` too old to be
    of use, `failed` refused for good.
    """

    PLANNED = "planned"
    IN_HAND = "in_hand"
    WITH_SITE = "with_site"
    HANDED_OVER = "handed_over"
    FAILED = "failed"
    EXPIRED = "expired"
    STOPPED = "stopped"


class MissedCause(StrEnum):
    """Why a due day has no entry; the first that fits, in this order (DOMAIN §4)."""

    PAUSED = "paused"
    DECLINED = "declined"
    TECHNICAL = "technical"
    NOT_FINISHED = "not_finished"
    NOT_OPENED = "not_opened"
    NOT_REACHABLE = "not_reachable"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How far one message of the evening got, as far as is known."""

    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about the evening of a day without an entry.

    `has_technical_fault`: the device or the service reported that it could not save or send.
    `outcomes`: one per message handed to a channel; a bounce is `failed`, no receipt is `sent`.
    `last_contact_at`: the device's latest contact of any kind.
    """

    is_paused: bool = False
    is_declined: bool = False
    has_technical_fault: bool = False
    was_opened: bool = False
    outcomes: tuple[Outcome, ...] = ()
    last_contact_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """The cause of a missing day; provisional while the phone may still hold the entry."""

    cause: MissedCause
    is_provisional: bool


def missed_cause(evidence: Evidence, window: DiaryWindow) -> Missed:
    """Give the cause of a missing day: the first that fits, in the order of `MissedCause`.

    It is provisional until the device has been in contact after the last instant at which that
    diary could be saved; an entry received later supersedes it all the same.
    """
    contact_at = evidence.last_contact_at
    is_provisional = contact_at is None or contact_at < window.save_until_at
    return Missed(first_cause(evidence), is_provisional)


def first_cause(evidence: Evidence) -> MissedCause:
    """Give the first cause that fits, provisional or not."""
    fits = _fits(evidence)
    return next(cause for cause in MissedCause if fits[cause])


def _fits(evidence: Evidence) -> dict[MissedCause, bool]:
    outcomes = evidence.outcomes
    return {
        MissedCause.PAUSED: evidence.is_paused,
        MissedCause.DECLINED: evidence.is_declined,
        MissedCause.TECHNICAL: evidence.has_technical_fault,
        MissedCause.NOT_FINISHED: evidence.was_opened,
        MissedCause.NOT_OPENED: Outcome.DELIVERED in outcomes,
        MissedCause.NOT_REACHABLE: set(outcomes) == {Outcome.FAILED},
        MissedCause.UNKNOWN: True,
    }
