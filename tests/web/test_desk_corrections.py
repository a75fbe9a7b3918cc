"""The site corrects and voids on the desk: with reason and source, one of two wins, all trailed."""

import json
from typing import Any

from sqlalchemy import text

from app.services import verification
from app.store import records
from tests import scenes, trial
from tests.people import LAST_EVENING, Stage, Who
from tests.web.reading import Page

WHY = {"reason": "misread on the phone", "source": "call of 19 January, note 12"}


def own(stage: Stage, what: str, record_id: str = "") -> str:
    """The address of a record's form, last evening's diary by default."""
    record_id = record_id or stage.cast.record_ids[Who.OWN]
    return f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/records/{record_id}/{what}"


def form_of(stage: Stage, what: str = "correction", record_id: str = "") -> dict[str, Any]:
    """What the form would post untouched."""
    address = own(stage, what, record_id)
    return Page(stage.client(Who.CLINICIAN).get(address).text).form(address)


def post(stage: Stage, form: dict[str, Any], what: str = "correction", record_id: str = "") -> Any:
    """Send a form as the clinician."""
    return stage.client(Who.CLINICIAN).post(own(stage, what, record_id), data=form)


def payloads(stage: Stage, record_id: str = "") -> list[Any]:
    """What each version of a record says."""
    with stage.database.read() as session:
        rows = records.list_versions(session, record_id or stage.cast.record_ids[Who.OWN])
    return [json.loads(row.payload) if row.payload else None for row in rows]


def test_only_what_was_touched_changes_and_who_and_why_are_told(stage: Stage) -> None:
    form = form_of(stage)
    answer = post(stage, {**form, "pain_average": "60", **WHY})
    assert answer.status_code == 303, answer.text
    before, after = payloads(stage)
    assert after["scores"]["pain_average"]["value"] == 60
    after["scores"]["pain_average"] = before["scores"]["pain_average"]
    assert after == before
    told = Page(stage.client(Who.CLINICIAN).get(answer.headers["location"]).text).text
    assert "Average pain: 57 → 60" in told
    assert "Dr site clinician clinician, CHU" in told
    assert "Source: call of 19 January, note 12" in told


def test_a_refused_value_is_told_at_its_field_and_trailed(stage: Stage) -> None:
    answer = post(stage, {**form_of(stage), "pain_average": "111", **WHY})
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.form(own(stage, "correction"))["pain_average"] == ["111"]
    assert 'id="pain_average-error"' in answer.text
    with stage.database.read() as session:
        query = "SELECT value FROM change_texts WHERE field LIKE '%pain_average%'"
        assert session.execute(text(query)).scalars().all() == ["111"]
    assert len(payloads(stage)) == 1


def test_reason_and_source_are_asked_and_what_was_typed_stays(stage: Stage) -> None:
    form = {**form_of(stage), "pain_worst": "", "pain_worst.status": "declined"}
    for missing in WHY:
        answer = post(stage, {**form, **WHY, missing: " "})
        assert answer.status_code == 422
        assert f'id="{missing}-error"' in answer.text
        assert Page(answer.text).form(own(stage, "correction"))["pain_worst.status"] == ["declined"]
    assert post(stage, {**form, **WHY, "pain_worst": "3"}).status_code == 422
    assert post(stage, {**form, **WHY}).status_code == 303
    assert payloads(stage)[-1]["scores"]["pain_worst"]["status"] == "declined"


def test_the_second_of_two_is_told_what_changed_and_keeps_what_was_typed(stage: Stage) -> None:
    form = form_of(stage)
    trial.correct(stage, stage.cast.record_ids[Who.OWN], 1, 40)
    answer = post(stage, {**form, "pain_average": "60", **WHY})
    assert answer.status_code == 409
    page = Page(answer.text)
    assert "Average pain : 57 → 40" in page.text or "Average pain: 57 → 40" in page.text
    assert "Dr site clinician saved version 2" in page.text
    kept = page.form(own(stage, "correction"))
    assert (kept["pain_average"], kept["base_version"], kept["reason"]) == (
        ["60"],
        ["2"],
        [WHY["reason"]],
    )
    assert post(stage, kept).status_code == 303
    assert [p["scores"]["pain_average"]["value"] for p in payloads(stage)] == [57, 40, 60]


def test_answers_that_contradict_are_asked_once(stage: Stage) -> None:
    form = {**form_of(stage), "pain_average": "80", **WHY}
    answer = post(stage, form)
    assert answer.status_code == 422
    assert 'name="kept"' in answer.text
    assert post(stage, {**form, "kept": "worst_below_average"}).status_code == 303
    assert payloads(stage)[-1]["kept"] == ["worst_below_average"]


def test_a_dose_and_a_report_are_corrected_and_a_diary_voided(stage: Stage) -> None:
    dose_id = scenes.dosed(stage, Who.OWN)["noted"]
    form = form_of(stage, record_id=dose_id)
    answer = post(stage, {**form, "units": "2", "taken_on": "2026-01-19", **WHY}, record_id=dose_id)
    assert answer.headers["location"].endswith(f"/days/2026-01-19#record-{dose_id}")
    assert payloads(stage, dose_id)[-1]["units"] == 2
    ahead = post(stage, {**form, "taken_on": "2026-02-19", **WHY}, record_id=dose_id)
    assert ahead.status_code == 409
    form = form_of(stage, record_id=dose_id)
    ahead = post(stage, {**form, "taken_on": "2026-02-19", **WHY}, record_id=dose_id)
    assert ahead.status_code == 422
    report_id = scenes.reported(stage, Who.OWN)["report_id"]
    form = form_of(stage, record_id=report_id)
    assert form["symptom.redness"] == ["mild"]
    post(stage, {**form, "symptom.redness": "severe", **WHY}, record_id=report_id)
    assert payloads(stage, report_id)[-1]["items"]["redness"] == "severe"
    assert post(stage, {**form_of(stage, "void"), **WHY}, "void").status_code == 303
    gone = stage.client(Who.CLINICIAN).get(own(stage, "correction"))
    assert own(stage, "correction") not in Page(gone.text).forms
    with stage.database.read() as session:
        assert verification.verify(session).fault is None


def test_a_foreign_record_is_not_there_and_readers_are_offered_nothing(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    other = own(stage, "correction", stage.cast.record_ids[Who.OTHER])
    assert desk.get(other).status_code == 404
    day = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/days/{LAST_EVENING.date()}"
    assert own(stage, "correction") in Page(desk.get(day).text).links
    assert own(stage, "correction") not in Page(stage.client(Who.MONITOR).get(day).text).links
