"""Morphine milligram equivalents (MME) per local date of taking: the factor table and its use.

An estimate for research, never a guide for converting between opioids. What has no factor is never
guessed: the known part is given and the date is `partial`. Patches count by local wall-clock hours,
so that a patch worn through a whole date counts a whole day on the nights of the clock change too.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from app.domain.intake import Taken
from app.domain.records import Snapshot

FACTOR_TABLE = "CDC-2022"
"""Version of the factors below: CDC Clinical Practice Guideline for Prescribing Opioids, 2022."""

FACTORS_PER_MG: Mapping[str, Decimal] = {
    "codeine": Decimal("0.15"),
    "hydrocodone": Decimal("1.0"),
    "hydromorphone": Decimal("5.0"),
    "methadone": Decimal("4.7"),
    "morphine": Decimal("1.0"),
    "oxycodone": Decimal("1.5"),
    "oxymorphone": Decimal("3.0"),
    "tapentadol": Decimal("0.4"),
    "tramadol": Decimal("0.2"),
}
PATCH_FACTORS_PER_UG_H: Mapping[str, Decimal] = {"fentanyl": Decimal("2.4")}
"""MME per day for each µg/h of a patch worn the whole day."""

OPIOID_ATC = ("N02A", "N07BC")
"""ATC groups that are opioids even when the list names no component with a factor."""

PATCH_WEAR = timedelta(hours=72)
_DAY = timedelta(days=1)


class MmeStatus(StrEnum):
    """How far the number of a date can be read."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NONE_TAKEN = "none_taken"
    NOT_ANSWERED = "not_answered"


class MmeFlag(StrEnum):
    """What to know about a date's number; those of `_INCOMPLETE` make it partial."""

    NO_FACTOR = "no_factor"
    UNCODED = "uncoded"
    NOT_RECALLED = "not_recalled"
    PATCH_TIME_UNKNOWN = "patch_time_unknown"
    PATCH_OVER_72H = "patch_over_72h"
    TIME_APPROXIMATE = "time_approximate"


_INCOMPLETE = frozenset(
    {
        MmeFlag.NO_FACTOR,
        MmeFlag.UNCODED,
        MmeFlag.NOT_RECALLED,
        MmeFlag.PATCH_TIME_UNKNOWN,
    }
)


@dataclass(frozen=True, slots=True)
class DailyMme:
    """MME of one local date: mg of oral morphine, not rounded; None only when not answered.

    On a `partial` date it is the known part. `table` is the version of the factors used.
    """

    taken_on: date
    value: float | None
    status: MmeStatus
    flags: frozenset[MmeFlag] = frozenset()
    table: str = FACTOR_TABLE


def daily_mme(
    doses: Iterable[Taken],
    dates: Iterable[date],
    *,
    answered_on: Collection[date],
    uncoded_on: Collection[date] = (),
) -> tuple[DailyMme, ...]:
    """The MME of each date asked for, which should be over: a patch counts to midnight.

    `doses` are all that is known, from 72 h before the first date; `answered_on` the diary days
    whose medicines question was answered; `uncoded_on` those that name a medicine yet to be coded.
    """
    tally = _Tally()
    patches: list[Taken] = []
    for dose in doses:
        (patches if dose.medicine.ug_per_h is not None else tally.singles).append(dose)
    tally.count_singles()
    tally.count_patches(patches)
    for on in uncoded_on:
        tally.flags[on].add(MmeFlag.UNCODED)
    return tuple(tally.close(on, is_answered=on in answered_on) for on in dates)


@dataclass(slots=True)
class _Tally:
    """What is known of each date so far."""

    singles: list[Taken] = field(default_factory=list)
    amounts: defaultdict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    flags: defaultdict[date, set[MmeFlag]] = field(default_factory=lambda: defaultdict(set))

    def count_singles(self) -> None:
        """Tablets, drops, mL and the like: units, mg of the component in each, its factor."""
        for dose in self.singles:
            if not dose.units:
                continue
            amount, flag = _per_unit(dose.medicine)
            if flag is not None:
                self.flags[dose.taken_on].add(flag)
            if amount:
                self.amounts[dose.taken_on] += amount * _exact(dose.units)

    def count_patches(self, patches: Sequence[Taken]) -> None:
        """Patches: µg/h times the factor times the share of each date that they were worn."""
        for dose in patches:
            if dose.patch is None and dose.units:
                self.flags[dose.taken_on].add(MmeFlag.PATCH_TIME_UNKNOWN)
            elif dose.taken_at is None:
                self.flags[dose.taken_on].add(MmeFlag.TIME_APPROXIMATE)
        for worn in _wears([dose for dose in patches if dose.patch], self.flags):
            rate = _patch_rate(worn.medicine)
            for on, share in _shares(worn.from_at, worn.to_at):
                if rate is None:
                    self.flags[on].add(MmeFlag.NO_FACTOR)
                else:
                    self.amounts[on] += rate * worn.units * share

    def close(self, on: date, *, is_answered: bool) -> DailyMme:
        """Judge one date."""
        flags = set(self.flags.get(on, ()))
        is_known = on in self.amounts or bool(flags & _INCOMPLETE)
        if not is_answered and not is_known:
            return DailyMme(on, None, MmeStatus.NOT_ANSWERED)
        if not is_answered:
            flags.add(MmeFlag.NOT_RECALLED)
        if flags & _INCOMPLETE:
            status = MmeStatus.PARTIAL
        elif on in self.amounts:
            status = MmeStatus.COMPLETE
        else:
            status = MmeStatus.NONE_TAKEN
        return DailyMme(on, float(self.amounts.get(on, 0)), status, frozenset(flags))


