"""Own days: a month at a time, in facts; no score before the diary is over."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from app.domain.participant import State
from app.domain.records import EntryStatus
from app.services import own_days
from app.services.own_days import OwnDay, OwnMonth
from app.store.participants import get_by_code
from app.store.tables import Participant
from tests import factories, scenes, trial
from tests.people import LAST_EVENING, NOW, Stage, Who

OVER = datetime.fromisoformat("2026-04-01T02:30+02:00")
"""When nothing more can be saved for the last diary day, 31 March."""


def person(stage: Stage) -> Participant:
    """The own participant."""
    with stage.database.read() as session:
        return get_by_code(session, stage.cast.study_codes[Who.OWN], {"*"})


def change(stage: Stage, **values: object) -> None:
    """Write something else into the own participant's row."""
    scenes.Person(tuple(values.items()))(stage, Who.OWN)


def month(stage: Stage, on: date | None = None, now: datetime = NOW) -> OwnMonth:
    """A month of the own participant."""
    with stage.database.read() as session:
        return own_days.read_month(
            session, deployment=stage.deployment, person=person(stage), month=on, now=now
        )


def day(found: OwnMonth, on: date) -> OwnDay:
    """One of its days."""
    return next(one for one in found.days if one.diary_on == on)


def test_days_stand_with_the_latest_first(stage: Stage) -> None:
    found = month(stage)
    dates = [one.diary_on for one in found.days]
    assert dates == sorted(dates, reverse=True)
    assert (dates[0], dates[-1]) == (NOW.date(), date(2026, 1, 10))
    statuses = {one.diary_on: one.status for one in found.days}
    assert statuses[NOW.date()] is None
    assert statuses[LAST_EVENING.date()] is EntryStatus.COMPLETE
    assert statuses[date(2026, 1, 18)] is EntryStatus.MISSING
    assert (found.has_earlier, found.has_later) == (False, False)


def test_an_entry_has_its_receipt_and_no_score(stage: Stage) -> None:
    entry = day(month(stage), LAST_EVENING.date()).entry
    assert entry is not None
    assert (entry.record_id, entry.saved_at) == (stage.cast.record_ids[Who.OWN], LAST_EVENING)
    assert len(entry.receipt) == 4
    assert (entry.average, entry.worst) == (None, None)


def test_tonight_can_be_changed_while_its_window_lasts(stage: Stage) -> None:
    trial.save(stage, Who.OWN, factories.diary(stage.deployment.study))
    assert day(month(stage), NOW.date()).can_correct
    assert not day(month(stage), LAST_EVENING.date()).can_correct
    closed = NOW + timedelta(hours=7)  # 02:30 in Lyon
    assert not day(month(stage, now=closed), NOW.date()).can_correct


def test_a_corrected_and_a_voided_entry(stage: Stage) -> None:
    record_id = stage.cast.record_ids[Who.OWN]
    trial.correct(stage, record_id, 1, average=12)
    entry = day(month(stage), LAST_EVENING.date()).entry
    assert entry is not None
    assert entry.is_corrected
    trial.void(stage, record_id, 2)
    assert day(month(stage), LAST_EVENING.date()).entry is None


def test_doses_stand_with_the_date_on_which_they_were_taken(stage: Stage) -> None:
    morning = {**trial.dose(stage, Who.OWN), "taken_at": "08:00"}
    trial.save(stage, Who.OWN, morning)
    diary = factories.diary(stage.deployment.study)
    answer = {"medicine": morning["medicine"], "units": {"night": 2.0}, "reason": None}
    trial.save(
        stage,
        Who.OWN,
        {**diary, "medicines": {"status": "answered", "scheduled": [], "rescue": [answer]}},
    )
    taken = day(month(stage), NOW.date()).taken
    assert [(dose.units, dose.taken_part) for dose in taken] == [(1.0, None), (2.0, "night")]


def test_months_follow_one_another_and_stop_at_the_ends(stage: Stage) -> None:
    later = NOW + timedelta(days=40)
    found = month(stage, now=later)
    assert (found.first_on, found.has_earlier, found.has_later) == (date(2026, 3, 1), True, False)
    february = month(stage, date(2026, 2, 14), now=later)
    assert (len(february.days), february.has_earlier, february.has_later) == (28, True, True)
    for outside, kept in ((date(2020, 1, 1), date(2026, 1, 1)), (date(2030, 1, 1), found.first_on)):
        assert month(stage, outside, now=later).first_on == kept


def test_before_the_first_day_there_is_none(stage: Stage) -> None:
    change(stage, first_diary_on=date(2026, 2, 2))
    found = month(stage)
    assert (found.first_on, found.days) == (date(2026, 2, 1), ())
    assert (found.has_earlier, found.has_later) == (False, False)


@pytest.mark.parametrize(
    ("prepare", "now", "is_shown"),
    [
        (lambda stage: None, NOW, False),
        (lambda stage: None, OVER - timedelta(seconds=1), False),
        (lambda stage: None, OVER, True),
        (lambda stage: change(stage, state=State.PAUSED.value), NOW, False),
        (lambda stage: change(stage, state=State.DIARY_STOPPED.value), NOW, True),
        (lambda stage: change(stage, state=State.WITHDRAWN.value), NOW, True),
    ],
    ids=["in the study", "last minute", "over", "paused", "stopped", "withdrawn"],
)
def test_scores_are_shown_once_no_diary_can_follow(
    stage: Stage, prepare: Callable[[Stage], None], now: datetime, *, is_shown: bool
) -> None:
    prepare(stage)
    found = month(stage, LAST_EVENING.date(), now=now)
    entry = day(found, LAST_EVENING.date()).entry
    assert entry is not None
    assert (found.scores is not None) is is_shown
    assert (entry.average, entry.worst) == ((57, 71) if is_shown else (None, None))


def test_every_day_has_its_place_among_the_scores(stage: Stage) -> None:
    scores = month(stage, now=OVER).scores
    assert scores is not None
    assert (len(scores), next(iter(scores))) == (81, date(2026, 1, 10))
    assert {on: score for on, score in scores.items() if score is not None} == {
        LAST_EVENING.date(): 57
    }


def test_a_patch_is_worn_until_its_removal_is_noted(stage: Stage) -> None:
    scenes.patched(stage, Who.OWN)

    def worn() -> list[str]:
        with stage.database.read() as session:
            found = own_days.list_worn(session, person=person(stage), now=stage.clock.now)
        return [f"{dose.medicine.name} {dose.wall_time:%d %H:%M}" for dose in found]

    assert worn() == ["Durogesic 20 08:00"]
    stage.clock.advance(days=10)
    assert worn() == [], "forgotten in the diary, not on the skin"
    stage.clock.now = NOW
    removed = scenes.patch(stage, Who.OWN, "removed", "19:00")
    trial.save(stage, Who.OWN, removed)
    assert worn() == []
