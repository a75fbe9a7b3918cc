"""Every row of one database written into another, of whichever engine, as it stands.

The tables' own types translate between the engines; the ledger's bodies and hashes are text, and
arrive byte for byte. Nothing is looked up, computed or left out on the way.
"""

from collections.abc import Callable

from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from app.store.tables import Base

BATCH = 500


def count_rows(session: Session) -> int:
    """Count the rows of all tables."""
    counts = (session.scalar(select(func.count()).select_from(one)) or 0 for one in _tables())
    return sum(counts)


def copy_rows(source: Session, target: Session, progress: Callable[[int], object]) -> None:
    """Write every row of every table, in an order that keeps references whole."""
    for table in _tables():
        query = select(table).order_by(*table.primary_key.columns)
        rows = source.execute(query.execution_options(yield_per=BATCH)).mappings()
        for part in rows.partitions():
            target.execute(insert(table), [dict(row) for row in part])
            progress(len(part))


def go_on_after(session: Session) -> None:
    """Let every numbered table go on above its last number; SQLite does so by itself."""
    if session.get_bind().dialect.name == "sqlite":
        return
    for table in _tables():
        for column in table.columns:
            last = session.scalar(select(func.max(column))) if column.identity else None
            if last is not None:
                names = {"table": table.name, "column": column.name, "last": last}
                session.execute(
                    text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"), names
                )


def _tables() -> list[Table]:
    return Base.metadata.sorted_tables
