"""The participant's medicines as the pages show them: the list of a day, and what is logged."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.domain.records import DosePayload, Kind, Snapshot
from app.routers.participant.words import Words
from app.store import participants, records
from app.store.session import Session
from app.store.tables import Participant

UNDO_FOR = timedelta(minutes=1)
BLANK: dict[str, Any] = {
    **{name: f"{{{name}}}" for name in ("id", "name", "strength", "step", "prescribed")},
    "unit_words": "{unit}",
    "is_opened": False,
}
"""A medicine that is none yet: where the empty pages leave room for its words."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A dose that was logged, with the version that an undo starts from."""

    record_id: str
    version: int
    saved_at: datetime
    payload: DosePayload


def logged_doses(session: Session, person: Participant, on: date) -> list[Logged]:
    """List the doses logged for a date, in the order in which they were saved."""
    return [
        Logged(
            row.record_id, row.version, row.saved_at, DosePayload.model_validate_json(row.payload)
        )
        for row in records.list_latest_versions(session, person.id, Kind.DOSE, on)
        if row.payload is not None
    ]


def snapshots(session: Session, person: Participant, on: date) -> dict[str, Snapshot]:
    """Give the medicines on the list on a date, by id and in their order."""
    listed = participants.list_medicines(session, person.id, on)
    return {row.id: Snapshot.model_validate_json(row.snapshot) for row in listed}


def medicines(
    shelf: Mapping[str, Snapshot], words: Words, values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The list as the diary and home show it; `values` says which counters to leave open."""
    return [
        shown(medicine, words)
        | {"is_opened": any(name.startswith(f"m.{medicine_id}.") for name in values)}
        for medicine_id, medicine in shelf.items()
    ]


def shown(medicine: Snapshot, words: Words) -> dict[str, Any]:
    """One medicine in words, with the amounts that one tap can say."""
    return {
        "id": medicine.medicine_id,
        "name": medicine.name,
        "strength": medicine.strength,
        "role": medicine.role,
        "step": step_of(medicine),
        "prescribed": words.prescribed(medicine),
        "unit_words": words.unit(medicine.unit),
        "amounts": words.amounts(medicine.unit),
        "is_patch": medicine.ug_per_h is not None,
        "is_rescue": medicine.role == "rescue",
    }


def step_of(medicine: Snapshot) -> float:
    """The smallest amount that can be said: halves, but whole drops."""
    return 1 if medicine.unit == "drop" else 0.5


def as_sent(shelf: Mapping[str, Snapshot]) -> list[dict[str, Any]]:
    """The list as a payload carries it."""
    return [json.loads(medicine.model_dump_json()) for medicine in shelf.values()]


def notices(logged: list[Logged], noted: str, words: Words, now: datetime) -> list[dict[str, Any]]:
    """What home says of a dose that was just saved; for a minute it can be undone."""
    return [
        {
            "sentence": words.dose(dose.payload),
            "undo": f"/doses/{dose.record_id}/void" if now - dose.saved_at <= UNDO_FOR else None,
        }
        for dose in logged
        if dose.record_id == noted
    ]
