"""An evening beside its entry: opened, put off, declined; and what phones tell of their messages.

Rules kept: nothing is promised that cannot be kept. What is asked for later lies before the window
closes, outside the quiet hours, and within the messages of one evening; who said "not today" is
left in peace. A token of a message speaks for that message alone, and each thing it says counts
once; what it may not say is passed over in silence.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.domain.access import Actor
from app.domain.errors import InvalidInput, NotFound, WrongState
from app.domain.participant import REMINDED
from app.domain.reach import MESSAGES_AN_EVENING, Channel
from app.domain.schedule import EVENING, Kind, ReminderState, is_quiet
from app.services import reach, today
from app.services.deployment import Deployment
from app.services.today import Stage, Today
from app.services.tokens import token_hash
from app.store import evenings, ledger, participants, reminders
from app.store.evenings import Fact
from app.store.reminders import NewReminder
from app.store.session import Session
from app.store.tables import Participant, Reminder

MINUTES = (30, 60)
"""How much later a message may be asked for."""

SNOOZES = {f"snooze_{minutes}": minutes for minutes in MINUTES}
DELIVERED, TAPPED, SNOOZED = "delivered", "tapped", "snoozed"


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be asked of this evening: minutes to be written to in, whether it may be declined.

    `again_at` is when a message that was asked for comes; `is_declined` whether none does.
    """

    minutes: tuple[int, ...] = ()
    may_decline: bool = False
    again_at: datetime | None = None
    is_declined: bool = False


@dataclass(frozen=True, slots=True)
class _Evening:
    """One evening of one participant, with what was written to them so far."""

    deployment: Deployment
    person: Participant
    seen: Today
    rows: tuple[Reminder, ...]
    channel: Channel
    is_declined: bool
    now: datetime

    @property
    def is_open(self) -> bool:
        """Whether the diary is still to be filled in, before its window closes."""
        return self.seen.stage is Stage.OPEN

    @property
    def asked(self) -> list[Reminder]:
        """What was asked for and is still to come."""
        planned = ReminderState.PLANNED
        return [row for row in self.rows if row.kind == Kind.SNOOZE and row.state == planned]

    def refusal(self, minutes: int) -> str | None:
        """Say by its code why no message can come in so many minutes; None when one can."""
        due_at, window = self.now + timedelta(minutes=minutes), self.seen.window
        quiet = self.deployment.study.quiet
        sent = sum(row.handed_over_at is not None or _is_in_hand(row) for row in self.rows)
        if not self.is_open or window is None or self.person.state not in REMINDED:
            return "nothing_to_put_off"
        if self.is_declined:
            return "evening_declined"
        if due_at >= window.closes_at or is_quiet(due_at, self.person.tz, quiet.from_, quiet.until):
            return "snooze_too_late"
        if sent >= MESSAGES_AN_EVENING:
            return "messages_enough"
        return "no_address" if self.channel is Channel.CALL else None

    def snoozed(self, due_at: datetime) -> NewReminder:
        """Plan the message that comes then; it is of use until the next one, or the end."""
        ends = [self.seen.window.closes_at] if self.seen.window else []
        planned = (row.due_at for row in self.rows if row.state == ReminderState.PLANNED)
        number = sum(row.kind == Kind.SNOOZE for row in self.rows) + 1
        return NewReminder(
            participant_id=self.person.id,
            diary_on=self.seen.diary_on,
            kind=Kind.SNOOZE,
            step=f"snooze-{number}",
            channel=self.channel,
            due_at=due_at,
            useful_until_at=min([*ends, *(at for at in planned if at > due_at)]),
        )


def _is_in_hand(row: Reminder) -> bool:
    return row.state == ReminderState.IN_HAND


def find_choices(
    session: Session, *, deployment: Deployment, person: Participant, seen: Today, now: datetime
) -> Choices:
    """Give what can be asked of the evening that was looked at; nothing once it is over."""
    if seen.stage is not Stage.OPEN:
        return Choices()
    evening = _evening(session, deployment, person, seen, now)
    if evening.is_declined:
        return Choices(is_declined=True)
    return Choices(
        minutes=tuple(minutes for minutes in MINUTES if evening.refusal(minutes) is None),
        may_decline=True,
        again_at=max((row.due_at for row in evening.asked), default=None),
    )


def note_opened(session: Session, *, deployment: Deployment, actor: Actor, now: datetime) -> None:
    """Note that the diary was looked at while it can be filled in."""
    person = participants.get_participant(session, _own(actor))
    _note_fact(session, deployment, person, "opened_at", now)


def note_fault(session: Session, *, deployment: Deployment, actor: Actor, now: datetime) -> None:
    """Note that what a phone sent while the diary was open could not be taken as it was."""
    person = participants.get_participant(session, _own(actor))
    _note_fact(session, deployment, person, "fault_at", now)


def _note_fact(
    session: Session, deployment: Deployment, person: Participant, fact: Fact, now: datetime
) -> None:
    seen = today.look(session, deployment=deployment, person=person, now=now)
    if seen.stage in (Stage.OPEN, Stage.LATE):
        evenings.note(session, person.id, seen.diary_on, fact=fact, now=now)


