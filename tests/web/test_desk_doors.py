"""Ways in at the desk beside password and authenticator, and how a sign-in ends by itself."""

import re

import pyotp
import pytest

from app.routers.deps import STAFF_COOKIE
from tests import authenticator
from tests.authenticator import Key
from tests.desk import acts
from tests.people import PASSWORD, Stage, Who

LOGIN = "site.clinician"


def new_codes(stage: Stage) -> list[str]:
    """Make recovery codes as the clinician, as the page shows them."""
    page = stage.client(Who.CLINICIAN).post("/desk/account/codes").text
    return re.findall(r"<li>([0-9A-Z]{5}-[0-9A-Z]{5})</li>", page)


def keep_passkey(stage: Stage, who: Who = Who.CLINICIAN) -> Key:
    """Set a passkey up as somebody who has just signed in."""
    own = stage.client(who)
    key, made = authenticator.make(own.post("/desk/account/passkeys/options").json())
    assert own.post("/desk/account/passkeys", data={"answer": made}).status_code == 303
    return key


def test_a_recovery_code_opens_once_and_says_how_many_are_left(stage: Stage) -> None:
    first_of_all = new_codes(stage)
    codes = new_codes(stage)
    form = {"login": LOGIN, "password": PASSWORD}
    door = stage.client(Who.NOBODY)
    for code in (first_of_all[0], "AAAAA-AAAAA"):
        assert door.post("/desk/sign-in", data={**form, "recovery": code}).status_code == 401
    typed = codes[0].lower().replace("-", " ")
    opened = door.post("/desk/sign-in", data={**form, "recovery": typed})
    assert opened.headers["location"] == "/desk/account?by=recovery"
    assert "recovery code: 9 are left" in door.get(opened.headers["location"]).text
    assert acts(stage, "staff.signed_in")[-1]["details"]["codes_left"] == "9"
    assert door.post("/desk/sign-in", data={**form, "recovery": codes[0]}).status_code == 401


def test_a_passkey_opens_and_confirms_for_its_owner_alone(stage: Stage) -> None:
    key, door = keep_passkey(stage), stage.client(Who.NOBODY)
    options = door.post("/desk/sign-in/passkey/options").json()
    assert authenticator.allowed(options) == []
    for wrong in ({"is_verified": False}, {"origin": "https://elsewhere.example"}):
        shown = authenticator.show(key, door.post("/desk/sign-in/passkey/options").json(), **wrong)
        assert door.post("/desk/sign-in/passkey", data={"answer": shown}).status_code == 401
    shown = authenticator.show(key, options)
    opened = door.post("/desk/sign-in/passkey", data={"answer": shown, "next": "/desk/reminders"})
    assert (opened.status_code, opened.headers["location"]) == (303, "/desk/reminders")
    assert door.get("/desk").status_code == 200
    again = stage.client(Who.NOBODY).post("/desk/sign-in/passkey", data={"answer": shown})
    assert again.status_code == 401  # every challenge is answered once

    stage.clock.advance(minutes=11)
    monitor, own = stage.client(Who.MONITOR), stage.client(Who.CLINICIAN)
    foreign = authenticator.show(key, monitor.post("/desk/confirm/passkey/options").json())
    assert monitor.post("/desk/confirm/passkey", data={"answer": foreign}).status_code == 401
    asked = own.post(
        "/desk/account/codes", headers={"referer": "http://localhost:8000/desk/account"}
    )
    assert asked.headers["location"] == "/desk/confirm?next=%2Fdesk%2Faccount"
    assert 'id="passkey"' in own.get("/desk/confirm").text
    shown = authenticator.show(key, own.post("/desk/confirm/passkey/options").json())
    assert own.post("/desk/confirm/passkey", data={"answer": shown}).status_code == 303
    assert own.post("/desk/account/codes").status_code == 200


