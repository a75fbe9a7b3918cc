"""Visits, and what was said on their days of the clinic's own measures."""

from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.tables import ClinicMeasure, MesotherapySession, Visit


def is_visit_dated(session: Session, participant_id: int, on: date) -> bool:
    """Whether the site dated a session or another visit of a participant on a date."""
    held = exists().where(
        MesotherapySession.participant_id == participant_id, MesotherapySession.held_on == on
    )
    other = exists().where(Visit.participant_id == participant_id, Visit.held_on == on)
    return bool(session.scalar(select(held | other)))


def is_noted(session: Session, participant_id: int, visit_on: date) -> bool:
    """Whether it was said already, done or not."""
    return session.get(ClinicMeasure, (participant_id, visit_on)) is not None


def note_once(
    session: Session, participant_id: int, visit_on: date, were_done: bool, by: tuple[str, datetime]
) -> bool:
    """Note what was said, by whom and when, unless it was said already; whether it is new."""
    engine = session.get_bind().dialect.name
    insert = postgresql.insert if engine == "postgresql" else sqlite.insert
    new = insert(ClinicMeasure).values(
        participant_id=participant_id,
        visit_on=visit_on,
        were_done=were_done,
        noted_by=by[0],
        noted_at=by[1],
    )
    unless = new.on_conflict_do_nothing(index_elements=["participant_id", "visit_on"])
    return session.scalar(unless.returning(ClinicMeasure.participant_id)) is not None
