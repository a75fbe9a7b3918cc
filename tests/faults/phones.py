"""Phones with an outbox: what they saved is sent, the same each time, until it is acknowledged."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event
from typing import Any

import httpx2 as httpx
from sqlalchemy import select

from app.services import verification
from app.store.session import Database
from app.store.tables import LedgerRow
from tests.api.test_race import Pen

PATIENCE_S = 0.1
PAUSE_S = 0.4
"""Up to so long nothing is saved; somewhat more than a save takes, so that outages meet both."""


@dataclass
class Phone:
    """A client of several web processes, as behind a balancer. `tries` counts all that it sent."""

    addresses: list[str]
    cookies: dict[str, str]
    pen: Pen
    chance: random.Random
    acknowledged: list[str] = field(default_factory=list)
    tries: int = 0

    def live(self, least: int, over: Event) -> None:
        """Save doses, at least so many, until all is over and nothing is left in the outbox."""
        with httpx.Client(cookies=self.cookies, timeout=30) as client:
            for number in count():
                if number >= least and over.is_set():
                    return
                over.wait(self.chance.uniform(0, PAUSE_S))
                sent = self.pen.dose(number)
                while not self._send(client, sent):
                    Event().wait(PATIENCE_S)
                self.acknowledged.append(sent["record_id"])

    def _send(self, client: httpx.Client, sent: Any) -> bool:
        """Try once, at any of the web processes; whether it was acknowledged."""
        self.tries += 1
        try:
            answer = client.post(f"{self.chance.choice(self.addresses)}/submissions", json=sent)
        except httpx.TransportError:
            return False
        ack = answer.headers.get("x-record-ack")
        if answer.status_code in (429, 503):
            assert "retry-after" in answer.headers
            assert ack is None
            return False
        assert answer.status_code in (200, 201), answer.text
        assert ack == sent["record_id"]
        return True


@contextmanager
def at_work(phones: list[Phone], least: int) -> Iterator[None]:
    """Let the phones save while the block lasts, then let them empty their outboxes."""
    over = Event()
    with ThreadPoolExecutor(len(phones)) as pool:
        living: list[Future[None]] = [pool.submit(phone.live, least, over) for phone in phones]
        try:
            yield
        finally:
            over.set()
        for each in living:
            each.result(timeout=1_800)


def require_whole(url: str, phones: list[Phone]) -> None:
    """What the phones had acknowledged is in the ledger, each once, and the chains are whole."""
    acknowledged = Counter(record for phone in phones for record in phone.acknowledged)
    assert set(acknowledged.values()) == {1}
    database = Database(url)
    with database.read() as session:
        assert verification.verify(session).fault is None
        query = select(LedgerRow.record_id).where(LedgerRow.record_id.is_not(None))
        assert Counter(session.scalars(query)) == acknowledged
    database.close()