def decline(session: Session, *, deployment: Deployment, actor: Actor, now: datetime) -> None:
    """Leave this evening out: no more messages. Saving the diary all the same undoes it.

    Raises WrongState when nothing is asked for now.
    """
    person = participants.lock_participant(session, _own(actor))
    seen = today.look(session, deployment=deployment, person=person, now=now)
    evening = _evening(session, deployment, person, seen, now)
    if not evening.is_open:
        raise WrongState("nothing_to_put_off", field="evening")
    if evening.is_declined:
        return
    on = seen.diary_on
    evenings.note(session, person.id, on, fact="declined_at", now=now)
    evenings.stop_planned(session, person.id, on, before_at=None, detail="declined", now=now)
    _note_act(session, actor, evening, "participant.evening_declined", {})


def snooze(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    minutes: int,
    now: datetime,
    diary_on: date | None = None,
) -> datetime:
    """Ask for a message in so many minutes, in place of those before it; give when it is due.

    `diary_on` is the evening that is meant, when it is not just the present one. Raises WrongState
    when nothing is asked for now (`nothing_to_put_off`), after "not today" (`evening_declined`),
    when it would come too late (`snooze_too_late`), when the evening has had all its messages
    (`messages_enough`), and when no way is known (`no_address`).
    """
    if minutes not in MINUTES:
        raise InvalidInput("not_a_choice", field="evening", refused={"minutes": minutes})
    person = participants.lock_participant(session, _own(actor))
    seen = today.look(session, deployment=deployment, person=person, now=now)
    evening = _evening(session, deployment, person, seen, now)
    code = evening.refusal(minutes)
    if diary_on not in (None, seen.diary_on):
        code = "nothing_to_put_off"
    if code is not None:
        raise WrongState(code, field="evening", number=MESSAGES_AN_EVENING)
    due_at, on = now + timedelta(minutes=minutes), seen.diary_on
    planned = evening.snoozed(due_at)
    evenings.stop_planned(session, person.id, on, before_at=due_at, detail="snoozed", now=now)
    reminders.add_planned(session, [planned], now)
    _note_act(session, actor, evening, "participant.reminder_snoozed", {"minutes": minutes})
    return due_at


def note_receipt(
    session: Session, *, deployment: Deployment, token: str, what: str, now: datetime
) -> None:
    """Take what a phone tells of a message by the token that the message carried.

    `what` is `delivered`, `tapped`, or one of SNOOZES; anything else, an unknown token and what
    was said before change nothing.
    """
    digest = token_hash(token)
    owner = evenings.find_owner(session, digest)
    if owner is None:
        return
    if what in SNOOZES:
        participants.lock_participant(session, owner)
    row = reminders.find_by_receipt(session, digest)
    if row is None:
        return
    if what == DELIVERED:
        _note_arrival(session, row, now)
    elif what == TAPPED:
        _note_tap(session, row, now)
    elif what in SNOOZES and row.kind in EVENING and not _was_snoozed(session, row):
        _note_arrival(session, row, now)
        _snooze_by(session, deployment, row, SNOOZES[what], now)


def note_tap(session: Session, *, reminder_id: str, now: datetime) -> None:
    """Note that the link in a message was opened, once; whoever opens it gets no right by it."""
    row = reminders.find_reminder(session, reminder_id)
    if row is not None:
        _note_tap(session, row, now)


def _note_arrival(session: Session, row: Reminder, now: datetime) -> None:
    if row.delivered_at is None:
        row.delivered_at = now
        reminders.add_event(session, row.id, event=DELIVERED, now=now)


def _note_tap(session: Session, row: Reminder, now: datetime) -> None:
    """A message that was touched has arrived, whatever became of its receipt."""
    _note_arrival(session, row, now)
    if row.tapped_at is None:
        row.tapped_at = now
        reminders.add_event(session, row.id, event=TAPPED, now=now)


def _was_snoozed(session: Session, row: Reminder) -> bool:
    return any(event.event == SNOOZED for event in reminders.list_events(session, row.id))


def _snooze_by(
    session: Session, deployment: Deployment, row: Reminder, minutes: int, now: datetime
) -> None:
    """Put an evening off from its message; what cannot be put off leaves no more than a note."""
    person = participants.get_participant(session, row.participant_id)
    actor = Actor(kind="participant", id=person.study_code, participant_id=person.id)
    detail = str(minutes)
    try:
        snooze(
            session,
            deployment=deployment,
            actor=actor,
            minutes=minutes,
            now=now,
            diary_on=row.diary_on,
        )
    except WrongState as refused:
        detail = refused.code
    reminders.add_event(session, row.id, event=SNOOZED, now=now, detail=detail)


def _own(actor: Actor) -> int:
    if actor.participant_id is None:
        raise NotFound("not_found")
    return actor.participant_id


def _evening(
    session: Session, deployment: Deployment, person: Participant, seen: Today, now: datetime
) -> _Evening:
    rows = tuple(reminders.list_evening(session, person.id, seen.diary_on))
    ways = reach.ways_of(session, deployment, person.id)
    known = evenings.find_evening(session, person.id, seen.diary_on)
    return _Evening(
        deployment=deployment,
        person=person,
        seen=seen,
        rows=rows,
        channel=reach.next_channel(ways, rows, now),
        is_declined=known is not None and known.declined_at is not None,
        now=now,
    )


def _note_act(
    session: Session, actor: Actor, evening: _Evening, op: str, details: dict[str, Any]
) -> None:
    ledger.queue_act(
        session,
        actor=actor,
        op=op,
        now=evening.now,
        site=evening.person.site_id,
        study_code=evening.person.study_code,
        details={"diary_on": evening.seen.diary_on.isoformat(), **details},
    )
