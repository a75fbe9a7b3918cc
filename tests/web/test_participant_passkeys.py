"""Passkeys on the pages: offered, made, used at the door, taken away; and what the door tells."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.routers.deps import AWAKE_COOKIE, DEVICE_COOKIE, PERSON_COOKIE
from app.services import passkeys
from tests import authenticator
from tests.authenticator import Key
from tests.people import PIN, Stage, Who
from tests.web.reading import Page

NEW, OPTIONS, OPENING = "/passkeys/new/options", "/passkeys/options", "/passkeys/opening"
BUTTON = "Open with your fingerprint or face"


def made(phone: TestClient) -> Key:
    """A passkey made on a phone that is signed in."""
    key, written = authenticator.make(phone.post(NEW).json())
    answer = phone.post("/passkeys", data={"answer": written, "next": "/settings"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings")
    return key


def show(browser: TestClient, key: Key, **form: str) -> Any:
    """Show a passkey at the door."""
    written = authenticator.show(key, browser.post(OPTIONS).json())
    return browser.post(OPENING, data={"answer": written, **form})


def locked(stage: Stage, who: Who = Who.OWN) -> TestClient:
    """A phone that is enrolled and closed."""
    phone = stage.client(who)
    phone.cookies.delete(PERSON_COOKIE)
    return phone


def joined(stage: Stage, sent_at: str) -> Any:
    """Enrol a phone whose clock is told by its script, or not at all."""
    form = {"pin": PIN, "pin_again": PIN, "sent_at": sent_at}
    return stage.client(Who.NOBODY).post(stage.cast.link, data=form)


def test_it_is_offered_once_the_code_is_chosen_where_a_script_runs(stage: Stage) -> None:
    assert joined(stage, stage.clock.now.isoformat()).headers["location"] == "/passkeys/new"


def test_without_script_the_diary_opens_at_once(stage: Stage) -> None:
    assert joined(stage, "").headers["location"] == "/"


def test_declining_is_as_easy_as_accepting(stage: Stage) -> None:
    page = Page(stage.client(Who.OTHER).get("/passkeys/new", params={"next": "/settings"}).text)
    assert "/settings" in page.links
    assert page.form("/passkeys")["next"] == ["/settings"]


def test_the_button_comes_first_on_a_phone_that_has_one(stage: Stage) -> None:
    phone = locked(stage)
    assert BUTTON not in Page(phone.get("/unlock").text).text
    made(stage.client(Who.OWN))
    page = phone.get("/unlock?next=/diary").text
    assert page.index(OPENING) < page.index('action="/unlock"')
    assert Page(page).form(OPENING)["next"] == ["/diary"]
    assert BUTTON not in Page(locked(stage, Who.OTHER).get("/unlock").text).text


def test_a_passkey_opens_its_phone_and_leads_where_the_reminder_led(stage: Stage) -> None:
    key, phone = made(stage.client(Who.OWN)), locked(stage)
    answer = show(phone, key, next="/diary")
    assert (answer.status_code, answer.headers["location"]) == (303, "/diary")
    assert phone.get("/diary").status_code == 200
    assert phone.cookies[DEVICE_COOKIE] == stage.cast.cookies[Who.OWN][DEVICE_COOKIE]
    assert show(phone, key, next="//elsewhere.example").headers["location"] == "/"


def test_a_passkey_enrols_a_browser_without_cookies(stage: Stage) -> None:
    key, other = made(stage.client(Who.OWN)), stage.client(Who.NOBODY)
    assert BUTTON in Page(other.get("/unlock").text).text
    assert show(other, key, sent_at=stage.clock.now.isoformat()).status_code == 303
    assert {DEVICE_COOKIE, PERSON_COOKIE, AWAKE_COOKIE} <= set(other.cookies)
    assert stage.cast.study_codes[Who.OWN] in other.get("/").text
    other.cookies.delete(PERSON_COOKIE)
    assert other.post("/unlock", data={"pin": PIN}).status_code == 303


def test_the_door_answers_whatever_is_wrong_in_the_same_way(stage: Stage) -> None:
    phone, other = stage.client(Who.OWN), stage.client(Who.NOBODY)
    key, foreign = made(phone), Key(b"unknown", "localhost")
    removed = made(stage.client(Who.OTHER))
    stage.client(Who.OTHER).post("/passkeys/removal", data={"passkey": removed.written_id})
    used = authenticator.show(key, other.post(OPTIONS).json())
    assert stage.client(Who.NOBODY).post(OPENING, data={"answer": used}).status_code == 303
    wrong = [
        "",
        "{}",
        used,
        authenticator.show(foreign, other.post(OPTIONS).json()),
        authenticator.show(removed, other.post(OPTIONS).json()),
        authenticator.show(key, other.post(OPTIONS).json(), is_verified=False),
        authenticator.show(key, other.post(OPTIONS).json(), counts=False),
    ]
    told = set()
    for written in wrong:
        answer = other.post(OPENING, data={"answer": written})
        assert answer.status_code == 401
        told.add(answer.text)
        stage.clock.advance(minutes=16)
    assert len(told) == 1
    assert "This did not open your diary." in told.pop()
    assert DEVICE_COOKIE not in other.cookies


def test_challenges_say_nothing_to_strangers(stage: Stage) -> None:
    made(stage.client(Who.OWN))
    asked = [stage.client(who).post(OPTIONS).json() for who in (Who.NOBODY, Who.ADMIN)]
    for options in asked:
        options.pop("challenge")
    assert asked[0] == asked[1]


def test_guessing_waits_and_asking_without_end_does_too(stage: Stage) -> None:
    other = stage.client(Who.NOBODY)
    statuses = [other.post(OPENING, data={"answer": "{}"}).status_code for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    statuses = [other.post(OPTIONS).status_code for _ in range(passkeys.OPENINGS_PER_MINUTE + 1)]
    assert statuses[-2:] == [200, 429]


def test_a_refused_passkey_comes_back_on_its_page(stage: Stage) -> None:
    answer = stage.client(Who.OWN).post("/passkeys", data={"answer": "{}", "next": "/settings"})
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.form("/passkeys")["next"] == ["/settings"]


def test_anothers_passkey_cannot_be_removed(stage: Stage) -> None:
    key = made(stage.client(Who.OWN))
    form = {"passkey": key.written_id}
    assert stage.client(Who.OTHER).post("/passkeys/removal", data=form).status_code == 404
    assert show(locked(stage), key).status_code == 303
    assert stage.client(Who.OWN).post("/passkeys/removal", data=form).status_code in (303, 401)


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_phone_that_ends_takes_its_passkey_with_it(stage: Stage, is_lost: bool) -> None:
    phone = stage.client(Who.OWN)
    code = phone.post("/pairing").text.partition("data-code>")[2].partition("<")[0]
    other = stage.client(Who.NOBODY)
    other.post("/pair", data={"code": code})
    other.post("/unlock", data={"pin": PIN})
    key = made(other)
    if is_lost:
        path = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/lost-phone"
        stage.client(Who.CLINICIAN).post(path, data={"lost_reason": "stolen"})
    else:
        actions = Page(phone.get("/settings").text).forms
        (removal,) = [action for action in actions if action.startswith("/devices/")]
        assert phone.post(removal).status_code == 303
    assert show(stage.client(Who.NOBODY), key).status_code == 401
    assert phone.get("/").status_code == (303 if is_lost else 200)
