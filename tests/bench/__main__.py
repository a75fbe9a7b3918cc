"""`make bench`: what the service does on this machine, as a table. It measures and never judges."""

import os
import platform
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.measures import measure_desk, measure_saves
from tests.bench.paint import BITS_PER_S, ROUND_TRIP_MS, SLOWER, chromium, measure_paint
from tests.bench.reminding import measure_reminders
from tests.bench.scenes import DAYS
from tests.engines import PostgreSQL, Sqlite, postgres_server

PEOPLE = 100_000
COHORT = 500


def main() -> None:
    """Measure on both engines, as durable as in a deployment, and print the table."""
    with TemporaryDirectory() as folder, postgres_server(durable=True) as address:
        engines = (Sqlite(Path(folder)), PostgreSQL(address))
        say(
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC · {platform.machine()}, {os.cpu_count()} cores"
            f" · {platform.system()} {platform.release()} · Python {platform.python_version()}\n"
        )
        row("", ("SQLite", "PostgreSQL"), "aim")
        saves = [measure_saves(each.empty(), phones=8, days=40, rounds=5) for each in engines]
        row("diaries saved per second", (f"{each.diary_per_s:.0f}" for each in saves))
        row("bare durable inserts per second", (f"{each.bare_per_s:.0f}" for each in saves))
        row("ratio", (f"{each.ratio:.2f}" for each in saves), "≥ 0.40")
        desks = [measure_desk(each.empty(), people=COHORT, views=20) for each in engines]
        row(
            f"a cohort of {COHORT} × {DAYS} days, ms",
            (f"{d.cohort_ms:.0f}" for d in desks),
            "≤ 200",
        )
        row("a participant of it, ms", (f"{each.person_ms:.0f}" for each in desks), "≤ 50")
        row("the same, all its days, ms", (f"{each.year_ms:.0f}" for each in desks), "≤ 50")
        evening = [measure_reminders(each.empty(), PEOPLE) for each in engines]
        say(f"\n{PEOPLE:,} reminders due in one minute, one process, an HTTP gateway beside it")
        row("seconds of planning", (f"{each.planning_s:.0f}" for each in evening))
        row("handed over per second", (f"{each.handed_per_s:.0f}" for each in evening), "≥ 500")
        row("the gateway alone, per second", (f"{each.bare_per_s:.0f}" for each in evening))
        row("memory, MB", (f"{each.memory_mb:.0f}" for each in evening), "≤ 300")
        with chromium() as browser:
            paint = measure_paint(browser, engines[0], rounds=5)
        say(f"\n/diary, {SLOWER}× slower, {BITS_PER_S // 1000} kbit/s, {ROUND_TRIP_MS} ms away")
        row("largest paint, cold, ms", [f"{paint.cold_ms:.0f}"], "≤ 1500")
        row("largest paint, warm, ms", [f"{paint.warm_ms:.0f}"], "≤ 500")


def row(name: str, values: Iterable[str], aim: str = "") -> None:
    """Print one row of the table."""
    say("".join([f"{name:<40}", *(f"{value:>12}" for value in values), f"   {aim}"]).rstrip())


def say(line: str) -> None:
    """Print a line at once: the next one may be a minute away."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
