"""A rougher world for the rehearsal: the service is away at times, answers get lost, phones double.

What cannot be delivered waits on the phone, in order, and is sent again as it was. The log kept
here is the phones' own: it says what was sent and acknowledged without asking the database.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.access import Actor
from app.domain.participant import Move
from app.domain.records import Kind, Op, Submission
from app.services import devices, diary, pairing
from app.services.devices import Browser
from app.services.diary import Outcome, Receipt
from app.services.ports import Mail
from app.simulation.behaviours import NAMESPACE, clock_ahead
from app.simulation.chance import dice
from app.simulation.events import Amend, Change, Event
from app.simulation.people import Person
from app.simulation.reminding import Nowhere
from app.simulation.world import World

LOST_ANSWERS = 0.1
SECOND_PHONES_EVERY, SECOND_DIARY_EVERY = 4, 5
"""Every fourth person has a second phone, and fills every fifth evening there once more."""


@dataclass
class Sending:
    """A submission in an outbox, and what became of it. `is_second`: on the second phone, too."""

    person: Person
    submission: Submission
    is_second: bool = False
    tries: int = 0
    receipt: Receipt | None = None
    acknowledged_at: datetime | None = None


class Recorder(Nowhere):
    """A mail server that keeps what it took over."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def send(self, mail: Mail) -> None:
        """Take a message over, or not."""
        super().send(mail)
        self.mails.append(mail)


@dataclass
class RoughWorld(World):
    """A world with outages (from, until), and its log: what phones sent, in order, what the site
    corrected, by record, and when people withdrew.
    """

    outages: Sequence[tuple[datetime, datetime]] = ()
    sendings: list[Sending] = field(default_factory=list)
    amended: dict[str, Amend] = field(default_factory=dict)
    withdrew_at: dict[int, datetime] = field(default_factory=dict)
    _outboxes: dict[int, list[Sending]] = field(default_factory=lambda: defaultdict(list))
    _seconds: dict[int, Actor] = field(default_factory=dict)

    def perform(self, person: Person, event: Event) -> None:
        """Do one thing, once the phones have sent what waited for the service."""
        if not self._is_away(event.at):
            self.empty_outboxes(event.at)
        super().perform(person, event)
        if isinstance(event.act, Amend):
            self.amended[event.act.record_id] = event.act
        elif isinstance(event.act, Change) and event.act.by is Move.WITHDRAW:
            self.withdrew_at[person.number] = event.at

    def submit(self, person: Person, submission: Submission, now: datetime) -> None:
        """Put a save into the outbox, and send it unless the service is away."""
        rows = [Sending(person, submission)]
        if self._has_second(person) and _is_doubled(submission):
            rows.append(Sending(person, _again(submission), is_second=True))
        self.sendings += rows
        self._outboxes[person.number] += rows
        if self._is_away(now):
            rows[0].tries += 1
        else:
            self._empty(person.number, now)

    def empty_outboxes(self, now: datetime) -> None:
        """Let every phone send what waits."""
        for number in [number for number, rows in self._outboxes.items() if rows]:
            self._empty(number, now)

    def _empty(self, number: int, now: datetime) -> None:
        rows = self._outboxes[number]
        while rows:
            self._send(rows[0], len(rows), now)
            if rows[0].acknowledged_at is not None:
                rows.pop(0)

    def _send(self, sending: Sending, waiting: int, now: datetime) -> None:
        """Send once; now and then the work is done and the answer gets lost."""
        sending.tries += 1
        person, submission = sending.person, sending.submission
        attempt = {
            "sent_at": now + clock_ahead(person),
            "attempt": sending.tries,
            "waiting": waiting,
        }
        actor = self._second(person, now) if sending.is_second else self.actor(person.number)
        with self.database.write() as session:
            receipt = diary.submit(
                session,
                deployment=self.deployment,
                actor=actor,
                submission=submission.model_copy(update=attempt),
                now=now,
            )
        if sending.receipt is None:
            sending.receipt = receipt
            if dice(person.seed, submission.submission_id).random() < LOST_ANSWERS:
                return
        elif receipt.outcome not in (Outcome.KNOWN, sending.receipt.outcome):
            raise ValueError("what was sent again was not recognised")
        sending.acknowledged_at = now

    def _is_away(self, now: datetime) -> bool:
        return any(from_at <= now < until_at for from_at, until_at in self.outages)

    def _has_second(self, person: Person) -> bool:
        return person.number % SECOND_PHONES_EVERY == 1

    def _second(self, person: Person, now: datetime) -> Actor:
        """The person on their second phone, paired with the first one when it is first used."""
        if person.number not in self._seconds:
            with self.database.write() as session:
                code = pairing.make_code(session, actor=self.actor(person.number), now=now)
            with self.database.write() as session:
                at = now + clock_ahead(person)
                browser = Browser(label="second simulated phone", sent_at=at)
                credential = pairing.pair(
                    session, typed=code, browser=browser, source="rehearsal", now=now
                )
            with self.database.read() as session:
                found = devices.find_enrolled(session, credential)
            if found is None:
                raise ValueError("a second phone was paired and is not known")
            self._seconds[person.number] = devices.actor_for(found[1], found[0])
        return self._seconds[person.number]


def _is_doubled(submission: Submission) -> bool:
    is_first = submission.kind is Kind.DIARY and submission.op is Op.CREATE
    return is_first and submission.saved_at.toordinal() % SECOND_DIARY_EVERY == 0


def _again(submission: Submission) -> Submission:
    """The same evening filled on another phone: other ids, a minute later."""
    later = {
        "submission_id": str(uuid.uuid5(NAMESPACE, f"second/{submission.submission_id}")),
        "record_id": str(uuid.uuid5(NAMESPACE, f"second/{submission.record_id}")),
        "saved_at": submission.saved_at + timedelta(seconds=1),
    }
    return submission.model_copy(update=later)
