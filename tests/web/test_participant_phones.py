"""A second phone by a one-time code, phones taken away, and the cookie that tells the script."""

import re
from http.cookies import SimpleCookie
from typing import Any

from fastapi.testclient import TestClient

from app.routers.deps import AWAKE_COOKIE, DEVICE_COOKIE, PERSON_COOKIE
from app.services.devices import SIGNED_IN_FOR
from tests import factories
from tests.people import PIN, Stage, Who
from tests.web.reading import Page


def one_time(phone: TestClient) -> str:
    """A code that a signed-in phone shows."""
    answer = phone.post("/pairing")
    assert answer.status_code == 200
    found = re.search(r"data-code>([0-9A-Z]{4} [0-9A-Z]{4})<", answer.text)
    assert found
    return found[1]


def test_a_code_lets_the_installed_app_in_but_shows_nothing_yet(stage: Stage) -> None:
    app = stage.client(Who.NOBODY)
    answer = app.post("/pair", data={"code": one_time(stage.client(Who.OWN)).lower()})
    assert (answer.status_code, answer.headers["location"]) == (303, "/unlock")
    assert set(app.cookies) == {DEVICE_COOKIE}
    assert app.get("/").headers["location"] == "/unlock?next=/"
    assert "Your code" in app.get("/unlock").text
    assert app.post("/unlock", data={"pin": PIN}).status_code == 303
    assert stage.cast.study_codes[Who.OWN] in app.get("/").text


def test_a_refused_code_stays_on_the_page_as_it_was_typed(stage: Stage) -> None:
    answer = stage.client(Who.NOBODY).post("/pair", data={"code": "abcd efgh"})
    assert answer.status_code == 401
    page = Page(answer.text)
    assert "This code is not valid" in page.text
    assert page.form("/pair")["code"] == ["abcd efgh"]
    assert {"tel:15", "tel:112"} <= set(page.links)


def test_used_old_and_wrong_codes_are_answered_alike_and_guessing_waits(stage: Stage) -> None:
    used, app = one_time(stage.client(Who.OWN)), stage.client(Who.NOBODY)
    assert stage.client(Who.NOBODY).post("/pair", data={"code": used}).status_code == 303
    old = one_time(stage.client(Who.OWN))
    stage.clock.advance(minutes=10)
    answers = [app.post("/pair", data={"code": code}) for code in (used, old, "ABCD EFGH")]
    assert [answer.status_code for answer in answers] == [401, 401, 401]
    blank = {re.sub('value="[A-Z0-9 ]*"', "", answer.text) for answer in answers}
    assert len(blank) == 1
    assert app.post("/pair", data={"code": "ABCD EFGH"}).status_code == 429


def at(stage: Stage, address: str) -> TestClient:
    """A browser at an address of the network."""
    return TestClient(stage.app, base_url=stage.deployment.base_url, client=(address, 50_000))


def test_a_network_of_many_addresses_is_one_guesser(stage: Stage) -> None:
    form = {"code": "ABCD EFGH"}
    for number in range(3):
        assert at(stage, f"2001:db8::{number}").post("/pair", data=form).status_code == 401
    assert at(stage, "2001:db8::9").post("/pair", data=form).status_code == 429
    assert at(stage, "2001:db8:0:1::9").post("/pair", data=form).status_code == 401
    assert at(stage, "192.0.2.1").post("/pair", data=form).status_code == 401


def test_the_code_is_not_in_the_trail(stage: Stage) -> None:
    code = one_time(stage.client(Who.OWN))
    stage.client(Who.NOBODY).post("/pair", data={"code": "WRXT YZ23"})
    with stage.database.engine.connect() as connection:
        written = connection.exec_driver_sql("SELECT body FROM ledger").scalars().all()
    assert not any(code in body or "WRXT" in body for body in written)


def test_own_phones_are_listed_and_another_is_removed(stage: Stage) -> None:
    phone, app = stage.client(Who.OWN), stage.client(Who.NOBODY)
    agent = {"user-agent": "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit Safari/604"}
    app.post("/pair", data={"code": one_time(phone)}, headers=agent)
    phone.post("/language", data={"lang": "en"})
    page = Page(phone.get("/settings").text)
    assert "A phone · this phone since 10 January 2026 · last contact 20 January 2026" in page.text
    assert "iPad, Safari since 20 January 2026" in page.text
    (removal,) = [action for action in page.forms if action.startswith("/devices/")]
    assert stage.client(Who.OTHER).post(removal).status_code == 404
    assert phone.post(removal).headers["location"] == "/settings"
    assert "iPad" not in Page(phone.get("/settings").text).text
    assert "This phone does not know you yet" in app.get("/unlock").text


