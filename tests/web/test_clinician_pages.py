"""The desk by HTTP: the cohort, a participant, the history of a day."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from app.main import create_app
from app.routers.deps import STAFF_COOKIE
from app.services import accounts, alerts
from tests import desk_scenes, factories, trial
from tests.people import LAST_EVENING, NOW, PASSWORD, Stage, Who, settings_for
from tests.web.reading import Page


def own(stage: Stage, rest: str = "", who: Who = Who.OWN) -> str:
    """The address of a participant's page, or of what is below it."""
    return f"/desk/participants/{stage.cast.study_codes[who]}{rest}"


def day(stage: Stage) -> str:
    """The address of last evening's history."""
    return own(stage, f"/days/{LAST_EVENING.date().isoformat()}")


def listed(html: str) -> list[str]:
    """The study codes of a cohort, in the order of the table."""
    return [link.rpartition("/")[2] for link in Page(html).links if "/participants/MS-" in link]


@contextmanager
def counted(stage: Stage) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(stage.database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(stage.database.engine, "before_cursor_execute", note)


def evenings(stage: Stage, who: Who, count: int, **answers: Any) -> None:
    """Let a participant fill the diary on so many evenings from now on."""
    for _ in range(count):
        trial.save(stage, who, factories.diary(stage.deployment.study, **answers))
        stage.clock.advance(days=1)


def sign_in_again(stage: Stage) -> TestClient:
    """The clinician, come back after the clock was moved."""
    with stage.database.write() as session:
        token = accounts.sign_in(
            session,
            deployment=stage.deployment,
            login="site.clinician",
            password=PASSWORD,
            code=pyotp.TOTP(stage.cast.totp_secrets[Who.CLINICIAN]).at(stage.clock.now),
            now=stage.clock.now,
        )
    desk = stage.client(Who.NOBODY)
    desk.cookies.set(STAFF_COOKIE, token)
    return desk


def test_the_cohort_shows_the_readers_own_site(stage: Stage) -> None:
    codes = set(stage.cast.study_codes.values())
    assert codes < set(listed(stage.client(Who.CLINICIAN).get("/desk").text))
    far = stage.client(Who.FAR_CLINICIAN).get("/desk").text
    assert listed(far) == []
    assert "Nobody here." in far


def test_who_missed_two_evenings_comes_first_and_can_be_shown_alone(stage: Stage) -> None:
    codes = stage.cast.study_codes
    evenings(stage, Who.OTHER, 3)
    few = desk_scenes.without_rule(stage.deployment.study, "few_entries")
    alerts.review(
        stage.database, deployment=replace(stage.deployment, study=few), now=stage.clock.now
    )
    desk = sign_in_again(stage)
    html = desk.get("/desk").text
    assert listed(html)[0] == codes[Who.OWN]
    assert "missed days" in html
    assert listed(desk.get("/desk?show=call").text) == [codes[Who.OWN]]
    assert listed(desk.get("/desk?show=paused").text) == []


def test_the_totals_are_of_whom_the_reader_sees(stage: Stage) -> None:
    whole = Page(stage.client(Who.CLINICIAN).get("/desk").text).text
    assert "2 enrolled · 1 invited" in whole
    assert "mean of 2 participants, 0 at 80 % or more" in whole.replace("\u00a0", " ")
    assert "Nobody has a whole week yet." in whole
    assert "whole week" not in stage.client(Who.ASSESSOR).get("/desk").text
    elsewhere = stage.client(Who.INSPECTOR).get("/desk?site=lille").text
    assert listed(elsewhere) == []
    assert "2 enrolled" not in elsewhere


@pytest.mark.parametrize("order", ["code", "entry", "adherence", "session", "nonsense"])
def test_every_order_lists_everybody_once(stage: Stage, order: str) -> None:
    html = stage.client(Who.CLINICIAN).get(f"/desk?order={order}").text
    found = listed(html)
    assert len(found) == len(set(found)) == 3
    assert order != "code" or found == sorted(found)


def test_trends_are_not_for_the_data_manager(stage: Stage) -> None:
    cohort = stage.client(Who.DATA_MANAGER).get("/desk").text
    assert stage.cast.study_codes[Who.OWN] in cohort
    assert 'class="spark"' not in cohort
    assert 'class="spark"' in stage.client(Who.CLINICIAN).get("/desk").text
    assert stage.client(Who.DATA_MANAGER).get(own(stage)).status_code == 403
    assert own(stage, "/course") in Page(cohort).links


def test_a_participants_page_draws_and_tells_what_was_answered(stage: Stage) -> None:
    answer = stage.client(Who.CLINICIAN).get(own(stage))
    page = Page(answer.text)
    assert "right hand or arm" in page.text
    assert "Higher is worse." in page.text
    assert answer.text.count('role="img"') == 4
    assert "57 71" in page.text
    assert page.links.count(day(stage)) == 2
    assert " style=" not in answer.text


def test_any_point_leads_to_who_changed_what_and_why(stage: Stage) -> None:
    trial.correct(stage, stage.cast.record_ids[Who.OWN], 1, 40)
    desk = stage.client(Who.CLINICIAN)
    page = desk.get(own(stage)).text
    assert page.count('class="old"') == 2, "in the chart and in its key"
    assert page.count('class="ring"') == 2
    assert day(stage) in Page(page).links
    told = Page(desk.get(day(stage)).text).text
    assert "Average pain: 57 → 40" in told
    assert "Dr site clinician" in told
    assert "misread « 12 »" in told
    assert told.index("2 corrected") < told.index("1 saved")


def test_a_voided_diary_is_a_gap_and_stays_readable(stage: Stage) -> None:
    trial.void(stage, stage.cast.record_ids[Who.OWN], 1)
    desk = stage.client(Who.CLINICIAN)
    page = desk.get(own(stage)).text
    assert page.count('class="full"') == 1, "in the key alone"
    told = Page(desk.get(day(stage)).text).text
    assert "taken back" in told
    assert "Average pain: 57 → –" in told


def test_a_day_without_anything_says_so_and_no_date_is_no_page(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    empty = desk.get(own(stage, "/days/2026-01-12"))
    assert "Nothing was recorded for this day." in empty.text
    assert desk.get(own(stage, "/days/yesterday")).status_code == 404


def test_before_the_first_entry_the_page_stands(stage: Stage) -> None:
    invited = (set(listed(stage.client(Who.CLINICIAN).get("/desk").text))) - set(
        stage.cast.study_codes.values()
    )
    answer = stage.client(Who.CLINICIAN).get(f"/desk/participants/{invited.pop()}")
    assert answer.status_code == 200
    assert "No change from baseline can be stated yet." in answer.text
    assert "nan" not in answer.text.lower().replace("nantes", "")


@pytest.mark.parametrize("period", ["", "30", "90", "all", "-1", "٣٠"])
def test_a_period_is_shown_or_ignored(stage: Stage, period: str) -> None:
    desk = stage.client(Who.CLINICIAN)
    assert desk.get(own(stage), params={"days": period}).status_code == 200


def test_readers_are_offered_no_form(stage: Stage) -> None:
    page = Page(stage.client(Who.MONITOR).get(own(stage)).text)
    assert set(page.forms) == {"/desk/sign-out"}
    assert own(stage, "/handout") not in page.links


def test_a_page_costs_the_same_queries_however_much_there_is(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    with counted(stage) as before:
        desk.get(own(stage))
        desk.get("/desk")
    evenings(stage, Who.OWN, 5)
    trial.save(stage, Who.OWN, trial.dose(stage, Who.OWN))
    stage.clock.now = NOW + timedelta(minutes=1)
    with counted(stage) as after:
        desk.get(own(stage))
        desk.get("/desk")
    assert len(before) == len(after)


def test_a_simulated_study_says_so_on_every_page(stage: Stage) -> None:
    url = stage.database.url.render_as_string(hide_password=False)
    settings = settings_for(url).model_copy(update={"demo": True})
    cookies = stage.cast.cookies[Who.CLINICIAN]
    with TestClient(create_app(settings, clock=stage.clock), cookies=cookies) as demo:
        told = stage.deployment.study.wording["simulated"].in_("en")
        assert told in demo.get("/desk").text
        assert told in demo.get(own(stage)).text
    assert told not in stage.client(Who.CLINICIAN).get("/desk").text
