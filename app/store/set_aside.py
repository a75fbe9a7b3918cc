"""What was set aside and what became of it: rows for the site's work list and one at a time."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.tables import Participant, SetAside, SetAsideDecision
from app.store.timeline import at_sites


@dataclass(frozen=True, slots=True)
class AsideRow:
    """Something set aside, of whom, and its decision if there is one."""

    row: SetAside
    study_code: str
    site_id: str
    tz: str
    decision: SetAsideDecision | None


def list_asides(
    session: Session,
    sites: Collection[str],
    *,
    is_decided: bool,
    study_code: str = "",
    offset: int = 0,
    limit: int = 50,
) -> list[AsideRow]:
    """List what waits at these sites, oldest first, or what was decided, latest first."""
    query = (
        select(SetAside, Participant.study_code, Participant.site_id, Participant.tz)
        .add_columns(SetAsideDecision)
        .join(Participant, Participant.id == SetAside.participant_id)
        .outerjoin(SetAsideDecision, SetAsideDecision.set_aside_id == SetAside.id)
        .where(at_sites(sites))
    )
    if is_decided:
        query = query.where(SetAsideDecision.set_aside_id.is_not(None))
        query = query.order_by(SetAsideDecision.decided_at.desc(), SetAside.id)
    else:
        query = query.where(SetAsideDecision.set_aside_id.is_(None))
        query = query.order_by(SetAside.received_at, SetAside.id)
    if study_code:
        query = query.where(Participant.study_code == study_code)
    return [AsideRow(*row) for row in session.execute(query.offset(offset).limit(limit))]


def find_aside(session: Session, set_aside_id: str) -> SetAside | None:
    """Find what was set aside by its id."""
    return session.get(SetAside, set_aside_id)


def find_decision(session: Session, set_aside_id: str) -> SetAsideDecision | None:
    """Find what was decided about it."""
    return session.get(SetAsideDecision, set_aside_id)


def list_of_record(session: Session, record_id: str) -> list[SetAside]:
    """List what of one record was ever set aside."""
    return list(session.scalars(select(SetAside).where(SetAside.record_id == record_id)))
