"""Writers and pullers by HTTP on a server that is killed: each change is delivered exactly once.

Sixteen phones log doses and send each one until it is acknowledged; some of what they send is
refused when its work is half done. Two pullers read on, one change at a time and five hundred. The
server is killed with −9 in between and started again.
"""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import httpx2 as httpx
import pytest

from app.domain.access import SYSTEM
from app.domain.ledger import Chain, check_payload
from app.routers.deps import utc_now
from app.services import keys, sites, verification
from app.services.deployment import Deployment
from app.store.participants import get_by_code, list_medicines
from app.store.session import Database
from tests import factories
from tests.effort import effort
from tests.engines import Engine, migrate
from tests.people import settings_for
from tests.present import enrol
from tests.server_process import server_process
from tests.servers import free_address

WRITERS = 16
DOSES = effort(4, 60)
KILLS = effort(2, 12)
REFUSED = 1 / 3
PATIENCE_S = 0.05
"""How long somebody waits before asking a server again that is not there."""


@dataclass
class Puller:
    """A client of the feed: where it stands, and the records that it was given, in order."""

    address: str
    key: str
    limit: int
    cursor: str = "0"
    delivered: list[str] = field(default_factory=list)
    chain: Chain = field(default_factory=lambda: Chain("data/lyon"))

    def follow(self, finished: Event) -> None:
        """Read on until the writers have finished and nothing is left."""
        headers = {"Authorization": f"Bearer {self.key}"}
        with httpx.Client(base_url=self.address, headers=headers, timeout=10) as client:
            was_finished = False
            while self._read(client) or not was_finished:
                was_finished = finished.wait(timeout=PATIENCE_S)

    def _read(self, client: httpx.Client) -> bool:
        """Take one page; whether there may be more."""
        query: dict[str, Any] = {"after": self.cursor, "limit": self.limit}
        try:
            answer = client.get("/api/v1/changes", params=query)
        except httpx.TransportError:
            return True
        if answer.status_code in (429, 500, 503):
            return True
        assert answer.status_code == 200, answer.text
        page = answer.json()
        for change in page["changes"]:
            self.chain.follow(change["no"], change["body"], change["prev_hash"], change["hash"])
            assert check_payload(json.loads(change["body"]), change["data"])
            self.delivered.append(change["record_id"])
        self.cursor = page["next_cursor"]
        return bool(page["changes"])


@dataclass(frozen=True)
class Pen:
    """What a phone logs: doses of a medicine, taken before now."""

    deployment: Deployment
    medicine: Any
    now: datetime

    def dose(self, number: int) -> Any:
        """One dose as the phone sends it."""
        at = self.now - timedelta(minutes=number)
        taken = {"taken_on": at.date().isoformat(), "taken_part": "night"}
        payload = {"medicine": self.medicine, "units": 1.0, **taken}
        return factories.submission(self.deployment.study, payload, saved_at=at, kind="dose")


def write(address: str, cookies: dict[str, str], pen: Pen, seed: int) -> set[str]:
    """Send doses, each until it is acknowledged; give their record ids."""
    chance, kept = random.Random(seed), set()
    with httpx.Client(base_url=address, cookies=cookies, timeout=10) as phone:
        for number in range(DOSES):
            sent = pen.dose(number)
            if chance.random() < REFUSED:
                refused = {**sent, "record_id": sent["submission_id"], "form_version": "none"}
                assert send(phone, refused).status_code == 422
            answer = send(phone, sent)
            assert answer.headers["x-record-ack"] == sent["record_id"], answer.text
            kept.add(sent["record_id"])
    return kept


def send(phone: httpx.Client, sent: Any) -> httpx.Response:
    """Post a submission until it is answered for good."""
    while True:
        try:
            answer = phone.post("/submissions", json=sent)
        except httpx.TransportError:
            Event().wait(PATIENCE_S)
            continue
        if answer.status_code < 500 and answer.status_code != 429:
            return answer


def settle(url: str, people: int = 4) -> tuple[list[dict[str, str]], list[Pen], str]:
    """A site with participants: the cookies of the phones, what they write with, a key."""
    migrate(url)
    now, deployment, database = utc_now(), Deployment.of(settings_for(url)), Database(url)
    with database.write() as session:
        new = sites.NewSite("lyon", "CHU", "CHU", "04 72 00 00 00", "9–17")
        sites.add_site(session, actor=SYSTEM, new=new, now=now - timedelta(days=4))
        until = now + timedelta(days=1)
        new_key = keys.NewKey(label="race", sites=("lyon",), expires_at=until)
        key = keys.create(session, actor=SYSTEM, new=new_key, now=now)
    phones, pens = [], []
    for _ in range(people):
        cookies = enrol(database, deployment, "Europe/Paris", now)
        with database.read() as session:
            person = get_by_code(session, cookies.pop("code"), {"lyon"})
            medicine = json.loads(list_medicines(session, person.id)[-1].snapshot)

        phones.append(cookies)
        pens.append(Pen(deployment, medicine, now))
    database.close()
    return phones, pens, key


@pytest.mark.trust(14)
def test_every_version_reaches_each_puller_once_whatever_is_killed(engine: Engine) -> None:
    url = engine.empty()
    phones, pens, key = settle(url)
    with free_address() as bound:
        port = bound.getsockname()[1]
    address, finished, chance = f"http://127.0.0.1:{port}", Event(), random.Random(3)
    pullers = [Puller(address, key, 1), Puller(address, key, 500)]
    with ThreadPoolExecutor(WRITERS + 2) as pool, ExitStack() as running:
        process = running.enter_context(server_process(url, port))
        following = [pool.submit(puller.follow, finished) for puller in pullers]
        writing = [
            pool.submit(write, address, phones[n % 4], pens[n % 4], n) for n in range(WRITERS)
        ]
        for _ in range(KILLS):
            Event().wait(chance.uniform(0.3, 1.2))
            process.kill()
            process.wait()
            process = running.enter_context(server_process(url, port))
        try:
            kept = set().union(*(writer.result(timeout=300) for writer in writing))
        finally:
            finished.set()
        for followed in following:
            followed.result(timeout=300)
    assert len(kept) == WRITERS * DOSES
    for puller in pullers:
        assert len(puller.delivered) == len(set(puller.delivered))
        assert set(puller.delivered) == kept
    database = Database(url)
    with database.read() as session:
        assert verification.verify(session).fault is None
    database.close()
    engine.drop(url)
