"""A lost phone, at the desk: what is shown of phones, and closing them all with a reason."""

from typing import Any

import pytest

from app.routers.deps import DEVICE_COOKIE
from tests.people import Stage, Who
from tests.web.reading import Page


def path(stage: Stage, below: str = "") -> str:
    """The own participant's page at the desk."""
    return f"/desk/participants/{stage.cast.study_codes[Who.OWN]}{below}"


def card(stage: Stage, who: Who = Who.CLINICIAN) -> str:
    """The words of the card about phones."""
    html = stage.client(who).get(path(stage, "/course")).text
    return Page(html.partition('id="phones"')[2].partition("</section>")[0]).text


def close(stage: Stage, reason: str = "left on the bus", who: Who = Who.CLINICIAN) -> Any:
    """Close every phone of the own participant."""
    return stage.client(who).post(path(stage, "/lost-phone"), data={"lost_reason": reason})


def test_the_desk_sees_each_phone_and_its_last_contact_by_the_participants_clock(
    stage: Stage,
) -> None:
    words = card(stage)
    assert "A phone 10 Jan 2026 20 Jan 2026 19:30" in words
    assert "Lost phone" in words
    readers = card(stage, Who.MONITOR)
    assert "A phone 10 Jan 2026" in readers
    assert "Lost phone" not in readers


@pytest.mark.trust(20)
def test_a_lost_phone_is_closed_and_a_new_link_is_next(stage: Stage) -> None:
    answer = close(stage)
    assert answer.headers["location"] == path(stage, "/course") + "#phones"
    html = stage.client(Who.CLINICIAN).get(path(stage, "/course")).text
    assert "revoked 20 Jan 2026" in card(stage)
    assert "No phone opens this diary. Next: a new enrolment link." in card(stage)
    assert path(stage, "/handout") in Page(html).links
    phone = stage.client(Who.OWN)
    assert phone.get("/").headers["location"] == "/unlock?next=/"
    assert "This phone does not know you yet" in phone.get("/unlock").text
    assert phone.post("/submissions", json={}).status_code == 401
    assert stage.client(Who.OTHER).get("/").status_code == 200
    sheet = stage.client(Who.CLINICIAN).post(path(stage, "/handout")).text
    link = sheet.partition("/join/")[2].partition("<")[0]
    form = {"pin": "730915", "pin_again": "730915"}
    new = stage.client(Who.NOBODY)
    assert new.post(f"/join/{link}", data=form).status_code == 303
    assert new.cookies[DEVICE_COOKIE] != phone.cookies[DEVICE_COOKIE]
    assert "revoked" in card(stage)


def test_a_reason_is_needed_and_is_asked_for_at_its_own_field(stage: Stage) -> None:
    answer = close(stage, reason=" ")
    assert answer.status_code == 422
    assert 'id="lost_reason-error"' in answer.text
    assert 'id="reason-error"' not in answer.text
    assert stage.client(Who.OWN).get("/").status_code == 200


def test_others_may_not(stage: Stage) -> None:
    assert close(stage, who=Who.MONITOR).status_code == 403
    assert close(stage, who=Who.FAR_CLINICIAN).status_code == 404
    assert stage.client(Who.OWN).get("/").status_code == 200
