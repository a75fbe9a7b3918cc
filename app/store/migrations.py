"""Schema revisions: bring the database to this release's, and say where it stands."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.store.session import Database
from app.store.tables import INSERT_ONLY, Base

_FOLDER = Path(__file__).parents[2] / "alembic"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    return config


def head_revision() -> str:
    """The revision this release was written for."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current_revision(database: Database) -> str | None:
    """The revision that the database is at; None when it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database, revision: str = "head") -> None:
    """Bring the schema to a revision. One process at a time; entries are never touched."""
    _run(database, revision, upward=True)


def downgrade(database: Database, revision: str) -> None:
    """Take the schema back to an earlier revision."""
    _run(database, revision, upward=False)


def grant_to(database: Database, role: str) -> None:
    """Give the application's PostgreSQL role its rights; never to change an insert-only table.

    Redaction needs to null a text, so `change_texts` keeps a column-wise UPDATE behind its trigger.
    """
    quoted = '"' + role.replace('"', '""') + '"'
    with database.engine.begin() as connection:
        for table in Base.metadata.tables:
            rights = "SELECT, INSERT" if table in INSERT_ONLY else "SELECT, INSERT, UPDATE, DELETE"
            connection.execute(text(f"REVOKE ALL ON {table} FROM {quoted}"))
            connection.execute(text(f"GRANT {rights} ON {table} TO {quoted}"))
        connection.execute(text(f"GRANT UPDATE (value, salt) ON change_texts TO {quoted}"))
        connection.execute(text(f"GRANT SELECT ON alembic_version TO {quoted}"))
        connection.execute(
            text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
        )


def _run(database: Database, revision: str, *, upward: bool) -> None:
    database.prepare()
    config = _config()
    with database.unhurried() as connection:
        config.attributes["connection"] = connection
        (command.upgrade if upward else command.downgrade)(config, revision)
