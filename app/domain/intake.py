"""The doses of a person over time, from what was logged and from what the evenings recalled.

A dose logged in the day is a record of its own. The evening asks how each scheduled medicine was
taken, the logged doses included, and which rescue doses were taken beside them: so recalled
scheduled units count only as far as they exceed what was logged, rescue units all count.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from app.domain.records import (
    PARTS,
    DiaryPayload,
    DosePayload,
    Part,
    Reason,
    ScheduledAnswer,
    Snapshot,
)

Logged = Mapping[tuple[date, str], float]
"""Units logged, by date and id of the medicine."""
_PART_TIMES: Mapping[Part, time] = {
    "night": time(3),
    "morning": time(8),
    "noon": time(12),
    "afternoon": time(16),
    "evening": time(20),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """One dose as taken, on a local date, at a time or only in a part of the day."""

    medicine: Snapshot
    units: float
    taken_on: date
    taken_at: time | None = None
    taken_part: Part | None = None
    patch: Literal["applied", "removed"] | None = None
    reason: Reason | None = None

    @property
    def wall_time(self) -> datetime:
        """When it was, by the clock on the wall; a part of day stands at its middle."""
        if self.taken_at is not None:
            return datetime.combine(self.taken_on, self.taken_at.replace(tzinfo=None))
        return datetime.combine(self.taken_on, _PART_TIMES[self.taken_part or "noon"])


def logged_dose(dose: DosePayload) -> Taken:
    """A dose that was logged as a record of its own."""
    return Taken(
        dose.medicine,
        dose.units,
        dose.taken_on,
        dose.taken_at,
        dose.taken_part,
        dose.patch,
        dose.reason,
    )


def doses_taken(
    diaries: Mapping[date, DiaryPayload], logged: Iterable[DosePayload]
) -> tuple[Taken, ...]:
    """Give every dose once, by date: the logged ones and what each evening's recall adds.

    A recalled dose bears the date of its diary, last night's included, and its part of day.
    """
    doses = [logged_dose(dose) for dose in logged]
    counted = units_logged(doses)
    for on, diary in sorted(diaries.items()):
        doses += recalled_doses(on, diary, counted)
    return tuple(sorted(doses, key=lambda dose: dose.taken_on))


def units_logged(doses: Iterable[Taken]) -> Logged:
    """Add up the units that were logged, by date and medicine; a patch taken off is none."""
    counted: defaultdict[tuple[date, str], float] = defaultdict(float)
    for dose in doses:
        if dose.patch != "removed":
            counted[dose.taken_on, dose.medicine.medicine_id] += dose.units
    return counted


def recalled_doses(on: date, diary: DiaryPayload, counted: Logged) -> Iterator[Taken]:
    """Give what an evening's recall adds to what was logged."""
    for scheduled in diary.medicines.scheduled:
        already = counted.get((on, scheduled.medicine.medicine_id), 0.0)
        for part, units in _said(scheduled):
            rest = max(0.0, units - already)
            already = max(0.0, already - units)
            if rest:
                yield Taken(scheduled.medicine, rest, on, taken_part=part)
    for rescue in diary.medicines.rescue:
        for part in PARTS:
            if rescue.units.get(part):
                yield Taken(
                    rescue.medicine, rescue.units[part], on, taken_part=part, reason=rescue.reason
                )


def _said(answer: ScheduledAnswer) -> Iterator[tuple[Part, float]]:
    """Units by part of day as the answer states them: the prescription, or its own numbers."""
    units: Mapping[Part, float] = {}
    if answer.taking == "as_prescribed":
        units = answer.medicine.prescribed
    elif answer.taking == "differently":
        units = answer.units
    return ((part, units[part]) for part in PARTS if units.get(part))
