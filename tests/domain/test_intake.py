"""Logged and recalled doses, each counted once."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from app.domain.intake import Taken, doses_taken
from app.domain.records import AnswerStatus, DiaryPayload, DosePayload, Snapshot

ON = date(2026, 1, 14)
SCHEDULED = Snapshot(
    medicine_id="00000000-0000-4000-8000-000000000001",
    name="Topalgic",
    strength="50 mg",
    unit="tablet",
    route="oral",
    role="scheduled",
    prescribed={"morning": 1.0, "evening": 2.0},
)
RESCUE = SCHEDULED.model_copy(
    update={
        "medicine_id": "00000000-0000-4000-8000-000000000002",
        "role": "rescue",
        "prescribed": {},
    }
)


def diary(
    taking: str | None = None, units: dict[str, float] | None = None, **rescue: float
) -> DiaryPayload:
    medicines: dict[str, Any] = {
        "status": "answered",
        "scheduled": [{"medicine": SCHEDULED.model_dump(), "taking": taking, "units": units or {}}],
        "rescue": [{"medicine": RESCUE.model_dump(), "units": rescue}] if rescue else [],
    }
    return DiaryPayload.model_validate(
        {
            "scores": {},
            "allodynia": {"status": "unanswered"},
            "zones": {"status": "not_asked", "set": "2026.1"},
            "medicines": medicines,
        }
    )


def logged(medicine: Snapshot, units: float, on: date = ON) -> DosePayload:
    return DosePayload(medicine=medicine, units=units, taken_on=on, taken_at=time(9))


def brief(doses: tuple[Taken, ...]) -> list[tuple[str | None, float]]:
    return [(dose.taken_part, dose.units) for dose in doses]


def test_as_prescribed_is_the_prescription_by_part_of_day() -> None:
    doses = doses_taken({ON: diary("as_prescribed")}, [])
    assert brief(doses) == [("morning", 1), ("evening", 2)]
    assert {dose.taken_on for dose in doses} == {ON}


def test_differently_is_what_was_said() -> None:
    assert brief(doses_taken({ON: diary("differently", {"night": 0.5})}, [])) == [("night", 0.5)]


@pytest.mark.parametrize("taking", ["not_taken", None])
def test_not_taken_and_unanswered_add_nothing(taking: str | None) -> None:
    assert doses_taken({ON: diary(taking)}, []) == ()


def test_a_logged_scheduled_dose_is_not_counted_again_by_the_evening() -> None:
    doses = doses_taken({ON: diary("as_prescribed")}, [logged(SCHEDULED, 1)])
    assert brief(doses) == [(None, 1), ("evening", 2)]


@pytest.mark.parametrize(("units", "rest"), [(2, [("evening", 1)]), (3, []), (5, [])])
def test_the_evening_adds_only_what_exceeds_the_log(
    units: float, rest: list[tuple[str, float]]
) -> None:
    doses = doses_taken({ON: diary("as_prescribed")}, [logged(SCHEDULED, units)])
    assert brief(doses) == [(None, units), *rest]


def test_a_dose_of_another_date_is_no_part_of_this_evening() -> None:
    yesterday = logged(SCHEDULED, 3, ON - timedelta(days=1))
    doses = doses_taken({ON: diary("as_prescribed")}, [yesterday])
    assert sum(dose.units for dose in doses if dose.taken_on == ON) == 3


def test_rescue_recalled_in_the_evening_comes_beside_what_was_logged() -> None:
    doses = doses_taken({ON: diary(None, None, noon=1.0)}, [logged(RESCUE, 2)])
    assert brief(doses) == [(None, 2), ("noon", 1)]


def test_a_removed_patch_takes_nothing_from_the_recall() -> None:
    patch = SCHEDULED.model_copy(update={"ug_per_h": 25.0})
    off = DosePayload(medicine=patch, units=1, taken_on=ON, taken_at=time(9), patch="removed")
    doses = doses_taken({ON: diary("as_prescribed")}, [off])
    assert brief(doses) == [(None, 1), ("morning", 1), ("evening", 2)]


def test_answers_behind_an_unanswered_question_are_absent() -> None:
    assert diary().medicines.status is AnswerStatus.ANSWERED
