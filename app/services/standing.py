"""How a participant stands at this moment: zones lived in, medicines on the list, days that are in.

Reads only, for whoever drives the services and may not query the store.
"""

import json
from dataclasses import dataclass
from datetime import date

from app.domain.diary_day import ZoneSpan
from app.domain.records import Snapshot
from app.store import participants, records
from app.store.session import Session


@dataclass(frozen=True, slots=True)
class Standing:
    """A participant's zones in order, list of medicines and whether they are due any diary."""

    spans: tuple[ZoneSpan, ...]
    medicines: tuple[Snapshot, ...]
    first_diary_on: date
    last_diary_on: date
    state: str


def get_standing(session: Session, participant_id: int) -> Standing:
    """Give how a participant stands, or raise NotFound."""
    person = participants.get_participant(session, participant_id)
    return Standing(
        spans=tuple(participants.list_zones(session, participant_id)),
        medicines=tuple(
            Snapshot.model_validate(json.loads(row.snapshot))
            for row in participants.list_medicines(session, participant_id)
        ),
        first_diary_on=person.first_diary_on,
        last_diary_on=person.last_diary_on,
        state=person.state,
    )


def has_diary(session: Session, participant_id: int, diary_on: date) -> bool:
    """Whether the diary of a diary day is in."""
    return records.find_diary(session, participant_id, diary_on) is not None
