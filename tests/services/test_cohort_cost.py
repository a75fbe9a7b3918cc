"""What a cohort costs: the work of its last weeks, however long everybody has been at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine as Sql
from sqlalchemy import event

from app.services import cohorts
from app.store.session import Database
from tests.bench.crowd import fill
from tests.bench.scenes import NOW, TEAM, deployment_of, enrol_phones, live
from tests.engines import Sqlite

EVERY = 100
"""Steps of SQLite's machine between two counts."""


@dataclass
class Work:
    """What a database did: statements, and steps of its machine."""

    statements: int = 0
    steps: int = 0


@contextmanager
def counted(sql: Sql) -> Iterator[Work]:
    """Count the work of every connection that is taken while the block runs."""
    work = Work()

    def step() -> int:
        work.steps += EVERY
        return 0

    def listen(connection: Any, *_: object) -> None:
        connection.set_progress_handler(step, EVERY)

    def note(*_: object) -> None:
        work.statements += 1

    event.listen(sql, "checkout", listen)
    event.listen(sql, "before_cursor_execute", note)
    yield work
    event.remove(sql, "checkout", listen)
    event.remove(sql, "before_cursor_execute", note)


def cost(engine: Sqlite, days: int) -> Work:
    """The work of a cohort of ten who filled their diaries on so many days."""
    url = engine.empty()
    (phone,) = enrol_phones(url, 1)
    live(url, phone, days)
    fill(url, phone, 9)
    database = Database(url)
    with counted(database.engine) as work, database.read() as session:
        rows = cohorts.read_cohort(session, deployment=deployment_of(url), actor=TEAM, now=NOW)
    assert len(rows) == 10
    database.close()
    engine.drop(url)
    return work


def test_a_cohort_costs_the_same_however_long_its_history(sqlite_engine: Sqlite) -> None:
    short, long = cost(sqlite_engine, 40), cost(sqlite_engine, 360)
    assert long.statements == short.statements
    assert short.steps > 10 * EVERY
    assert long.steps / short.steps < 1.1
