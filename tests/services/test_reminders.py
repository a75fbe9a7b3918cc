"""Reminders: planned and sent at their local minute, once, and only while they are wanted."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest

from app.domain.participant import State
from app.domain.records import read_submission
from app.services import diary, verification
from app.services.reminders import HEARTBEAT
from app.services.reminders.planning import Asked, evenings_to_plan
from app.store import reminders as store
from app.store.session import Database
from app.store.tables import LedgerRow, ParticipantPause
from tests import factories
from tests.effort import effort
from tests.people import Stage, Who
from tests.reminded import EVENING, FIRST, LAST, OPENING, SECOND, Clock, Post, address_of, every

# The right minute


@pytest.mark.parametrize(
    "night",
    [
        pytest.param(("2026-03-28T00:00Z", "2026-03-30T12:00Z"), id="Europe forward"),
        pytest.param(("2026-10-24T00:00Z", "2026-10-26T12:00Z"), id="Europe back"),
        pytest.param(("2026-04-04T00:00Z", "2026-04-06T12:00Z"), id="Australia back"),
    ],
)
def test_each_comes_once_at_its_local_minute_over_a_change_of_clocks(
    post: Post, night: tuple[str, str]
) -> None:
    zones = (
        "Europe/Paris",
        "America/Nuuk",
        "Australia/Lord_Howe",
        "Pacific/Chatham",
        "Asia/Kathmandu",
        "Pacific/Honolulu",
    )
    for n, tz in enumerate(zones):
        post.enrol(f"p{n}", tz=tz)
    begun, *instants = every(timedelta(minutes=15), *night)
    post.run(begun)  # catches up with the evenings that are under way
    caught_up = len(post.sent)
    for now in instants:
        post.run(now)
    # What the wall clocks of the zones showed, quarter by quarter, is the oracle.
    expected = Counter(
        (address_of(f"p{n}"), now)
        for n, tz in enumerate(zones)
        for now in instants
        if now.astimezone(ZoneInfo(tz)).time() in (time(19), time(21), time(22, 30))
    )
    assert Counter((mail.to, mail.at) for mail in post.sent[caught_up:]) == expected
    assert len(expected) > 3 * len(zones)


def test_an_own_first_time_replaces_the_first(post: Post) -> None:
    post.enrol("a", own_first=time(18, 15))
    for now in every(timedelta(minutes=15), OPENING, "2026-02-03T23:45+01:00"):
        post.run(now)
    local = [mail.at.astimezone(ZoneInfo("Europe/Paris")).time() for mail in post.sent]
    assert local == [time(18, 15), time(21), time(22, 30)]


def test_a_change_of_zone_doubles_nothing(post: Post) -> None:
    person = post.enrol("a")
    post.run(FIRST)
    post.move(person, "America/New_York", "2026-02-03T20:00+01:00")
    for now in every(timedelta(minutes=15), "2026-02-03T20:00+01:00", "2026-02-04T06:00+01:00"):
        post.run(now)
    # The evening keeps the zone in which it opened; New York's own evening of that date is none.
    instants = [datetime.fromisoformat(at) for at in (FIRST, SECOND, LAST)]
    assert [mail.at for mail in post.sent] == instants


def test_an_evening_overtaken_by_the_next_date_is_over(post: Post) -> None:
    person = post.enrol("a", tz="Pacific/Honolulu")
    post.run("2026-02-03T19:00-10:00")
    post.move(person, "Pacific/Kiritimati", "2026-02-03T20:00-10:00")
    for now in every(timedelta(minutes=15), "2026-02-03T20:00-10:00", "2026-02-04T02:00-10:00"):
        post.run(now)
    assert post.states(person, date(2026, 2, 3)) == ["handed_over", "expired", "expired"]
    assert post.states(person, date(2026, 2, 4)) == ["handed_over", "handed_over"]
    local = [mail.at.astimezone(ZoneInfo("Pacific/Kiritimati")) for mail in post.sent[1:]]
    assert [at.strftime("%d %H:%M") for at in local] == ["04 21:00", "04 22:30"]


# Once


def test_planning_again_adds_nothing(post: Post) -> None:
    person = post.enrol("a")
    for _ in range(3):
        post.run(OPENING)
    rows = post.reminders(person, EVENING)
    assert [row.step for row in rows] == ["opening", "evening", "last"]
    assert [post.events(row.id) for row in rows] == [[("planned", "")]] * 3
    assert not post.sent
    with post.database.read() as session:
        asked = Asked("Europe/Paris", 0, post.clock.now)
        assert evenings_to_plan(session, post.deployment, asked).planned == []


def test_planning_at_the_same_moment_adds_each_once(post: Post) -> None:
    person = post.enrol("a")
    now = datetime.fromisoformat(OPENING)
    with post.database.read() as session:
        asked = Asked("Europe/Paris", 0, now)
        seen_by_both = evenings_to_plan(session, post.deployment, asked).planned
    added = []
    for _ in range(2):
        with post.database.write() as session:
            added.append(store.add_planned(session, seen_by_both, now))
    assert added == [3, 0]
    assert post.states(person, EVENING) == ["planned"] * 3


def test_two_schedulers_send_each_message_once(post: Post, database_url: str) -> None:
    people = [post.enrol(f"p{n}") for n in range(effort(12, 120))]
    others = [Database(database_url) for _ in range(2)]
    posts = [
        Post(database=other, clock=Clock(post.clock.now), worker=f"worker {n}")
        for n, other in enumerate(others)
    ]
    together, faults = Barrier(2), []

    def work(one: Post) -> None:
        try:
            for now in (OPENING, FIRST, SECOND, LAST):
                together.wait()
                one.run(now)
        except Exception as fault:
            faults.append(fault)
            together.abort()

    threads = [Thread(target=work, args=(one,)) for one in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert faults == []
    # What a busy database put off is caught up by the next call.
    post.run(datetime.fromisoformat(LAST) + timedelta(seconds=20))
    sent = [mail for one in (post, *posts) for mail in one.sent]
    assert Counter(mail.key for mail in sent).most_common(1)[0][1] == 1
    assert Counter(mail.to for mail in sent) == {address_of(f"p{n}"): 3 for n in range(len(people))}
    for person in people:
        assert post.states(person, EVENING) == ["handed_over"] * 3


# Only while it is wanted


def test_it_stops_when_the_entry_is_in(stage: Stage) -> None:
    post = Post(database=stage.database, clock=Clock(stage.clock.now))
    person = stage.actor(Who.OWN).participant_id
    other = stage.actor(Who.OTHER).participant_id
    assert person is not None
    assert other is not None
    on = stage.clock.now.date()
    post.run("2026-01-20T19:00+01:00")
    raw = factories.submission(
        stage.deployment.study, factories.diary(stage.deployment.study), saved_at=stage.clock.now
    )
    with stage.database.write() as session:
        diary.submit(
            session,
            deployment=stage.deployment,
            actor=stage.actor(Who.OWN),
            submission=read_submission(raw),
            now=stage.clock.now,
        )
    post.run("2026-01-20T21:00+01:00")
    post.run("2026-01-20T22:30+01:00")
    assert post.states(person, on) == ["handed_over", "stopped", "stopped"]
    assert post.states(other, on) == ["handed_over"] * 3
    assert post.events(post.reminders(person, on)[1].id)[-1] == ("stopped", "saved")


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.DECEASED, State.PAUSED, State.COMPLETED])
def test_it_stops_at_once_when_the_participant_is_no_longer_reminded(
    post: Post, state: State
) -> None:
    person = post.enrol("a")
    post.run(FIRST)
    post.set_state(person, state)
    post.run(SECOND)
    assert post.states(person, EVENING) == ["handed_over", "stopped", "planned"]
    assert len(post.sent) == 1


def test_a_paused_day_has_no_reminder_and_a_pause_stops_those_planned(post: Post) -> None:
    paused, pausing = post.enrol("a"), post.enrol("b")
    with post.database.write() as session:
        session.add(ParticipantPause(participant_id=paused, from_on=EVENING, until_on=EVENING))
    post.run(FIRST)
    with post.database.write() as session:
        session.add(ParticipantPause(participant_id=pausing, from_on=EVENING, until_on=EVENING))
    post.run(SECOND)
    assert post.states(paused, EVENING) == []
    assert post.states(pausing, EVENING) == ["handed_over", "stopped", "planned"]


def test_nobody_is_reminded_outside_their_diary_days(post: Post) -> None:
    post.enrol("a")
    post.run("2026-01-09T19:00+01:00")
    post.run("2027-01-01T19:00+01:00")
    assert post.sent == []


def test_nothing_is_planned_before_the_evening(post: Post) -> None:
    person = post.enrol("a")
    post.run("2026-02-03T17:59+01:00")
    assert post.states(person, EVENING) == []


# What is left behind


def test_the_ledger_says_once_a_day_that_a_participant_was_reminded(post: Post) -> None:
    for name in ("a", "b"):
        post.enrol(name)
    for day in (3, 4):
        for at in ("19:00", "21:00", "22:30"):
            post.run(f"2026-02-0{day}T{at}+01:00")
    assert len(post.sent) == 12
    with post.database.read() as session:
        rows = session.query(LedgerRow).filter_by(op="participant.reminded").all()
        assert sorted((row.study_code or "", row.at.day) for row in rows) == [
            ("MS-A", 3),
            ("MS-A", 4),
            ("MS-B", 3),
            ("MS-B", 4),
        ]
        assert {row.stream for row in rows} == {"acts"}
        assert all("@" not in row.body for row in rows)
        assert verification.verify(session).fault is None


def test_every_call_leaves_a_heartbeat(post: Post) -> None:
    post.run(OPENING)
    with post.database.read() as session:
        assert store.find_heartbeat(session, HEARTBEAT) == datetime.fromisoformat(OPENING)
