"""Writers that race, fail and try again; readers that follow: nothing is lost or doubled.

Sixteen writers save doses for four participants of two sites, and a third of their transactions are
rolled back at the last moment. Meanwhile two pullers read on from their cursors, one of them scoped
to a site. What was committed is what was delivered, and every stream is a whole chain.
"""

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

from app.domain.access import SYSTEM, Actor, Grant, Role
from app.domain.errors import Unavailable
from app.domain.ledger import ACTS, Chain, data_stream
from app.domain.participant import State
from app.domain.records import Submission, read_submission
from app.services import diary, participants, sites, verification
from app.services.deployment import Deployment
from app.store import feed
from app.store.participants import list_medicines
from app.store.session import Database
from tests.effort import effort
from tests.factories import enrolment, submission
from tests.people import ENROLLED_AT, NOW, settings_for

WRITERS = 16
SAVES = effort(20, 136)
TRIES = 20
SITES = ("lyon", "lille")


class Undone(Exception):
    """A transaction that fails when its work is done."""


@dataclass(frozen=True)
class Pen:
    """What one writer writes with: the study, a participant's phone and a medicine of the list."""

    deployment: Deployment
    actor: Actor
    site: str
    snapshot: dict[str, object]

    def dose(self, at: datetime) -> dict[str, object]:
        """A dose as the phone sends it."""
        payload = {
            "medicine": self.snapshot,
            "units": 1.0,
            "taken_on": at.date().isoformat(),
            "taken_part": "evening",
        }
        return submission(self.deployment.study, payload, saved_at=at, kind="dose")


@dataclass
class Puller:
    """A reader of some streams: where it stands, and the records that it was given."""

    streams: tuple[str, ...]
    cursor: int = 0
    delivered: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chains = {stream: Chain(stream) for stream in self.streams}

    def follow(self, database: Database, finished: Event) -> None:
        """Read on until the writers have finished and nothing is left."""
        was_finished = False
        while self._read(database) or not was_finished:
            was_finished = finished.wait(timeout=0.002)

    def _read(self, database: Database) -> int:
        with database.read() as session:
            rows = feed.list_changes(session, self.streams, self.cursor, 25)
        for row in rows:
            body = json.loads(row.body)
            assert row.seq > self.cursor
            self.chains[body["stream"]].follow(body["no"], row.body, row.prev_hash, row.hash)
            self.cursor = row.seq
            if body["stream"] != ACTS:
                self.delivered.append(body["record_id"])
        return len(rows)


def hire(database: Database) -> list[Pen]:
    """Two enrolled participants at each of two sites."""
    deployment = Deployment.of(settings_for(str(database.url)))
    pens = []
    with database.write() as session:
        for site in SITES:
            new = sites.NewSite(site, site, site, "04 72 00 00 00", "9–17")
            sites.add_site(session, actor=SYSTEM, new=new, now=ENROLLED_AT)
            team = Actor("staff", "team", grants=frozenset({Grant(Role.COORDINATOR, site)}))
            for _ in range(2):
                person = participants.invite(
                    session,
                    deployment=deployment,
                    actor=team,
                    enrolment=enrolment(site),
                    now=ENROLLED_AT,
                )
                person.state, person.enrolled_at = State.ENROLLED, ENROLLED_AT
                listed = list_medicines(session, person.id)[-1]
                actor = Actor("participant", person.study_code, participant_id=person.id)
                pens.append(Pen(deployment, actor, site, json.loads(listed.snapshot)))
    return pens


def write(database: Database, pen: Pen, seed: int) -> list[str]:
    """Save doses one after the other; give the records whose transaction was committed."""
    chance = random.Random(seed)
    committed = []
    for number in range(SAVES):
        at = NOW + timedelta(seconds=number)
        sent = read_submission(pen.dose(at))
        is_doomed = chance.random() < 1 / 3
        tries = (_save(database, pen, sent, at, is_doomed=is_doomed) for _ in range(TRIES))
        assert any(tries), "the database stayed busy"
        if not is_doomed:
            committed.append(sent.record_id)
    return committed


def _save(database: Database, pen: Pen, sent: Submission, at: datetime, *, is_doomed: bool) -> bool:
    """Try one transaction; False when the database was too busy, as a phone would be told."""
    try:
        with database.write() as session:
            receipt = diary.submit(
                session, deployment=pen.deployment, actor=pen.actor, submission=sent, now=at
            )
            assert receipt.outcome is diary.Outcome.SAVED
            if is_doomed:
                raise Undone
    except Undone:
        return True
    except Unavailable:
        return False
    return True


def test_what_was_committed_is_what_is_delivered(database: Database) -> None:
    pens = hire(database)
    everything = Puller((*map(data_stream, SITES), ACTS))
    one_site = Puller((data_stream("lyon"),))
    finished = Event()

    with ThreadPoolExecutor(WRITERS + 2) as pool:
        following = [
            pool.submit(puller.follow, database, finished) for puller in (everything, one_site)
        ]
        writing = [
            pool.submit(write, database, pens[number % len(pens)], number)
            for number in range(WRITERS)
        ]
        try:
            written = [writer.result() for writer in writing]
        finally:
            finished.set()
        for puller in following:
            puller.result()

    committed = {site: Counter[str]() for site in SITES}
    for number, records in enumerate(written):
        committed[pens[number % len(pens)].site].update(records)
    assert Counter(everything.delivered) == committed["lyon"] + committed["lille"]
    assert Counter(one_site.delivered) == committed["lyon"]
    assert 0.5 * WRITERS * SAVES < len(everything.delivered) < 0.8 * WRITERS * SAVES

    with database.read() as session:
        report = verification.verify(session)
    assert report.fault is None
    assert {head.stream: (head.no, head.hash) for head in report.heads} == {
        stream: (chain.no, chain.head) for stream, chain in everything.chains.items()
    }
