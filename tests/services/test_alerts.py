"""Alerts: raised once, taken on and closed by one of two people, closed by the entry itself."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from app.domain.participant import Move
from app.domain.reach import Channel
from app.domain.records import read_submission
from app.domain.schedule import ReminderState
from app.services import alerts, diary, participants
from app.services.cohorts import read_cohort
from app.services.deployment import Deployment
from app.store import alerts as stored
from app.store.alerts import OpenAlert
from tests import factories, scenes, trial
from tests.desk import acts, counted, message, person_of, staff
from tests.desk_scenes import without_rule
from tests.people import NOW, Stage, Who


def with_ways(stage: Stage) -> Deployment:
    """The deployment with e-mail set up, so that everybody of the stage can be reached.

    Everybody of the stage has few entries: that rule is off.
    """
    study = without_rule(stage.deployment.study, "few_entries")
    return replace(stage.deployment, channels=frozenset({Channel.EMAIL}), study=study)


def review(stage: Stage, deployment: Deployment | None = None) -> int:
    return alerts.review(
        stage.database, deployment=deployment or with_ways(stage), now=stage.clock.now
    )


def opened(stage: Stage, who: Who = Who.OWN) -> tuple[OpenAlert, ...]:
    person = person_of(stage, who)
    with stage.database.read() as session:
        return stored.list_open(session, [person.id])[person.id]


def rules(stage: Stage, who: Who = Who.OWN) -> list[str]:
    return [alert.rule for alert in opened(stage, who)]


def acknowledge(stage: Stage, alert_id: str, who: Who = Who.CLINICIAN) -> None:
    with stage.database.write() as session:
        alerts.acknowledge(session, actor=staff(stage, who), alert_id=alert_id, now=stage.clock.now)


def jot(stage: Stage, alert_id: str, words: str, who: Who = Who.CLINICIAN) -> None:
    with stage.database.write() as session:
        alerts.note(
            session, actor=staff(stage, who), alert_id=alert_id, words=words, now=stage.clock.now
        )


def close(stage: Stage, alert_id: str, reason: str = "called", who: Who = Who.CLINICIAN) -> None:
    with stage.database.write() as session:
        alerts.close(
            session,
            actor=staff(stage, who),
            alert_id=alert_id,
            reason=reason,
            now=stage.clock.now,
        )


@pytest.fixture
def missed(stage: Stage) -> Stage:
    """Two evenings later: both participants missed tonight and tomorrow."""
    stage.clock.advance(days=2)
    assert review(stage) == 2
    return stage


def test_two_missed_evenings_raise_one_alert_however_often_it_is_looked(missed: Stage) -> None:
    (alert,) = opened(missed)
    assert (alert.rule, alert.raised_at, alert.owner) == ("missed_running", missed.clock.now, None)
    assert alert.diary_on == NOW.date() + timedelta(days=1)
    assert (review(missed), review(missed)) == (0, 0)
    raised = acts(missed, "alert.raised")
    assert len(raised) == 2
    assert {act["details"]["rule"] for act in raised} == {"missed_running"}


def test_one_missed_evening_raises_none(stage: Stage) -> None:
    trial.save(stage, Who.OWN, factories.diary(stage.deployment.study))
    stage.clock.advance(days=2)
    review(stage)
    assert (rules(stage), rules(stage, Who.OTHER)) == ([], ["missed_running"])


def test_an_entry_received_later_closes_it(missed: Stage) -> None:
    sent = factories.submission(
        missed.deployment.study,
        factories.diary(missed.deployment.study),
        saved_at=NOW + timedelta(days=1),
        sent_at=missed.clock.now.isoformat(),
    )
    with missed.database.write() as session:
        diary.submit(
            session,
            deployment=missed.deployment,
            actor=missed.actor(Who.OWN),
            submission=read_submission(sent),
            now=missed.clock.now,
        )
    assert review(missed) == 1
    assert rules(missed) == []
    (act,) = acts(missed, "alert.closed")
    assert (act["actor"]["id"], act["details"]["reason"]) == ("system", "superseded")
    assert rules(missed, Who.OTHER) == ["missed_running"]


def test_whoever_left_needs_no_call(missed: Stage) -> None:
    with missed.database.write() as session:
        participants.change_state(
            session,
            actor=staff(missed),
            study_code=missed.cast.study_codes[Who.OWN],
            by=Move.WITHDRAW,
            reason="wish",
            now=missed.clock.now,
        )
    assert review(missed) == 1
    assert rules(missed) == []


def test_a_rule_that_is_off_raises_nothing_and_closes_what_it_raised(missed: Stage) -> None:
    quiet = without_rule(with_ways(missed).study, "missed_running")
    assert review(missed, replace(with_ways(missed), study=quiet)) == 2
    assert rules(missed) == []


def test_without_a_way_somebody_is_unreachable(stage: Stage) -> None:
    nowhere = replace(with_ways(stage), channels=frozenset({Channel.SMS}))
    assert review(stage, nowhere) == 2
    assert rules(stage) == ["unreachable"]
    assert review(stage) == 2
    assert rules(stage) == []


def test_refused_messages_make_somebody_unreachable_until_one_goes(stage: Stage) -> None:
    message(stage, state=ReminderState.FAILED, at=NOW - timedelta(minutes=30))
    message(stage, state=ReminderState.FAILED, at=NOW - timedelta(minutes=20))
    review(stage)
    assert (rules(stage), rules(stage, Who.OTHER)) == (["unreachable"], [])
    message(stage, at=NOW - timedelta(minutes=1))
    review(stage)
    assert rules(stage) == []


def test_it_is_taken_on_by_one(missed: Stage) -> None:
    (alert,) = opened(missed)
    acknowledge(missed, alert.id)
    acknowledge(missed, alert.id)
    (taken,) = opened(missed)
    assert (taken.owner, taken.acknowledged_at) == ("Dr site clinician", missed.clock.now)
    assert len(acts(missed, "alert.acknowledged")) == 1


def test_only_the_site_acts(missed: Stage) -> None:
    (alert,) = opened(missed)
    for act in (acknowledge, close, partial(jot, words="seen")):
        with pytest.raises(NotAllowed):
            act(missed, alert.id, who=Who.MONITOR)
        with pytest.raises(NotFound):
            act(missed, alert.id, who=Who.FAR_CLINICIAN)
        with pytest.raises(NotFound):
            act(missed, "no such alert")


def test_it_is_closed_once_and_with_words(missed: Stage) -> None:
    (alert,) = opened(missed)
    for words, code in ((" ", "alert_reason"), ("x" * 501, "words_too_many")):
        with pytest.raises(InvalidInput, match=code):
            close(missed, alert.id, words)
    close(missed, alert.id)
    for again in (close, acknowledge):
        with pytest.raises(WrongState, match="alert_closed"):
            again(missed, alert.id)
    assert opened(missed) == ()


def test_of_two_at_once_one_wins_and_the_other_is_told(missed: Stage) -> None:
    (alert,) = opened(missed)
    actor = staff(missed)

    def act(reason: str) -> str:
        try:
            with missed.database.write() as session:
                alerts.close(
                    session, actor=actor, alert_id=alert.id, reason=reason, now=missed.clock.now
                )
        except WrongState as refused:
            return refused.code
        return "closed"

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(act, ["a", "b", "c", "d"]))
    assert told == ["alert_closed"] * 3 + ["closed"]
    assert len(acts(missed, "alert.closed")) == 1


def test_several_schedulers_raise_it_once(stage: Stage) -> None:
    stage.clock.advance(days=2)
    deployment = with_ways(stage)

    def look(_: int) -> int:
        return alerts.review(stage.database, deployment=deployment, now=stage.clock.now)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, range(4))) == 2
    assert len(acts(stage, "alert.raised")) == 2


def test_what_somebody_closed_comes_back_after_as_many_days_again(missed: Stage) -> None:
    (alert,) = opened(missed)
    close(missed, alert.id, "in hospital until Friday")
    missed.clock.advance(days=1)
    review(missed)
    assert rules(missed) == []
    missed.clock.advance(days=1)
    review(missed)
    assert rules(missed) == ["missed_running"]


def test_the_cohort_shows_what_is_open_and_whose_it_is(missed: Stage) -> None:
    (alert,) = opened(missed)
    acknowledge(missed, alert.id)
    with missed.database.read() as session:
        rows = read_cohort(
            session, deployment=missed.deployment, actor=staff(missed), now=missed.clock.now
        )
    row = next(row for row in rows if row.person.id == person_of(missed).id)
    assert row.reasons == ("missed_running",)
    assert [one.owner for one in row.alerts] == ["Dr site clinician"]


def report(stage: Stage, **items: str) -> str:
    """Send a session report as the own participant; give the record's id."""
    return trial.save(
        stage, Who.OWN, {"session_no": 1, "items": items}, kind="session_report"
    ).record_id


