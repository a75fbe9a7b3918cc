"""The measurements: saves per second against a bare handler, and the time of the desk's pages.

The served application has a process of its own; what is measured here is seen from loopback.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median
from time import perf_counter
from typing import Any

from tests.bench.crowd import fill
from tests.bench.scenes import (
    DAYS,
    Phone,
    deployment_of,
    enrol_phones,
    live,
    sign_in_clinician,
)

Cookies = dict[str, str]
Request = tuple[str, Cookies, dict[str, Any]]


@dataclass(frozen=True)
class Saves:
    """Saves per second of the diary and of the bare handler, in the same run."""

    diary_per_s: float
    bare_per_s: float

    @property
    def ratio(self) -> float:
        """The diary's share of what the stack can do."""
        return self.diary_per_s / self.bare_per_s


@dataclass(frozen=True)
class Desk:
    """Median times in milliseconds in which pages of the desk are answered.

    The cohort; one participant's latest days, as the page opens; and a participant's whole year.
    """

    cohort_ms: float
    person_ms: float
    year_ms: float


def measure_saves(url: str, senders: Sequence[Phone], *, days: int, rounds: int) -> Saves:
    """Send diaries from these phones at once, `days` each, and as many bare rows, in turns."""
    study = deployment_of(url).study
    diary: list[float] = []
    bare: list[float] = []
    with served(url) as server:
        for turn in range(rounds):
            evenings = [
                [phone.evening(study, turn * days + day) for day in range(days)]
                for phone in senders
            ]
            bare.append(
                rate(server.port, [[("/bare", {}, body) for body in own] for own in evenings])
            )
            diary.append(
                rate(
                    server.port,
                    [
                        [("/submissions", phone.cookies, body) for body in own]
                        for phone, own in zip(senders, evenings, strict=True)
                    ],
                )
            )
    return Saves(median(diary), median(bare))


def rate(port: int, senders: Sequence[Sequence[Request]]) -> float:
    """Requests per second when every sender sends its own one after the other."""
    with ThreadPoolExecutor(len(senders)) as pool:
        started = perf_counter()
        list(pool.map(lambda requests: send(port, requests), senders))
        return sum(map(len, senders)) / (perf_counter() - started)


def send(port: int, requests: Sequence[Request]) -> None:
    """Post on one connection; anything but 201 is a fault of the measurement."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        for path, cookies, body in requests:
            headers = {"Content-Type": "application/json", **cookie_header(cookies)}
            connection.request("POST", path, json.dumps(body), headers)
            answer = connection.getresponse()
            told = answer.read()
            assert answer.status == 201, (answer.status, told)


def measure_desk(url: str, *, people: int, views: int, days: int = DAYS) -> Desk:
    """Answer the pages of the desk for `people` with so many days each, `views` times."""
    (phone,) = enrol_phones(url, 1)
    live(url, phone, days)
    fill(url, phone, people - 1)
    cookies = sign_in_clinician(url)
    own = f"/desk/participants/{phone.study_code}"
    with (
        served(url) as server,
        closing(HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection,
    ):
        return Desk(
            *(
                median(view(connection, path, cookies) for _ in range(views))
                for path in ("/desk", own, f"{own}?days=all")
            )
        )


def view(connection: HTTPConnection, path: str, cookies: Cookies) -> float:
    """The time in milliseconds from a request to the whole answer."""
    started = perf_counter()
    connection.request("GET", path, headers=cookie_header(cookies))
    answer = connection.getresponse()
    page = answer.read()
    elapsed_s = perf_counter() - started
    assert answer.status == 200, (answer.status, page)
    return elapsed_s * 1000


def cookie_header(cookies: Cookies) -> dict[str, str]:
    """The header that carries cookies."""
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


@dataclass(frozen=True)
class Served:
    """The application in a process of its own."""

    port: int
    pid: int


@contextmanager
def served(url: str) -> Iterator[Served]:
    """Run the application until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.server", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield Served(int(process.stdout.readline()), process.pid)
        process.communicate()
