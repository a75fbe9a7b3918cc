"""Letters by HTTP: asking, the answer, messages, whose an entry was; and the desk's side."""

import uuid
from typing import Any

import pytest
from httpx2 import Response

from tests import desk_scenes, scenes
from tests.people import LAST_EVENING, Stage, Who
from tests.web.reading import Page
from tests.web.test_participant_settings import english

DAY = LAST_EVENING.date().isoformat()


def ask(stage: Stage, **form: Any) -> Response:
    """Send a request as the own participant."""
    usual = {"request_id": str(uuid.uuid4()), "kind": "correction", "on": DAY, "words": "57 was 75"}
    return stage.client(Who.OWN).post("/requests", data=usual | form)


def page(stage: Stage, path: str, who: Who = Who.OWN) -> Page:
    """A page as read."""
    answer = stage.client(who).get(path)
    assert answer.status_code == 200, path
    return Page(answer.text)


def desk(stage: Stage, below: str = "", who: Who = Who.CLINICIAN) -> Page:
    """The own participant's page at the desk, or one below it."""
    return page(stage, f"/desk/participants/{stage.cast.study_codes[Who.OWN]}{below}", who)


def test_a_request_is_sent_from_the_form_of_its_kind(stage: Stage) -> None:
    english(stage)
    form = page(stage, f"/requests?kind=correction&on={DAY}").form("/requests")
    assert (form["kind"], form["on"]) == (["correction"], [DAY])
    answer = stage.client(Who.OWN).post("/requests", data={**form, "words": "57 was 75"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/requests?sent=1")
    told = page(stage, "/requests?sent=1").text
    assert "Your request is with the study team." in told
    assert "Correct a past day: Monday 19 January" in told
    assert "57 was 75 Waiting for the study team" in told
    again = stage.client(Who.OWN).post("/requests", data={**form, "words": "57 was 75"})
    assert again.status_code == 303
    assert page(stage, "/requests").text.count("57 was 75") == 1


@pytest.mark.parametrize("kind", ["", "erasure"])
def test_without_a_kind_the_kinds_are_offered(stage: Stage, kind: str) -> None:
    seen = page(stage, f"/requests?kind={kind}")
    assert "/requests" not in seen.forms
    assert {f"/requests?kind={one}" for one in ("correction", "data_copy", "leaving")} <= set(
        seen.links
    )


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"words": "  "}, "Write in a few words"),
        ({"words": "x" * 501}, "This is too long: 500 characters at most."),
        ({"on": ""}, "Fill in this field."),
        ({"on": "2026-02-30"}, "This is not a date."),
        ({"on": "2026-01-21"}, "Choose a day of your diary, up to today."),
    ],
)
def test_a_refused_request_keeps_what_was_typed(
    stage: Stage, form: dict[str, str], told: str
) -> None:
    english(stage)
    request_id = str(uuid.uuid4())
    answer = ask(stage, request_id=request_id, **form)
    assert answer.status_code == 422
    seen = Page(answer.text)
    assert seen.text.count(told) == 2, "in the summary and at its field"
    kept = {"on": DAY, "words": "57 was 75", **form}
    assert seen.form("/requests") == {
        "kind": ["correction"],
        "request_id": [request_id],
        "on": [kept["on"]],
        "words": [kept["words"].strip()] if kept["words"].strip() else [""],
    }


@pytest.mark.parametrize("form", [{"kind": "erasure"}, {"kind": ""}, {"request_id": "1"}])
def test_a_form_that_is_none_of_ours_is_refused(stage: Stage, form: dict[str, str]) -> None:
    assert ask(stage, **form).status_code == 422


def test_the_eleventh_request_is_told_kindly(stage: Stage) -> None:
    english(stage)
    assert {ask(stage).status_code for _ in range(10)} == {303}
    refused = ask(stage, words="one more")
    assert refused.status_code == 409
    told = Page(refused.text)
    assert "10 of your requests are waiting already." in told.text
    assert told.form("/requests")["words"] == ["one more"]


