"""Alerts: raised once, taken on and closed by one of two people, closed by the entry itself."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

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
from tests import factories, trial
from tests.desk import acts, message, person_of, staff
from tests.people import NOW, Stage, Who


def with_ways(stage: Stage) -> Deployment:
    """The deployment with e-mail set up, so that everybody of the stage can be reached."""
    return replace(stage.deployment, channels=frozenset({Channel.EMAIL}))


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
    study = missed.deployment.study
    off = study.alerts.missed_running.model_copy(update={"on": False})
    quiet = study.model_copy(
        update={"alerts": study.alerts.model_copy(update={"missed_running": off})}
    )
    assert review(missed, replace(with_ways(missed), study=quiet)) == 2
    assert rules(missed) == []


def test_without_a_way_somebody_is_unreachable(stage: Stage) -> None:
    nowhere = replace(stage.deployment, channels=frozenset({Channel.SMS}))
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
    for act in (acknowledge, close):
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
    assert row.reasons == ("missed_running", "few_entries")
    assert [one.owner for one in row.alerts] == ["Dr site clinician"]
