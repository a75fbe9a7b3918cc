"""The schedule's heartbeat: whether somebody plans, and whether what is due goes out."""

from datetime import datetime, timedelta
from enum import StrEnum

from app.services.reminders.planning import HEARTBEAT
from app.store import reminders
from app.store.session import Session

LATE_AFTER = timedelta(minutes=3)
"""Nine calls of the timetable, or a message that long past its moment in nobody's hand."""


class Schedule(StrEnum):
    """How the schedule does, wherever it runs; on a new deployment it may not have begun."""

    OK = "ok"
    LATE = "late"
    NEVER_RAN = "never ran"


def schedule(session: Session, now: datetime) -> Schedule:
    """Say how the schedule does at an instant."""
    beat_at = reminders.find_heartbeat(session, HEARTBEAT)
    if beat_at is None:
        return Schedule.NEVER_RAN
    ready_at = reminders.find_ready_since(session)
    is_stuck = ready_at is not None and now - ready_at > LATE_AFTER
    return Schedule.LATE if is_stuck or now - beat_at > LATE_AFTER else Schedule.OK
