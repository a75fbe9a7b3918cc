"""How the diary reaches people, and what is known of evenings without entry. Never clinical."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Identity, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.mapping import Base, BigKey


class Reminder(Base):
    """One message to one participant on one diary day; planned once, whoever plans it.

    `kind` is what it is for, `step` which of its kind on that day. `channel` is the way that it is
    to go, or went. `ready_at` is when it may next be taken in hand: at first when it is due, later
    when a failed attempt or an abandoned claim may be repeated, and null once it is over.
    `receipt_hash` is the digest of the token that the message itself carries.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        UniqueConstraint("participant_id", "diary_on", "step"),
        Index(None, "channel", "ready_at"),
        Index(None, "handed_over_at"),
        Index(None, "receipt_hash", unique=True),
    )
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"))
    diary_on: Mapped[date]
    kind: Mapped[str] = mapped_column(String(8), server_default="diary")
    step: Mapped[str] = mapped_column(String(24))
    channel: Mapped[str] = mapped_column(String(8))
    due_at: Mapped[datetime]
    useful_until_at: Mapped[datetime]
    ready_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(12))
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    receipt_hash: Mapped[str | None] = mapped_column(String(64))
    handed_over_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    tapped_at: Mapped[datetime | None]


class ReminderEvent(Base):
    """What happened to a reminder, in order."""

    __tablename__ = "reminder_events"
    id: Mapped[int] = mapped_column(BigKey, Identity(), primary_key=True)
    reminder_id: Mapped[str] = mapped_column(ForeignKey("reminders.id"), index=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str]


class PushSubscription(Base):
    """Where a browser of a participant takes push messages; the address is sealed.

    `ended_by` says why it ended: signed_out, turned_off, device, gone, replaced,
    withdrawn.
    """

    __tablename__ = "push_subscriptions"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id"), index=True)
    endpoint_hash: Mapped[str] = mapped_column(String(64), index=True)
    sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(String(12))


class Evening(Base):
    """What is known of a participant's evening beside its entry: opened, declined, a fault."""

    __tablename__ = "evenings"
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), primary_key=True)
    diary_on: Mapped[date] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    fault_at: Mapped[datetime | None]


class Alert(Base):
    """A rule that calls the site to a participant, until somebody or the entry itself closes it."""

    __tablename__ = "alerts"
    __table_args__ = (
        Index(
            "uq_alerts_open",
            "participant_id",
            "rule",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    rule: Mapped[str] = mapped_column(String(24))
    diary_on: Mapped[date]
    raised_at: Mapped[datetime]
    owner_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    acknowledged_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(64))
    change_id: Mapped[str | None] = mapped_column(String(36))


class AlertNote(Base):
    """What somebody noted on an open alert; the words are the change's text."""

    __tablename__ = "alert_notes"
    id: Mapped[int] = mapped_column(BigKey, Identity(), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id"), index=True)
    noted_at: Mapped[datetime]
    noted_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    change_id: Mapped[str] = mapped_column(String(36), unique=True)
