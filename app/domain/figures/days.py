"""One diary day as the figures see it, and the ways in which a trial numbers it.

The day arrives already judged (status, lateness, cause): how a day came to be due, late or missed
is decided in diary_day and schedule, not here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.records import AnswerStatus, EntryStatus
from app.domain.schedule import Due, MissedCause

_DUE = frozenset({EntryStatus.COMPLETE, EntryStatus.PARTIAL, EntryStatus.MISSING})


@dataclass(frozen=True, slots=True)
class Day:
    """A diary day's average pain, on the participant's own scale, and what became of the day.

    `pain_average` is there exactly when its status is `answered`. `closed` is false while the
    window or its grace is still open: such a day counts in means once answered, never in adherence.
    `is_provisional`: the phone may still hold the entry, so that the cause may yet fall away.
    """

    diary_on: date
    status: EntryStatus
    pain_average: int | None = None
    pain_average_st: AnswerStatus = AnswerStatus.UNANSWERED
    late: bool = False
    by_participant: bool = True
    closed: bool = True
    due: Due = Due.DUE
    cause: MissedCause | None = None
    is_provisional: bool = False

    def __post_init__(self) -> None:
        if (self.pain_average is not None) != (self.pain_average_st is AnswerStatus.ANSWERED):
            raise ValueError("a value is there exactly when the status is answered")

    @property
    def is_due(self) -> bool:
        """Whether an entry was owed: enrolled, not paused, not withdrawn, and lived at all."""
        return self.due is Due.DUE and self.status in _DUE

    @property
    def is_paused(self) -> bool:
        """Whether the site had paused the diary, an entry all the same or not."""
        return self.due is Due.PAUSED or self.status is EntryStatus.PAUSED

    @property
    def is_partial(self) -> bool:
        """Whether only part of the diary was filled, as on a flare day."""
        return self.status is EntryStatus.PARTIAL


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """The numbers of one diary day; None where the date they count from is not known.

    `study_day` counts from inclusion (D0 = 0). `dy` is the CDISC day from session 1, which has no
    day 0. `session_no` is the last session held by that evening, 0 before the first.
    """

    study_day: int | None
    dy: int | None
    session_no: int
    days_since_session: int | None


def study_day(on: date, inclusion_on: date | None) -> int | None:
    """Days from inclusion, D0 = 0; None when inclusion is not dated."""
    return None if inclusion_on is None else (on - inclusion_on).days


def number_day(
    diary_on: date, inclusion_on: date | None, sessions_on: Sequence[date]
) -> DayNumbers:
    """Number a diary day from inclusion and from the sessions recorded so far, in any order.

    The diary is filled in the evening, so a session held that day is already behind it.
    """
    held = sorted(sessions_on)
    past = [on for on in held if on <= diary_on]
    return DayNumbers(
        study_day=study_day(diary_on, inclusion_on),
        dy=_cdisc_day(diary_on, held[0]) if held else None,
        session_no=len(past),
        days_since_session=(diary_on - past[-1]).days if past else None,
    )


def _cdisc_day(on: date, reference_on: date) -> int:
    """SDTM's --DY: the reference date is day 1 and the eve is day -1."""
    distance = (on - reference_on).days
    return distance + 1 if distance >= 0 else distance
