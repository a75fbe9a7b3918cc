"""What keeps the service going: throttles, heartbeats, facts. Never clinical truth."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.mapping import Base


class Throttle(Base):
    """Attempts from one source, shared by all processes."""

    __tablename__ = "throttles"
    source: Mapped[str] = mapped_column(String(120), primary_key=True)
    attempts: Mapped[int]
    last_at: Mapped[datetime]
    trailed_at: Mapped[datetime | None]


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


class PullPlace(Base):
    """How far a copy of the trial database goes, as its puller last said; one key may feed several.

    `seq` repeats the number that stands in `cursor`.
    """

    __tablename__ = "pull_places"
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    cursor: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int] = mapped_column(BigInteger)
    told_at: Mapped[datetime]


class NightlyRun(Base):
    """A piece of nightly work, once a night whoever does it; `outcome` is canonical JSON."""

    __tablename__ = "nightly_runs"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    night_on: Mapped[date] = mapped_column(primary_key=True)
    worker: Mapped[str] = mapped_column(String(120))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
