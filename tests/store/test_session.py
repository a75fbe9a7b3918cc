"""A database that has no connection to spare is busy, and says so."""

from contextlib import ExitStack

import pytest
from sqlalchemy import text

from app.domain.errors import Unavailable
from app.store.session import Database


def take_every_connection(database: Database) -> None:
    with ExitStack() as held:
        for _ in range(100):
            session = held.enter_context(database.read())
            session.execute(text("SELECT 1"))


def test_without_a_free_connection_one_hears_that_it_is_busy(database: Database) -> None:
    with pytest.raises(Unavailable, match="busy"):
        take_every_connection(database)
    with database.read() as session:
        assert session.scalar(text("SELECT 1")) == 1
