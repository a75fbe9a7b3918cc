"""A one-time code makes a browser its maker's phone, and nothing more."""

from datetime import datetime, timedelta

import pytest

from app.domain.access import Actor
from app.domain.errors import NotSignedIn, TooFast
from app.services import devices, pairing
from app.services.devices import Browser
from app.services.trail import record_refusal
from tests.people import NOW, PIN, Stage, Who

SOURCE = "pair/192.0.2.1"


def make_code(stage: Stage, who: Who = Who.OWN, now: datetime = NOW) -> str:
    """Make a code on someone's phone."""
    with stage.database.write() as session:
        return pairing.make_code(session, actor=stage.actor(who), now=now)


def pair(stage: Stage, typed: str, now: datetime = NOW, source: str = SOURCE) -> str:
    """Type a code as the edge does: a refusal is counted in a transaction of its own."""
    browser = Browser(label="iPhone", sent_at=None)
    try:
        with stage.database.write() as session:
            return pairing.pair(session, typed=typed, browser=browser, source=source, now=now)
    except NotSignedIn as error:
        nobody = Actor(kind="nobody", id="nobody")
        with stage.database.write() as session:
            record_refusal(session, actor=nobody, error=error, act="pair", now=now)
        raise


def owner(stage: Stage, credential: str) -> str:
    """Whose phone it is, by its credential."""
    with stage.database.read() as session:
        found = devices.find_enrolled(session, credential)
    assert found is not None
    return found[1].study_code


def test_a_code_has_eight_characters_that_nobody_mistakes(stage: Stage) -> None:
    code = make_code(stage)
    assert len(code) == 8
    assert not set(code) & set("0O1IL")


@pytest.mark.parametrize("who", [Who.OWN, Who.OTHER])
def test_a_code_makes_a_phone_of_its_maker_that_the_pin_opens(stage: Stage, who: Who) -> None:
    make_code(stage, Who.OTHER if who is Who.OWN else Who.OWN)
    credential = pair(stage, make_code(stage, who))
    assert owner(stage, credential) == stage.cast.study_codes[who]
    with stage.database.write() as session:
        with pytest.raises(NotSignedIn):
            devices.unlock(session, credential=credential, pin="000001", now=NOW)
        assert devices.unlock(session, credential=credential, pin=PIN, now=NOW)


def test_it_may_be_typed_in_any_way(stage: Stage) -> None:
    code = make_code(stage).lower()
    assert pair(stage, f"  {code[:4]}-{code[4:6]} {code[6:]} ")


def test_it_works_once(stage: Stage) -> None:
    code = make_code(stage)
    pair(stage, code)
    with pytest.raises(NotSignedIn):
        pair(stage, code)


def test_it_works_for_ten_minutes(stage: Stage) -> None:
    end = NOW + pairing.CODE_LIVES
    assert pair(stage, make_code(stage), end - timedelta(seconds=1))
    code = make_code(stage)
    with pytest.raises(NotSignedIn):
        pair(stage, code, end)


def test_a_new_code_replaces_the_one_before(stage: Stage) -> None:
    first, second = make_code(stage), make_code(stage)
    with pytest.raises(NotSignedIn):
        pair(stage, first)
    assert pair(stage, second)


@pytest.mark.parametrize("typed", ["", " ", "ABCDEFGH", "\0", "é" * 40])
def test_what_is_no_code_is_refused_like_a_used_one(stage: Stage, typed: str) -> None:
    with pytest.raises(NotSignedIn) as refused:
        pair(stage, typed)
    assert (refused.value.code, refused.value.field) == ("pairing_refused", "code")


def test_a_code_of_a_revoked_phone_is_none(stage: Stage) -> None:
    code = make_code(stage)
    with stage.database.write() as session:
        devices.revoke(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            reason="stolen",
            now=NOW,
        )
    with pytest.raises(NotSignedIn):
        pair(stage, code)


def test_guessing_makes_an_address_wait_and_another_goes_on(stage: Stage) -> None:
    code = make_code(stage)
    for _ in range(3):
        with pytest.raises(NotSignedIn):
            pair(stage, "ABCDEFGH")
    with pytest.raises(TooFast) as told:
        pair(stage, code)
    assert pair(stage, code, source="pair/192.0.2.2")
    again = NOW + timedelta(seconds=told.value.retry_after_s)
    assert pair(stage, make_code(stage, now=again), again)
