"""The own history by HTTP: what each day says, and that no score is there before it may be."""

import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.routers.deps import Service
from tests import factories, scenes, trial
from tests.people import LAST_EVENING, Stage, Who, settings_for
from tests.web.reading import Page
from tests.web.test_clinician_pages import counted
from tests.web.test_participant_settings import english

AVERAGE, WORST = 43, 96
"""Two scores that nothing else on a page looks like."""
MOST_QUERIES = {"/": 18, "/history": 12, "/requests": 6, "/settings": 12, "/check": 8}
"""What each page may ask of the database, the sign-in included."""


def scored(stage: Stage) -> None:
    """Save tonight's diary with those scores."""
    payload = factories.diary(stage.deployment.study, average=AVERAGE, worst=WORST)
    trial.save(stage, Who.OWN, payload)


def after_the_study(stage: Stage) -> TestClient:
    """The own phone, opened after the last day."""
    opened = scenes.after_the_study(stage, Who.OWN)
    phone = stage.client(Who.OWN)
    phone.cookies.update(opened)
    return phone


def numbers(html: str) -> set[str]:
    """Every number that a page's words or attributes hold, addresses left out."""
    return set(re.findall(r"\b\d+\b", re.sub(r'(?:href|src|action|value|id)="[^"]*"', "", html)))


def test_a_day_says_its_status_when_it_was_saved_and_its_receipt(stage: Stage) -> None:
    english(stage)
    told = Page(stage.client(Who.OWN).get("/history").text).text
    assert re.search(r"Monday 19 January filled in · saved at 19:30 Receipt: [0-9A-Z]{4} ", told)
    assert "Sunday 18 January no entry" in told
    assert "Tuesday 20 January not yet" in told


def test_tonight_is_changed_here_and_an_earlier_day_is_asked_for(stage: Stage) -> None:
    scored(stage)
    links = Page(stage.client(Who.OWN).get("/history").text).links
    change = [link for link in links if link.endswith("/correction")]
    assert len(change) == 1
    assert stage.client(Who.OWN).get(change[0]).status_code == 200
    asks = [link for link in links if link.startswith("/requests?")]
    assert asks == [f"/requests?kind=correction&on={LAST_EVENING.date()}"]
    assert stage.client(Who.OWN).get(asks[0]).status_code == 200


def test_doses_stand_with_their_day(stage: Stage) -> None:
    english(stage)
    trial.save(stage, Who.OWN, trial.dose(stage, Who.OWN))
    told = Page(stage.client(Who.OWN).get("/history").text).text
    assert "Tramadol 50 mg: 1 capsule, 19:29" in told


@pytest.mark.parametrize("path", ["/", "/history", "/settings", "/requests", "/check"])
def test_no_page_holds_a_score_before_the_last_day(stage: Stage, path: str) -> None:
    scored(stage)
    html = stage.client(Who.OWN).get(path).text
    assert numbers(html) & {str(AVERAGE), str(WORST)} == set()
    assert '<svg class="own"' not in html


def test_after_the_last_day_the_scores_are_drawn_told_and_listed(stage: Stage) -> None:
    english(stage)
    scored(stage)
    html = after_the_study(stage).get("/history?month=2026-01").text
    told = Page(html).text
    assert f"average {AVERAGE}, worst {WORST}" in told
    sentence = (
        "Average pain from Saturday 10 January to Tuesday 31 March: 2 of 81 days answered, "
        "lowest 43, highest 57."
    )
    assert f'role="img" aria-label="{sentence}"' in html
    assert told.count(sentence) == 1
    assert f"Tuesday 20 January {AVERAGE}" in told
    assert "Wednesday 21 January –" in told
    assert "hidden until" not in told


def test_a_study_that_hides_nothing_shows_them_all_along(stage: Stage) -> None:
    scored(stage)
    study = stage.deployment.study.model_copy(update={"own_scores_hidden": False})
    url = stage.database.url.render_as_string(hide_password=False)
    app = create_app(settings_for(url), clock=stage.clock)
    service: Service = app.state.service
    app.state.service = replace(service, deployment=replace(service.deployment, study=study))
    with TestClient(app, cookies=stage.cast.cookies[Who.OWN]) as phone:
        assert {str(AVERAGE), str(WORST)} <= numbers(phone.get("/history").text)
    service.database.close()


def test_without_any_answer_there_is_no_drawing(stage: Stage) -> None:
    trial.void(stage, stage.cast.record_ids[Who.OWN], 1)
    assert '<svg class="own"' not in after_the_study(stage).get("/history").text


def test_months_are_leafed_through(stage: Stage) -> None:
    phone = after_the_study(stage)
    path, seen = "/history", []
    while path:
        links = Page(phone.get(path).text).links
        seen.append(path)
        path = next((link for link in links if link < seen[-1] and "month=" in link), "")
        path = path if path not in seen else ""
        if len(seen) == 1:
            path = next(link for link in links if "month=" in link)
    assert seen == ["/history", "/history?month=2026-02", "/history?month=2026-01"]


@pytest.mark.parametrize("month", ["", "2026-13", "january", "9999-12", "0001-01", "²026-1"])
def test_a_month_that_is_none_shows_one_that_is(stage: Stage, month: str) -> None:
    answer = stage.client(Who.OWN).get("/history", params={"month": month})
    assert answer.status_code == 200
    assert "janvier 2026" in answer.text


def test_before_the_first_day_the_page_says_when_it_begins(stage: Stage) -> None:
    english(stage)
    scenes.before_the_first_day(stage, Who.OWN)
    told = Page(stage.client(Who.OWN).get("/history").text).text
    assert "Your diary begins on Sunday 25 January." in told


@pytest.mark.parametrize("path", MOST_QUERIES)
def test_a_page_costs_the_same_queries_however_much_there_is(stage: Stage, path: str) -> None:
    scenes.lettered(stage, Who.OWN)
    scored(stage)
    phone = stage.client(Who.OWN)
    phone.get(path)  # the first page of a deployment makes the keys of its notifications
    with counted(stage) as before:
        phone.get(path)
    scenes.lettered(stage, Who.OWN)
    for _ in range(3):
        trial.save(stage, Who.OWN, trial.dose(stage, Who.OWN))
    with counted(stage) as after:
        phone.get(path)
    assert len(before) == len(after) <= MOST_QUERIES[path]
