"""The states of a participant and the one table of moves between them."""

from enum import StrEnum

from app.domain.errors import WrongState


class State(StrEnum):
    """Where a participant stands in the study."""

    SCREENING = "screening"
    SCREEN_FAILURE = "screen_failure"
    INVITED = "invited"
    ENROLLED = "enrolled"
    PAUSED = "paused"
    DIARY_STOPPED = "diary_stopped"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    LOST_TO_FOLLOW_UP = "lost_to_follow_up"
    DECEASED = "deceased"


class Move(StrEnum):
    """What changes a participant's state; each but `enrol` is the site's act, with a reason."""

    INVITE = "invite"
    FAIL_SCREENING = "fail_screening"
    ENROL = "enrol"
    PAUSE = "pause"
    RESUME = "resume"
    STOP_DIARY = "stop_diary"
    COMPLETE = "complete"
    WITHDRAW = "withdraw"
    LOSE = "lose"
    FIND_AGAIN = "find_again"
    RECORD_DEATH = "record_death"


_IN_CARE = (State.ENROLLED, State.PAUSED, State.DIARY_STOPPED, State.LOST_TO_FOLLOW_UP)
_BEFORE_END = (State.SCREENING, State.INVITED, *_IN_CARE)

TRANSITIONS: dict[tuple[State, Move], State] = {
    (State.SCREENING, Move.INVITE): State.INVITED,
    (State.SCREENING, Move.FAIL_SCREENING): State.SCREEN_FAILURE,
    (State.INVITED, Move.FAIL_SCREENING): State.SCREEN_FAILURE,
    (State.INVITED, Move.ENROL): State.ENROLLED,
    (State.ENROLLED, Move.PAUSE): State.PAUSED,
    (State.PAUSED, Move.RESUME): State.ENROLLED,
    (State.ENROLLED, Move.STOP_DIARY): State.DIARY_STOPPED,
    (State.PAUSED, Move.STOP_DIARY): State.DIARY_STOPPED,
    (State.ENROLLED, Move.COMPLETE): State.COMPLETED,
    (State.DIARY_STOPPED, Move.COMPLETE): State.COMPLETED,
    (State.ENROLLED, Move.LOSE): State.LOST_TO_FOLLOW_UP,
    (State.PAUSED, Move.LOSE): State.LOST_TO_FOLLOW_UP,
    (State.DIARY_STOPPED, Move.LOSE): State.LOST_TO_FOLLOW_UP,
    (State.LOST_TO_FOLLOW_UP, Move.FIND_AGAIN): State.ENROLLED,
    **{(state, Move.WITHDRAW): State.WITHDRAWN for state in _BEFORE_END},
    **{(state, Move.RECORD_DEATH): State.DECEASED for state in (*_BEFORE_END, State.COMPLETED)},
}

COLLECTING = frozenset(_IN_CARE) | {State.COMPLETED, State.WITHDRAWN}
"""States in which a late arrival is taken in; a withdrawn person's only when saved before."""

OVER = frozenset(
    {State.DIARY_STOPPED, State.COMPLETED, State.WITHDRAWN, State.SCREEN_FAILURE, State.DECEASED}
)
"""States after which no diary is asked for any more, whatever the last diary day."""

REMINDED = frozenset({State.ENROLLED})
"""States in which reminders go out."""


def move(state: State, by: Move) -> State:
    """Give the state that follows, or raise WrongState."""
    try:
        return TRANSITIONS[state, by]
    except KeyError:
        raise WrongState("not_in_this_state", state=state.value, move=by.value) from None
