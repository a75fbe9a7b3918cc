"""A dose in two taps from home, without script: saved now, changed, refused, undone."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app.domain.records import DosePayload, Kind
from app.store import records
from tests.people import Stage, Who
from tests.web.reading import Page


def doses(stage: Stage) -> list[DosePayload]:
    """The doses that count for the own participant."""
    participant_id = stage.actor(Who.OWN).participant_id
    assert participant_id is not None
    with stage.database.read() as session:
        rows = records.list_latest_versions(session, participant_id, Kind.DOSE)
        return [DosePayload.model_validate(json.loads(row.payload or "null")) for row in rows]


def pages(stage: Stage) -> list[str]:
    """The address of the page of each medicine, in the order of the list."""
    links = Page(stage.client(Who.OWN).get("/").text).links
    return [link for link in links if link.startswith("/doses/new")]


def form(stage: Stage, path: str) -> dict[str, Any]:
    """The form of a medicine as nobody touched it."""
    return Page(stage.client(Who.OWN).get(path).text).form("/doses")


def test_two_taps_save_a_dose_taken_now(stage: Stage) -> None:
    phone, path = stage.client(Who.OWN), pages(stage)[0]
    answer = phone.post("/doses", data=form(stage, path) | {"units": "0.5"})
    home = Page(phone.get(answer.headers["location"]).text)
    assert "½" in home.text
    (dose,) = doses(stage)
    assert (dose.units, str(dose.taken_on), str(dose.taken_at)) == (0.5, "2026-01-20", "19:30:00")


def test_a_second_tap_saves_nothing_more(stage: Stage) -> None:
    phone, tapped = stage.client(Who.OWN), form(stage, pages(stage)[0]) | {"units": "1"}
    assert [phone.post("/doses", data=tapped).status_code for _ in range(2)] == [303, 303]
    assert len(doses(stage)) == 1


def test_an_earlier_dose_has_its_own_time_and_reason(stage: Stage) -> None:
    said = {"taken_on": "2026-01-20", "taken_at": "07:15", "amount": "2,5", "reason": "sleep"}
    stage.client(Who.OWN).post("/doses", data=form(stage, pages(stage)[1]) | said)
    (dose,) = doses(stage)
    assert (dose.units, str(dose.taken_at), dose.reason) == (2.5, "07:15:00", "sleep")


def test_a_dose_of_yesterday_may_name_only_the_part_of_the_day(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    stage.clock.advance(hours=14)
    phone.post("/unlock", data={"pin": "482913"})
    fresh = Page(phone.get(pages_of(phone)[0]).text).form("/doses")
    said = {"taken_on": "2026-01-20", "taken_part": "night", "amount": "1"}
    assert phone.post("/doses", data=fresh | said).status_code == 303
    (dose,) = doses(stage)
    assert (str(dose.taken_on), dose.taken_at, dose.taken_part) == ("2026-01-20", None, "night")


def pages_of(phone: Any) -> list[str]:
    """The pages of the medicines on a phone that is signed in by hand."""
    links = Page(phone.get("/").text).links
    return [link for link in links if link.startswith("/doses/new")]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"units": ""}, "units"),
        ({"units": "0"}, "units"),
        ({"amount": "many"}, "amount"),
        ({"amount": "0.3"}, "units"),
        ({"amount": "1", "taken_at": "23:00"}, "taken_at"),
        ({"amount": "1", "taken_on": "2026-01-19"}, "taken_at"),
        ({"amount": "1", "taken_on": "soon"}, "taken_on"),
        ({"amount": "1", "taken_on": "2026-01-21", "taken_at": "08:00"}, "taken_at"),
        ({"amount": "1", "taken_at": "25:00"}, "taken_at"),
    ],
)
def test_a_dose_that_cannot_be_is_explained_and_kept(
    stage: Stage, said: dict[str, str], field: str
) -> None:
    answer = stage.client(Who.OWN).post("/doses", data=form(stage, pages(stage)[0]) | said)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert doses(stage) == []


def test_a_dose_can_be_taken_back_and_leaves_its_trace(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    answer = phone.post("/doses", data=form(stage, pages(stage)[0]) | {"units": "1"})
    noted = answer.headers["location"]
    (undo,) = [action for action in Page(phone.get(noted).text).forms if "/void" in action]
    assert [phone.post(undo).status_code for _ in range(2)] == [303, 303]
    assert doses(stage) == []
    with stage.database.read() as session:
        kept = records.list_versions(session, undo.split("/")[2])
    assert [row.op for row in kept] == ["create", "void"]


def test_after_a_minute_home_no_longer_offers_the_undo(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    answer = phone.post("/doses", data=form(stage, pages(stage)[0]) | {"units": "1"})
    stage.clock.advance(seconds=timedelta(seconds=61).total_seconds())
    assert "/void" not in phone.get(answer.headers["location"]).text


def test_a_medicine_that_is_not_on_the_list_is_not_there(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    assert phone.get("/doses/new?medicine=unknown").status_code == 404
    assert phone.post("/doses", data={"medicine": "unknown", "units": "1"}).status_code == 404


def test_only_an_own_dose_can_be_taken_back(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    answer = phone.post("/doses", data=form(stage, pages(stage)[0]) | {"units": "1"})
    dose_id = answer.headers["location"].partition("=")[2]
    assert stage.client(Who.OTHER).post(f"/doses/{dose_id}/void").status_code == 404
    diary_id = stage.cast.record_ids[Who.OWN]
    assert phone.post(f"/doses/{diary_id}/void").status_code == 404
    assert len(doses(stage)) == 1