def test_a_passkey_that_was_taken_away_or_copied_opens_nothing(stage: Stage) -> None:
    key, door = keep_passkey(stage), stage.client(Who.NOBODY)
    key.count = 5
    options = door.post("/desk/sign-in/passkey/options").json()
    shown = authenticator.show(key, options)
    assert door.post("/desk/sign-in/passkey", data={"answer": shown}).status_code == 303
    key.count = 2
    shown = authenticator.show(key, door.post("/desk/sign-in/passkey/options").json())
    assert (
        stage.client(Who.NOBODY).post("/desk/sign-in/passkey", data={"answer": shown}).status_code
        == 401
    )
    assert acts(stage, "staff.passkey_copied")
    key.count = 9
    own = stage.client(Who.CLINICIAN)
    other = stage.client(Who.MONITOR).post(
        "/desk/account/passkeys/removal", data={"passkey": key.written_id}
    )
    assert other.status_code == 404
    own.post("/desk/account/passkeys/removal", data={"passkey": key.written_id})
    shown = authenticator.show(key, door.post("/desk/sign-in/passkey/options").json())
    assert (
        stage.client(Who.NOBODY).post("/desk/sign-in/passkey", data={"answer": shown}).status_code
        == 401
    )


@pytest.mark.trust(18)
def test_31_idle_minutes_end_it_and_the_page_says_so(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    stage.clock.advance(minutes=29)
    assert desk.get("/desk").status_code == 200
    stage.clock.advance(minutes=31)
    sent = desk.get("/desk/reminders")
    assert sent.headers["location"] == "/desk/sign-in?next=/desk/reminders"
    page = desk.get(sent.headers["location"]).text
    assert "signed out after 30 minutes without use" in page
    assert 'value="/desk/reminders"' in page


def test_signing_out_is_not_called_idling(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    token = stage.cast.cookies[Who.CLINICIAN][STAFF_COOKIE]
    desk.post("/desk/sign-out")
    desk.cookies.set(STAFF_COOKIE, token)
    stage.clock.advance(minutes=31)
    assert "without use" not in desk.get("/desk/sign-in").text


@pytest.mark.parametrize("present", [PASSWORD, "not my password"])
def test_the_password_changes_for_whoever_knows_the_present_one(stage: Stage, present: str) -> None:
    new = "another long password"
    form = {"present": present, "password": new, "password_again": new}
    answer = stage.client(Who.CLINICIAN).post("/desk/account/password", data=form)
    stage.clock.advance(minutes=1)
    code = pyotp.TOTP(stage.cast.totp_secrets[Who.CLINICIAN]).at(stage.clock.now)
    entry = {"login": LOGIN, "password": new, "code": code}
    opened = stage.client(Who.NOBODY).post("/desk/sign-in", data=entry)
    if present == PASSWORD:
        assert (answer.status_code, opened.status_code) == (303, 303)
    else:
        assert (answer.status_code, opened.status_code) == (401, 401)
        assert 'id="present-error"' in answer.text
        assert new not in answer.text


def test_the_digest_address_is_sealed_and_the_other_sign_ins_end(stage: Stage) -> None:
    keep = stage.client(Who.CLINICIAN)
    stage.clock.advance(minutes=1)
    code = pyotp.TOTP(stage.cast.totp_secrets[Who.CLINICIAN]).at(stage.clock.now)
    other = stage.client(Who.NOBODY)
    other.post("/desk/sign-in", data={"login": LOGIN, "password": PASSWORD, "code": code})
    assert other.get("/desk").status_code == 200
    assert "Sign out there" in keep.get("/desk/account").text
    keep.post("/desk/account/sign-ins/end")
    assert (other.get("/desk").status_code, keep.get("/desk").status_code) == (303, 200)

    refused = keep.post("/desk/account/email", data={"email": "nowhere"})
    assert refused.status_code == 422
    assert 'value="nowhere"' in refused.text
    keep.post("/desk/account/email", data={"email": "dr@chu.example"})
    assert 'value="dr@chu.example"' in keep.get("/desk/account").text
    assert "dr@chu" not in str(acts(stage, ""))
