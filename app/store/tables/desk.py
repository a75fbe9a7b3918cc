"""What the desk keeps beside the records: queries, sign-offs, visits, reviews of the trail.

The words are change texts: a row points to the change that carries them, so that they can be
redacted and the chain holds.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.mapping import Base, BigKey


class DataQuery(Base):
    """A question of the monitor or the site about one data point; `state` follows its last move."""

    __tablename__ = "queries"
    __table_args__ = (Index(None, "participant_id", "state"),)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"))
    record_id: Mapped[str | None] = mapped_column(String(36))
    diary_on: Mapped[date]
    field: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(8))
    asked_at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(String(64))


class QueryMove(Base):
    """One move of a query: asked, answered, closed, reopened."""

    __tablename__ = "query_moves"
    id: Mapped[int] = mapped_column(BigKey, Identity(), primary_key=True)
    query_id: Mapped[str] = mapped_column(ForeignKey("queries.id"), index=True)
    move: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
    change_id: Mapped[str] = mapped_column(String(36), unique=True)


class SignOff(Base):
    """An investigator's signature under a period of one participant, bound to what was signed.

    `until_seq` is the last change that was there, `digest` that of the versions it was put to.
    """

    __tablename__ = "sign_offs"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    from_on: Mapped[date]
    until_on: Mapped[date]
    meaning: Mapped[str] = mapped_column(String(16))
    until_seq: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))
    signed_at: Mapped[datetime]
    signed_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    change_id: Mapped[str] = mapped_column(String(36), unique=True)


class ClinicMeasure(Base):
    """What was said of the clinic's own measures on a visit day, before its trends were opened."""

    __tablename__ = "clinic_measures"
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), primary_key=True)
    visit_on: Mapped[date] = mapped_column(primary_key=True)
    were_done: Mapped[bool]
    noted_at: Mapped[datetime]
    noted_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))


class Visit(Base):
    """A visit outside the numbered sessions, as the site dated it."""

    __tablename__ = "visits"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    held_on: Mapped[date]
    area_cm2: Mapped[float | None]
    noted_at: Mapped[datetime]
    change_id: Mapped[str] = mapped_column(String(36), unique=True)


class TrailReview(Base):
    """That somebody reviewed the trail up to a change, and when."""

    __tablename__ = "trail_reviews"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    site_id: Mapped[str] = mapped_column(String(32))
    until_seq: Mapped[int] = mapped_column(BigInteger)
    reviewed_at: Mapped[datetime]
    reviewed_by: Mapped[str] = mapped_column(ForeignKey("staff.id"))
    change_id: Mapped[str] = mapped_column(String(36), unique=True)


class FormularyEntry(Base):
    """A box that the site added to the formulary, or took out of it; `box` is canonical JSON."""

    __tablename__ = "formulary_entries"
    id: Mapped[int] = mapped_column(BigKey, Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(String(64), index=True)
    box: Mapped[str | None]
    noted_at: Mapped[datetime]
    change_id: Mapped[str] = mapped_column(String(36), unique=True)
