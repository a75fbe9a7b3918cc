"""Processes killed, disks filled, a host lost: what was acknowledged stands, once, in whole chains.

Phones save without a pause while one fault follows the other. In the end each of them holds an
acknowledgement for all that it saved, and the ledger holds exactly that. `make fault` runs it with
5,000 submissions; `make test` with each fault once.
"""

import os
import random
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from tests.api.test_race import settle
from tests.effort import effort
from tests.faults.crew import Crew, answers, is_well
from tests.faults.disks import fill, free, is_small, limit_files, small_disk
from tests.faults.phones import Phone, at_work, require_whole
from tests.people import settings_for
from tests.replicas import Host, Pair, free_port, replicated, until

PHONES = effort(16, 32)
LEAST = effort(4, 157)
TIMES = effort(1, 6)
SCHEDULES = effort(1, 2)
SEED = 20261123
PATIENCE_S = 300
LASTS_S = 1.0
"""How long an outage lasts, beside what it takes to notice and to mend it."""


@dataclass
class Deployment:
    """Two web processes and their schedules on a primary and its standby, and what befalls them."""

    pair: Pair
    crew: Crew
    webs: list[str]
    schedules: list[str]
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))

    def lose_web(self) -> None:
        """Kill a web process."""
        self.crew.kill(self.chance.choice(self.webs))

    def lose_schedule(self) -> None:
        """Kill a schedule."""
        self.crew.kill(self.chance.choice(self.schedules))

    def lose_backend(self) -> None:
        """Kill a process that works for a client; PostgreSQL then ends all, and recovers."""
        query = "SELECT pid FROM pg_stat_activity WHERE datname = 'diary' ORDER BY random() LIMIT 1"
        os.kill(until(lambda: self.pair.primary.ask(query), "a client"), signal.SIGKILL)
        self._mind(self.pair.primary)

    def lose_power(self) -> None:
        """Kill the primary; it starts again with what is on its disk."""
        self.pair.primary.kill()
        self.pair.primary.start()

    def lose_standby(self) -> None:
        """Kill the standby; nothing is acknowledged until it follows again."""
        self.pair.standby.kill()
        wait()
        self.pair.standby.start()

    def fill_disk(self) -> None:
        """Let the disk of either host fill up."""
        host = self.chance.choice([self.pair.primary, self.pair.standby])
        disk = host.folder.parent
        if not is_small(disk):
            sys.stderr.write("No PostgreSQL disk was filled: this user may not mount one.\n")
            return
        fill(disk)
        wait()
        free(disk)
        self._mind(host)

    def lose_primary(self) -> None:
        """Lose the primary for good; the standby takes its place, and then gets one of its own."""
        self.pair.fail_over()
        wait()
        self.pair.mend()

    def _mind(self, host: Host) -> None:
        wait()
        host.restart_if_down()


def wait() -> None:
    """Let an outage last."""
    Event().wait(LASTS_S)


def phones_at(addresses: list[str], url: str) -> list[Phone]:
    """Phones of participants who were just enrolled, four of each."""
    cookies, pens, _ = settle(url, PHONES // 4)
    return [
        Phone(addresses, cookies[n // 4], pens[n // 4], random.Random(SEED + n))
        for n in range(PHONES)
    ]


def require_all(url: str, phones: list[Phone]) -> None:
    """Every phone has an acknowledgement for all that it saved, and the ledger has exactly that."""
    require_whole(url, phones)
    acknowledged = sum(len(phone.acknowledged) for phone in phones)
    assert acknowledged >= PHONES * LEAST
    # Something was sent in vain, so the faults were met.
    assert sum(phone.tries for phone in phones) > acknowledged


def shuffled(faults: list[Callable[[], None]], chance: random.Random) -> list[Callable[[], None]]:
    """Every fault as often as this run asks, in an order that the seed gives."""
    every = faults * TIMES
    chance.shuffle(every)
    return every


def crew_on(url: str, *, schedule: bool) -> Crew:
    """Processes with the key of the tests; with or without the schedule inside the web process."""
    secret = settings_for(url).secret_key.get_secret_value()
    return Crew(url, secret, DIARY_EMBEDDED_SCHEDULE=str(schedule))


@pytest.mark.postgresql
@pytest.mark.trust(14)
def test_whatever_is_lost_nothing_acknowledged_is() -> None:
    with replicated(small_disk) as pair:
        url = pair.create("diary")
        webs: list[str] = []
        phones = phones_at(webs, url)
        with crew_on(url, schedule=False) as crew:
            schedules = [f"schedule {n}" for n in range(SCHEDULES)]
            deployed = Deployment(pair, crew, webs, schedules)
            for name in schedules:
                crew.run(name, "scheduler")
            webs += crew.serve(free_port(), free_port())
            faults: list[Callable[[], None]] = [
                deployed.lose_web,
                deployed.lose_schedule,
                deployed.lose_backend,
                deployed.lose_power,
                deployed.lose_standby,
                deployed.fill_disk,
                deployed.lose_primary,
            ]
            with at_work(phones, LEAST):
                for fault in shuffled(faults, deployed.chance):
                    fault()
                    wait()
            for web in webs:
                until(partial(is_well, web), "everything well again", PATIENCE_S)
        require_all(url, phones)


@pytest.mark.trust(14)
def test_one_process_with_its_file_loses_nothing_acknowledged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'diary.db'}"
    webs: list[str] = []
    phones, chance = phones_at(webs, url), random.Random(SEED)
    with crew_on(url, schedule=True) as crew:
        webs += crew.serve(free_port())

        def fill_disk() -> None:
            pid = crew.pid(webs[0])
            limit_files(pid, 4096)
            wait()
            limit_files(pid)

        with at_work(phones, LEAST):
            for fault in shuffled([partial(crew.kill, webs[0]), fill_disk], chance):
                fault()
                wait()
                until(partial(answers, f"{webs[0]}/healthz"), "the process back")
        until(partial(is_well, webs[0]), "everything well again", PATIENCE_S)
    require_all(url, phones)
