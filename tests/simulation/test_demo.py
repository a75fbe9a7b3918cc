"""The demo as a whole: begun, continued, interrupted, handed over, and refused elsewhere."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from app.domain.diary_day import ZoneSpan, open_window
from app.domain.errors import NotSignedIn
from app.domain.records import Submission
from app.domain.study.rules import Window
from app.services import accounts, devices, keys, standing, today, verification
from app.services.today import Stage
from app.simulation import evening, people
from app.simulation.behaviours import life
from app.simulation.colleagues import COLLEAGUES
from app.simulation.demo import Demo, Ready, prepare
from app.simulation.events import Amend
from app.simulation.memory import Account, recall, secret_of
from app.simulation.people import cast
from app.simulation.welcome import welcome
from app.store import accounts as stored_accounts
from app.store import feed, participants, records
from tests.simulation.conftest import MakeDemo, deployment
from tests.simulation.test_behaviours import diarist

NOW = datetime(2026, 4, 20, 19, 40, tzinfo=UTC)
SOON, NEXT_NOON = NOW + timedelta(minutes=5), NOW + timedelta(hours=15)
IN_THE_NIGHT = NOW + timedelta(hours=4)


def sign_in(demo: Demo, ready: Ready, now: datetime, account: Account | None = None) -> str:
    account = account or ready.clinician
    with demo.database.write() as session:
        return accounts.sign_in(
            session,
            deployment=demo.deployment,
            login=account.login,
            password=account.password,
            code=pyotp.TOTP(account.totp_secret).at(now),
            now=now,
        )


def stage_of(demo: Demo, ready: Ready, now: datetime) -> Stage:
    with demo.database.read() as session:
        person = participants.get_by_code(session, ready.study_code, {"*"})
        return today.look(session, deployment=demo.deployment, person=person, now=now).stage


def data_bodies(demo: Demo) -> list[dict[str, object]]:
    with demo.database.read() as session:
        return [json.loads(row.body) for row in feed.list_changes(session, ["data/lyon"], 0, 9_999)]


def test_everything_promised_is_there_and_holds(make_demo: MakeDemo) -> None:
    demo = make_demo(count=3)
    ready = prepare(demo, now=NOW)
    with demo.database.read() as session:
        report = verification.verify(session)
        invited = devices.find_invited(session, ready.participant_link.rpartition("/")[2], NOW)
        key = keys.find_actor(session, demo.deployment, ready.api_key, NOW)
        token = keys.find_redcap_actor(session, demo.deployment, ready.redcap_token, NOW)
        people = participants.list_participants(session, {"*"})
        set_aside = records.list_undecided(session, [person.id for person in people])
    assert report.fault is None
    assert report.versions > 80
    assert invited.study_code == ready.study_code
    assert key is not None
    assert token is not None
    assert sorted(person.state for person in people) == ["completed", "enrolled", "enrolled"]
    assert [row.code for row in set_aside] == ["too_late_for_medicine"]
    assert sign_in(demo, ready, NOW)
    assert stage_of(demo, ready, NOW) is Stage.OPEN
    assert json.loads((demo.folder / "demo.json").read_text()) == {
        "base_url": "http://localhost:8000",
        "participant_link": ready.participant_link,
        "clinician": {
            "login": ready.clinician.login,
            "password": ready.clinician.password,
            "totp_secret": ready.clinician.totp_secret,
        },
        **{
            what: account.model_dump(exclude={"used_at"})
            for what, account in ready.colleagues.items()
        },
        "api_key": ready.api_key,
        "redcap_token": ready.redcap_token,
    }
    assert set(ready.colleagues) == set(COLLEAGUES)
    for account in ready.colleagues.values():
        assert sign_in(demo, ready, NOW, account)


def test_what_is_printed_leads_everybody_in(make_demo: MakeDemo) -> None:
    demo = make_demo()
    ready = prepare(demo, now=NOW)
    printed = welcome(ready)
    for way_in in (ready.participant_link, ready.clinician.password, ready.api_key, ready.tz):
        assert way_in in printed
    assert "Everybody in it is simulated" in printed
    assert "█" in printed


def test_only_the_owner_can_read_what_it_remembers(make_demo: MakeDemo) -> None:
    demo = make_demo()
    prepare(demo, now=NOW)
    secret = secret_of(demo.folder)
    assert secret_of(demo.folder) == secret
    for name in ("demo.json", "simulation.json", "secret.key"):
        assert (demo.folder / name).stat().st_mode & 0o077 == 0


def test_a_second_run_continues(make_demo: MakeDemo) -> None:
    demo = make_demo(count=2)
    first = prepare(demo, now=NOW)
    before = data_bodies(demo)
    second = prepare(demo, now=NOW + timedelta(days=2))
    after = data_bodies(demo)
    assert after[: len(before)] == before
    assert len(after) > len(before)
    assert (second.clinician.login, second.clinician.password) == (
        first.clinician.login,
        first.clinician.password,
    )
    assert (second.api_key, second.study_code) == (first.api_key, first.study_code)
    assert second.participant_link != first.participant_link
    with demo.database.read() as session:
        assert verification.verify(session).fault is None


def test_an_interrupted_run_is_taken_up_where_it_stopped(make_demo: MakeDemo) -> None:
    demo = make_demo(count=2)
    shares: list[float] = []

    def stop_half_way(share: float) -> None:
        shares.append(share)
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(demo, now=NOW, progress=stop_half_way)
    halted = len(data_bodies(demo))
    prepare(demo, now=NOW)
    saved = [(body["record_id"], body["version"]) for body in data_bodies(demo)]
    assert shares == sorted(shares)
    assert 0 < halted < len(saved)
    assert set(saved) == expected_versions(demo)


def expected_versions(demo: Demo) -> set[tuple[object, object]]:
    """What the people of this demo save and the site amends until NOW, from their lives alone."""
    memory = recall(demo.memory_path)
    assert memory is not None
    [visitor] = memory.visitors
    expected: set[tuple[object, object]] = set()
    everybody = [
        *cast(memory.seed, memory.began_on, 1),
        people.visitor(memory.seed, visitor.number, visitor.home, visitor.session_1_on),
    ]
    for person in everybody:
        until_at = visitor.from_at if person.number == visitor.number else NOW
        for event in life(diarist(person, demo.deployment.study)):
            if isinstance(event.act, Submission) and event.at <= until_at:
                expected.add((event.act.record_id, (event.act.base_version or 0) + 1))
            elif isinstance(event.act, Amend) and event.at <= NOW:
                expected.add((event.act.record_id, event.act.version + 1))
    return expected


def test_demo_credentials_are_refused_outside_demo_mode(make_demo: MakeDemo) -> None:
    demo = make_demo()
    ready = prepare(demo, now=NOW)
    elsewhere = replace(demo, deployment=deployment(demo=False))
    with pytest.raises(NotSignedIn):
        sign_in(elsewhere, ready, NOW)
    with demo.database.write() as session:
        assert keys.find_actor(session, elsewhere.deployment, ready.api_key, NOW) is None
        token = ready.redcap_token
        assert keys.find_redcap_actor(session, elsewhere.deployment, token, NOW) is None
        for login in ("clinician@demo", "coordinator@demo"):
            staff = stored_accounts.find_staff(session, login)
            assert staff is not None
            assert staff.demo


def test_the_visitor_travels_when_tonights_window_is_not_open(make_demo: MakeDemo) -> None:
    demo = make_demo()
    first = prepare(demo, now=NOW)
    again = prepare(demo, now=SOON)
    assert (again.study_code, again.tz, again.has_travelled) == (first.study_code, first.tz, False)
    travelled = prepare(demo, now=NEXT_NOON)
    assert travelled.study_code == first.study_code
    assert travelled.has_travelled
    assert travelled.tz != first.tz
    assert stage_of(demo, travelled, NEXT_NOON) is Stage.OPEN
    assert "just travelled" in welcome(travelled)
    with demo.database.read() as session:
        person = participants.get_by_code(session, first.study_code, {"*"})
        assert [span.tz for span in standing.get_standing(session, person.id).spans] == [
            first.tz,
            travelled.tz,
        ]


def test_somebody_new_takes_over_when_the_day_is_over_everywhere(make_demo: MakeDemo) -> None:
    demo = make_demo()
    first = prepare(demo, now=NOW)
    second = prepare(demo, now=IN_THE_NIGHT)
    assert second.study_code != first.study_code
    assert stage_of(demo, second, IN_THE_NIGHT) is Stage.OPEN
    third = prepare(demo, now=IN_THE_NIGHT + timedelta(minutes=10))
    assert third.study_code == second.study_code


def test_the_visitors_evenings_are_theirs_once_the_phone_is_handed_over(
    make_demo: MakeDemo,
) -> None:
    demo = make_demo()
    ready = prepare(demo, now=NOW)
    later = NOW + timedelta(days=3)
    prepare(demo, now=later)
    theirs = [body for body in data_bodies(demo) if body["study_code"] == ready.study_code]
    assert len(theirs) > 10
    assert max(str(body["diary_on"]) for body in theirs) < NOW.date().isoformat()


def test_another_file_does_not_mix_with_what_lies_there(
    make_demo: MakeDemo, tmp_path: Path
) -> None:
    demo = make_demo()
    prepare(demo, now=NOW)
    with pytest.raises(ValueError, match="demo-reset"):
        prepare(replace(demo, scores=tmp_path / "other.csv"), now=SOON)


@pytest.mark.parametrize("month", range(1, 13))
def test_it_is_evening_somewhere_at_every_minute(month: int) -> None:
    window = deployment(demo=True).study.window
    start = datetime(2026, month, 28, tzinfo=UTC)
    for minutes in range(0, 24 * 60 + 180, 5):
        now = start + timedelta(minutes=minutes)
        tz = evening.find_evening(now, (), window, lambda on: False)
        assert tz is not None, now
        assert _left(now, tz, window) >= timedelta(minutes=90)


def _left(now: datetime, tz: str, window: Window) -> timedelta:
    found = open_window(now, [ZoneSpan(now - timedelta(days=2), tz)], window)
    assert found is not None
    return found.closes_at - now


@pytest.mark.parametrize("is_in", [True, False])
def test_a_filled_day_is_not_open_again_elsewhere(is_in: bool) -> None:
    window = deployment(demo=True).study.window
    lived = [ZoneSpan(NOW - timedelta(days=2), "Europe/Paris")]
    has_diary: Callable[[object], bool] = lambda on: is_in  # noqa: E731 - one answer for all days
    assert evening.is_open(NOW, lived, window, has_diary) is not is_in
    assert (evening.find_evening(NOW, lived, window, has_diary) is None) is is_in
