"""Reminders: planned when the evening begins, sent at their minute while the entry is missing.

The table is the truth; a scheduler only asks, often enough, for what is due. Rules kept: a step of
an evening is planned once, whoever plans it; a message is in the hand of one scheduler at a time;
all that could make it unwanted is asked at the moment of taking it in hand. A process that dies can
repeat only what it had in hand, under the same key. Nothing here waits, and no transaction is open
while a message travels.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.domain.access import SYSTEM
from app.domain.diary_day import Spans, zone_named
from app.domain.errors import Unavailable
from app.domain.participant import REMINDED
from app.domain.schedule import (
    Course,
    Due,
    DueDay,
    Pause,
    ReminderState,
    ReminderTimes,
    due_day,
    is_test,
    reminders_due,
)
from app.services.deployment import Deployment
from app.services.participants import open_contact
from app.services.ports import ChannelAway, Mail, Mailer, NotDelivered, PassingFailure
from app.store import ledger, participants, records, reminders
from app.store.reminders import NewReminder
from app.store.session import Database, Session
from app.store.tables import Participant, Reminder

HEARTBEAT = "reminders"
EMAIL = "email"

TAKEN_TOGETHER = 1
"""Messages that a scheduler has in hand at once: as many could go out again after a kill.

One costs a commit a message, which mail is too slow to notice; a quicker channel may take more.
"""
LEASE = timedelta(minutes=5)
"""How long a message stays in a silent hand; longer than any conversation with a mail server."""
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(minutes=15)
PLANNED_TOGETHER = 500
"""Rows planned in one transaction, so that nobody's save waits behind a long one."""
SETTLING_TRIES = 5
"""How often a busy database is asked to note what was sent; each try waits for it by itself."""


