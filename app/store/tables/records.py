"""The ledger and the versions, which are insert-only, and the projection of both.

`INSERT_ONLY` names the tables that triggers guard; `records` is rebuildable from the versions.
"""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.mapping import Base, BigKey

_ENTERED_BY_SITE = text("kind = 'diary' AND version = 1 AND assurance = 'staff'")


class Epoch(Base):
    """A stretch of the feed between restores; a cursor of another epoch is refused."""

    __tablename__ = "epochs"
    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    after_seq: Mapped[int] = mapped_column(BigInteger)
    restored_head: Mapped[int] = mapped_column(BigInteger)
    started_at: Mapped[datetime]


class LedgerRow(Base):
    """One change. Columns beside `body` repeat it for look-ups; `verify` compares them."""

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("stream", "no"),
        UniqueConstraint("stream", "prev_hash"),
        UniqueConstraint("record_id", "version"),
        Index(None, "stream", "seq"),
        {"sqlite_autoincrement": True},
    )
    seq: Mapped[int] = mapped_column(BigKey, Identity(), primary_key=True)
    stream: Mapped[str] = mapped_column(String(80))
    no: Mapped[int] = mapped_column(BigInteger)
    change_id: Mapped[str] = mapped_column(String(36), unique=True)
    op: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[str] = mapped_column(String(64))
    study_code: Mapped[str | None] = mapped_column(String(16), index=True)
    record_id: Mapped[str | None] = mapped_column(String(36))
    version: Mapped[int | None]
    body: Mapped[str]
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class RecordVersion(Base):
    """One save of a record. `payload` is canonical JSON, null for a void."""

    __tablename__ = "record_versions"
    __table_args__ = (
        Index(None, "participant_id", "kind", "diary_on"),
        Index(
            "ix_record_versions_entered_by_site",
            "participant_id",
            "diary_on",
            sqlite_where=_ENTERED_BY_SITE,
            postgresql_where=_ENTERED_BY_SITE,
        ),
        Index(
            "ix_record_versions_saved_locked",
            "participant_id",
            sqlite_where=text("assurance = 'device'"),
            postgresql_where=text("assurance = 'device'"),
        ),
    )
    record_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    change_id: Mapped[str] = mapped_column(String(36), unique=True)
    submission_id: Mapped[str] = mapped_column(String(36), unique=True)
    content_mac: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    op: Mapped[str] = mapped_column(String(8))
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"))
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    device_id: Mapped[str | None] = mapped_column(String(36))
    form_version: Mapped[str] = mapped_column(String(16))
    payload: Mapped[str | None]
    diary_on: Mapped[date]
    tz: Mapped[str] = mapped_column(String(64))
    lateness: Mapped[str] = mapped_column(String(8))
    observed_at: Mapped[datetime]
    device_saved_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    received_at: Mapped[datetime]
    elapsed_s: Mapped[float]
    skew_s: Mapped[float]
    flags: Mapped[str]
    assurance: Mapped[str] = mapped_column(String(8))
    originator: Mapped[str]
    actor_id: Mapped[str] = mapped_column(String(64))
    actor_role: Mapped[str] = mapped_column(String(24))


class ChangeText(Base):
    """A text that may have to be redacted; the ledger holds only its salted digest."""

    __tablename__ = "change_texts"
    change_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    field: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str | None]
    salt: Mapped[str | None] = mapped_column(String(32))


class SetAside(Base):
    """A submission kept for the site to decide; it enters the feed only when accepted."""

    __tablename__ = "set_aside"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    submission_id: Mapped[str] = mapped_column(String(36), unique=True)
    content_mac: Mapped[str] = mapped_column(String(64))
    record_id: Mapped[str] = mapped_column(String(36), index=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    device_id: Mapped[str | None] = mapped_column(String(36), index=True)
    code: Mapped[str] = mapped_column(String(40))
    submission: Mapped[str]
    saved_at: Mapped[datetime]
    skew_s: Mapped[float]
    received_at: Mapped[datetime]
    change_id: Mapped[str] = mapped_column(String(36), unique=True)


class SetAsideDecision(Base):
    """What the site decided about a set-aside submission: accepted or declined, once."""

    __tablename__ = "set_aside_decisions"
    set_aside_id: Mapped[str] = mapped_column(ForeignKey("set_aside.id"), primary_key=True)
    decision: Mapped[str] = mapped_column(String(8))
    decided_at: Mapped[datetime]
    decided_by: Mapped[str] = mapped_column(String(64))
    change_id: Mapped[str] = mapped_column(String(36), unique=True)


INSERT_ONLY = {
    "epochs": (("id",),),
    "ledger": (("seq",), ("stream", "no"), ("stream", "prev_hash"), ("change_id",)),
    "record_versions": (("record_id", "version"), ("change_id",), ("submission_id",)),
    "change_texts": (("change_id", "field"),),
    "set_aside": (("id",), ("submission_id",), ("change_id",)),
    "set_aside_decisions": (("set_aside_id",), ("change_id",)),
}
"""Guarded tables and the keys that no INSERT may replace."""


class Record(Base):
    """The current state of a record: its latest version and what lists and strips need of it."""

    __tablename__ = "records"
    __table_args__ = (
        Index(
            "uq_records_diary_day",
            "participant_id",
            "diary_on",
            unique=True,
            sqlite_where=text("kind = 'diary' AND NOT void"),
            postgresql_where=text("kind = 'diary' AND NOT void"),
        ),
        Index(None, "participant_id", "kind", "diary_on"),
        Index(None, "kind", "diary_on"),
    )
    record_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"))
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"))
    diary_on: Mapped[date]
    version: Mapped[int]
    void: Mapped[bool]
    status: Mapped[str] = mapped_column(String(12))
    late: Mapped[bool]
    pain_average: Mapped[int | None]
    changed_at: Mapped[datetime]
