"""Pauses: set and ended by the site, known by their dates, with a state that follows them."""

from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.errors import InvalidInput, NotAllowed, NotFound, WrongState
from app.domain.participant import State
from app.services import pauses
from app.services.today import Stage as Standing
from app.services.today import look
from app.store.participants import get_by_code, list_pauses
from tests.desk import acts, staff
from tests.people import NOW, Stage, Who

TODAY, DAY = NOW.date(), timedelta(days=1)


def pause(
    stage: Stage,
    from_on: date,
    who: Who = Who.CLINICIAN,
    *,
    until_on: date | None = None,
    reason: str = "operation",
) -> None:
    with stage.database.write() as session:
        pauses.pause(
            session,
            actor=staff(stage, who),
            study_code=stage.cast.study_codes[Who.OWN],
            from_on=from_on,
            until_on=until_on,
            reason=reason,
            now=stage.clock.now,
        )


def resume(stage: Stage, from_on: date, reason: str = "well again") -> None:
    with stage.database.write() as session:
        pauses.resume(
            session,
            actor=staff(stage),
            study_code=stage.cast.study_codes[Who.OWN],
            from_on=from_on,
            reason=reason,
            now=stage.clock.now,
        )


def state(stage: Stage) -> str:
    with stage.database.read() as session:
        return get_by_code(session, stage.cast.study_codes[Who.OWN], {"lyon"}).state


def standing(stage: Stage) -> Standing:
    """What the participant's first page says of the evening."""
    with stage.database.read() as session:
        person = get_by_code(session, stage.cast.study_codes[Who.OWN], {"lyon"})
        return look(session, deployment=stage.deployment, person=person, now=stage.clock.now).stage


def spans(stage: Stage) -> list[tuple[date, date | None]]:
    with stage.database.read() as session:
        person = get_by_code(session, stage.cast.study_codes[Who.OWN], {"lyon"})
        return [(row.from_on, row.until_on) for row in list_pauses(session, person.id)]


def follow(stage: Stage) -> int:
    return pauses.follow(stage.database, now=stage.clock.now)


def test_a_pause_from_today_stops_tonight(stage: Stage) -> None:
    pause(stage, TODAY)
    assert (state(stage), standing(stage)) == (State.PAUSED, Standing.PAUSED)
    assert follow(stage) == 0


def test_a_pause_that_begins_later_leaves_tonight_alone(stage: Stage) -> None:
    pause(stage, TODAY + DAY, until_on=TODAY + 2 * DAY)
    assert (state(stage), standing(stage)) == (State.ENROLLED, Standing.OPEN)
    assert follow(stage) == 0
    stage.clock.advance(days=1)
    assert (follow(stage), state(stage)) == (1, State.PAUSED)
    assert follow(stage) == 0
    assert standing(stage) is Standing.PAUSED


def test_it_ends_by_itself_after_its_last_day_on_the_participants_clock(stage: Stage) -> None:
    pause(stage, TODAY, until_on=TODAY + DAY)
    stage.clock.now = NOW + timedelta(days=1, hours=4)  # 23:30 of the last day in Lyon
    assert (follow(stage), state(stage)) == (0, State.PAUSED)
    stage.clock.advance(hours=1)
    assert (follow(stage), state(stage)) == (1, State.ENROLLED)
    (resumed,) = acts(stage, "participant.resume")
    assert resumed["actor"]["id"] == "system"


def test_resuming_later_pauses_until_then(stage: Stage) -> None:
    pause(stage, TODAY)
    resume(stage, TODAY + 3 * DAY)
    assert spans(stage) == [(TODAY, TODAY + 2 * DAY)]
    assert state(stage) == State.PAUSED
    stage.clock.advance(days=3)
    assert (follow(stage), state(stage)) == (1, State.ENROLLED)


def test_resuming_today_asks_for_tonights_diary(stage: Stage) -> None:
    pause(stage, TODAY)
    resume(stage, TODAY)
    assert (state(stage), standing(stage)) == (State.ENROLLED, Standing.OPEN)
    pause(stage, TODAY, until_on=TODAY)
    assert standing(stage) is Standing.PAUSED


def test_a_pause_that_lies_ahead_can_be_taken_back(stage: Stage) -> None:
    pause(stage, TODAY + 5 * DAY)
    resume(stage, TODAY + 5 * DAY)
    stage.clock.advance(days=6)
    assert (follow(stage), state(stage)) == (0, State.ENROLLED)


@pytest.mark.parametrize(
    ("from_on", "more", "code"),
    [
        (TODAY - DAY, {}, "date_over"),
        (TODAY, {"until_on": TODAY - DAY}, "dates_reversed"),
        (TODAY, {"reason": "  "}, "reason_missing"),
    ],
)
def test_what_no_pause_is(stage: Stage, from_on: date, more: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInput, match=code):
        pause(stage, from_on, **more)
    assert (spans(stage), state(stage)) == ([], State.ENROLLED)


def test_days_are_paused_once(stage: Stage) -> None:
    pause(stage, TODAY + DAY, until_on=TODAY + 4 * DAY)
    with pytest.raises(WrongState, match="paused_already"):
        pause(stage, TODAY, until_on=TODAY + DAY)
    pause(stage, TODAY + 5 * DAY)
    assert len(spans(stage)) == 2


def test_without_a_pause_there_is_nothing_to_resume(stage: Stage) -> None:
    with pytest.raises(WrongState, match="not_in_this_state"):
        resume(stage, TODAY)
    pause(stage, TODAY)
    with pytest.raises(InvalidInput, match="reason_missing"):
        resume(stage, TODAY, reason="")


def test_only_the_site_pauses(stage: Stage) -> None:
    with pytest.raises(NotAllowed):
        pause(stage, TODAY, Who.MONITOR)
    with pytest.raises(NotFound):
        pause(stage, TODAY, Who.FAR_CLINICIAN)


def test_two_schedulers_end_a_pause_once(stage: Stage) -> None:
    pause(stage, TODAY, until_on=TODAY)
    stage.clock.advance(days=1)
    assert [follow(stage), follow(stage)] == [1, 0]
