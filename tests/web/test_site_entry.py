"""Entry by the site: an open window or a dated paper page, who and why, drawn and counted apart."""

import json
from typing import Any

import pytest

from app.services import cohorts, trends, verification
from app.store import records
from tests import factories, trial
from tests.people import LAST_EVENING, NOW, Stage, Who
from tests.web.reading import Page

TONIGHT, LAST_WEEK = NOW.date().isoformat(), "2026-01-15"
SAID = {
    "pain_average": "44",
    "pain_worst.status": "declined",
    "allodynia": "no",
    "none": "1",
    "observed_at": "19:00",
    "reason": "no signal at home",
    "source": "call at 19:00, note 4",
}
PAPER = {"mode": "paper", "page_on": LAST_WEEK}


def own(stage: Stage, below: str = "entries") -> str:
    """An address below the participant's."""
    return f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/{below}"


def form_of(stage: Stage, day: str) -> dict[str, Any]:
    """What the form of a day would post untouched."""
    page = stage.client(Who.CLINICIAN).get(own(stage, f"entries/new?day={day}"))
    return Page(page.text).form(own(stage))


def post(stage: Stage, form: dict[str, Any]) -> Any:
    """Send a form as the clinician."""
    return stage.client(Who.CLINICIAN).post(own(stage), data=form)


@pytest.mark.trust(10)
def test_tonight_is_entered_after_a_call_once_and_told_apart(stage: Stage) -> None:
    form = {**form_of(stage, TONIGHT), **SAID, "mode": "hospital"}
    form |= {"collected_by": "other"}
    refused = post(stage, form)
    assert refused.status_code == 422
    assert 'id="collected_by_name-error"' in refused.text
    form |= {"collected_by_name": "ward nurse"}
    for _ in range(2):
        answer = post(stage, form)
        assert answer.status_code == 303, answer.text
    record_id = answer.headers["location"].partition("#record-")[2]
    with stage.database.read() as session:
        (row,) = records.list_versions(session, record_id)
        texts = records.texts_of(session, [row.change_id])[row.change_id]
        assert verification.verify(session).fault is None
    payload = json.loads(row.payload or "")
    assert payload["entered"] == {"mode": "hospital", "collected_by": "other", "page_on": None}
    assert payload["scores"]["pain_worst"]["status"] == "declined"
    assert json.loads(row.originator)["type"] == "participant"
    assert (row.actor_role, row.assurance, row.lateness) == ("clinician", "staff", "on_time")
    assert (row.observed_at.hour, row.saved_at) == (18, NOW)
    assert {name: value for name, (value, _) in texts.items()} == {
        "collected_by": "ward nurse",
        "reason": SAID["reason"],
        "source": SAID["source"],
    }
    told = Page(stage.client(Who.MONITOR).get(answer.headers["location"]).text).text
    assert "entered by the site" in told
    assert "Dr site clinician clinician, CHU answers of the participant" in told
    assert "hospital stay" in told
    again = post(stage, {**form, "record_id": "00000000-0000-4000-8000-000000000001"})
    assert again.status_code == 409
    assert "There is an entry for this day." in again.text


@pytest.mark.trust(10)
def test_a_past_day_needs_a_page_of_that_evening(stage: Stage) -> None:
    form = {**form_of(stage, LAST_WEEK), **SAID}
    assert form["mode"] == ["paper"]
    wrong = (
        ({"mode": "call"}, "mode"),
        ({"page_on": ""}, "page_on"),
        ({**PAPER, "page_on": "2026-01-18"}, "page_on"),
        ({**PAPER, "observed_at": "09:00"}, "observed_at"),
        ({**PAPER, "source": ""}, "source"),
        ({**PAPER, "pain_average": "111"}, "pain_average"),
    )
    for changed, field in wrong:
        answer = post(stage, form | changed)
        assert answer.status_code == 422, field
        assert f'id="{field}-error"' in answer.text
        assert Page(answer.text).form(own(stage))["allodynia"] == ["no"]
    assert post(stage, form | PAPER).status_code == 303
    with stage.database.read() as session:
        trend = trends.read_trend(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            now=NOW,
        )
        cohort = cohorts.read_cohort(
            session, deployment=stage.deployment, actor=stage.actor(Who.CLINICIAN), now=NOW
        )
    row = next(row for row in cohort if row.person.id == trend.person.id)
    assert (row.adherence.answered, row.adherence.due) == (1, 10)
    day = next(d.day for d in trend.days if d.day.diary_on.isoformat() == LAST_WEEK)
    assert (day.pain_average, day.by_participant, day.cause) == (44, False, None)
    assert (trend.adherence.answered, trend.adherence.due) == (1, 10)
    assert 'class="site"' in stage.client(Who.CLINICIAN).get(own(stage, "")[:-1]).text


def test_a_day_that_is_in_or_not_yet_or_never_is_no_form(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    for day, told in (
        (LAST_EVENING.date().isoformat(), "There is an entry for this day."),
        ("2026-01-21", "has not opened yet"),
        ("2026-01-09", "No diary is asked for on this day."),
    ):
        page = desk.get(own(stage, f"entries/new?day={day}"))
        assert told in page.text
        assert own(stage) not in Page(page.text).forms


def test_no_phone_says_that_the_site_entered_it(stage: Stage) -> None:
    entered = {"entered": {"mode": "call"}}
    payload = factories.diary(stage.deployment.study) | entered
    sent = factories.submission(stage.deployment.study, payload, saved_at=NOW)
    assert stage.client(Who.OWN).post("/submissions", json=sent).status_code == 422
    assert trial.save(stage, Who.OWN, factories.diary(stage.deployment.study)).version == 1
