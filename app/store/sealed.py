"""Sealed columns, read and written as what they are: bytes that begin with their secret's name."""

from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

Column = InstrumentedAttribute[bytes] | InstrumentedAttribute[bytes | None]


def list_of_others(
    session: Session, column: Column, current: bytes, after: Any, limit: int
) -> list[tuple[Any, bytes]]:
    """List values that another than the current secret sealed, with their rows' keys, in order."""
    key = _key_of(column)
    query = select(key, column).where(_is_of_others(column, current))
    if after is not None:
        query = query.where(key > after)
    rows = session.execute(query.order_by(key).limit(limit))
    return [(row[0], row[1]) for row in rows]


def count_of_others(session: Session, column: Column, current: bytes) -> int:
    """Count the values that another than the current secret sealed."""
    query = select(func.count()).select_from(column.class_).where(_is_of_others(column, current))
    return session.scalar(query) or 0


def replace(session: Session, column: Column, key: Any, old: bytes, values: dict[str, Any]) -> None:
    """Write a row's values, unless somebody changed the sealed one meanwhile."""
    is_it = (_key_of(column) == key) & (column == old)
    session.execute(
        update(column.class_)
        .where(is_it)
        .values(values)
        .execution_options(synchronize_session=False)
    )


def _is_of_others(column: Column, current: bytes) -> ColumnElement[bool]:
    name = func.substr(column, 1, len(current), type_=LargeBinary)
    return column.is_not(None) & (name != current)


def _key_of(column: Column) -> Any:
    (key,) = column.class_.__mapper__.primary_key
    return key
