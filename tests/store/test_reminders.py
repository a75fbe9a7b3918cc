"""Taking in hand on PostgreSQL, where two transactions are open at once: no row is held twice."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from app.domain.reach import Channel
from app.store import reminders
from app.store.session import Database
from tests.engines import Engine, migrate
from tests.reminded import ENROLLED_AT, FIRST, OPENING, Clock, Post

NOW = datetime.fromisoformat(FIRST)


@pytest.fixture
def database(postgresql_engine: Engine) -> Iterator[Database]:
    """A database on PostgreSQL: on SQLite a second writer would wait for the first to end."""
    url, _ = postgresql_engine.copy_of(migrate)
    opened = Database(url)
    yield opened
    opened.close()
    postgresql_engine.drop(url)


@pytest.mark.postgresql
def test_what_one_transaction_holds_is_skipped_by_another(database: Database) -> None:
    post = Post(database=database, clock=Clock(ENROLLED_AT))
    for name in ("a", "b", "c"):
        post.enrol(name)
    post.run(OPENING)
    with database.write() as one, database.write() as other:
        first = [row.id for row in reminders.list_ready(one, Channel.EMAIL, NOW, 2)]
        second = [row.id for row in reminders.list_ready(other, Channel.EMAIL, NOW, 2)]
        assert (len(first), len(second)) == (2, 1)
        assert not set(first) & set(second)
