"""What a rehearsal must end with, reckoned from the simulation's own log and not from the database.

Each check gives what does not hold, in words; nothing means that it holds. The feed is pulled as a
trial database pulls it: page by page from the start, every chain followed, every payload checked.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from app.domain.access import Actor
from app.domain.cursor import START
from app.domain.diary_day import DiaryWindow, windows_between
from app.domain.ledger import Chain, check_payload
from app.domain.records import AnswerStatus, Kind, Op
from app.services import feed
from app.services.diary import Outcome
from app.services.ports import Mail
from app.simulation.behaviours import clock_ahead, pauses
from app.simulation.people import Person
from app.simulation.rough import RoughWorld, Sending
from app.store.session import Database

PAGE = 500
MESSAGES_AN_EVENING = 3

Version = tuple[str, int]
"""A record and the number of its version."""


@dataclass(frozen=True, slots=True)
class Adherence:
    """Closed diary days on which an entry was owed, and those with an average pain."""

    answered: int
    due: int

    @property
    def pct(self) -> float | None:
        """The share answered; None when nothing was owed."""
        return 100 * self.answered / self.due if self.due else None


@dataclass
class Feed:
    """What the trial database was given: how often each version, by whether the site made it."""

    changes: int = 0
    from_phones: Counter[Version] = field(default_factory=Counter)
    from_site: Counter[Version] = field(default_factory=Counter)


def pull(database: Database, key: Actor) -> Feed:
    """Pull everything; BrokenChain when a chain does not hold, ValueError for a false payload."""
    pulled, cursor, chains = Feed(), START, dict[str, Chain]()
    while True:
        with database.read() as session:
            page = feed.read_changes(session, actor=key, after=cursor, limit=PAGE)
        for row in page.rows:
            body = json.loads(row.body)
            chain = chains.setdefault(body["stream"], Chain(body["stream"]))
            chain.follow(body["no"], row.body, row.prev_hash, row.hash)
            if row.payload is not None and not check_payload(body, json.loads(row.payload)):
                raise ValueError(f"{body['record_id']} is not what was sealed")
            is_own = body["actor"]["id"] == body["study_code"]
            given = pulled.from_phones if is_own else pulled.from_site
            given[body["record_id"], body["version"]] += 1
        pulled.changes += len(page.rows)
        cursor = page.end
        if not page.has_more:
            return pulled


def unacknowledged(world: RoughWorld) -> Iterator[str]:
    """What a phone still holds."""
    for sending in world.sendings:
        if sending.acknowledged_at is None:
            yield f"{_name(world, sending.person)}: {_id(sending)} was never acknowledged"


def lost_or_doubled(world: RoughWorld, pulled: Feed) -> Iterator[str]:
    """Saved versions that the feed does not give exactly once, and those that nobody saved."""
    saved = Counter(_version(sending) for sending in world.sendings if _is_saved(sending))
    for version in saved | pulled.from_phones:
        if (saved[version], pulled.from_phones[version]) != (1, 1):
            times = pulled.from_phones[version]
            yield f"{version[0]} version {version[1]}: sent {saved[version]}, in the feed {times}"
    amended = Counter((act.record_id, act.version + 1) for act in world.amended.values())
    if amended != pulled.from_site:
        yield f"{amended.total()} corrections by the site, {pulled.from_site.total()} in the feed"


def unexplained(world: RoughWorld) -> Iterator[str]:
    """A second evening that was not set aside, and what was set aside without a reason."""
    for sending in world.sendings:
        receipt = sending.receipt
        if receipt is None or (receipt.outcome is not Outcome.SAVED and not receipt.reason):
            yield f"{_name(world, sending.person)}: {_id(sending)} was kept back without a reason"
        elif (
            sending.is_second
            and receipt.reason != "second_diary"
            and _first_is_saved(world, sending)
        ):
            yield f"{_name(world, sending.person)}: {_id(sending)} is a second entry of its day"


def expected_adherence(world: RoughWorld, person: Person, now: datetime) -> Adherence:
    """A person's adherence from what their phones sent and the windows of their own zones.

    Who withdrew owes nothing from then on; who was lost still does, to the end.
    """
    withdrew_at = world.withdrew_at.get(person.number)
    paused = pauses(person)
    answered = _answered(world, person)
    due = [
        window
        for window in _windows(world, person)
        if window.grace_at <= now
        and not any(first_on <= window.diary_on < until_on for first_on, until_on, _ in paused)
        and (withdrew_at is None or withdrew_at >= window.closes_at)
    ]
    return Adherence(sum(window.diary_on in answered for window in due), len(due))


def misdirected(world: RoughWorld, mails: Sequence[Mail]) -> Iterator[str]:
    """Evenings with more messages than three, and messages after the entry was in."""
    people = {sending.person.email: sending.person for sending in world.sendings}
    by_address: defaultdict[str, list[datetime]] = defaultdict(list)
    for mail in mails:
        by_address[mail.to].append(mail.at)
    for address, person in people.items():
        in_at = _received(world, person)
        for window in _windows(world, person):
            sent = [
                at
                for at in by_address[address or ""]
                if window.opens_at <= at < window.save_until_at
            ]
            if len(sent) > MESSAGES_AN_EVENING:
                yield f"{_name(world, person)}, {window.diary_on}: {len(sent)} messages"
            entry_at = in_at.get(window.diary_on)
            if entry_at is not None and any(at > entry_at for at in sent):
                yield f"{_name(world, person)}, {window.diary_on}: reminded after the entry"


def _windows(world: RoughWorld, person: Person) -> tuple[DiaryWindow, ...]:
    first_on, last_on = person.first_diary_on, person.last_diary_on
    return windows_between(first_on, last_on, person.spans, world.deployment.study.window)


def _day_of(world: RoughWorld, sending: Sending) -> date | None:
    """The diary day of an entry, by the true time at which it was saved."""
    saved_at = sending.submission.saved_at - clock_ahead(sending.person)
    for window in _windows(world, sending.person):
        if window.opens_at <= saved_at < window.save_until_at:
            return window.diary_on
    return None


def _diaries(world: RoughWorld, person: Person) -> Iterator[Sending]:
    for sending in world.sendings:
        is_own = sending.person.number == person.number and not sending.is_second
        if is_own and sending.submission.kind is Kind.DIARY and _is_saved(sending):
            yield sending


def _answered(world: RoughWorld, person: Person) -> set[date]:
    """The days whose entry has an average pain as it stands after all corrections."""
    days: dict[str, date | None] = {}
    scores: dict[str, bool] = {}
    for sending in _diaries(world, person):
        submission = sending.submission
        if submission.op is Op.CREATE:
            days[submission.record_id] = _day_of(world, sending)
        said = (submission.payload or {})["scores"]["pain_average"]["status"]
        scores[submission.record_id] = said == AnswerStatus.ANSWERED
    for record_id, act in world.amended.items():
        if record_id in scores:
            said = act.payload.scores["pain_average"].status
            scores[record_id] = said is AnswerStatus.ANSWERED
    return {day for record_id, day in days.items() if day is not None and scores[record_id]}


def _received(world: RoughWorld, person: Person) -> dict[date, datetime]:
    """When the first entry of each day was acknowledged."""
    return {
        day: sending.acknowledged_at
        for sending in _diaries(world, person)
        if sending.submission.op is Op.CREATE
        and (day := _day_of(world, sending)) is not None
        and sending.acknowledged_at is not None
    }


def _first_is_saved(world: RoughWorld, second: Sending) -> bool:
    day = _day_of(world, second)
    return any(_day_of(world, first) == day for first in _diaries(world, second.person))


def _is_saved(sending: Sending) -> bool:
    return sending.receipt is not None and sending.receipt.outcome is Outcome.SAVED


def _version(sending: Sending) -> Version:
    version = sending.receipt.version if sending.receipt is not None else None
    return sending.submission.record_id, version or 0


def _name(world: RoughWorld, person: Person) -> str:
    return world.phones[person.number].study_code


def _id(sending: Sending) -> str:
    return f"{sending.submission.kind.value} {sending.submission.submission_id}"
