"""A cohort in numbers: the same as its participants' own figures, added up."""

from collections import Counter
from datetime import timedelta

from app.domain.schedule import MissedCause, ReminderState
from app.services.cohorts import read_cohort
from app.services.totals import Totals, total
from app.services.trends import read_trend
from app.store.tables import Evening, MesotherapySession
from tests import factories, trial
from tests.desk import message, person_of, staff
from tests.people import NOW, Stage, Who


def totals(stage: Stage, seen: frozenset[str] = frozenset({"lyon"})) -> Totals:
    with stage.database.read() as session:
        rows = read_cohort(
            session, deployment=stage.deployment, actor=staff(stage), now=stage.clock.now
        )
        return total(session, stage.deployment, rows, seen)


def test_it_is_the_mean_of_participants_and_says_of_how_many(stage: Stage) -> None:
    found = totals(stage)
    assert found.states == Counter({"enrolled": 2, "invited": 1})
    assert (found.adherence_pct, found.n_adherence, found.n_on_target) == (10.0, 2, 0)
    assert totals(stage, frozenset()).responses is None


def test_missing_days_have_the_causes_of_the_participants_page(stage: Stage) -> None:
    message(stage, on=NOW.date() - timedelta(days=2), state=ReminderState.FAILED)
    arrived_on = NOW.date() - timedelta(days=3)
    message(stage, on=arrived_on, delivered_at=NOW)
    with stage.database.write() as session:
        on = NOW.date() - timedelta(days=4)
        session.add(Evening(participant_id=person_of(stage).id, diary_on=on, opened_at=NOW))
    trends = []
    for who in (Who.OWN, Who.OTHER):
        with stage.database.read() as session:
            code = stage.cast.study_codes[who]
            trend = read_trend(
                session,
                deployment=stage.deployment,
                actor=staff(stage),
                study_code=code,
                now=stage.clock.now,
            )
            trends.append(trend.causes)
    assert totals(stage).causes == trends[0] + trends[1]
    assert trends[0] >= Counter(
        {
            MissedCause.NOT_REACHABLE: 1,
            MissedCause.NOT_OPENED: 1,
            MissedCause.NOT_FINISHED: 1,
        }
    )


def test_a_response_is_that_of_the_participants_latest_whole_week(stage: Stage) -> None:
    for _ in range(6):
        trial.save(stage, Who.OWN, factories.diary(stage.deployment.study, average=60))
        stage.clock.advance(days=1)
    first_on = stage.clock.now.date()
    with stage.database.write() as session:
        for who in (Who.OWN, Who.OTHER):
            session.add(
                MesotherapySession(
                    participant_id=person_of(stage, who).id, session_no=1, held_on=first_on
                )
            )
    for average in (*[30] * 7, 90):
        trial.save(stage, Who.OWN, factories.diary(stage.deployment.study, average=average))
        stage.clock.advance(days=1)
    found = totals(stage)
    assert found.responses is not None
    assert len(found.responses) == 2
    (response,) = found.evaluable
    with stage.database.read() as session:
        trend = read_trend(
            session,
            deployment=stage.deployment,
            actor=staff(stage),
            study_code=stage.cast.study_codes[Who.OWN],
            now=stage.clock.now,
        )
    assert response == trend.weeks[0][1]
    assert (response.is_moderate, response.is_substantial) == (True, False)
