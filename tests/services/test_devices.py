"""A phone is enrolled by its link and a PIN; guessing is slowed, nobody locked out for good."""

from datetime import timedelta

import pytest

from app.domain.errors import InvalidInput, NotFound, NotSignedIn, TooFast
from app.services import devices, throttles
from app.services.trail import record_refusal
from app.store.session import Database
from tests.people import NOW, PIN, Stage, Who


@pytest.fixture
def token(stage: Stage) -> str:
    """The token of an enrolment link that was not used yet."""
    return stage.cast.link.rpartition("/")[2]


def join(database: Database, token: str, pin: str = PIN) -> devices.Enrolled:
    """Enrol a phone."""
    with database.write() as session:
        return devices.join(session, token=token, pin=pin, label="phone", sent_at=NOW, now=NOW)


def unlock(stage: Stage, credential: str, pin: str, after: timedelta = timedelta(0)) -> str:
    """Try a PIN as the edge does: a refusal is counted in a transaction of its own."""
    now = NOW + after
    try:
        with stage.database.write() as session:
            return devices.unlock(session, credential=credential, pin=pin, now=now)
    except NotSignedIn as error:
        with stage.database.write() as session:
            record_refusal(session, actor=stage.actor(Who.OWN), error=error, act="unlock", now=now)
        raise


def test_opening_a_link_uses_nothing_up_and_a_pin_does(stage: Stage, token: str) -> None:
    for _ in range(3):
        with stage.database.read() as session:
            assert devices.find_invited(session, token, NOW).state == "invited"
    enrolled = join(stage.database, token)
    with stage.database.read() as session:
        found = devices.find_enrolled(session, enrolled.credential)
        assert found is not None
        assert found[1].state == "enrolled"
    with pytest.raises(NotFound):
        join(stage.database, token)


@pytest.mark.parametrize("token", ["", "x" * 32])
def test_an_unknown_link_is_nothing(stage: Stage, token: str) -> None:
    with pytest.raises(NotFound), stage.database.read() as session:
        devices.find_invited(session, token, NOW)


def test_a_link_expires(stage: Stage, token: str) -> None:
    with pytest.raises(NotFound), stage.database.read() as session:
        devices.find_invited(session, token, NOW + timedelta(days=8))


@pytest.mark.parametrize("pin", ["", "12345", "111111", "123456", "987654", "12a456", "¹²³⁴⁵⁶"])
def test_a_weak_pin_is_refused_and_the_link_stays(stage: Stage, token: str, pin: str) -> None:
    with pytest.raises(InvalidInput):
        join(stage.database, token, pin)
    join(stage.database, token)


def test_three_wrong_pins_make_the_next_one_wait(stage: Stage) -> None:
    credential = stage.cast.cookies[Who.OWN]["device"]
    for _ in range(throttles.FREE_ATTEMPTS):
        with pytest.raises(NotSignedIn):
            unlock(stage, credential, "000001")
    with pytest.raises(TooFast) as refused:
        unlock(stage, credential, PIN)
    wait = timedelta(seconds=refused.value.retry_after_s)
    assert unlock(stage, credential, PIN, after=wait)


def test_guessing_for_hours_leaves_few_tries_and_the_person_still_gets_in(stage: Stage) -> None:
    credential = stage.cast.cookies[Who.OWN]["device"]
    tried, after = 0, timedelta(0)
    while after < timedelta(hours=6):
        try:
            unlock(stage, credential, "000001", after)
        except NotSignedIn:
            tried += 1
        except TooFast as refused:
            after += timedelta(seconds=refused.retry_after_s)
    assert tried < 32
    assert unlock(stage, credential, PIN, after + throttles.LONGEST_WAIT)


def test_a_lost_phone_is_out_at_once(stage: Stage) -> None:
    cookies = stage.cast.cookies[Who.OWN]
    with stage.database.write() as session:
        ended = devices.revoke(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            now=NOW,
        )
    assert ended == 1
    with stage.database.read() as session:
        assert devices.find_enrolled(session, cookies["device"]) is None
        assert devices.find_signed_in(session, cookies["open"], NOW) is None


def test_an_idle_sign_in_ends(stage: Stage) -> None:
    token = stage.cast.cookies[Who.OWN]["open"]
    with stage.database.read() as session:
        assert devices.find_signed_in(session, token, NOW + timedelta(minutes=29)) is not None
        assert devices.find_signed_in(session, token, NOW + timedelta(minutes=31)) is None


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 0), (2, 0), (3, 30), (4, 60), (9, 900)])
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(attempts: int, seconds: int) -> None:
    assert throttles.wait_after(attempts) == timedelta(seconds=seconds)
