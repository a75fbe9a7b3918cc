"""Both factors again before accounts, copies and exports; guesses count as at the door."""

import pyotp

from tests.desk import acts
from tests.people import PASSWORD, Stage, Who


def confirm(stage: Stage, who: Who = Who.ADMIN, **typed: str) -> tuple[int, str]:
    """Confirm as someone; give the status and where it leads, or the page."""
    code = pyotp.TOTP(stage.cast.totp_secrets[who]).at(stage.clock.now)
    form = {"password": PASSWORD, "code": code, "next": "/desk/account", **typed}
    answer = stage.client(who).post("/desk/confirm", data=form)
    return answer.status_code, answer.headers.get("location", answer.text)


def test_it_leads_on_and_leaves_an_act(stage: Stage) -> None:
    stage.clock.advance(minutes=11)
    assert confirm(stage) == (303, "/desk/account")
    assert acts(stage, "staff.confirmed")[-1]["actor"]["id"] == stage.actor(Who.ADMIN).id
    assert confirm(stage)[0] == 401  # the code was used up
    stage.clock.advance(minutes=1)
    assert confirm(stage, next="//elsewhere.example")[1] == "/desk"


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
