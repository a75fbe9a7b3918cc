"""Nightly work: that each piece is done once a night, whoever does it, and how it ended."""

from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.tables import NightlyRun

LEASE = timedelta(hours=2)
"""How long a piece is in the hand of whoever claimed it; one abandoned is claimed anew."""


def claim(session: Session, name: str, night_on: date, worker: str, now: datetime) -> bool:
    """Claim a night's piece of work; False when another has it in hand or has done it."""
    engine = session.get_bind().dialect.name
    insert = postgresql.insert if engine == "postgresql" else sqlite.insert
    told = {"worker": worker, "started_at": now}
    new = insert(NightlyRun).values(name=name, night_on=night_on, **told)
    unless = new.on_conflict_do_update(
        index_elements=["name", "night_on"],
        set_=told,
        where=NightlyRun.finished_at.is_(None) & (NightlyRun.started_at <= now - LEASE),
    )
    return session.scalar(unless.returning(NightlyRun.name)) is not None


def note_outcome(session: Session, name: str, night_on: date, outcome: str, now: datetime) -> None:
    """Note how a night's piece of work ended; `outcome` is canonical JSON."""
    of_night = (NightlyRun.name == name) & (NightlyRun.night_on == night_on)
    session.execute(update(NightlyRun).where(of_night).values(finished_at=now, outcome=outcome))


def list_runs(session: Session, name: str, limit: int) -> list[NightlyRun]:
    """List the last nights of a piece of work, the latest first."""
    query = select(NightlyRun).where(NightlyRun.name == name)
    return list(session.scalars(query.order_by(NightlyRun.night_on.desc()).limit(limit)))
