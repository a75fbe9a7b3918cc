"""A phone is enrolled by its link and a PIN; guessing is slowed, nobody locked out for good."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import InvalidInput, NotFound, NotSignedIn, TooFast, WrongState
from app.services import devices, participants, throttles
from app.services.devices import Browser, Phone
from app.services.trail import record_refusal
from app.store import feed
from app.store.session import Database
from app.store.tables import Device
from tests.factories import LAST_DIARY_ON
from tests.people import ENROLLED_AT, NOW, PIN, Stage, Who


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
@pytest.mark.trust(22)
def test_a_weak_pin_is_refused_and_the_link_stays(stage: Stage, token: str, pin: str) -> None:
    with pytest.raises(InvalidInput):
        join(stage.database, token, pin)
    join(stage.database, token)


@pytest.mark.trust(22)
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


@pytest.mark.trust(18)
def test_ten_wrong_pins_lock_nobody_out_and_a_success_clears_them(stage: Stage) -> None:
    credential, after = stage.cast.cookies[Who.OWN]["device"], timedelta(0)
    for _ in range(10):
        with pytest.raises(NotSignedIn):
            unlock(stage, credential, "000001", after)
        after += throttles.LONGEST_WAIT
    assert unlock(stage, credential, PIN, after)
    for _ in range(throttles.FREE_ATTEMPTS):
        with pytest.raises(NotSignedIn):
            unlock(stage, credential, "000001", after)
    with pytest.raises(TooFast) as told:
        unlock(stage, credential, PIN, after)
    assert told.value.retry_after_s <= throttles.FIRST_WAIT.total_seconds() + 1


def test_the_token_is_new_at_each_sign_in_and_the_one_before_ends(stage: Stage) -> None:
    cookies = stage.cast.cookies[Who.OWN]
    token = unlock(stage, cookies["device"], PIN)
    assert token != cookies["open"]
    with stage.database.read() as session:
        assert devices.find_signed_in(session, cookies["open"], NOW) is None
        assert devices.find_signed_in(session, token, NOW) is not None


@pytest.mark.trust(20)
def test_a_lost_phone_is_out_at_once(stage: Stage) -> None:
    cookies = stage.cast.cookies[Who.OWN]
    with stage.database.write() as session:
        ended = devices.revoke(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            reason="left on the bus",
            now=NOW,
        )
    assert ended == 1
    with stage.database.read() as session:
        assert devices.find_enrolled(session, cookies["device"]) is None
        assert devices.find_signed_in(session, cookies["open"], NOW) is None


@pytest.mark.trust(18)
def test_an_idle_sign_in_ends(stage: Stage) -> None:
    token = stage.cast.cookies[Who.OWN]["open"]
    with stage.database.read() as session:
        assert devices.find_signed_in(session, token, NOW + timedelta(minutes=29)) is not None
        assert devices.find_signed_in(session, token, NOW + timedelta(minutes=31)) is None


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 0), (2, 0), (3, 30), (4, 60), (9, 900)])
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(attempts: int, seconds: int) -> None:
    assert throttles.wait_after(attempts) == timedelta(seconds=seconds)


def beside(stage: Stage, who: Who = Who.OWN, at: datetime = NOW) -> tuple[str, str]:
    """Enrol a second phone of a participant; give its id and its credential."""
    credential = stage.cast.cookies[who]["device"]
    with stage.database.write() as session:
        found = devices.find_enrolled(session, credential)
        assert found is not None
        new, credential = devices.enrol_beside(
            session,
            person=found[1],
            device=found[0],
            browser=Browser(label="iPad, Safari"),
            by="pairing",
            now=at,
        )
        return new.id, credential


def own_phones(stage: Stage, who: Who = Who.OWN) -> list[Phone]:
    """The phones that a participant sees."""
    with stage.database.read() as session:
        return devices.list_own(session, actor=stage.actor(who))


def all_phones(stage: Stage, who: Who = Who.OWN) -> list[Phone]:
    """The phones of a participant that the desk sees."""
    with stage.database.read() as session:
        return devices.list_of(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[who],
        )


def remove(stage: Stage, device_id: str, who: Who = Who.OWN) -> None:
    """Take the diary off a phone."""
    with stage.database.write() as session:
        devices.remove_own(session, actor=stage.actor(who), device_id=device_id, now=NOW)


def ops(stage: Stage) -> list[tuple[str, str, str | None]]:
    """The acts so far: what, by whom, about whom."""
    with stage.database.read() as session:
        bodies = [json.loads(row.body) for row in feed.list_changes(session, ["acts"], 0, 1000)]
    return [(body["op"], body["actor"]["id"], body["study_code"]) for body in bodies]


def test_own_phones_are_listed_with_their_last_contact(stage: Stage) -> None:
    later = NOW + timedelta(hours=1)
    beside(stage, at=later)
    first, second = own_phones(stage)
    assert (first.label, first.contact_at) == ("phone", NOW)
    assert (second.label, second.enrolled_at, second.contact_at) == ("iPad, Safari", later, None)
    assert len(own_phones(stage, Who.OTHER)) == 1


def test_another_phone_of_ones_own_is_removed_and_kept_in_the_history(stage: Stage) -> None:
    device_id, credential = beside(stage)
    token = unlock(stage, credential, PIN)
    remove(stage, device_id)
    assert len(own_phones(stage)) == 1
    assert [phone.revoked_at for phone in all_phones(stage)] == [None, NOW]
    with stage.database.read() as session:
        assert devices.find_enrolled(session, credential) is None
        assert devices.find_signed_in(session, token, NOW) is None
    code = stage.cast.study_codes[Who.OWN]
    assert ops(stage)[-1] == ("device.removed", code, code)


def test_the_phone_in_hand_and_anothers_are_not_removed(stage: Stage) -> None:
    device_id, _ = beside(stage)
    with pytest.raises(WrongState):
        remove(stage, own_phones(stage)[0].id)
    for foreign in (own_phones(stage, Who.OTHER)[0].id, "no such phone"):
        with pytest.raises(NotFound):
            remove(stage, foreign)
    with pytest.raises(NotFound):
        remove(stage, device_id, Who.OTHER)
    remove(stage, device_id)
    with pytest.raises(NotFound):
        remove(stage, device_id)


def test_losing_a_phone_needs_a_reason_and_ends_links_that_nobody_used(stage: Stage) -> None:
    team, code = stage.actor(Who.CLINICIAN), stage.cast.study_codes[Who.OWN]
    with stage.database.write() as session:
        link = participants.issue_link(
            session, deployment=stage.deployment, actor=team, study_code=code, now=NOW
        )
    with pytest.raises(InvalidInput), stage.database.write() as session:
        devices.revoke(session, actor=team, study_code=code, reason="  ", now=NOW)
    with stage.database.write() as session:
        devices.revoke(session, actor=team, study_code=code, reason="stolen", now=NOW)
    with pytest.raises(NotFound):
        join(stage.database, link.rpartition("/")[2])
    with stage.database.write() as session:
        link = participants.issue_link(
            session, deployment=stage.deployment, actor=team, study_code=code, now=NOW
        )
    join(stage.database, link.rpartition("/")[2])
    assert len(own_phones_of(stage, code)) == 1


def own_phones_of(stage: Stage, study_code: str) -> list[Phone]:
    """The phones that open a participant's diary, as the desk sees them."""
    with stage.database.read() as session:
        listed = devices.list_of(session, actor=stage.actor(Who.CLINICIAN), study_code=study_code)
    return [phone for phone in listed if phone.revoked_at is None]


