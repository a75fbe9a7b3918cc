"""What participants set for themselves: each leaves one change, and only when it changes."""

import json
from datetime import time

import pytest

from app.domain.errors import InvalidInput, NotFound
from app.services import preferences
from app.store.participants import get_by_code
from app.store.tables import LedgerRow, Participant
from tests.people import NOW, Stage, Who


def hand(stage: Stage, side: str, who: Who = Who.OWN) -> None:
    """Put the controls on a side."""
    with stage.database.write() as session:
        preferences.change_hand(session, actor=stage.actor(who), hand=side, now=NOW)


def reminder(stage: Stage, at: time | None, who: Who = Who.OWN) -> None:
    """Set the first reminder."""
    with stage.database.write() as session:
        preferences.change_reminder(
            session, deployment=stage.deployment, actor=stage.actor(who), at=at, now=NOW
        )


def person(stage: Stage) -> Participant:
    """The own participant."""
    with stage.database.read() as session:
        return get_by_code(session, stage.cast.study_codes[Who.OWN], {"*"})


def acts(stage: Stage, op: str) -> list[str | None]:
    """What the changes of one kind say was chosen."""
    with stage.database.read() as session:
        rows = session.query(LedgerRow).where(LedgerRow.op == op).order_by(LedgerRow.seq)
        return [json.loads(row.body)["details"]["to"] for row in rows]


def test_the_times_are_half_hours_inside_the_window(stage: Stage) -> None:
    times = preferences.reminder_times(stage.deployment.study)
    assert (times[0], times[1], times[-1]) == (time(18), time(18, 30), time(23, 30))
    assert len(times) == 12


def test_the_first_reminder_is_set_and_given_back_to_the_study(stage: Stage) -> None:
    for at in (time(20, 30), time(20, 30), None):
        reminder(stage, at)
    assert person(stage).reminder_at is None
    assert acts(stage, "participant.reminder_changed") == ["20:30", None]


@pytest.mark.parametrize("at", [time(17, 30), time(20, 15), time(0)])
def test_no_reminder_comes_at_another_time(stage: Stage, at: time) -> None:
    with pytest.raises(InvalidInput, match="not_a_choice"):
        reminder(stage, at)


def test_the_hand_is_set(stage: Stage) -> None:
    hand(stage, "left")
    hand(stage, "left")
    assert person(stage).hand == "left"
    assert acts(stage, "participant.hand_changed") == ["left"]
    with pytest.raises(InvalidInput, match="not_a_choice"):
        hand(stage, "both")


def test_staff_have_no_preferences(stage: Stage) -> None:
    with pytest.raises(NotFound):
        hand(stage, "left", Who.CLINICIAN)
    with pytest.raises(NotFound):
        reminder(stage, None, Who.CLINICIAN)