def raised(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    """What was raised so far: each rule with its figures."""
    return [
        (act["details"]["rule"], act["details"]["figures"]) for act in acts(stage, "alert.raised")
    ]


def test_an_emergency_calls_in_the_save_itself_and_stays(stage: Stage) -> None:
    scenes.session_today(stage, Who.OWN)
    record_id = report(stage, face_or_breathing="severe", fever="mild", confusion="none")
    assert set(rules(stage)) == {"emergency_item", "infection_item"}
    assert raised(stage) == [
        ("emergency_item", {"items": {"face_or_breathing": "severe"}}),
        ("infection_item", {"items": {"fever": "mild"}}),
    ]
    trial.void(stage, record_id, 1)
    review(stage)
    assert set(rules(stage)) == {"emergency_item", "infection_item"}


def test_what_was_set_aside_calls_too_and_once(stage: Stage) -> None:
    answer = {**factories.diary(stage.deployment.study), "hospital": True}
    trial.save(stage, Who.OWN, factories.diary(stage.deployment.study))
    assert trial.save(stage, Who.OWN, answer).outcome == "set_aside"
    (alert,) = opened(stage)
    assert (alert.rule, alert.diary_on) == ("hospital", NOW.date())


def test_an_answer_seen_to_calls_again_only_when_it_is_new(stage: Stage) -> None:
    scenes.session_today(stage, Who.OWN)
    record_id = report(stage, fever="mild")
    close(stage, opened(stage)[0].id, "seen, no fever any more")
    worse = {"session_no": 1, "items": {"fever": "severe"}}
    again = {"op": "correct", "record_id": record_id, "base_version": 1, "kind": "session_report"}
    trial.save(stage, Who.OWN, worse, **again, texts={"reason": "it rose"})
    assert rules(stage) == []
    stage.clock.advance(days=1)
    trial.save(stage, Who.OWN, worse, kind="session_report")
    assert rules(stage) == ["infection_item"]


def test_high_pain_calls_until_a_person_closes_it_or_its_days_change(stage: Stage) -> None:
    high = factories.diary(stage.deployment.study, average=95, worst=99)
    saved = []
    for _ in range(2):
        saved.append(trial.save(stage, Who.OWN, high).record_id)
        review(stage)
        stage.clock.advance(days=1)
    assert raised(stage)[-1] == (
        "pain_high",
        {"scores": {"2026-01-20": 95, "2026-01-21": 95}, "mean": None},
    )
    trial.save(stage, Who.OWN, factories.diary(stage.deployment.study, average=20))
    review(stage)
    assert rules(stage) == ["pain_high"]
    later, stage.clock.now = stage.clock.now, NOW  # when the clinician was signed in
    trial.correct(stage, saved[1], 1, average=60)
    stage.clock.now = later
    review(stage)
    assert rules(stage) == []


def test_a_rise_of_opioids_calls(stage: Stage) -> None:
    for units in (1, 1, 1, 1, 6):
        trial.save(stage, Who.OWN, trial.dose(stage, Who.OWN, units=units))
        answered = factories.diary(stage.deployment.study)
        answered["medicines"] = {"status": "answered", "none": False}
        trial.save(stage, Who.OWN, answered)
        stage.clock.advance(days=1)
    review(stage)
    figures = {"mg": 60.0, "mean_mg": 8.0, "n": 5, "is_part": False}
    assert ("mme_rise", figures) in raised(stage)
    assert rules(stage) == ["mme_rise"]


def test_a_note_is_kept_and_a_closed_alert_takes_none(missed: Stage) -> None:
    (alert,) = opened(missed)
    with pytest.raises(InvalidInput, match="alert_note"):
        jot(missed, alert.id, " ")
    jot(missed, alert.id, "no answer, calls back tomorrow")
    close(missed, alert.id)
    with pytest.raises(WrongState, match="alert_closed"):
        jot(missed, alert.id, "me too")
    assert len(acts(missed, "alert.noted")) == 1


def test_few_entries_calls(stage: Stage) -> None:
    reachable = replace(stage.deployment, channels=frozenset({Channel.EMAIL}))
    review(stage, reachable)
    assert raised(stage) == [("few_entries", {"entries": 1, "of": 7})] * 2


def test_a_review_asks_the_same_number_of_queries_however_many_and_long(missed: Stage) -> None:
    def asked() -> int:
        with counted(missed.database) as count:
            review(missed)
        return len(count)

    before = asked()
    scenes.a_month(missed, Who.OTHER)
    missed.clock.now = NOW + timedelta(days=2)
    review(missed)
    assert asked() == before
