"""The transition table is complete: every state and every move is either allowed or refused."""

import itertools

import pytest

from app.domain.errors import WrongState
from app.domain.participant import TRANSITIONS, Move, State, move

# Each row: a state, and what may be done in it. Everything else must be refused.
ALLOWED = {
    State.SCREENING: "invite fail_screening withdraw record_death",
    State.SCREEN_FAILURE: "",
    State.INVITED: "fail_screening enrol withdraw record_death",
    State.ENROLLED: "pause stop_diary complete lose withdraw record_death",
    State.PAUSED: "resume stop_diary lose withdraw record_death",
    State.DIARY_STOPPED: "complete lose withdraw record_death",
    State.COMPLETED: "record_death",
    State.WITHDRAWN: "",
    State.LOST_TO_FOLLOW_UP: "find_again withdraw record_death",
    State.DECEASED: "",
}


def test_the_table_names_every_state() -> None:
    assert set(ALLOWED) == set(State)


@pytest.mark.parametrize(("state", "by"), list(itertools.product(State, Move)))
def test_every_state_and_move(state: State, by: Move) -> None:
    if by.value in ALLOWED[state].split():
        assert move(state, by) is TRANSITIONS[state, by]
    else:
        with pytest.raises(WrongState):
            move(state, by)


def test_the_ends_are_ends() -> None:
    ends = {state for state in State if not any(start is state for start, _ in TRANSITIONS)}
    assert ends == {State.SCREEN_FAILURE, State.WITHDRAWN, State.DECEASED}
