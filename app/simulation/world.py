"""The simulated world: performs events through the services, in the order of the simulated clock.

Events are made by `behaviours`; what each becomes is the services' to decide. The rule kept: one
event is one transaction, and its instant is the verb's `now`.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from app.domain.access import Actor
from app.domain.records import Submission
from app.services import corrections, devices, diary, participants, pauses, sessions, standing
from app.services.corrections import Correction
from app.services.deployment import Deployment
from app.services.diary import Outcome
from app.services.participants import Enrolment
from app.services.ports import Mailer
from app.simulation.answers import Diarist
from app.simulation.behaviours import clock_ahead, life
from app.simulation.chance import dice
from app.simulation.events import (
    Amend,
    Change,
    Enrol,
    Event,
    Hold,
    Pause,
    Resume,
    Travel,
)
from app.simulation.memory import Phone
from app.simulation.mornings import Mornings
from app.simulation.people import Person
from app.simulation.reminding import Nowhere, Timetable
from app.store.session import Database, WriteSession


@dataclass
class World:
    """A running study with simulated people in it; `team` is who acts for the site.

    Reminders go out in the last part of its time, so long. `outcomes` counts what became of the
    submissions, with the reason of what was not saved.
    """

    database: Database
    deployment: Deployment
    site_id: str
    team: Actor
    phones: dict[int, Phone]
    reminded_for: timedelta = timedelta(0)
    mailer: Mailer = field(default_factory=Nowhere)
    outcomes: Counter[tuple[Outcome, str | None]] = field(default_factory=Counter)
    _actors: dict[int, Actor] = field(default_factory=dict)

    def play(
        self,
        people: Iterable[Person],
        since_at: datetime,
        until_at: datetime,
        *,
        handed_at: Mapping[int, datetime],
        done: Callable[[Event], object] = lambda event: None,
    ) -> None:
        """Let everybody live from one instant to another; `done` is told of each event after it.

        A person in `handed_at` no longer holds their phone from then on: only the site acts.
        """
        by_number = {person.number: person for person in people}
        timetable = Timetable(
            self.database,
            self.deployment,
            max(since_at, until_at - self.reminded_for),
            Mornings(self.database, self.deployment, self.team),
            self.mailer,
        )
        agenda = _Agenda(since_at, until_at, handed_at)
        for person in by_number.values():
            if person.number in self.phones:
                agenda.expect(life(self._diarist(person)))
            else:
                agenda.expect([_enrolment_of(person, since_at)])
        for event in agenda:
            timetable.run_until(event.at)
            self.perform(by_number[event.number], event)
            if isinstance(event.act, Enrol):
                agenda.expect(life(self._diarist(by_number[event.number])))
            done(event)
        timetable.run_until(until_at)

    def perform(self, person: Person, event: Event) -> None:
        """Do one thing through its verb, in a transaction of its own."""
        match event.act:
            case Enrol():
                self.phones[person.number] = self._enrol(person, event.at)
            case Submission() as submission:
                self.submit(person, submission, event.at)
            case Travel(tz):
                actor = self.actor(person.number)
                with self.database.write() as session:
                    participants.change_zone(
                        session, actor=actor, participant_id=id_of(actor), tz=tz, now=event.at
                    )
            case _:
                with self.database.write() as session:
                    self._act_as_site(session, self.phones[person.number].study_code, event)

    def _act_as_site(self, session: WriteSession, study_code: str, event: Event) -> None:
        team, now = self.team, event.at
        match event.act:
            case Hold(session_no, held_on):
                sessions.record_session(
                    session,
                    actor=team,
                    study_code=study_code,
                    session_no=session_no,
                    held_on=held_on,
                    now=now,
                )
            case Pause(from_on, reason):
                pauses.pause(
                    session,
                    actor=team,
                    study_code=study_code,
                    from_on=from_on,
                    reason=reason,
                    now=now,
                )
            case Resume(from_on, reason):
                pauses.resume(
                    session,
                    actor=team,
                    study_code=study_code,
                    from_on=from_on,
                    reason=reason,
                    now=now,
                )
            case Change(by, reason):
                participants.change_state(
                    session, actor=team, study_code=study_code, by=by, reason=reason, now=now
                )
            case Amend() as amend:
                corrections.correct(
                    session,
                    deployment=self.deployment,
                    actor=team,
                    base=(amend.record_id, amend.version),
                    correction=Correction(
                        payload=amend.payload, reason=amend.reason, source=amend.source
                    ),
                    now=now,
                )

    def submit(self, person: Person, submission: Submission, now: datetime) -> None:
        """Let the person's phone send a save."""
        with self.database.write() as session:
            receipt = diary.submit(
                session,
                deployment=self.deployment,
                actor=self.actor(person.number),
                submission=submission,
                now=now,
            )
        self.outcomes[receipt.outcome, receipt.reason] += 1

    def _enrol(self, person: Person, now: datetime) -> Phone:
        """Invite a person and set up their phone with a PIN that nobody will type again."""
        with self.database.write() as session:
            invited = participants.invite(
                session,
                deployment=self.deployment,
                actor=self.team,
                enrolment=_enrolment(person, self.site_id),
                now=now,
            )
            link = participants.issue_link(
                session,
                deployment=self.deployment,
                actor=self.team,
                study_code=invited.study_code,
                now=now,
            )
        pin = f"80{dice(person.seed, person.number, 'pin').randrange(10_000):04d}"
        with self.database.write() as session:
            enrolled = devices.join(
                session,
                token=link.rpartition("/")[2],
                pin=pin,
                label="simulated phone",
                sent_at=now + clock_ahead(person),
                now=now,
            )
        return Phone(study_code=invited.study_code, credential=enrolled.credential)

    def actor(self, number: int) -> Actor:
        """The person on their phone, found as the service finds them."""
        if number not in self._actors:
            with self.database.read() as session:
                found = devices.find_enrolled(session, self.phones[number].credential)
            if found is None:
                raise ValueError("a simulated phone is not known: make demo-reset starts over")
            self._actors[number] = devices.actor_for(found[1], found[0])
        return self._actors[number]

    def _diarist(self, person: Person) -> Diarist:
        with self.database.read() as session:
            held = standing.get_standing(session, id_of(self.actor(person.number)))
        return Diarist(person, self.deployment.study, held.medicines)