def test_the_answer_stands_with_the_request_and_with_its_day(stage: Stage) -> None:
    english(stage)
    scenes.lettered(stage, Who.OWN)
    for path in ("/requests", "/history"):
        told = page(stage, path).text
        assert "Correct a past day: Sunday 18 January" in told
        assert "Accepted Tuesday 20 January at 18:30 C’est corrigé, merci." in told
    assert "Leave the study" not in page(stage, "/history").text
    assert "C’est corrigé" not in page(stage, "/requests", Who.OTHER).text


def test_a_message_stands_on_home_until_it_was_read(stage: Stage) -> None:
    english(stage)
    read = f"/messages/{scenes.lettered(stage, Who.OWN)['message_id']}/read"
    home = page(stage, "/")
    assert "Message from your study team Tuesday 20 January at 16:30" in home.text
    assert read in home.forms
    assert read not in page(stage, "/", Who.OTHER).forms
    assert stage.client(Who.OTHER).post(read).status_code == 404
    assert stage.client(Who.OWN).post(read).headers["location"] == "/"
    assert "Message from your study team" not in page(stage, "/").text
    assert "À bientôt" in page(stage, "/history").text


@pytest.mark.parametrize("own", ["yes", "no"])
def test_a_locked_save_is_asked_about_once(stage: Stage, own: str) -> None:
    english(stage)
    locked = f"/confirmations/{scenes.saved_locked(stage, Who.OWN)['locked_id']}"
    home = page(stage, "/")
    told = "On Tuesday 20 January at 19:30, a diary was saved while your diary was locked."
    assert told in home.text
    assert locked not in page(stage, "/", Who.OTHER).forms
    phone = stage.client(Who.OWN)
    form = {**home.form(locked), "own": own}
    assert stage.client(Who.OTHER).post(locked, data=form).status_code == 404
    assert phone.post(locked, data=form).headers["location"] == "/"
    assert told not in page(stage, "/").text
    other = {**form, "own": "no" if own == "yes" else "yes"}
    assert phone.post(locked, data=other).status_code == 409
    assert ("entry not theirs" in page(stage, "/desk", Who.CLINICIAN).text) is (own == "no")


@pytest.mark.parametrize(
    "form", [{}, {"own": "yes"}, {"own": "maybe", "version": "1"}, {"own": "yes", "version": "²"}]
)
def test_an_answer_that_is_none_is_refused(stage: Stage, form: dict[str, str]) -> None:
    locked = f"/confirmations/{scenes.saved_locked(stage, Who.OWN)['locked_id']}"
    assert stage.client(Who.OWN).post(locked, data=form).status_code == 422


def test_the_desk_sees_what_is_open_and_who_waits(stage: Stage) -> None:
    assert "open request" not in desk(stage).text
    ask(stage)
    stage.clock.advance(seconds=1)
    ask(stage, kind="leaving", words="")
    assert "2 open requests" in desk(stage).text
    told = desk(stage, "/letters").text
    assert "asks for a correction 20 Jan 2026 19:30 · for 19 Jan 2026" in told
    assert "57 was 75" in told
    assert "asks to leave the study" in told
    cohort = stage.client(Who.CLINICIAN).get("/desk?show=call").text
    assert cohort.count("open request") == 1


def test_the_words_of_a_request_are_for_the_site_alone(stage: Stage) -> None:
    ask(stage)
    for who in (Who.MONITOR, Who.INSPECTOR):
        assert "57 was 75" not in desk(stage, "/letters", who).text


def test_a_refused_form_of_the_desk_still_leads_to_them(stage: Stage) -> None:
    ask(stage)
    alert_id = desk_scenes.alerted(stage, Who.OWN)["alert_id"]
    path = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/alerts/{alert_id}/closing"
    refused = stage.client(Who.CLINICIAN).post(path, data={"alert_reason": " "})
    assert refused.status_code == 422
    assert "1 open request" in refused.text
