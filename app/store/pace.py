"""How often each key has asked in the present minute, added up over all processes."""

from datetime import datetime

from sqlalchemy import case, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.tables import ApiKey, Throttle


def add_requests(session: Session, key_id: str, count: int, minute_at: datetime) -> int:
    """Add to the requests of a key in a minute; give how many they are now."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    new = dialect.insert(Throttle).values(
        source=f"pace/{key_id}", attempts=count, last_at=minute_at
    )
    is_same_minute = Throttle.last_at == new.excluded.last_at
    added = case((is_same_minute, Throttle.attempts), else_=0) + new.excluded.attempts
    upserted = new.on_conflict_do_update(
        index_elements=[Throttle.source],
        set_={"attempts": added, "last_at": new.excluded.last_at},
    )
    total: int = session.scalars(upserted.returning(Throttle.attempts)).one()
    return total


def touch_key(session: Session, key_id: str, at: datetime) -> None:
    """Note when a key was last used."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(used_at=at))