class _Agenda:
    """What is still to happen between two instants, in order; more may come while it is worked."""

    def __init__(
        self, since_at: datetime, until_at: datetime, handed_at: Mapping[int, datetime]
    ) -> None:
        self._since_at, self._until_at, self._handed_at = since_at, until_at, handed_at
        self._ties = count()
        self._queue: list[tuple[datetime, int, Event]] = []

    def expect(self, events: Iterable[Event]) -> None:
        """Take in those that lie in the time, and are not on a phone that was handed over."""
        for event in events:
            is_own = isinstance(event.act, Submission | Travel)
            is_new = event.at > self._since_at or isinstance(event.act, Enrol)
            until_at = self._handed_at.get(event.number, self._until_at)
            if is_new and event.at <= (until_at if is_own else self._until_at):
                heapq.heappush(self._queue, (event.at, next(self._ties), event))

    def __iter__(self) -> Iterator[Event]:
        while self._queue:
            yield heapq.heappop(self._queue)[2]


def _enrolment_of(person: Person, since_at: datetime) -> Event:
    """The day before the first diary day, or at once for somebody who comes later."""
    return Event(max(person.invited_at, since_at), person.number, Enrol())


def id_of(actor: Actor) -> int:
    """Give the key of the acting participant."""
    if actor.participant_id is None:
        raise ValueError("not a participant")
    return actor.participant_id


def _enrolment(person: Person, site_id: str) -> Enrolment:
    return Enrolment(
        site_id=site_id,
        language=person.language,
        tz=person.home,
        limb=person.limb,
        side=person.side,
        hand=person.hand,
        scale=person.scale,
        consent_on=person.first_diary_on - timedelta(days=1),
        consent_version="2.0",
        inclusion_on=person.inclusion_on,
        first_diary_on=person.first_diary_on,
        last_diary_on=person.last_diary_on,
        email=person.email,
        medicines=person.medicines,
    )
