"""The report after a session: when it is asked for, what it holds, whom it shows to call."""

import json
from datetime import date

import pytest

from app.domain.records import Kind
from app.services import sessions
from app.store import records
from tests.people import NOW, Stage, Who
from tests.web.reading import Page


def hold(stage: Stage, *dates: date) -> None:
    """Let the site date sessions of the own participant."""
    actor = stage.actor(Who.CLINICIAN)
    with stage.database.write() as session:
        for number, held_on in enumerate(dates, start=1):
            sessions.record_session(
                session,
                actor=actor,
                study_code=stage.cast.study_codes[Who.OWN],
                session_no=number,
                held_on=held_on,
                now=NOW,
            )


def reports(stage: Stage) -> list[dict[str, object]]:
    """The answers of the reports that were saved."""
    participant_id = stage.actor(Who.OWN).participant_id
    assert participant_id is not None
    with stage.database.read() as session:
        rows = records.list_latest_versions(session, participant_id, Kind.SESSION_REPORT)
        return [json.loads(row.payload or "null") for row in rows]


@pytest.mark.parametrize(
    ("held_on", "asked"),
    [
        ((), None),
        ((date(2026, 1, 20),), "symptom.redness"),
        ((date(2026, 1, 17),), "symptom.redness"),
        ((date(2026, 1, 16),), "symptom.new_lump"),
        ((date(2026, 1, 11), date(2026, 1, 19)), "symptom.redness"),
    ],
)
def test_it_is_asked_daily_after_a_session_and_then_weekly(
    stage: Stage, held_on: tuple[date, ...], asked: str | None
) -> None:
    hold(stage, *held_on)
    phone = stage.client(Who.OWN)
    assert ("/session-report" in Page(phone.get("/").text).links) is (asked is not None)
    answer = phone.get("/session-report")
    assert (answer.status_code == 200) is (asked is not None)
    if asked:
        assert f'name="{asked}"' in answer.text


def test_it_is_saved_once_and_not_asked_for_again_that_day(stage: Stage) -> None:
    hold(stage, date(2026, 1, 19))
    phone = stage.client(Who.OWN)
    form = Page(phone.get("/session-report").text).form("/session-report")
    said = form | {"symptom.redness": "mild", "other_symptom": "fatigue"}
    assert [phone.post("/session-report", data=said).status_code for _ in range(2)] == [303, 303]
    (report,) = reports(stage)
    assert (report["session_no"], report["items"]) == (1, {"redness": "mild"})
    assert phone.get("/session-report").status_code == 303
    stage.clock.advance(hours=24)
    phone.post("/unlock", data={"pin": "482913"})
    assert phone.get("/session-report").status_code == 200


def test_trouble_breathing_shows_whom_to_call_before_and_after_saving(stage: Stage) -> None:
    hold(stage, date(2026, 1, 20))
    phone = stage.client(Who.OWN)
    page = phone.get("/session-report").text
    assert "Appelez le 15 ou le 112" in Page(page).text
    form = Page(page).form("/session-report") | {"symptom.face_or_breathing": "severe"}
    saved = phone.get(phone.post("/session-report", data=form).headers["location"])
    assert "Appelez le 15 ou le 112" in Page(saved.text).text


def test_a_severity_that_is_not_offered_is_refused_and_kept(stage: Stage) -> None:
    hold(stage, date(2026, 1, 20))
    phone = stage.client(Who.OWN)
    form = Page(phone.get("/session-report").text).form("/session-report")
    said = form | {"symptom.fever": "awful", "symptom.redness": "mild"}
    answer = phone.post("/session-report", data=said)
    assert answer.status_code == 422
    assert 'id="fever-error"' in answer.text
    assert Page(answer.text).form("/session-report")["symptom.redness"] == ["mild"]
    assert reports(stage) == []


def test_nothing_can_be_reported_when_nothing_is_asked(stage: Stage) -> None:
    answer = stage.client(Who.OWN).post("/session-report", data={"symptom.fever": "mild"})
    assert answer.status_code == 409