@dataclass(frozen=True, kw_only=True)
class Courier:
    """What a scheduler works with. `worker` names it, and no other process bears that name."""

    database: Database
    deployment: Deployment
    mailer: Mailer
    worker: str
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to hand a message over: `failure` is None when it was taken."""

    reminder_id: str
    failure: NotDelivered | None


@dataclass(frozen=True, slots=True)
class Hand:
    """What was taken in hand; `examined` counts also what turned out not to be wanted."""

    examined: int
    mails: tuple[Mail, ...]


def run(courier: Courier, is_stopping: Callable[[], bool]) -> int:
    """Plan what this minute calls for, then send what is due; give how many were handed over."""
    plan_due(courier.database, courier.deployment, courier.clock())
    return deliver(courier, is_stopping)


def plan_due(database: Database, deployment: Deployment, now: datetime) -> int:
    """Plan the reminders of every evening that runs and has none yet; give how many are new."""
    with database.read() as session:
        planned = list_to_plan(session, deployment, now)
    added = 0
    for start in range(0, len(planned), PLANNED_TOGETHER):
        with database.write() as session:
            some = planned[start : start + PLANNED_TOGETHER]
            added += reminders.add_planned(session, some, now)
    return added


def list_to_plan(session: Session, deployment: Deployment, now: datetime) -> list[NewReminder]:
    """List the reminders of the evenings that run now, for participants who have none planned."""
    planned: list[NewReminder] = []
    for tz in reminders.list_zones_in_use(session):
        here = now.astimezone(zone_named(tz))
        if here.time() < deployment.study.window.opens:
            continue
        people = reminders.list_unplanned(session, tz, here.date())
        ids = [person.id for person in people]
        spans = reminders.spans_by_participant(session, ids)
        pauses = reminders.pauses_by_participant(session, ids)
        for person in people:
            day = _day(deployment, person, spans[person.id], pauses[person.id], here.date())
            planned += _evening(deployment, person, day)
    return planned


def _day(
    deployment: Deployment,
    person: Participant,
    spans: Spans,
    pauses: Sequence[Pause],
    diary_on: date,
) -> DueDay:
    course = Course(person.first_diary_on, person.last_diary_on, tuple(pauses), person.withdrawn_at)
    return due_day(diary_on, course, spans, deployment.study.window)


def _evening(deployment: Deployment, person: Participant, day: DueDay) -> Iterator[NewReminder]:
    """Plan one evening. A step is of use until the next one, so that none go out in a burst."""
    window, steps = day.window, deployment.study.reminders
    if day.due is not Due.DUE or window is None:
        return
    times = ReminderTimes(tuple(step.at for step in steps))
    due = reminders_due(window, times, person.reminder_at)
    useful_until = [*(later.due_at for later in due[1:]), window.closes_at]
    for planned, until_at in zip(due, useful_until, strict=True):
        code = steps[planned.step - 1].code
        yield NewReminder(person.id, day.diary_on, code, EMAIL, planned.due_at, until_at)


def deliver(courier: Courier, is_stopping: Callable[[], bool]) -> int:
    """Send what is due until nothing is left, the channel is away or the process is to stop."""
    attempts: list[Attempt] = []
    handed_over = 0
    while True:
        is_away = any(isinstance(attempt.failure, ChannelAway) for attempt in attempts)
        limit = 0 if is_away or is_stopping() else TAKEN_TOGETHER
        hand = _settle_and_take(courier, attempts, limit)
        handed_over += sum(attempt.failure is None for attempt in attempts)
        if not hand.examined:
            return handed_over
        attempts = [_attempt(courier.mailer, mail) for mail in hand.mails]


def _attempt(mailer: Mailer, mail: Mail) -> Attempt:
    try:
        mailer.send(mail)
    except NotDelivered as failure:
        return Attempt(mail.key, failure)
    return Attempt(mail.key, None)


def _settle_and_take(courier: Courier, attempts: Sequence[Attempt], limit: int) -> Hand:
    """In one transaction, note how the last messages fared and take the next ones in hand."""
    tries = SETTLING_TRIES if attempts else 1
    while True:
        tries -= 1
        try:
            with courier.database.write() as session:
                now = courier.clock()
                reminders.beat(session, HEARTBEAT, now)
                for attempt in attempts:
                    settle(session, attempt=attempt, worker=courier.worker, now=now)
                return take_in_hand(
                    session,
                    deployment=courier.deployment,
                    worker=courier.worker,
                    limit=limit,
                    now=now,
                )
        except Unavailable:
            if not tries:
                raise


def take_in_hand(
    session: Session, *, deployment: Deployment, worker: str, limit: int, now: datetime
) -> Hand:
    """Take up to `limit` ready reminders in hand; end those that nobody wants any more."""
    rows = reminders.list_ready(session, now, limit) if limit else []
    mails = []
    for row in rows:
        if row.state == ReminderState.IN_HAND:
            reminders.add_event(session, row.id, event="abandoned", now=now)
        person = participants.get_participant(session, row.participant_id)
        ended = _ended(session, deployment, person, row, now)
        address, fault = _address(session, deployment, person)
        if ended:
            _end(session, row, *ended, now)
        elif address is None:
            _end(session, row, ReminderState.FAILED, fault, now)
        else:
            row.state = ReminderState.IN_HAND.value
            row.claimed_by = worker
            row.ready_at = now + LEASE
            row.attempts += 1
            mails.append(_mail(deployment, person, row, address, now))
    session.flush()
    return Hand(len(rows), tuple(mails))


def _address(
    session: Session, deployment: Deployment, person: Participant
) -> tuple[str | None, str]:
    """Give the address, or None and why; one that cannot be read must not hold up the others."""
    try:
        return open_contact(session, deployment, person.id), "no_address"
    except ValueError:
        return None, "address_unreadable"


def _ended(
    session: Session, deployment: Deployment, person: Participant, row: Reminder, now: datetime
) -> tuple[ReminderState, str] | None:
    """Say why a reminder is not to be sent, or None when it is. A test is, whatever the day."""
    if is_test(row.step):
        return (ReminderState.EXPIRED, "") if now >= row.useful_until_at else None
    if person.state not in REMINDED:
        return ReminderState.STOPPED, person.state
    if records.find_diary(session, person.id, row.diary_on):
        return ReminderState.STOPPED, "saved"
    spans = participants.list_zones(session, person.id)
    pauses = reminders.pauses_by_participant(session, [person.id])[person.id]
    day = _day(deployment, person, spans, pauses, row.diary_on)
    if day.due is not Due.DUE or day.window is None:
        return ReminderState.STOPPED, day.due.value
    if now >= min(row.useful_until_at, day.window.closes_at):
        return ReminderState.EXPIRED, ""
    if all(step.code != row.step for step in deployment.study.reminders):
        return ReminderState.STOPPED, "step_dropped"
    return None


def _end(session: Session, row: Reminder, state: ReminderState, detail: str, now: datetime) -> None:
    row.state = state.value
    row.ready_at = row.claimed_by = None
    reminders.add_event(session, row.id, event=state.value, now=now, detail=detail)


def _mail(
    deployment: Deployment, person: Participant, row: Reminder, address: str, now: datetime
) -> Mail:
    """Write the message in the participant's language: no answer, no authority, no health word."""
    study, lang = deployment.study, person.language
    steps = {step.code: step for step in study.reminders}
    words = study.test_message if is_test(row.step) else steps[row.step]
    places = {
        "closes": study.wording["midnight"].in_(lang),
        "link": f"{deployment.base_url}/",
    }
    return Mail(
        key=row.id,
        to=address,
        sender_name=study.participant_name.in_(lang),
        subject=words.subject.in_(lang).format(**places),
        body=words.body.in_(lang).format(**places) + "\n",
        language=lang,
        at=now,
    )


def settle(session: Session, *, attempt: Attempt, worker: str, now: datetime) -> None:
    """Note how a message fared; the ledger says once per participant and day that one went out."""
    failure = attempt.failure
    row = reminders.find_in_hand(session, attempt.reminder_id, worker)
    if row is None:
        # Silent for longer than the lease: another scheduler has it, and its word counts.
        event = "overtaken" if failure is None else "overtaken_failed"
        reminders.add_event(session, attempt.reminder_id, event=event, now=now)
    elif failure is None:
        _note_in_ledger(session, row, now)
        _end(session, row, ReminderState.HANDED_OVER, "", now)
    elif isinstance(failure, PassingFailure):
        row.state = ReminderState.PLANNED.value
        row.claimed_by = None
        row.ready_at = now + min(FIRST_RETRY * 2 ** min(row.attempts - 1, 10), LONGEST_RETRY)
        reminders.add_event(session, row.id, event="put_off", now=now, detail=failure.code)
    else:
        _end(session, row, ReminderState.FAILED, failure.code, now)
    session.flush()


def _note_in_ledger(session: Session, row: Reminder, now: datetime) -> None:
    if is_test(row.step) or reminders.has_handed_over(session, row.participant_id, row.diary_on):
        return
    person = participants.get_participant(session, row.participant_id)
    ledger.queue_act(
        session,
        actor=SYSTEM,
        op="participant.reminded",
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"diary_on": row.diary_on.isoformat(), "channel": row.channel},
    )
