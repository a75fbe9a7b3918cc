"""What a later version changed, field by field."""

from typing import Any

from app.domain.comparison import Changed, changes_between, fields_of
from app.domain.records import DiaryPayload, DosePayload, SessionReportPayload

MEDICINE = {
    "medicine_id": "00000000-0000-4000-8000-000000000001",
    "name": "Topalgic",
    "strength": "50 mg",
    "unit": "tablet",
    "route": "oral",
    "role": "rescue",
}


def score(value: int | None) -> dict[str, Any]:
    if value is None:
        return {"status": "declined", "scale": "vas100"}
    return {"status": "answered", "value": value, "scale": "vas100"}


def diary(**changes: Any) -> DiaryPayload:
    usual: dict[str, Any] = {
        "scores": {"pain_average": score(70), "pain_worst": score(80)},
        "allodynia": {"status": "answered", "value": "yes"},
        "triggers": {"cold": score(30)},
        "zones": {"status": "answered", "set": "2026.1", "codes": ["hand.wrist", "hand.palm"]},
        "medicines": {"status": "answered"},
    }
    return DiaryPayload.model_validate(usual | changes)


def test_the_same_answers_are_no_change_however_they_were_shown() -> None:
    wide = {**score(70), "line_px": 400.0, "viewport": [820, 1180]}
    again = diary(scores={"pain_average": wide, "pain_worst": score(80)})
    assert again != diary()
    assert changes_between(diary(), again) == ()


def test_a_corrected_score_gives_old_and_new() -> None:
    new = diary(scores={"pain_average": score(60), "pain_worst": score(80)})
    assert changes_between(diary(), new) == (Changed("pain", "pain_average", "", 70, 60),)


def test_a_status_stands_where_there_is_no_value() -> None:
    new = diary(scores={"pain_average": score(None), "pain_worst": score(80)})
    assert changes_between(diary(), new) == (Changed("pain", "pain_average", "", 70, "declined"),)


def test_closing_the_gate_takes_its_answers_away() -> None:
    new = diary(
        allodynia={"status": "answered", "value": "avoided"},
        triggers={},
        zones={"status": "not_asked", "set": "2026.1"},
    )
    assert changes_between(diary(), new) == (
        Changed("gate", "allodynia", "", "yes", "avoided"),
        Changed("trigger", "cold", "", 30, None),
        Changed("zones", "zones", "", ("hand.palm", "hand.wrist"), None),
    )


def test_the_order_in_which_places_were_touched_is_no_change() -> None:
    zones = {"status": "answered", "set": "2026.1", "codes": ["hand.palm", "hand.wrist"]}
    assert changes_between(diary(), diary(zones=zones)) == ()


def test_medicines_are_named_as_on_the_box() -> None:
    new = diary(
        medicines={
            "status": "answered",
            "rescue": [{"medicine": MEDICINE, "units": {"noon": 1.0}, "reason": "sleep"}],
        }
    )
    code = MEDICINE["medicine_id"]
    assert changes_between(diary(), new) == (
        Changed("rescue", code, "Topalgic 50 mg", None, {"noon": 1.0}),
        Changed("reason", code, "Topalgic 50 mg", None, "sleep"),
    )


def test_a_void_takes_every_field_away() -> None:
    gone = changes_between(diary(), None)
    assert {change.new for change in gone} == {None}
    assert len(gone) == len(fields_of(diary()))


def test_doses_and_reports_have_fields_too() -> None:
    dose = DosePayload.model_validate(
        {"medicine": MEDICINE, "units": 1.5, "taken_on": "2026-01-14", "taken_at": "09:30"}
    )
    assert [(f.code, f.value) for f in fields_of(dose)] == [
        ("medicine", "Topalgic 50 mg"),
        ("units", 1.5),
        ("taken_on", "2026-01-14"),
        ("taken_at", "09:30"),
    ]
    report = SessionReportPayload(session_no=1, items={"fever": "mild"})
    assert [(f.group, f.code, f.value) for f in fields_of(report)] == [("symptom", "fever", "mild")]
