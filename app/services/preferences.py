"""What participants set for themselves: the hand that holds the phone, the time of the reminder.

Language and time zone are verbs of `participants`; the look of a phone is the phone's own and is
not kept here.
"""

from datetime import datetime, time

from app.domain.access import Actor
from app.domain.errors import InvalidInput, NotFound
from app.domain.study import Study
from app.services.deployment import Deployment
from app.store import ledger, participants, reminders
from app.store.session import Session
from app.store.tables import Participant

HANDS = ("left", "centre", "right")
HALF_HOURS = (0, 30)


def reminder_times(study: Study) -> tuple[time, ...]:
    """The half hours from the opening of the window to midnight, for the first reminder."""
    every = (time(hour, minute) for hour in range(24) for minute in HALF_HOURS)
    return tuple(at for at in every if at >= study.window.opens)


def change_hand(session: Session, *, actor: Actor, hand: str, now: datetime) -> None:
    """Put the controls on another side; raises InvalidInput for a side that there is not."""
    if hand not in HANDS:
        raise InvalidInput("not_a_choice", field="hand", refused={"hand": hand})
    person = _own(session, actor)
    if person.hand == hand:
        return
    person.hand = hand
    _note(session, actor, person, ("participant.hand_changed", hand), now)


def change_reminder(
    session: Session, *, deployment: Deployment, actor: Actor, at: time | None, now: datetime
) -> None:
    """Set the local time of the first reminder; None leaves it to the study.

    Tonight's first one moves too, when it was not sent yet.
    """
    if at is not None and at not in reminder_times(deployment.study):
        raise InvalidInput("not_a_choice", field="reminder_at", refused={"at": at.isoformat()})
    person = _own(session, actor)
    if person.reminder_at == at:
        return
    person.reminder_at = at
    reminders.look_again(session, person.id, now)
    told = None if at is None else at.strftime("%H:%M")
    _note(session, actor, person, ("participant.reminder_changed", told), now)


def _own(session: Session, actor: Actor) -> Participant:
    if actor.participant_id is None:
        raise NotFound("not_found")
    return participants.lock_participant(session, actor.participant_id)


def _note(
    session: Session,
    actor: Actor,
    person: Participant,
    act: tuple[str, str | None],
    now: datetime,
) -> None:
    op, to = act
    ledger.queue_act(
        session,
        actor=actor,
        op=op,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"to": to},
    )
