"""Other clocks to hold one's own against: the database's, and the ledger's last instant."""

from datetime import UTC, datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.store.tables import LedgerRow


def find_database_now(session: Session) -> datetime | None:
    """The present by the database's own clock; None where it has no other than ours."""
    if session.get_bind().dialect.name == "sqlite":
        return None
    now: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now.astimezone(UTC)


def find_last_change_at(session: Session) -> datetime | None:
    """When the ledger's last change was written; None before the first."""
    return session.scalar(select(LedgerRow.at).order_by(LedgerRow.seq.desc()).limit(1))
