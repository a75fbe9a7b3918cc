"""Morphine equivalents per local date: worked examples, patches, and an independent oracle."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.figures import FACTOR_TABLE, DailyMme, MmeFlag, MmeStatus, daily_mme
from app.domain.intake import Taken
from app.domain.records import Part, Snapshot, SnapshotIngredient

ON = date(2026, 1, 14)
DAY = timedelta(days=1)
ID = "00000000-0000-4000-8000-{:012d}"


def medicine(
    number: int = 1, *ingredients: tuple[str | None, float | None], **more: Any
) -> Snapshot:
    parts = [SnapshotIngredient(inn=o or "paracetamol", mg=mg, opioid=o) for o, mg in ingredients]
    fields = {"unit": "tablet", "route": "oral", "role": "scheduled", "strength": "?"} | more
    return Snapshot(medicine_id=ID.format(number), name="box", ingredients=tuple(parts), **fields)


def dose(of: Snapshot, units: float = 1, on: date = ON) -> Taken:
    return Taken(medicine=of, units=units, taken_on=on, taken_part="morning")


def patch(of: Snapshot, event: str, on: date, at: time | None, part: Part | None = None) -> Taken:
    fields: dict[str, Any] = {"medicine": of, "units": 1, "patch": event}
    return Taken(taken_on=on, taken_at=at, taken_part=part, **fields)


def one(*doses: Taken, answered: bool = True) -> DailyMme:
    return daily_mme(doses, [ON], answered_on={ON} if answered else set())[0]


def values(*doses: Taken, days: int = 5) -> list[float | None]:
    dates = [ON + DAY * k for k in range(days)]
    return [d.value for d in daily_mme(doses, dates, answered_on=set(dates))]


FENTANYL = medicine(9, ("fentanyl", None), unit="patch", route="transdermal", ug_per_h=25.0)


@pytest.mark.parametrize(
    ("opioid", "mg", "units", "expected"),
    [
        ("codeine", 30, 2, 9),
        ("codeine", 36.8, 1, 5.52),
        ("tramadol", 37.5, 4, 30),
        ("tramadol", 2.5, 20, 10),
        ("morphine", 1.25, 8, 10),
        ("oxycodone", 5, 0.5, 3.75),
        ("hydromorphone", 4, 2, 40),
        ("hydrocodone", 10, 1, 10),
        ("oxymorphone", 5, 1, 15),
        ("methadone", 10, 1, 47),
        ("tapentadol", 25, 2, 20),
    ],
)
def test_units_times_mg_times_factor(opioid: str, mg: float, units: float, expected: float) -> None:
    found = one(dose(medicine(1, (opioid, mg), (None, 500.0)), units))
    assert found == DailyMme(ON, expected, MmeStatus.COMPLETE)
    assert found.table == FACTOR_TABLE == "CDC-2022"


def test_a_date_adds_up_what_was_taken_on_it() -> None:
    tramadol, morphine = medicine(1, ("tramadol", 50)), medicine(2, ("morphine", 10))
    doses = [dose(tramadol, 2), dose(morphine, 1), dose(morphine, 1, ON + DAY)]
    assert values(*doses, days=2) == [30, 10]


@pytest.mark.parametrize(
    "unknown",
    [
        medicine(1, ("buprenorphine", 0.2)),
        medicine(1, ("dihydrocodeine", 60)),
        medicine(1, ("tramadol", None), unit="drop"),
        medicine(1, (None, 300), atc="N02AA02"),
        medicine(1, ("fentanyl", 0.1)),
    ],
    ids=["buprenorphine", "dihydrocodeine", "drops without mg", "opium by ATC", "fentanyl tablet"],
)
def test_an_opioid_without_factor_leaves_the_known_part(unknown: Snapshot) -> None:
    found = one(dose(medicine(2, ("morphine", 10))), dose(unknown))
    assert (found.value, found.status) == (10, MmeStatus.PARTIAL)
    assert found.flags == {MmeFlag.NO_FACTOR}


def test_a_medicine_that_nobody_has_coded_makes_the_date_partial() -> None:
    assert one(dose(medicine(1))).flags == {MmeFlag.UNCODED}
    found = daily_mme([], [ON], answered_on={ON}, uncoded_on={ON})[0]
    assert (found.value, found.status) == (0, MmeStatus.PARTIAL)


def test_no_opioid_is_zero_and_no_answer_is_nothing() -> None:
    paracetamol = medicine(1, (None, 1000), atc="N02BE01")
    assert one() == DailyMme(ON, 0, MmeStatus.NONE_TAKEN)
    assert one(dose(paracetamol)) == DailyMme(ON, 0, MmeStatus.NONE_TAKEN)
    assert one(dose(medicine(2, ("morphine", 10)), units=0)).status is MmeStatus.NONE_TAKEN
    assert one(answered=False) == DailyMme(ON, None, MmeStatus.NOT_ANSWERED)
    assert one(dose(paracetamol), answered=False).status is MmeStatus.NOT_ANSWERED


def test_a_dose_logged_on_a_day_without_diary_is_a_known_part() -> None:
    found = one(dose(medicine(1, ("morphine", 10))), answered=False)
    assert (found.value, found.status) == (10, MmeStatus.PARTIAL)
    assert found.flags == {MmeFlag.NOT_RECALLED}


def test_a_patch_counts_its_hours_on_each_date() -> None:
    on, off = (
        patch(FENTANYL, "applied", ON, time(12)),
        patch(FENTANYL, "removed", ON + DAY * 2, time(6)),
    )
    assert values(on, off) == [30, 60, 15, 0, 0]


def test_a_patch_forgotten_stops_counting_after_72_hours_flagged() -> None:
    dates = [ON + DAY * k for k in range(5)]
    found = daily_mme([patch(FENTANYL, "applied", ON, time(6))], dates, answered_on=dates)
    assert [d.value for d in found] == [45, 60, 60, 15, 0]
    assert [d.flags for d in found] == [set(), set(), set(), {MmeFlag.PATCH_OVER_72H}, set()]
    assert found[3].status is MmeStatus.COMPLETE


def test_a_patch_changed_late_is_the_old_one_and_the_new_one_goes_on() -> None:
    third = ON + DAY * 3
    events = [
        patch(FENTANYL, "applied", ON, time(6)),
        patch(FENTANYL, "applied", third, time(8)),
        patch(FENTANYL, "removed", third, time(8, 5)),
    ]
    assert values(*events) == [45, 60, 60, 15 + 40, 60]


def test_two_patches_at_once_add_up_and_the_oldest_comes_off_first() -> None:
    events = [
        patch(FENTANYL, "applied", ON, time(0)),
        patch(FENTANYL, "applied", ON, time(12)),
        patch(FENTANYL, "removed", ON + DAY, time(0)),
        patch(FENTANYL, "removed", ON + DAY, time(12)),
    ]
    assert values(*events) == [90, 30, 0, 0, 0]


def test_a_patch_by_part_of_day_is_approximate() -> None:
    found = one(patch(FENTANYL, "applied", ON, None, "noon"))
    assert found == DailyMme(ON, 30, MmeStatus.COMPLETE, frozenset({MmeFlag.TIME_APPROXIMATE}))


@pytest.mark.parametrize(
    "event",
    [dose(FENTANYL), patch(FENTANYL, "removed", ON, time(8))],
    ids=["neither applied nor removed", "removed, never applied"],
)
def test_a_patch_of_unknown_hours_makes_the_date_partial(event: Taken) -> None:
    found = one(event)
    assert (found.value, found.status) == (0, MmeStatus.PARTIAL)
    assert found.flags == {MmeFlag.PATCH_TIME_UNKNOWN}


def test_a_patch_without_factor_is_flagged_while_worn() -> None:
    butrans = medicine(8, ("buprenorphine", None), unit="patch", ug_per_h=10.0)
    dates = [ON, ON + DAY]
    found = daily_mme([patch(butrans, "applied", ON, time(20))], dates, answered_on=dates)
    assert [d.flags for d in found] == [{MmeFlag.NO_FACTOR}, {MmeFlag.NO_FACTOR}]


@given(
    start=st.integers(0, 24 * 60 - 1),
    worn=st.integers(1, 6000),
    rate=st.sampled_from([12, 25, 100]),
)
def test_worn_minutes_are_all_counted_and_never_more_than_72_hours(
    start: int, worn: int, rate: int
) -> None:
    of = FENTANYL.model_copy(update={"ug_per_h": float(rate)})
    on_at = datetime.combine(ON, time()) + timedelta(minutes=start)
    off_at = on_at + timedelta(minutes=worn)
    events = [
        patch(of, "applied", on_at.date(), on_at.time()),
        patch(of, "removed", off_at.date(), off_at.time()),
    ]
    per_date: dict[date, int] = {}
    for minute in range(min(worn, 72 * 60)):
        on = (on_at + timedelta(minutes=minute)).date()
        per_date[on] = per_date.get(on, 0) + 1
    for k, value in enumerate(values(*events, days=6)):
        assert value == pytest.approx(rate * 2.4 * per_date.get(ON + DAY * k, 0) / 1440)