def _per_unit(medicine: Snapshot) -> tuple[Decimal, MmeFlag | None]:
    """MME of one unit: the known part, and the flag that says why it is not the whole."""
    known, flag = Decimal(0), None
    opioids = [i for i in medicine.ingredients if i.opioid is not None]
    for ingredient in opioids:
        factor = FACTORS_PER_MG.get(ingredient.opioid or "")
        if factor is None or ingredient.mg is None:
            flag = MmeFlag.NO_FACTOR
        else:
            known += _exact(ingredient.mg) * factor
    if not opioids:
        flag = _flag_unnamed(medicine)
    return known, flag


def _flag_unnamed(medicine: Snapshot) -> MmeFlag | None:
    """A medicine without an opioid component: none at all, one without factor, or not known."""
    if medicine.atc is not None:
        return MmeFlag.NO_FACTOR if medicine.atc.startswith(OPIOID_ATC) else None
    return None if medicine.ingredients else MmeFlag.UNCODED


def _patch_rate(medicine: Snapshot) -> Decimal | None:
    """MME per day of one patch; None when its opioid has no factor."""
    factors = [PATCH_FACTORS_PER_UG_H.get(i.opioid or "") for i in medicine.ingredients]
    known = [factor for factor in factors if factor is not None]
    if not known or medicine.ug_per_h is None:
        return None
    return _exact(medicine.ug_per_h) * known[0]


@dataclass(slots=True)
class _Wear:
    """One patch on the skin, in local wall-clock time."""

    medicine: Snapshot
    units: Decimal
    from_at: datetime
    removed_at: datetime | None = None

    @property
    def stops_at(self) -> datetime:
        """Where counting stops at the latest."""
        return self.from_at + PATCH_WEAR

    @property
    def to_at(self) -> datetime:
        """Where counting stops."""
        return min(self.stops_at, self.removed_at or self.stops_at)

    @property
    def is_over(self) -> bool:
        """Whether it was not taken off in time."""
        return self.removed_at is None or self.removed_at > self.stops_at


def _wears(events: Sequence[Taken], flags: Mapping[date, set[MmeFlag]]) -> Iterator[_Wear]:
    """Pair applications with removals of the same medicine, the oldest patch first.

    A patch taken off within a day of the 72 h is still that patch, not the one that replaced it.
    """
    worn: defaultdict[str, list[_Wear]] = defaultdict(list)
    for dose in sorted(events, key=lambda d: (d.wall_time, d.patch == "applied")):
        at, patches = dose.wall_time, worn[dose.medicine.medicine_id]
        if dose.patch == "applied":
            patches.append(_Wear(dose.medicine, _exact(dose.units), at))
            continue
        on_skin = (w for w in patches if w.removed_at is None and at <= w.stops_at + _DAY)
        removed = next(on_skin, None)
        if removed is None:
            flags[dose.taken_on].add(MmeFlag.PATCH_TIME_UNKNOWN)
        else:
            removed.removed_at = at
    for wear in (w for patches in worn.values() for w in patches):
        if wear.is_over:
            flags[wear.to_at.date()].add(MmeFlag.PATCH_OVER_72H)
        yield wear


def _shares(from_at: datetime, to_at: datetime) -> Iterator[tuple[date, Decimal]]:
    """Split a wear into the share of each local date."""
    while from_at < to_at:
        midnight = datetime.combine(from_at.date(), time()) + _DAY
        until_at = min(midnight, to_at)
        yield from_at.date(), Decimal((until_at - from_at) // timedelta(seconds=1)) / 86400
        from_at = until_at


def _exact(number: float) -> Decimal:
    """The decimal that was typed, not its nearest binary fraction."""
    return Decimal(str(number))
