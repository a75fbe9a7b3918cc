"""What keeps the service going: throttles, reminders, heartbeats. Never clinical truth."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Identity, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.mapping import Base, BigKey


class Throttle(Base):
    """Attempts from one source, shared by all processes."""

    __tablename__ = "throttles"
    source: Mapped[str] = mapped_column(String(120), primary_key=True)
    attempts: Mapped[int]
    last_at: Mapped[datetime]
    trailed_at: Mapped[datetime | None]


class Reminder(Base):
    """One message to one participant on one diary day; planned once, whoever plans it.

    `ready_at` is when it may next be taken in hand: at first when it is due, later when a failed
    attempt or an abandoned claim may be repeated, and null once it is over.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("participant_id", "diary_on", "step"),
        Index(None, "ready_at"),
    )
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"))
    diary_on: Mapped[date]
    step: Mapped[str] = mapped_column(String(24))
    channel: Mapped[str] = mapped_column(String(8))
    due_at: Mapped[datetime]
    useful_until_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str | None] = mapped_column(String(64))


class ReminderEvent(Base):
    """What happened to a reminder, in order."""

    __tablename__ = "reminder_events"
    id: Mapped[int] = mapped_column(BigKey, Identity(), primary_key=True)
    reminder_id: Mapped[str] = mapped_column(ForeignKey("reminders.id"), index=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str]


class Heartbeat(Base):
    """When a part of the service was last seen at work."""

    __tablename__ = "heartbeats"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime]


class DeploymentFact(Base):
    """What this deployment knows about itself: the study it runs, where a simulation stopped."""

    __tablename__ = "deployment"
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str]
