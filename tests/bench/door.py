"""The door of the trial database at length: one change, the whole stream, whole exports.

The stream is measured in this process, against a bare cursor that writes the same text; pulls and
exports over HTTP, from a server in a process of its own.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from threading import Event
from time import perf_counter
from typing import Any

from sqlalchemy import text

from app.domain.access import SYSTEM
from app.domain.ledger import data_stream
from app.main import create_app
from app.services import keys, verification
from app.store.session import Database
from tests.bench.ledger import SITE
from tests.bench.measures import Served, cookie_header, served
from tests.bench.scenes import NOW, Phone, deployment_of
from tests.people import settings_for

NDJSON = "application/x-ndjson"
PAGE = 1000
_SAME_ROWS = """
SELECT ledger.seq, ledger.body, ledger.prev_hash, ledger.hash, record_versions.payload
FROM ledger LEFT JOIN record_versions ON record_versions.change_id = ledger.change_id
WHERE ledger.stream = 'data/lyon' ORDER BY ledger.seq
"""


@dataclass(frozen=True)
class Stream:
    """Changes per second: through the door as NDJSON, and from a bare cursor as the same text."""

    door_per_s: float
    bare_per_s: float

    @property
    def ratio(self) -> float:
        """The door's share of what the database and the language can do."""
        return self.door_per_s / self.bare_per_s


@dataclass(frozen=True)
class Export:
    """A whole export while phones save: its time, the server's most memory, the phones' wait.

    `idle_mb` is the server's memory before, when it has answered nothing yet.
    """

    seconds: float
    idle_mb: float
    memory_mb: float
    save_p95_ms: float


def make_key(url: str) -> str:
    """Make a key that reads everything."""
    new = keys.NewKey(label="bench", sites=("*",), expires_at=NOW + timedelta(days=9))
    with closing(Database(url)) as database, database.write() as session:
        return keys.create(session, actor=SYSTEM, new=new, now=NOW)


def measure_one_change(url: str, key: str, pulls: int) -> float:
    """The median time in milliseconds of a pull that brings the last change."""
    with closing(Database(url)) as database, database.read() as session:
        of = {"stream": data_stream(SITE)}
        last = text("SELECT max(seq) FROM ledger WHERE stream = :stream")
        before = session.execute(last, of).scalar_one() - 1
    with served(url) as server, closing(_connect(server)) as connection:
        return median(_one_change(connection, key, before) for _ in range(pulls))


def _one_change(connection: HTTPConnection, key: str, before: int) -> float:
    started = perf_counter()
    connection.request("GET", f"/api/v1/changes?after={before}&limit=500", headers=_bearer(key))
    answer = connection.getresponse()
    page = json.loads(answer.read())
    elapsed_s = perf_counter() - started
    assert len(page["changes"]) == 1, page
    return elapsed_s * 1000


def measure_stream(url: str, key: str, rounds: int) -> Stream:
    """Read the whole feed through the application, and the same text from a bare cursor."""
    app = create_app(settings_for(url), clock=lambda: NOW)
    door, bare = [], []
    with (
        closing(Database(url)) as database,
        closing(app.state.service.database),
        ThreadPoolExecutor(1) as own_thread,  # a browser may hold this one's event loop
    ):
        for _ in range(rounds):
            started = perf_counter()
            said = own_thread.submit(asyncio.run, _read_all(app, key)).result()
            between = perf_counter()
            assert _read_barely(database) == said
            ended = perf_counter()
            door.append(said / (between - started))
            bare.append(said / (ended - between))
    return Stream(median(door), median(bare))


async def _read_all(app: Callable[..., Awaitable[None]], key: str) -> int:
    """Page through the feed; give the number of changes."""
    after, count = "0", 0
    while True:
        query = f"after={after}&limit={PAGE}"
        page = await _ask(app, "/api/v1/changes", query, {**_bearer(key), "accept": NDJSON})
        count += page.count(b"\n") - 1
        envelope = json.loads(page[page.rindex(b"\n", 0, -1) + 1 :])
        after = envelope["next_cursor"]
        if not envelope["has_more"]:
            return count


async def _ask(
    app: Callable[..., Awaitable[None]], path: str, query: str, headers: dict[str, str]
) -> bytes:
    """Give an answer of the application, without a server or a client around it."""
    parts: list[bytes] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [
            (name.lower().encode(), value.encode())
            for name, value in {"host": "localhost", **headers}.items()
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200, message
        parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(parts)


def _read_barely(database: Database) -> int:
    """Read the same rows and join the same text; give the number of changes."""
    quoted, count = json.encoder.encode_basestring, 0
    with closing(database.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute(_SAME_ROWS)
        while rows := cursor.fetchmany(PAGE):
            lines = "".join(
                f'{{"seq":{seq},{body[1:-1]},"reason":null,"data":{payload},"body":{quoted(body)},'
                f'"text_salt":{{}},"prev_hash":"{prev_hash}","hash":"{hash_}"}}\n'
                for seq, body, prev_hash, hash_, payload in rows
            )
            assert lines.encode()
            count += len(rows)
    return count


def measure_export(url: str, key: str, path: str, phones: Sequence[Phone]) -> Export:
    """Take a whole export while every phone saves one evening after the other."""
    study, done = deployment_of(url).study, Event()
    with served(url) as server, ThreadPoolExecutor(len(phones)) as pool:
        idle_mb = _most_memory_mb(server.pid)

        def save(phone: Phone) -> Iterator[float]:
            with closing(_connect(server)) as connection:
                for day in range(10_000):
                    yield _save(connection, phone, phone.evening(study, day))
                    if done.is_set():
                        return

        waits = [pool.submit(list, save(phone)) for phone in phones]
        started = perf_counter()
        with closing(_connect(server)) as connection:
            connection.request("GET", path, headers=_bearer(key))
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            while answer.read(1 << 16):
                pass
        elapsed_s = perf_counter() - started
        done.set()
        waited = [wait for each in waits for wait in each.result()]
        p95_ms = quantiles(waited, n=20)[-1]
        return Export(elapsed_s, idle_mb, _most_memory_mb(server.pid), p95_ms)


def _save(connection: HTTPConnection, phone: Phone, evening: dict[str, Any]) -> float:
    headers = {"Content-Type": "application/json", **cookie_header(phone.cookies)}
    started = perf_counter()
    while True:
        connection.request("POST", "/submissions", json.dumps(evening), headers)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status in (201, 202):
            return (perf_counter() - started) * 1000
        assert answer.status == 503, (answer.status, told)  # busy: a phone sends it again


def measure_verify(url: str) -> float:
    """Seconds of a whole verification, which must find nothing amiss."""
    started = perf_counter()
    with closing(Database(url)) as database, database.read() as session:
        report = verification.verify(session)
    assert report.fault is None, report.fault
    return perf_counter() - started


def _most_memory_mb(pid: int) -> float:
    """The most memory that a process had, as the kernel counts it."""
    told = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(line.split()[1] for line in told.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


def _connect(server: Served) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", server.port, timeout=600)


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
