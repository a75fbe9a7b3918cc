"""The application's role on PostgreSQL owns nothing: it works, and can rewrite no history."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.domain.access import SYSTEM
from app.domain.errors import InvalidInput
from app.services import backups, sites, verification
from app.store.migrations import grant_to
from app.store.session import Database
from app.store.tables import INSERT_ONLY
from tests.people import NOW

ROLE = "diary_app"


@pytest.fixture
def as_application(database: Database) -> Iterator[Database]:
    """The database as the application's role sees it."""
    with database.engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {ROLE} LOGIN"))
    grant_to(database, ROLE)
    opened = Database(database.url.set(username=ROLE).render_as_string(hide_password=False))
    yield opened
    opened.close()
    with database.engine.begin() as connection:
        connection.execute(text(f"DROP OWNED BY {ROLE}"))
        connection.execute(text(f"DROP ROLE {ROLE}"))


on_postgresql = pytest.mark.parametrize(
    "engine", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)


@on_postgresql
def test_the_application_does_its_work(as_application: Database) -> None:
    as_application.check()
    new = sites.NewSite("lyon", "CHU", "CHU", "04 72 00 00 00", "9–17")
    with as_application.write() as session:
        sites.add_site(session, actor=SYSTEM, new=new, now=NOW)
    with as_application.read() as session:
        assert verification.verify(session).fault is None


@on_postgresql
@pytest.mark.parametrize("table", INSERT_ONLY)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {key} = {key}",
        "DELETE FROM {table}",
        "TRUNCATE {table}",
        "DROP TABLE {table}",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
    ],
)
@pytest.mark.trust(2)
def test_the_application_cannot_rewrite(
    as_application: Database, table: str, statement: str
) -> None:
    with (
        as_application.engine.connect() as connection,
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
    ):
        connection.execute(text(statement.format(table=table, key=INSERT_ONLY[table][0][0])))


@on_postgresql
@pytest.mark.usefixtures("tools")
def test_the_application_backs_up_and_needs_a_right_to_try_it_out(
    as_application: Database, database: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "first.backup"
    backups.back_up(as_application, copy, now=NOW)
    with pytest.raises(InvalidInput, match="scratch_refused"):
        backups.prove(copy, as_application)
    with database.engine.begin() as connection:
        connection.execute(text(f"ALTER ROLE {ROLE} CREATEDB"))
    assert backups.prove(copy, as_application).fault is None
