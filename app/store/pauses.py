"""Pauses in the database: whose state may have to follow the dates of one."""

from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.domain.diary_day import ONE_DAY
from app.domain.participant import State
from app.store.tables import Participant, ParticipantPause


def list_concerned(session: Session, today: date) -> list[Participant]:
    """List the paused, and the enrolled with a pause that runs on a date or a day beside it.

    A day beside, because a participant's own date may be another than that of the service.
    """
    covering = (
        select(ParticipantPause.participant_id)
        .where(
            ParticipantPause.from_on <= today + ONE_DAY,
            or_(
                ParticipantPause.until_on.is_(None),
                ParticipantPause.until_on >= today - ONE_DAY,
            ),
        )
        .distinct()
    )
    return list(
        session.scalars(
            select(Participant)
            .where(
                or_(
                    Participant.state == State.PAUSED,
                    (Participant.state == State.ENROLLED) & Participant.id.in_(covering),
                )
            )
            .order_by(Participant.id)
        )
    )
