"""What is known, at one moment, of the people whose messages are about to be sent.

Read in a fixed number of queries for a whole hand of messages. Nothing is decided or written here
but whether a message is wanted at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.diary_day import Spans
from app.domain.participant import REMINDED
from app.domain.reach import MESSAGES_AN_EVENING
from app.domain.schedule import Due, DueDay, Kind, Pause, ReminderState, is_quiet
from app.services.deployment import Deployment
from app.services.reach import Ways, ways_by_participant
from app.services.reminders.planning import day_of
from app.store import evenings, participants, records, reminders
from app.store.session import Session
from app.store.tables import Participant, Reminder

Stop = tuple[ReminderState, str]
"""How a message ends that is not to be sent, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The people of some reminders, by their keys; evenings by participant and diary day.

    `asides` are the submissions that wait for the site: whose, and when they were saved.
    """

    deployment: Deployment
    now: datetime
    people: Mapping[int, Participant]
    spans: Mapping[int, Spans]
    pauses: Mapping[int, Sequence[Pause]]
    ways: Mapping[int, Ways]
    evenings: Mapping[tuple[int, date], Sequence[Reminder]]
    saved: frozenset[tuple[int, date]]
    declined: frozenset[tuple[int, date]]
    asides: tuple[tuple[int, datetime], ...]

    def day(self, row: Reminder) -> DueDay:
        """The diary day of a reminder."""
        person = self.people[row.participant_id]
        return day_of(
            self.deployment, person, self.spans[person.id], self.pauses[person.id], row.diary_on
        )

    def others(self, row: Reminder) -> list[Reminder]:
        """The other reminders of the same evening, in order."""
        same = self.evenings.get((row.participant_id, row.diary_on), ())
        return [other for other in same if other.id != row.id]

    def stop(self, row: Reminder) -> Stop | None:
        """Say why a message is not to be sent, or None when it is. A test is, whatever the day."""
        person = self.people[row.participant_id]
        if row.kind == Kind.TEST:
            return (ReminderState.EXPIRED, "") if self.now >= row.useful_until_at else None
        if person.state not in REMINDED:
            return ReminderState.STOPPED, person.state
        if row.kind != Kind.NOTICE and (unwanted := self._unwanted(row)):
            return unwanted
        if self.now >= row.useful_until_at:
            return ReminderState.EXPIRED, ""
        quiet = self.deployment.study.quiet
        if is_quiet(self.now, person.tz, quiet.from_, quiet.until):
            return ReminderState.EXPIRED, "quiet"
        return None

    def _unwanted(self, row: Reminder) -> Stop | None:
        """Why nobody is to be asked for this evening's diary any more."""
        evening = (row.participant_id, row.diary_on)
        if evening in self.saved:
            return ReminderState.STOPPED, "saved"
        if evening in self.declined:
            return ReminderState.STOPPED, "declined"
        day = self.day(row)
        if day.due is not Due.DUE or day.window is None:
            return ReminderState.STOPPED, day.due.value
        opens_at = day.window.opens_at
        if any(who == row.participant_id and at >= opens_at for who, at in self.asides):
            return ReminderState.STOPPED, "set_aside"
        if self.now >= day.window.closes_at:
            return ReminderState.EXPIRED, ""
        if self.count_sent(row) >= MESSAGES_AN_EVENING:
            return ReminderState.STOPPED, "enough"
        return None

    def count_sent(self, row: Reminder) -> int:
        """How many messages of the evening went out before this one."""
        return sum(other.handed_over_at is not None for other in self.others(row))


def look(
    session: Session, deployment: Deployment, rows: Sequence[Reminder], now: datetime
) -> Situation:
    """Read what is known of the people whom some reminders are for."""
    ids = sorted({row.participant_id for row in rows})
    days = sorted({row.diary_on for row in rows})
    saved = records.list_records(session, ids, days[0], days[-1], "diary")
    asides = records.list_undecided(session, ids)
    return Situation(
        deployment=deployment,
        now=now,
        people=participants.by_id(session, ids),
        spans=reminders.spans_by_participant(session, ids),
        pauses=reminders.pauses_by_participant(session, ids),
        ways=ways_by_participant(session, deployment, ids),
        evenings=reminders.evenings_of(session, ids, days),
        saved=frozenset((record.participant_id, record.diary_on) for record in saved),
        asides=tuple((aside.participant_id, aside.saved_at) for aside in asides),
        declined=frozenset(evenings.declined_days(session, ids, days)),
    )
