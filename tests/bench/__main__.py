"""`make bench`: what the service does on this machine, as tables. It measures and never judges.

The tables are printed as they come, and kept in `docs/bench.md` with the machine and the date.
`LONG=1 make bench` goes on to a million versions and to 100,000 reminders, which takes an hour.
"""

import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.door import (
    make_key,
    measure_export,
    measure_one_change,
    measure_stream,
    measure_verify,
)
from tests.bench.ledger import grow
from tests.bench.measures import measure_desk, measure_saves
from tests.bench.paint import BITS_PER_S, ROUND_TRIP_MS, SLOWER, chromium, measure_paint
from tests.bench.reminding import measure_reminders
from tests.bench.scenes import DAYS, Phone
from tests.engines import Engine, PostgreSQL, Sqlite, postgres_server

KEPT = Path(__file__).parents[2] / "docs" / "bench.md"
IS_LONG = bool(os.environ.get("LONG"))
SIZES = (1_000, 10_000, 100_000, *((1_000_000,) if IS_LONG else ()))
COHORTS = (5, 50, 500)
REMINDED = (100, 1_000, 10_000, *((100_000,) if IS_LONG else ()))
PHONES = 10
HEADING = """# What the service does

Written by `make bench`; each figure stands beside what the same machine does without the diary, or
beside the same with less in it. The aims are those of the design; nothing fails by a figure.
"""
Engines = Sequence[Engine]


def main() -> None:
    """Measure on both engines, as durable as in a deployment; print the tables and keep them."""
    table = Table()
    with TemporaryDirectory() as folder, postgres_server(durable=True) as address:
        engines = (Sqlite(Path(folder)), PostgreSQL(address))
        table.say(
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {platform.machine()}, {os.cpu_count()} cores"
            f" · {platform.system()} {platform.release()} · Python {platform.python_version()}"
        )
        for section in (bench_ledger, bench_desk, bench_reminders, bench_paint):
            section(table, engines)
    KEPT.write_text(f"{HEADING}\n```text\n" + "\n".join(table.lines) + "\n```\n", encoding="utf-8")


def bench_ledger(table: "Table", engines: Engines) -> None:
    """What grows with the ledger, and what must not."""
    for versions in SIZES:
        table.head(f"{versions:,} versions in the ledger")
        urls = [each.empty() for each in engines]
        phones = [grow(url, versions, phones=PHONES) for url in urls]
        keys = [make_key(url) for url in urls]
        pulls = [measure_one_change(*each, pulls=50) for each in zip(urls, keys, strict=True)]
        table.row("a pull of one change, ms", (f"{ms:.1f}" for ms in pulls), "1.2 × the first")
        streams = [measure_stream(*each, rounds=3) for each in zip(urls, keys, strict=True)]
        table.row("changes streamed per second", (f"{each.door_per_s:.0f}" for each in streams))
        table.row("ratio to a bare cursor", (f"{each.ratio:.2f}" for each in streams), "≥ 0.50")
        checks = [measure_verify(url) for url in urls]
        table.row("verify, s", (f"{seconds:.1f}" for seconds in checks), "≤ 60 for 1,000,000")
        if versions == SIZES[-1]:
            bench_exports(table, urls, keys, phones)
        saves = [measure_saves(*each, days=20, rounds=3) for each in zip(urls, phones, strict=True)]
        table.row("diaries saved per second", (f"{each.diary_per_s:.0f}" for each in saves))
        table.row("ratio to bare inserts", (f"{each.ratio:.2f}" for each in saves), "≥ 0.40")
        for engine, url in zip(engines, urls, strict=True):
            engine.drop(url)


def bench_exports(
    table: "Table", urls: list[str], keys: list[str], phones: list[list[Phone]]
) -> None:
    """Whole exports while ten phones save."""
    for path in ("entries.csv", "odm?type=snapshot"):
        taken = [
            measure_export(url, key, f"/api/v1/export/{path}", own)
            for url, key, own in zip(urls, keys, phones, strict=True)
        ]
        table.row(f"{path}, s", (f"{each.seconds:.0f}" for each in taken))
        table.row("server before, MB", (f"{each.idle_mb:.0f}" for each in taken))
        table.row("server at most, MB", (f"{each.memory_mb:.0f}" for each in taken), "≤ 150")
        table.row("p95 of a save, ms", (f"{each.save_p95_ms:.0f}" for each in taken), "≤ 300")


def bench_desk(table: "Table", engines: Engines) -> None:
    """The pages of the desk."""
    for people in COHORTS:
        table.head(f"a cohort of {people} × {DAYS} days")
        desks = [measure_desk(each.empty(), people=people, views=20) for each in engines]
        table.row("the cohort, ms", (f"{each.cohort_ms:.0f}" for each in desks), "≤ 200 for 500")
        table.row("a participant, ms", (f"{each.person_ms:.0f}" for each in desks), "≤ 50")
        table.row("the same, all its days, ms", (f"{each.year_ms:.0f}" for each in desks), "≤ 50")


def bench_reminders(table: "Table", engines: Engines) -> None:
    """Reminders that are due in one minute, one process, an HTTP gateway beside it."""
    for due in REMINDED:
        table.head(f"{due:,} reminders due in one minute")
        evening = [measure_reminders(each.empty(), due) for each in engines]
        table.row("seconds of planning", (f"{each.planning_s:.1f}" for each in evening))
        table.row("handed over per second", (f"{e.handed_per_s:.0f}" for e in evening), "≥ 500")
        table.row("the gateway alone, per second", (f"{e.bare_per_s:.0f}" for e in evening))
        table.row("memory, MB", (f"{each.memory_mb:.0f}" for each in evening), "≤ 300")


def bench_paint(table: "Table", engines: Engines) -> None:
    """The phone's first page."""
    with chromium() as browser:
        paint = measure_paint(browser, engines[0], rounds=5)
    table.head(f"/diary, {SLOWER}× slower, {BITS_PER_S // 1000} kbit/s, {ROUND_TRIP_MS} ms away")
    table.row("largest paint, cold, ms", [f"{paint.cold_ms:.0f}"], "≤ 1500")
    table.row("largest paint, warm, ms", [f"{paint.warm_ms:.0f}"], "≤ 500")


@dataclass
class Table:
    """Lines that are printed at once, for the next one may be minutes away, and kept."""

    lines: list[str] = field(default_factory=list)

    def head(self, title: str) -> None:
        """Begin a part."""
        self.say("")
        self.say(f"{title:<44}{'SQLite':>12}{'PostgreSQL':>12}   aim")

    def row(self, name: str, values: Iterable[str], aim: str = "") -> None:
        """Add a row: a figure for each engine."""
        self.say("".join([f"  {name:<42}", *(f"{value:>12}" for value in values), f"   {aim}"]))

    def say(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line.rstrip())
        sys.stdout.write(f"{self.lines[-1]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
