"""Stolen, planted and replayed: what opens nothing, is trailed, and leaves the real person in."""

import re
from collections.abc import Callable, Mapping

import pyotp
import pytest
from fastapi.testclient import TestClient

from app.routers.deps import DEVICE_COOKIE, PERSON_COOKIE, STAFF_COOKIE
from tests import authenticator
from tests.desk import acts
from tests.people import PASSWORD, PIN, Stage, Who

LOGIN = Who.CLINICIAN.value.replace(" ", ".")


def elsewhere(stage: Stage, cookies: Mapping[str, str]) -> TestClient:
    """Another browser, with cookies that were taken from somebody or planted."""
    return TestClient(
        stage.app,
        base_url=stage.deployment.base_url,
        cookies=dict(cookies),
        headers={"accept-language": "en"},
        follow_redirects=False,
    )


def code_of(stage: Stage, who: Who = Who.CLINICIAN) -> str:
    """The six digits of now."""
    return pyotp.TOTP(stage.cast.totp_secrets[who]).at(stage.clock.now)


def refused(stage: Stage) -> list[str]:
    """The codes of the refusals in the trail, in order."""
    return [act["details"]["code"] for act in acts(stage, "refused")]


@pytest.mark.trust(21)
def test_a_stolen_cookie_opens_no_diary_on_another_phone(stage: Stage) -> None:
    stolen = stage.cast.cookies[Who.OWN][PERSON_COOKIE]
    own_phone = stage.cast.cookies[Who.OTHER][DEVICE_COOKIE]
    for cookies in ({PERSON_COOKIE: stolen}, {PERSON_COOKIE: stolen, DEVICE_COOKIE: own_phone}):
        thief = elsewhere(stage, cookies)
        for path in ("/", "/history", "/profile"):
            answer = thief.get(path)
            assert answer.status_code in (303, 401)
            assert stage.cast.study_codes[Who.OWN] not in answer.text
        assert thief.post("/doses", data={}).headers["location"] == "/unlock"
    assert refused(stage) == ["sign_in_elsewhere"], "once a minute"
    assert stage.client(Who.OWN).get("/history").status_code == 200


@pytest.mark.trust(21)
def test_a_stolen_desk_cookie_cannot_do_what_asks_for_both_factors(stage: Stage) -> None:
    stage.clock.advance(minutes=11)
    thief = elsewhere(stage, {STAFF_COOKIE: stage.cast.cookies[Who.CLINICIAN][STAFF_COOKIE]})
    for path in ("/desk/account/codes", "/desk/account/passkeys/options", "/desk/sites/lyon/copy"):
        assert thief.post(path).headers["location"].startswith("/desk/confirm"), path
    new = {"present": "a guess of mine", "password": PASSWORD, "password_again": PASSWORD}
    assert thief.post("/desk/account/password", data=new).status_code == 401
    assert refused(stage) == ["password_refused"]


def test_a_stolen_desk_cookie_ends_when_its_owner_confirms_or_ends_it(stage: Stage) -> None:
    stolen = stage.cast.cookies[Who.CLINICIAN][STAFF_COOKIE]
    owner, thief = stage.client(Who.CLINICIAN), elsewhere(stage, {STAFF_COOKIE: stolen})
    stage.clock.advance(minutes=1)
    owner.post("/desk/confirm", data={"password": PASSWORD, "code": code_of(stage)})
    assert thief.get("/desk").headers["location"].startswith("/desk/sign-in")
    assert owner.get("/desk").status_code == 200
    assert stolen not in owner.get("/desk/account").text


def test_a_sign_in_is_listed_and_ended_from_another(stage: Stage) -> None:
    stage.clock.advance(minutes=1)
    other = stage.client(Who.NOBODY)
    form = {"login": LOGIN, "password": PASSWORD, "code": code_of(stage)}
    assert other.post("/desk/sign-in", data=form).status_code == 303
    owner = stage.client(Who.CLINICIAN)
    page = owner.get("/desk/account").text
    assert page.count("this browser") == 1
    [end] = re.findall(r'action="(/desk/account/sign-ins/\w+/end)"', page)
    assert stage.client(Who.COORDINATOR).post(end).status_code == 404
    assert owner.post(end).status_code == 303
    assert other.get("/desk").headers["location"].startswith("/desk/sign-in")
    assert acts(stage, "staff.sign_ins_ended")[-1]["details"] == {"count": 1}
    assert owner.post(end).status_code == 404


