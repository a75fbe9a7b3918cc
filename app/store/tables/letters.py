"""What participants and their site say to each other; the words themselves are change texts.

A row points to the change that carries its text, so that a text can be redacted and the
chain still holds.
"""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.mapping import Base


class Request(Base):
    """What a participant asks of the site: correct a closed day, send the data, leave."""

    __tablename__ = "requests"
    __table_args__ = (Index(None, "participant_id", "asked_at"),)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"))
    kind: Mapped[str] = mapped_column(String(16))
    diary_on: Mapped[date | None]
    asked_at: Mapped[datetime]
    change_id: Mapped[str] = mapped_column(String(36), unique=True)


class RequestAnswer(Base):
    """What the site answered, once."""

    __tablename__ = "request_answers"
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.id"), primary_key=True)
    decision: Mapped[str] = mapped_column(String(12))
    answered_at: Mapped[datetime]
    answered_by: Mapped[str] = mapped_column(String(64))
    change_id: Mapped[str] = mapped_column(String(36), unique=True)


class SiteMessage(Base):
    """A message from the site, shown on the first page until it was read."""

    __tablename__ = "site_messages"
    __table_args__ = (Index(None, "participant_id", "sent_at"),)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"))
    sent_at: Mapped[datetime]
    sent_by: Mapped[str] = mapped_column(String(64))
    read_at: Mapped[datetime | None]
    change_id: Mapped[str] = mapped_column(String(36), unique=True)


class Confirmation(Base):
    """The participant's word on a version saved while the phone was locked: theirs, or not."""

    __tablename__ = "confirmations"
    record_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    is_own: Mapped[bool]
    confirmed_at: Mapped[datetime]
    change_id: Mapped[str] = mapped_column(String(36), unique=True)
