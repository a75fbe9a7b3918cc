"""One participant's trend from what was saved, and a cohort's rows from the projections."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.errors import NotAllowed, NotFound
from app.domain.figures import MmeStatus
from app.domain.participant import Move
from app.domain.reach import Channel
from app.domain.records import EntryStatus
from app.domain.schedule import Kind, MissedCause
from app.exports.figures import figures_of
from app.services import alerts, participants, pauses, sessions
from app.services.cohorts import CohortRow, read_cohort
from app.services.trends import Trend, read_trend, trend_of
from app.store import reminders
from app.store.participants import get_by_code
from app.store.reminders import NewReminder
from app.store.tables import Evening
from tests import factories, trial
from tests.people import LAST_EVENING, NOW, Stage, Who

LAST_ON = LAST_EVENING.date()
DAY = timedelta(days=1)


def trend(stage: Stage, who: Who = Who.CLINICIAN, of: Who = Who.OWN) -> Trend:
    with stage.database.read() as session:
        return read_trend(
            session,
            deployment=stage.deployment,
            actor=stage.actor(who),
            study_code=stage.cast.study_codes[of],
            now=stage.clock.now,
        )


def cohort(stage: Stage, who: Who = Who.CLINICIAN) -> dict[str, CohortRow]:
    actor = stage.actor(who)
    with stage.database.read() as session:
        rows = read_cohort(session, deployment=stage.deployment, actor=actor, now=stage.clock.now)
    return {row.person.study_code: row for row in rows}


def tonight(stage: Stage, **answers: Any) -> None:
    trial.save(stage, Who.OWN, factories.diary(stage.deployment.study, **answers))


def test_every_date_of_the_diary_has_one_day_and_the_entry_is_on_its_own(stage: Stage) -> None:
    found = trend(stage)
    assert [day.day.diary_on for day in found.days] == [
        factories.FIRST_DIARY_ON + DAY * k for k in range(11)
    ]
    by_date = {day.day.diary_on: day for day in found.days}
    assert by_date[LAST_ON].day.pain_average == 57
    assert by_date[LAST_ON].pain_worst == 71
    assert by_date[NOW.date()].day.closed is False
    assert (found.adherence.answered, found.adherence.due) == (1, 10)


def test_the_scope_and_the_role_decide(stage: Stage) -> None:
    with pytest.raises(NotFound):
        trend(stage, Who.FAR_CLINICIAN)
    with pytest.raises(NotAllowed):
        trend(stage, Who.DATA_MANAGER)
    assert trend(stage, Who.INSPECTOR).person.study_code == stage.cast.study_codes[Who.OWN]


def test_a_correction_by_the_site_stays_the_participants_answer(stage: Stage) -> None:
    trial.correct(stage, stage.cast.record_ids[Who.OWN], 1, 40)
    day = next(day for day in trend(stage).days if day.day.diary_on == LAST_ON)
    assert (day.day.pain_average, day.old_average) == (40, 57)
    assert day.day.by_participant is True
    assert trend(stage).adherence.answered == 1


def test_a_voided_diary_is_missing_again(stage: Stage) -> None:
    trial.void(stage, stage.cast.record_ids[Who.OWN], 1)
    day = next(day for day in trend(stage).days if day.day.diary_on == LAST_ON)
    assert day.day.status is EntryStatus.MISSING


def test_a_logged_dose_counts_on_its_date(stage: Stage) -> None:
    trial.save(stage, Who.OWN, trial.dose(stage, Who.OWN, units=2))
    found = trend(stage)
    today = found.mme[-1]
    assert (today.taken_on, today.value, today.status) == (NOW.date(), 20, MmeStatus.PARTIAL)
    assert [(m.medicine.role, dict(m.units)) for m in found.medicines] == [
        ("rescue", {NOW.date(): 2})
    ]
    tonight(stage)
    assert trend(stage).mme[-1].status is MmeStatus.COMPLETE


def test_a_medicine_that_is_not_on_the_list_makes_its_day_partial(stage: Stage) -> None:
    payload = factories.diary(stage.deployment.study)
    trial.save(stage, Who.OWN, payload, texts={"other_medicine": "a patch from a neighbour"})
    assert trend(stage).mme[-1].status is MmeStatus.PARTIAL
    assert trend(stage).mme[-2].status is MmeStatus.NONE_TAKEN


def test_weeks_count_from_the_date_of_session_1(stage: Stage) -> None:
    before = trend(stage)
    assert (before.session_1_on, before.weeks, before.baseline) == (None, (), None)
    with stage.database.write() as session:
        sessions.record_session(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=stage.cast.study_codes[Who.OWN],
            session_no=1,
            held_on=date(2026, 1, 17),
            now=NOW,
        )
    after = trend(stage)
    week, response = after.weeks[0]
    assert (week.starts_on, week.mean.n, week.mean.value) == (date(2026, 1, 17), 1, None)
    assert response.reduction_pct is None
    assert after.baseline is not None
    assert after.baseline.starts_on == date(2026, 1, 10)


MISSED_ON = LAST_ON - DAY


def known(stage: Stage, message: dict[str, Any] | None, evening: dict[str, Any] | None) -> None:
    """Let a message and an evening without entry be known of the day before last evening."""
    at = NOW - DAY * 2
    with stage.database.write() as session:
        person = get_by_code(session, stage.cast.study_codes[Who.OWN], {"lyon"})
        if message is not None:
            kind = message.pop("kind", Kind.DIARY)
            new = NewReminder(person.id, MISSED_ON, kind, "one", Channel.EMAIL, at, at + DAY)
            reminders.add_planned(session, [new], NOW)
            (reminder,) = reminders.list_reminders(session, person.id, MISSED_ON)
            for name, value in message.items():
                setattr(reminder, name, value)
        if evening is not None:
            session.add(Evening(participant_id=person.id, diary_on=MISSED_ON, **evening))


@pytest.mark.parametrize(
    ("message", "evening", "cause"),
    [
        (None, None, MissedCause.UNKNOWN),
        ({"state": "handed_over", "handed_over_at": NOW}, None, MissedCause.UNKNOWN),
        ({"state": "failed"}, None, MissedCause.NOT_REACHABLE),
        ({"state": "failed", "handed_over_at": NOW}, None, MissedCause.NOT_REACHABLE),
        ({"state": "failed", "kind": Kind.NOTICE}, None, MissedCause.UNKNOWN),
        ({"state": "failed", "kind": Kind.TEST}, None, MissedCause.UNKNOWN),
        ({"state": "handed_over", "delivered_at": NOW}, None, MissedCause.NOT_OPENED),
        (None, {"opened_at": NOW}, MissedCause.NOT_FINISHED),
        ({"state": "failed"}, {"fault_at": NOW, "opened_at": NOW}, MissedCause.TECHNICAL),
        (None, {"declined_at": NOW, "fault_at": NOW}, MissedCause.DECLINED),
    ],
)
def test_a_missing_evening_has_the_cause_that_is_known_of_it(
    stage: Stage,
    message: dict[str, Any] | None,
    evening: dict[str, Any] | None,
    cause: MissedCause,
) -> None:
    known(stage, message and dict(message), evening)
    causes = {day.day.diary_on: day.day.cause for day in trend(stage).days}
    assert causes[MISSED_ON] is cause
    assert causes[MISSED_ON - DAY] is MissedCause.UNKNOWN


def test_a_cause_is_provisional_until_the_phone_was_in_contact(stage: Stage) -> None:
    def provisional() -> set[date]:
        return {day.day.diary_on for day in trend(stage).days if day.day.is_provisional}

    tonight(stage)
    assert MISSED_ON not in provisional()
    stage.clock.advance(days=2)
    with stage.database.read() as session:
        person = get_by_code(session, stage.cast.study_codes[Who.OWN], {"lyon"})
        found = trend_of(session, stage.deployment, person, stage.clock.now)
    (missing,) = [item for item in figures_of(found)["missing"] if item["is_provisional"]]
    assert missing["diary_on"] == NOW.date() + DAY


def test_paused_and_ended_days_are_not_due(stage: Stage) -> None:
    actor, code = stage.actor(Who.CLINICIAN), stage.cast.study_codes[Who.OWN]
    with stage.database.write() as session:
        pauses.pause(
            session,
            actor=actor,
            study_code=code,
            from_on=LAST_ON - DAY,
            reason="ill",
            now=NOW - DAY * 2,
        )
    assert (trend(stage).adherence.due, trend(stage).adherence.paused) == (8, 2)
    with stage.database.write() as session:
        participants.change_state(
            session,
            actor=actor,
            study_code=code,
            by=Move.WITHDRAW,
            reason="wish",
            now=NOW - DAY * 4,
        )
    statuses = {day.day.diary_on: day.day.status for day in trend(stage).days}
    assert statuses[NOW.date()] is EntryStatus.NOT_DUE
    assert statuses[NOW.date() - DAY * 5] is EntryStatus.MISSING


def test_a_cohorts_row_agrees_with_the_trend(stage: Stage) -> None:
    tonight(stage)
    row = cohort(stage)[stage.cast.study_codes[Who.OWN]]
    shown = {day.day.diary_on: day.day.pain_average for day in trend(stage).days}
    assert {d.diary_on: d.pain_average for d in row.days if d.diary_on in shown} == shown
    assert row.last_entry_on == NOW.date()
    assert row.adherence == trend(stage).adherence
    assert len(row.days) == 28


def test_an_invited_participant_owes_nothing(stage: Stage) -> None:
    invited = next(row for row in cohort(stage).values() if row.person.state == "invited")
    assert invited.adherence.due == 0
    assert invited.reasons == ()


def test_a_cohort_is_the_readers_own(stage: Stage) -> None:
    assert cohort(stage, Who.FAR_CLINICIAN) == {}
    assert len(cohort(stage, Who.INSPECTOR)) == 3
    with pytest.raises(NotAllowed):
        cohort(stage, Who.ADMIN)


def test_missed_evenings_call_while_the_diary_goes_on(stage: Stage) -> None:
    code = stage.cast.study_codes[Who.OWN]
    actor = stage.actor(Who.CLINICIAN)
    stage.clock.advance(days=3)

    def reasons() -> tuple[str, ...]:
        alerts.review(stage.database, deployment=stage.deployment, now=stage.clock.now)
        with stage.database.read() as session:
            rows = read_cohort(
                session, deployment=stage.deployment, actor=actor, now=stage.clock.now
            )
        return next(row.reasons for row in rows if row.person.study_code == code)

    assert reasons() == ("missed_running", "few_entries")
    with stage.database.write() as session:
        participants.change_state(
            session,
            actor=actor,
            study_code=code,
            by=Move.WITHDRAW,
            reason="wish",
            now=stage.clock.now,
        )
    assert reasons() == ()
