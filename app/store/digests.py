"""Digests of open work: who takes one, and that a day's is sent once, whoever sends it."""

from datetime import date, datetime, timedelta

from sqlalchemy import Update, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.tables import Digest, Staff

LEASE = timedelta(minutes=5)
"""How long a digest is in the hand of whoever claimed it; one abandoned is claimed anew."""


def list_recipients(session: Session, digest_on: date, now: datetime) -> list[Staff]:
    """List the accounts with an address whose digest of a date nobody sent or has in hand."""
    of_day = (Digest.staff_id == Staff.id) & (Digest.digest_on == digest_on)
    query = (
        select(Staff)
        .outerjoin(Digest, of_day)
        .where(
            Staff.email_sealed.is_not(None),
            Staff.disabled_at.is_(None),
            Digest.staff_id.is_(None)
            | (Digest.handed_over_at.is_(None) & (Digest.claimed_at <= now - LEASE)),
        )
    )
    return list(session.scalars(query.order_by(Staff.id)))


def claim(session: Session, staff_id: str, digest_on: date, now: datetime) -> bool:
    """Claim a digest; False when another has it in hand or sent it."""
    engine = session.get_bind().dialect.name
    insert = postgresql.insert if engine == "postgresql" else sqlite.insert
    new = insert(Digest).values(staff_id=staff_id, digest_on=digest_on, claimed_at=now)
    unless = new.on_conflict_do_update(
        index_elements=["staff_id", "digest_on"],
        set_={"claimed_at": now},
        where=Digest.handed_over_at.is_(None) & (Digest.claimed_at <= now - LEASE),
    )
    return session.scalar(unless.returning(Digest.staff_id)) is not None


def note_sent(session: Session, staff_id: str, digest_on: date, now: datetime) -> None:
    """Note that a digest was handed over."""
    session.execute(_of(staff_id, digest_on).values(handed_over_at=now))


def give_up(session: Session, staff_id: str, digest_on: date, until: datetime) -> None:
    """Keep a digest in hand until an instant: its address takes nothing today."""
    session.execute(_of(staff_id, digest_on).values(claimed_at=until))


def _of(staff_id: str, digest_on: date) -> Update:
    return update(Digest).where(Digest.staff_id == staff_id, Digest.digest_on == digest_on)
