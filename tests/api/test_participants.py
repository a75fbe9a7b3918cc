"""Participants, sessions and figures by HTTP: those of the key's sites, as the pages show them."""

from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel

from app.domain.access import Actor
from app.routers.api.shapes import FiguresPage, ParticipantsPage, SessionsPage
from app.services import sessions
from app.services.trends import Trend, read_trend
from tests import factories, trial
from tests.api.test_changes import acts_of
from tests.people import Stage, Who

ROUTES = ("participants", "sessions", "figures")
SHAPES: dict[str, type[BaseModel]] = {
    "participants": ParticipantsPage,
    "sessions": SessionsPage,
    "figures": FiguresPage,
}


def ask(stage: Stage, route: str, key: str = "", **query: Any) -> list[dict[str, Any]]:
    """Every item that a key may read, page by page."""
    found: list[dict[str, Any]] = []
    headers = trial.bearing(key or stage.cast.key)
    while True:
        answer = stage.client(Who.NOBODY).get(f"/api/v1/{route}", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        SHAPES[route].model_validate_json(answer.content)
        page = answer.json()
        found += page[route]
        if not page["has_more"]:
            assert page["next_cursor"] is None
            return found
        query["after"] = page["next_cursor"]


def hold(
    stage: Stage, who: Who, session_no: int, held_on: date, area_cm2: float | None = None
) -> None:
    """Date a session as the site does."""
    with stage.database.write() as session:
        sessions.record_session(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[who],
            session_no=session_no,
            held_on=held_on,
            area_cm2=area_cm2,
            now=stage.clock.now,
        )


def test_participants_come_by_code_without_anything_that_leads_to_a_person(stage: Stage) -> None:
    far = trial.far_away(stage)
    key = trial.new_key(stage)
    people = ask(stage, "participants", key, limit=1)
    codes = [person["study_code"] for person in people]
    assert codes == sorted({*stage.cast.study_codes.values(), *codes})
    assert len(codes) == 4, "two with a phone, one invited, one at the other site"
    assert ask(stage, "participants", key) == people
    assert [p["study_code"] for p in ask(stage, "participants", key, site="lille")] == [far]
    assert far not in [p["study_code"] for p in ask(stage, "participants")]
    states = {person["study_code"]: person["state"] for person in people}
    assert states[stage.cast.study_codes[Who.OWN]] == "enrolled"
    assert "quelqu" not in str(people), "no address"


def test_sessions_are_those_that_the_site_dated(stage: Stage) -> None:
    assert ask(stage, "sessions") == []
    hold(stage, Who.OWN, 1, date(2026, 1, 14))
    hold(stage, Who.OWN, 3, date(2026, 1, 19), 84.5)
    assert [s["area_cm2"] for s in ask(stage, "sessions")] == [None, 84.5]
    assert [(s["study_code"], s["session_no"], s["held_on"]) for s in ask(stage, "sessions")] == [
        (stage.cast.study_codes[Who.OWN], 1, "2026-01-14"),
        (stage.cast.study_codes[Who.OWN], 3, "2026-01-19"),
    ]


def test_figures_are_those_of_the_page(stage: Stage) -> None:
    own, study = stage.cast.study_codes[Who.OWN], stage.deployment.study
    clinician = stage.actor(Who.CLINICIAN)
    hold(stage, Who.OWN, 1, date(2026, 1, 18))
    for evening in range(9):
        trial.save(stage, Who.OWN, factories.diary(study, average=40 + evening))
        stage.clock.advance(days=1)
    trend = trend_of_own(stage, clinician)
    [told] = [item for item in ask(stage, "figures") if item["study_code"] == own]
    assert trend.baseline is not None
    assert (told["baseline"]["status"], told["baseline"]["mean"]) == ("not_evaluable", None)
    weeks = [week["mean"] for week in told["weeks"]]
    assert weeks == [week.mean.value for week, _ in trend.weeks]
    assert weeks[0] == pytest.approx((57 + 40 + 41 + 42 + 43 + 44) / 6)
    assert [week["is_over"] for week in told["weeks"]] == [True, False]
    assert told["adherence"]["answered"] == trend.adherence.answered == 10
    assert told["adherence"]["pct"] == trend.adherence.pct
    assert [tuple(gap.values()) for gap in told["missing"]] == [
        (day.day.diary_on.isoformat(), day.day.cause, day.day.is_provisional)
        for day in trend.days
        if day.day.status == "missing" and day.day.closed
    ]
    assert told["mme_table"] == "CDC-2022"
    assert {mme["status"] for mme in told["mme"]} == {"none_taken", "not_answered"}


def trend_of_own(stage: Stage, clinician: Actor) -> Trend:
    """The trend that the clinician's page shows."""
    with stage.database.read() as session:
        return read_trend(
            session,
            deployment=stage.deployment,
            actor=clinician,
            study_code=stage.cast.study_codes[Who.OWN],
            now=stage.clock.now,
        )


def test_before_session_1_there_is_no_baseline(stage: Stage) -> None:
    assert all(told["baseline"] is None for told in ask(stage, "figures"))
    assert all(told["weeks"] == [] for told in ask(stage, "figures"))


def test_another_site_does_not_exist(stage: Stage) -> None:
    trial.far_away(stage)
    for route in ROUTES:
        answer = stage.client(Who.KEY).get(f"/api/v1/{route}?site=lille")
        assert (answer.status_code, answer.json()["field"]) == (404, "site")


def test_bad_parameters_are_422_and_named(stage: Stage) -> None:
    bad = (("limit", "0"), ("limit", "101"), ("after", "x"), ("site", "\0"), ("state", "enrolled"))
    for route in ROUTES:
        for name, value in bad:
            answer = stage.client(Who.KEY).get(f"/api/v1/{route}", params={name: value})
            assert (route, name, answer.status_code) == (route, name, 422)
            assert answer.json()["field"] == name


def test_each_reading_leaves_an_act(stage: Stage) -> None:
    for route in ROUTES:
        ask(stage, route)
        assert acts_of(stage.database, f"{route}.read") == [{"limit": "25", "count": 3}]
