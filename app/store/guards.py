"""Triggers that keep insert-only tables insert-only, whoever connects.

UPDATE and DELETE are refused; so is an INSERT over an existing key, because SQLite's INSERT OR
REPLACE slips past the other two; so is TRUNCATE on PostgreSQL. The one UPDATE allowed is a
redaction, which nulls a text together with its salt. Alembic's revisions repeat these statements
in full: a released revision never changes with this module.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.store.tables import INSERT_ONLY


class MissingGuard(RuntimeError):
    """An insert-only table has lost a trigger: the service must not start."""


def expected_guards(dialect: str) -> frozenset[str]:
    """The names of all the triggers that must exist on that engine."""
    acts = ("update", "delete", "replace") if dialect == "sqlite" else ("change", "truncate")
    return frozenset(f"guard_{table}_{act}" for table in INSERT_ONLY for act in acts)


def present_guards(session: Session) -> frozenset[str]:
    """The names of the guards that are there and switched on."""
    if session.get_bind().dialect.name == "sqlite":
        found = session.execute(
            text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'guard_%'")
        )
    else:
        found = session.execute(
            text("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'guard_%' AND tgenabled <> 'D'")
        )
    return frozenset(found.scalars())


def check_guards(session: Session) -> None:
    """Raise MissingGuard naming every guard that is absent or disabled."""
    missing = expected_guards(session.get_bind().dialect.name) - present_guards(session)
    if missing:
        raise MissingGuard(f"the database lost its guards: {', '.join(sorted(missing))}")
