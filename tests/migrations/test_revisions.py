"""The schema comes from its revisions alone: they lead up and back, and leave nothing untold."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, text

from app.store.guards import MissingGuard, expected_guards, present_guards
from app.store.migrations import current_revision, downgrade, head_revision, upgrade
from app.store.session import Database
from app.store.tables import INSERT_ONLY, Base

ROOT = Path(__file__).parents[2]
GUARDED_SINCE = "20261122_1701"


def revisions() -> list[Script]:
    """Every revision, the first one first."""
    scripts = ScriptDirectory.from_config(Config(str(ROOT / "alembic.ini")))
    return [*reversed(list(scripts.walk_revisions()))]


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    """A database without any table."""
    database = Database(empty_database_url)
    yield database
    database.close()


def tables(database: Database) -> set[str]:
    """The tables that are there, less Alembic's own."""
    return {*inspect(database.engine).get_table_names()} - {"alembic_version"}


def guards(database: Database) -> set[str]:
    """The guards that are there."""
    with database.read() as session:
        return {*present_guards(session)}


def functions(database: Database) -> list[str]:
    """The functions of our own that are there: PostgreSQL keeps them apart from triggers."""
    if database.is_sqlite:
        return []
    with database.read() as session:
        statement = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        return list(session.scalars(text(statement)))


def test_from_nothing_to_head_and_back(empty: Database) -> None:
    upgrade(empty)
    assert current_revision(empty) == head_revision()
    assert tables(empty) == {*Base.metadata.tables}

    downgrade(empty, "base")
    assert tables(empty) == set()
    assert guards(empty) == set()
    assert functions(empty) == []

    upgrade(empty)
    empty.check()


def test_the_guards_stand_after_every_revision(empty: Database) -> None:
    dialect = empty.engine.dialect.name
    for revision in revisions():
        upgrade(empty, revision.revision)
        unguarded = {
            guard
            for guard in expected_guards(dialect) - guards(empty)
            if guard.removeprefix("guard_").rpartition("_")[0] in tables(empty)
        }
        assert unguarded == set() or revision.revision < GUARDED_SINCE, revision.revision
    assert guards(empty) == expected_guards(dialect)


def test_a_lost_guard_stops_the_start(database: Database) -> None:
    table = "" if database.is_sqlite else " ON ledger"
    guard = "guard_ledger_delete" if database.is_sqlite else "guard_ledger_change"
    with database.engine.begin() as connection:
        connection.execute(text(f"DROP TRIGGER {guard}{table}"))
    with pytest.raises(MissingGuard, match=guard):
        database.check()


def test_the_tables_and_the_revisions_do_not_drift(database: Database) -> None:
    # On SQLite a numbered column looks like one that lost a default; PostgreSQL tells them apart.
    compared = {"compare_type": True, "compare_server_default": not database.is_sqlite}
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=compared)
        assert compare_metadata(context, Base.metadata) == []
    # Alembic does not compare these.
    assert {
        constraint["name"]
        for table in Base.metadata.tables
        for constraint in inspect(database.engine).get_check_constraints(table)
    } == {
        constraint.name
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }


def test_drift_would_be_seen(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE sites ADD COLUMN untold INTEGER"))
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert [difference[0] for difference in differences] == ["remove_column"]


def test_every_insert_only_table_exists() -> None:
    assert {*INSERT_ONLY} <= {*Base.metadata.tables}


@pytest.mark.parametrize("script", revisions(), ids=lambda script: script.revision)
def test_a_revision_is_named_by_its_time_and_says_why(script: Script) -> None:
    assert re.fullmatch(r"\d{8}_\d{4}_[a-z0-9_]+\.py", Path(script.path).name)
    assert Path(script.path).name.startswith(script.revision)
    assert "Why:" in script.longdoc
    assert not script.is_branch_point
    assert not script.is_merge_point
