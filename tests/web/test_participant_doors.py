"""The participant's doors: the enrolment link, the code, the way out and the language."""

from datetime import timedelta

import pytest

from app.routers.deps import DEVICE_COOKIE, PERSON_COOKIE
from app.services.devices import SIGNED_IN_FOR
from tests.people import PIN, Stage, Who
from tests.web.reading import Page


def link(stage: Stage) -> str:
    """The path of an enrolment link that nobody used yet."""
    return "/join/" + stage.cast.link.rpartition("/")[2]


def chosen(pin: str = PIN, again: str | None = None) -> dict[str, str]:
    """The form of the enrolment page, filled in."""
    return {"pin": pin, "pin_again": pin if again is None else again, "sent_at": ""}


def test_a_link_opens_again_and_again_until_a_code_is_set(stage: Stage) -> None:
    phone = stage.client(Who.NOBODY)
    assert [phone.get(link(stage)).status_code for _ in range(3)] == [200, 200, 200]
    assert phone.post(link(stage), data=chosen()).status_code == 303
    assert phone.get(link(stage)).status_code == 404


def test_joining_opens_the_diary(stage: Stage) -> None:
    phone = stage.client(Who.NOBODY)
    answer = phone.post(link(stage), data=chosen())
    assert answer.headers["location"] == "/"
    assert {DEVICE_COOKIE, PERSON_COOKIE} <= set(phone.cookies)
    assert phone.get("/diary").status_code == 200


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (chosen(again="482914"), "The two codes are not the same."),
        (chosen("48291"), "A code has at least 6 digits"),
        (chosen("123456"), "too easy to guess"),
        (chosen("48291a"), "A code has at least 6 digits"),
    ],
)
def test_a_code_that_will_not_do_is_explained_and_uses_nothing_up(
    stage: Stage, form: dict[str, str], told: str
) -> None:
    phone = stage.client(Who.NOBODY)
    answer = phone.post(link(stage), data=form)
    assert answer.status_code == 422
    assert told in answer.text
    assert form["pin"] not in answer.text
    assert phone.post(link(stage), data=chosen()).status_code == 303


def test_the_code_opens_the_phone_and_goes_on_to_where_the_reminder_led(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    stage.clock.advance(seconds=SIGNED_IN_FOR.total_seconds() + 1)
    answer = phone.get("/diary")
    assert answer.headers["location"] == "/unlock?next=/diary"
    form = Page(phone.get(answer.headers["location"]).text).form("/unlock")
    answer = phone.post("/unlock", data={**form, "pin": PIN})
    assert (answer.status_code, answer.headers["location"]) == (303, "/diary")
    assert phone.get("/diary").status_code == 200


def test_a_wrong_code_keeps_the_page_with_its_numbers_to_call(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    phone.cookies.delete(PERSON_COOKIE)
    answer = phone.post("/unlock", data={"pin": "000000", "next": "/diary"})
    assert answer.status_code == 401
    page = Page(answer.text)
    assert "This is not the right code." in page.text
    assert page.form("/unlock")["next"] == ["/diary"]
    assert {"tel:15", "tel:112", "sms:114", "tel:3114", "tel:0472000000"} <= set(page.links)


def test_after_three_wrong_codes_the_right_one_waits_but_is_never_locked_out(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    wrong, right = {"pin": "000000"}, {"pin": PIN}
    assert [phone.post("/unlock", data=wrong).status_code for _ in range(3)] == [401] * 3
    refused = phone.post("/unlock", data=right)
    assert refused.status_code == 429
    assert "Too many attempts" in refused.text
    stage.clock.advance(minutes=16)
    assert phone.post("/unlock", data=right).status_code == 303


@pytest.mark.parametrize("target", ["//elsewhere.example", "https://elsewhere.example", "/\\x"])
def test_the_code_leads_nowhere_else(stage: Stage, target: str) -> None:
    answer = stage.client(Who.OWN).post("/unlock", data={"pin": PIN, "next": target})
    assert answer.headers["location"] == "/"


def test_a_phone_that_nobody_enrolled_is_told_what_to_do(stage: Stage) -> None:
    page = Page(stage.client(Who.NOBODY).get("/unlock").text)
    assert "Open the link that the study team gave you" in page.text
    assert {"tel:15", "tel:112"} <= set(page.links)


def test_signing_out_shows_nothing_more_but_whom_to_call(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    answer = phone.post("/sign-out")
    assert answer.headers["location"] == "/signed-out"
    closed = Page(phone.get("/signed-out").text)
    assert {"tel:15", "tel:0472000000", "/unlock"} <= set(closed.links)
    assert phone.get("/").headers["location"] == "/unlock?next=/"


def test_the_language_stays_chosen(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    assert 'lang="fr"' in phone.get("/").text
    answer = phone.post("/language", data={"lang": "en", "back": "/diary"})
    assert answer.headers["location"] == "/diary"
    assert 'lang="en"' in phone.get("/diary").text
    stage.clock.advance(seconds=timedelta(hours=3).total_seconds())
    assert "Your code" in phone.get("/unlock").text


def test_a_language_that_we_do_not_speak_is_refused(stage: Stage) -> None:
    assert stage.client(Who.OWN).post("/language", data={"lang": "xx"}).status_code == 422


@pytest.mark.trust(25)
def test_the_name_on_the_outside_says_nothing_about_health(stage: Stage) -> None:
    for who, path in ((Who.NOBODY, "/unlock"), (Who.NOBODY, link(stage)), (Who.OWN, "/diary")):
        html = stage.client(who).get(path).text
        title = html.partition("<title>")[2].partition("</title>")[0]
        assert title in ("Carnet", "Diary")
