"""Insert-only tables stay so, whoever connects: only a redaction is let through."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.store import guards
from app.store.session import Database
from app.store.tables import INSERT_ONLY
from tests.people import Stage

FILLED = ("epochs", "ledger", "record_versions", "change_texts")


@pytest.fixture
def filled(stage: Stage) -> Database:
    """A database with at least one row in each table of FILLED."""
    with stage.database.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO change_texts VALUES ('c0ffee', 'reason', 'because', '00')")
        )
    return stage.database


def refused(database: Database, statement: str) -> None:
    """Expect the database itself to refuse."""
    with pytest.raises(DBAPIError, match="insert-only"), database.engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("table", FILLED)
@pytest.mark.trust(2)
def test_rows_are_not_changed_or_removed(filled: Database, table: str) -> None:
    column = INSERT_ONLY[table][0][0]
    refused(filled, f"UPDATE {table} SET {column} = {column}")
    refused(filled, f"DELETE FROM {table}")
    with filled.engine.connect() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() > 0


@pytest.mark.parametrize("table", FILLED)
@pytest.mark.trust(2)
def test_rows_are_not_replaced(filled: Database, table: str) -> None:
    if filled.is_sqlite:
        refused(filled, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
    else:
        refused(filled, f"TRUNCATE {table} CASCADE")


def test_a_text_can_be_redacted_and_nothing_else(filled: Database) -> None:
    refused(filled, "UPDATE change_texts SET value = 'other'")
    refused(filled, "UPDATE change_texts SET value = NULL")
    refused(filled, "UPDATE change_texts SET value = NULL, salt = NULL, field = 'note'")
    with filled.engine.begin() as connection:
        connection.execute(text("UPDATE change_texts SET value = NULL, salt = NULL"))


def test_every_insert_only_table_is_guarded(filled: Database) -> None:
    with filled.read() as session:
        present = guards.present_guards(session)
        assert guards.expected_guards(session.get_bind().dialect.name) <= present


@pytest.mark.parametrize("table", sorted(INSERT_ONLY))
@pytest.mark.trust(3)
def test_a_missing_guard_stops_the_start(filled: Database, table: str) -> None:
    name = f"guard_{table}_{'update' if filled.is_sqlite else 'change'}"
    where = "" if filled.is_sqlite else f" ON {table}"
    with filled.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER {name}{where}"))
    with pytest.raises(guards.MissingGuard, match=name):
        filled.check()


@pytest.mark.trust(3)
def test_a_disabled_guard_stops_the_start(filled: Database) -> None:
    if filled.is_sqlite:
        return  # SQLite has no way to switch a trigger off.
    with filled.engine.begin() as connection:
        connection.execute(text("ALTER TABLE ledger DISABLE TRIGGER guard_ledger_change"))
    with pytest.raises(guards.MissingGuard, match="guard_ledger_change"):
        filled.check()