END = datetime(LAST_DIARY_ON.year, LAST_DIARY_ON.month, LAST_DIARY_ON.day, tzinfo=UTC)
"""Midnight, in UTC, before the last diary day of everybody on the stage."""
OVER = END + timedelta(days=1, hours=10)
"""Noon of the day after, in Paris in summer: nothing can be saved any more."""


def said_empty(stage: Stage, who: Who, at: datetime | None) -> None:
    """Let a phone have said, at that instant or never, that nothing waits on it."""
    with stage.database.write() as session:
        found = devices.find_enrolled(session, stage.cast.cookies[who]["device"])
        assert found is not None
        device = session.get(Device, found[0].id)
        assert device is not None
        device.emptied_at = at


def end_finished(stage: Stage, now: datetime) -> int:
    """Run the hourly call."""
    return devices.end_finished(stage.database, study=stage.deployment.study, now=now)


def test_credentials_end_a_month_after_the_last_day_once_nothing_waits(stage: Stage) -> None:
    said_empty(stage, Who.OWN, OVER)
    said_empty(stage, Who.OTHER, OVER - timedelta(seconds=1))
    token = unlock(stage, stage.cast.cookies[Who.OWN]["device"], PIN)
    last = END + timedelta(days=30, hours=23)
    assert end_finished(stage, last) == 0
    assert end_finished(stage, last + timedelta(hours=1)) == 1
    assert end_finished(stage, last + timedelta(hours=2)) == 0
    with stage.database.read() as session:
        assert devices.find_enrolled(session, stage.cast.cookies[Who.OWN]["device"]) is None
        assert devices.find_enrolled(session, stage.cast.cookies[Who.OTHER]["device"]) is not None
        assert devices.find_signed_in(session, token, NOW) is None
    assert ops(stage)[-1] == ("device.ended", "system", stage.cast.study_codes[Who.OWN])


def test_a_phone_that_never_said_so_can_send_for_ever(stage: Stage) -> None:
    said_empty(stage, Who.OWN, None)
    said_empty(stage, Who.OTHER, ENROLLED_AT)
    assert end_finished(stage, END + timedelta(days=3650)) == 0
