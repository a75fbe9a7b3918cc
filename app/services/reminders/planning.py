"""Planning: the messages of every evening and day that runs now, written down once.

The table is the truth; a scheduler only asks, often enough, for what is missing in it. The rule
kept: a step of an evening is planned once, whoever plans it and however often.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from app.domain.diary_day import ONE_DAY, Spans, local_instant, zone_named
from app.domain.reach import ORDER, Channel
from app.domain.schedule import (
    Course,
    Due,
    DueDay,
    Kind,
    Pause,
    Planned,
    ReminderTimes,
    due_day,
    reminders_due,
)
from app.domain.study import Study
from app.services.deployment import Deployment
from app.services.reach import Ways, ways_by_participant
from app.store import reminders
from app.store.reminders import NewReminder
from app.store.session import Database, Session
from app.store.tables import Participant

HEARTBEAT = "reminders"
PEOPLE_TOGETHER = 200
"""People planned for in one transaction, so that nobody's save waits behind a long one."""
SESSION_DAY, OPENING = "session-day", "opens-tomorrow"
"""The notices of the day, by the names of their steps."""
NOTICE_LASTS = timedelta(hours=1)
"""How long a notice of the day is worth sending after its time."""


def plan_due(database: Database, deployment: Deployment, now: datetime) -> int:
    """Plan the messages of everybody whose evening or day has none yet; give how many are new.

    So many people at a time, and by the order of their keys, so that neither memory nor anybody's
    save waits for a large study.
    """
    with database.read() as session:
        zones = reminders.list_zones_in_use(session)
    added = 0
    for tz in zones:
        asked = Asked(tz, 0, now)
        if asked.here.time() >= deployment.study.window.opens:
            added += _plan(database, deployment, asked, evenings_to_plan)
        if any(notices_now(deployment.study, asked)):
            added += _plan(database, deployment, asked, notices_to_plan)
    with database.write() as session:
        reminders.beat(session, HEARTBEAT, now)
    return added


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose messages are asked for: participants in a zone, with keys after this one."""

    tz: str
    after: int
    now: datetime

    @property
    def here(self) -> datetime:
        """What the clocks of the zone show."""
        return self.now.astimezone(zone_named(self.tz))


@dataclass(frozen=True, slots=True)
class Page:
    """What is to be planned for some participants; `last_id` is None when there are no more."""

    planned: Sequence[NewReminder] = ()
    last_id: int | None = None


Listing = Callable[[Session, Deployment, Asked], Page]


def _plan(database: Database, deployment: Deployment, asked: Asked, listing: Listing) -> int:
    """Plan what a listing gives, page by page; give how many are new."""
    added, after = 0, asked.after
    while True:
        with database.read() as session:
            page = listing(session, deployment, replace(asked, after=after))
        if page.planned:
            with database.write() as session:
                added += reminders.add_planned(session, page.planned, asked.now)
        if page.last_id is None:
            return added
        after = page.last_id


def evenings_to_plan(session: Session, deployment: Deployment, asked: Asked) -> Page:
    """List the reminders of the evening that runs now, for participants who have none planned."""
    on = asked.here.date()
    people = reminders.list_unplanned(
        session, asked.tz, on, after=asked.after, limit=PEOPLE_TOGETHER
    )
    ids = [person.id for person in people]
    spans = reminders.spans_by_participant(session, ids)
    pauses = reminders.pauses_by_participant(session, ids)
    ways = ways_by_participant(session, deployment, ids)
    planned = [
        new
        for person in people
        for new in _evening(
            deployment.study,
            person,
            day_of(deployment, person, spans[person.id], pauses[person.id], on),
            ways[person.id],
        )
    ]
    return Page(planned, ids[-1] if len(ids) == PEOPLE_TOGETHER else None)


def notices_now(study: Study, asked: Asked) -> Iterator[tuple[str, datetime]]:
    """The notices whose hour it is in a zone: their names, and when they were due."""
    messages, on = study.day_messages, asked.here.date()
    for step, at in ((SESSION_DAY, messages.session_day.at), (OPENING, messages.opens_tomorrow.at)):
        due_at = local_instant(on, at, asked.tz)
        if due_at <= asked.now < due_at + NOTICE_LASTS:
            yield step, due_at


def notices_to_plan(session: Session, deployment: Deployment, asked: Asked) -> Page:
    """List the notices of the day that are due now and not planned: a session, an opening."""
    on = asked.here.date()
    wanted = {
        SESSION_DAY: reminders.has_session_on(on),
        OPENING: reminders.opens_on(on + ONE_DAY),
    }
    planned: list[NewReminder] = []
    for step, due_at in notices_now(deployment.study, asked):
        ids = reminders.list_unnoticed(session, asked.tz, on, step, wanted[step])
        ways, until_at = ways_by_participant(session, deployment, ids), due_at + NOTICE_LASTS
        for id_ in ids:
            first = first_channel(ways[id_])
            planned.append(NewReminder(id_, on, Kind.NOTICE, step, first, due_at, until_at))
    return Page(planned)


def first_channel(ways: Ways) -> Channel:
    """The way that is tried first."""
    return next((channel for channel in ORDER if channel in ways.channels), Channel.CALL)


def day_of(
    deployment: Deployment,
    person: Participant,
    spans: Spans,
    pauses: Sequence[Pause],
    diary_on: date,
) -> DueDay:
    """Say whether a diary of this person is due on a date."""
    course = Course(person.first_diary_on, person.last_diary_on, tuple(pauses), person.withdrawn_at)
    return due_day(diary_on, course, spans, deployment.study.window)


def steps_of(study: Study, day: DueDay, own_first: time | None) -> dict[str, Planned]:
    """The instants of an evening's reminders by the code of their step; none when none is due."""
    if day.due is not Due.DUE or day.window is None:
        return {}
    times = ReminderTimes(tuple(step.at for step in study.reminders))
    due = reminders_due(day.window, times, own_first)
    return {study.reminders[planned.step - 1].code: planned for planned in due}


def _evening(study: Study, person: Participant, day: DueDay, ways: Ways) -> Iterator[NewReminder]:
    """Plan one evening. A step is of use until the next one, so that none go out in a burst."""
    steps = steps_of(study, day, person.reminder_at)
    if day.window is None or not steps:
        return
    first, due = first_channel(ways), list(steps.values())
    useful_until = [*(later.due_at for later in due[1:]), day.window.closes_at]
    for (code, planned), until_at in zip(steps.items(), useful_until, strict=True):
        yield NewReminder(
            person.id, day.diary_on, Kind.DIARY, code, first, planned.due_at, until_at
        )
