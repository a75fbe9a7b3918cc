"""How much there is, in numbers: what the metrics are made of, in queries that stay cheap."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.store.tables import Reminder


def count_ready(session: Session, now: datetime) -> dict[str, int]:
    """Count the reminders that are due and in nobody's hand, by channel."""
    rows = session.execute(
        select(Reminder.channel, func.count())
        .where(Reminder.ready_at <= now)
        .group_by(Reminder.channel)
    )
    return {row[0]: row[1] for row in rows}