def test_the_phone_in_hand_is_not_removed(stage: Stage) -> None:
    device_id = stage.actor(Who.OWN).device_id
    answer = stage.client(Who.OWN).post(f"/devices/{device_id}/removal")
    assert answer.status_code == 409
    assert stage.client(Who.OWN).get("/").status_code == 200


def awake(answer: Any) -> Any:
    """The cookie of an answer that tells the script whether the diary is open; None without it."""
    said = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        said.load(line)
    return said.get(AWAKE_COOKIE)


def test_the_script_is_told_that_the_diary_is_open_for_as_long_as_it_is(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    phone.cookies.delete(PERSON_COOKIE)
    told = awake(phone.post("/unlock", data={"pin": PIN}))
    assert (told.value, told["path"], told["samesite"]) == ("1", "/", "lax")
    assert int(told["max-age"]) == SIGNED_IN_FOR.total_seconds()
    assert (told["httponly"], told["secure"]) == ("", "")
    assert awake(phone.get("/")).value == "1"
    assert awake(phone.post("/sign-out")).value == ""
    assert awake(phone.get("/unlock")).value == ""


def test_enrolling_tells_it_and_pairing_does_not(stage: Stage) -> None:
    form = {"pin": PIN, "pin_again": PIN}
    assert awake(stage.client(Who.NOBODY).post(stage.cast.link, data=form)).value == "1"
    code = one_time(stage.client(Who.OWN))
    assert awake(stage.client(Who.NOBODY).post("/pair", data={"code": code})) is None


def send(phone: TestClient, stage: Stage) -> Any:
    """Send a diary as the phone's script does."""
    study = stage.deployment.study
    sent = factories.submission(study, factories.diary(study), saved_at=stage.clock.now)
    return phone.post("/submissions", json=sent)


def test_what_an_open_diary_sends_keeps_it_open_and_a_closed_one_stays_closed(
    stage: Stage,
) -> None:
    phone = stage.client(Who.OWN)
    stage.clock.advance(minutes=25)
    assert awake(send(phone, stage)).value == "1"
    stage.clock.advance(minutes=25)
    assert phone.get("/").status_code == 200
    stage.clock.advance(minutes=31)
    answer = send(phone, stage)
    assert answer.status_code in (201, 202)
    assert awake(answer) is None
    assert phone.get("/").status_code == 303
    other = stage.client(Who.OTHER)
    other.cookies.set(PERSON_COOKIE, stage.cast.cookies[Who.OWN][PERSON_COOKIE])
    assert awake(send(other, stage)) is None


def broken() -> None:
    """A handler with a fault."""
    raise RuntimeError("a fault of the tests")


def test_no_page_is_a_dead_end(stage: Stage) -> None:
    """An installed app has no address bar: every refusal leads on and says whom to call."""
    stage.app.add_api_route("/broken", broken)
    app = TestClient(
        stage.app,
        base_url=stage.deployment.base_url,
        cookies=stage.cast.cookies[Who.OWN],
        headers={"accept-language": "en"},
        follow_redirects=False,
        raise_server_exceptions=False,
    )
    ends = {
        404: app.get("/join/an-old-link"),
        401: stage.client(Who.NOBODY).post("/unlock", data={"pin": PIN}),
        409: app.post(f"/devices/{stage.actor(Who.OWN).device_id}/removal"),
        422: app.post("/language", data={"lang": "xx"}),
        500: app.get("/broken"),
    }
    for status, answer in ends.items():
        assert answer.status_code == status
        page = Page(answer.text)
        assert {"/", "/unlock"} & set(page.links), status
        assert {"tel:15", "tel:112"} <= set(page.links), status
        assert "15" in page.text
    assert "/desk" in Page(stage.client(Who.CLINICIAN).get("/desk/nothing").text).links
    closed = stage.client(Who.NOBODY).get("/diary").headers["location"]
    assert closed == "/unlock?next=/diary"


def test_a_forgotten_code_leads_to_the_team(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    phone.cookies.delete(PERSON_COOKIE)
    forgotten = phone.get("/unlock").text.partition("<details>")[2].partition("</details>")[0]
    assert "I forgot my code" in forgotten
    assert "tel:0472000000" in forgotten
