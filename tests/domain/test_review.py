"""The questions asked once before saving: what contradicts itself, and what does not."""

from typing import Any

import pytest

from app.domain.records import DiaryPayload
from app.domain.review import contradictions

MEDICINE = {
    "medicine_id": "00000000-0000-4000-8000-000000000001",
    "name": "Lyrica",
    "strength": "75 mg",
    "unit": "capsule",
    "route": "oral",
    "role": "scheduled",
}


def diary(average: int | None, worst: int | None, **medicines: Any) -> DiaryPayload:
    """A day's answers with these scores, None for an untouched line."""
    scores = {
        code: {
            "status": "unanswered" if value is None else "answered",
            "value": value,
            "scale": "vas100",
        }
        for code, value in (("pain_average", average), ("pain_worst", worst))
    }
    return DiaryPayload.model_validate(
        {
            "scores": scores,
            "allodynia": {"status": "answered", "value": "no"},
            "zones": {"status": "not_asked", "set": "2026.1"},
            "medicines": {"status": "answered", **medicines},
        }
    )


@pytest.mark.parametrize(
    ("average", "worst", "asked"),
    [(60, 59, True), (60, 60, False), (0, 100, False), (60, None, False), (None, 5, False)],
)
def test_a_worst_below_the_average_is_asked_about(
    average: int | None, worst: int | None, asked: bool
) -> None:
    found = contradictions(diary(average, worst), has_logged_dose=False)
    assert found == ({"worst_below_average"} if asked else set())


@pytest.mark.parametrize(
    ("medicines", "has_logged_dose", "asked"),
    [
        ({"none": True}, False, False),
        ({"none": True}, True, True),
        ({"none": False}, True, False),
        ({"none": True, "taking": "as_prescribed"}, False, True),
        ({"none": True, "taking": "not_taken"}, False, False),
        ({"none": True, "rescue": True}, False, True),
    ],
)
def test_none_beside_a_dose_is_asked_about(
    medicines: dict[str, Any], has_logged_dose: bool, asked: bool
) -> None:
    said: dict[str, Any] = {"none": medicines["none"]}
    if taking := medicines.get("taking"):
        said["scheduled"] = [{"medicine": MEDICINE, "taking": taking}]
    if medicines.get("rescue"):
        rescue = MEDICINE | {"role": "rescue"}
        said["rescue"] = [{"medicine": rescue, "units": {"noon": 1.0}}]
    found = contradictions(diary(10, 20, **said), has_logged_dose=has_logged_dose)
    assert found == ({"none_beside_dose"} if asked else set())
