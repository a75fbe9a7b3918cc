"""Both factors again before accounts, copies and exports; guesses count as at the door."""

import pyotp

from tests.desk import acts, confirmed
from tests.people import PASSWORD, Stage, Who


def confirm(stage: Stage, who: Who = Who.ADMIN, **typed: str) -> tuple[int, str]:
    """Confirm as someone; give the status and where it leads, or the page."""
    code = pyotp.TOTP(stage.cast.totp_secrets[who]).at(stage.clock.now)
    form = {"password": PASSWORD, "code": code, "next": "/desk/account", **typed}
    answer = stage.client(who).post("/desk/confirm", data=form)
    return answer.status_code, answer.headers.get("location", answer.text)


def test_it_leads_on_and_leaves_an_act(stage: Stage) -> None:
    stage.clock.advance(minutes=11)
    actor = stage.actor(Who.ADMIN)
    assert confirm(stage) == (303, "/desk/account")
    assert acts(stage, "staff.confirmed")[-1]["actor"]["id"] == actor.id


def test_a_code_confirms_once_and_leads_nowhere_else(stage: Stage) -> None:
    browser = confirmed(stage, Who.ADMIN)
    form = {"password": PASSWORD, "next": "//elsewhere.example"}
    for at, answered in ((0, 401), (60, 303)):
        stage.clock.advance(seconds=at)
        form["code"] = pyotp.TOTP(stage.cast.totp_secrets[Who.ADMIN]).at(stage.clock.now)
        answer = browser.post("/desk/confirm", data=form)
        assert answer.status_code == answered
    assert answer.headers["location"] == "/desk"


def test_a_refusal_is_told_at_the_field_trailed_and_slowed_down(stage: Stage) -> None:
    stage.clock.advance(minutes=11)
    status, page = confirm(stage, password="not mine at all")
    assert status == 401
    assert 'id="password-error"' in page
    assert 'value="/desk/account"' in page
    assert acts(stage, "refused")[-1]["details"]["code"] == "confirmation_refused"
    for _ in range(2):
        confirm(stage, code="000000")
    assert confirm(stage)[0] == 429