def test_a_new_password_signs_every_other_browser_out(stage: Stage) -> None:
    thief = elsewhere(stage, {})
    stage.clock.advance(minutes=1)
    thief.post("/desk/sign-in", data={"login": LOGIN, "password": PASSWORD, "code": code_of(stage)})
    assert thief.get("/desk").status_code == 200
    new = {
        "present": PASSWORD,
        "password": "another long one",
        "password_again": "another long one",
    }
    owner = stage.client(Who.CLINICIAN)
    assert owner.post("/desk/account/password", data=new).status_code == 303
    assert thief.get("/desk").status_code == 303
    assert owner.get("/desk").status_code == 200


@pytest.mark.parametrize(("who", "path", "hours"), [(Who.OWN, "/", 24), (Who.ADMIN, "/desk", 12)])
def test_a_sign_in_that_is_kept_alive_ends_all_the_same(
    stage: Stage, who: Who, path: str, hours: int
) -> None:
    thief = stage.client(who)
    for _ in range(hours * 60 // 25):
        assert not thief.get(path).headers.get("location", "").startswith(("/unlock", "/desk/s"))
        stage.clock.advance(minutes=25)
    stage.clock.advance(minutes=25)
    assert thief.get(path).headers["location"].startswith(("/unlock", "/desk/sign-in"))


def test_a_planted_cookie_is_never_adopted(stage: Stage) -> None:
    planted = "what the attacker knows"
    stage.clock.advance(minutes=1)
    desk = elsewhere(stage, {STAFF_COOKIE: planted})
    form = {"login": LOGIN, "password": PASSWORD, "code": code_of(stage)}
    given = desk.post("/desk/sign-in", data=form).headers["set-cookie"]
    phone = elsewhere(stage, {**stage.cast.cookies[Who.OWN], PERSON_COOKIE: planted})
    given += " " + phone.post("/unlock", data={"pin": PIN}).headers["set-cookie"]
    assert planted not in given
    assert {STAFF_COOKIE, PERSON_COOKIE} <= set(re.findall(r"(\w+)=", given))
    for name, path in ((STAFF_COOKIE, "/desk"), (PERSON_COOKIE, "/history")):
        assert elsewhere(stage, {name: planted}).get(path).status_code == 303


def _totp(stage: Stage) -> Callable[[], int]:
    stage.clock.advance(minutes=1)
    form = {"login": LOGIN, "password": PASSWORD, "code": code_of(stage)}
    return lambda: stage.client(Who.NOBODY).post("/desk/sign-in", data=form).status_code


def _enrolment(stage: Stage) -> Callable[[], int]:
    form = {"pin": PIN, "pin_again": PIN}
    return lambda: stage.client(Who.NOBODY).post(stage.cast.link, data=form).status_code


def _pairing(stage: Stage) -> Callable[[], int]:
    shown = stage.client(Who.OWN).post("/pairing").text
    form = {"code": shown.partition("data-code>")[2].partition("<")[0]}
    return lambda: stage.client(Who.NOBODY).post("/pair", data=form).status_code


def _passkey(stage: Stage) -> Callable[[], int]:
    phone, door = stage.client(Who.OWN), stage.client(Who.NOBODY)
    key, made = authenticator.make(phone.post("/passkeys/new/options").json())
    phone.post("/passkeys", data={"answer": made})
    form = {"answer": authenticator.show(key, door.post("/passkeys/options").json())}
    return lambda: stage.client(Who.NOBODY).post("/passkeys/opening", data=form).status_code


def _desk_passkey(stage: Stage) -> Callable[[], int]:
    own, door = stage.client(Who.CLINICIAN), stage.client(Who.NOBODY)
    key, made = authenticator.make(own.post("/desk/account/passkeys/options").json())
    own.post("/desk/account/passkeys", data={"answer": made})
    form = {"answer": authenticator.show(key, door.post("/desk/sign-in/passkey/options").json())}
    return lambda: stage.client(Who.NOBODY).post("/desk/sign-in/passkey", data=form).status_code


@pytest.mark.parametrize(
    ("once", "again"),
    [(_totp, 401), (_enrolment, 404), (_pairing, 401), (_passkey, 401), (_desk_passkey, 401)],
)
def test_what_was_used_is_used_up(
    stage: Stage, once: Callable[[Stage], Callable[[], int]], again: int
) -> None:
    use = once(stage)
    assert (use(), use(), use()) == (303, again, again)
    if again == 401:
        assert len(refused(stage)) == 1, "once a minute"
