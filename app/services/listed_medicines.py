"""A medicine on a participant's list: how it is prescribed, and the snapshot that doses carry.

The verbs are in `prescriptions`. The rule kept: a row is ended, never changed nor deleted, so that
every date has the list that was valid on it.
"""

import uuid
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from app.domain.errors import InvalidInput
from app.domain.ledger import canonical
from app.domain.records import PARTS, Snapshot
from app.domain.study import Formulary, Medicine
from app.store.session import Session
from app.store.tables import ParticipantMedicine

ROLES = ("scheduled", "rescue")
LARGEST_MAXIMUM = 200


@dataclass(frozen=True, kw_only=True)
class ListedMedicine:
    """A medicine for a participant's list: a box of the formulary and how it is prescribed.

    `prescribed` gives units per part of day and is empty for a rescue medicine.
    """

    code: str
    role: str
    prescribed: dict[str, float] = field(default_factory=dict)
    daily_maximum: float | None = None


def put_on_list(
    session: Session,
    *,
    formulary: Formulary,
    participant_id: int,
    listed: ListedMedicine,
    position: int,
    from_on: date,
) -> ParticipantMedicine:
    """Add a box of the formulary to a list from a date on, or raise InvalidInput."""
    medicine = formulary.find(listed.code)
    if medicine is None or listed.role not in ROLES:
        raise InvalidInput("not_a_choice", field="medicines")
    medicine_id = str(uuid.uuid4())
    snapshot = snapshot_of(medicine_id, medicine, listed)
    return add_row(session, participant_id, snapshot, listed.daily_maximum, position, from_on)


def add_row(
    session: Session,
    participant_id: int,
    snapshot: Snapshot,
    daily_maximum: float | None,
    position: int,
    from_on: date,
) -> ParticipantMedicine:
    """Add a medicine as a snapshot says it."""
    row = ParticipantMedicine(
        id=snapshot.medicine_id,
        participant_id=participant_id,
        snapshot=canonical(snapshot.model_dump(mode="json")),
        daily_maximum=daily_maximum,
        position=position,
        from_on=from_on,
    )
    session.add(row)
    return row


def snapshot_of(medicine_id: str, medicine: Medicine, listed: ListedMedicine) -> Snapshot:
    """Take down a medicine as it stands now, for the list and for every dose of it."""
    return Snapshot.model_validate(
        {
            "medicine_id": medicine_id,
            "name": medicine.name,
            "atc": medicine.atc,
            "ingredients": [
                {"inn": part.inn, "mg": _number(part.mg_per_unit), "opioid": part.opioid}
                for part in medicine.ingredients
            ],
            "strength": medicine.strength,
            "unit": medicine.unit,
            "route": medicine.route,
            "role": listed.role,
            "ug_per_h": _number(medicine.ug_per_h),
            "prescribed": prescribed_of(listed.prescribed),
        }
    )


def prescribed_of(units: dict[str, float]) -> dict[str, float]:
    """Units per part of day, in the order of the day, without the parts that have none."""
    return {part: float(units[part]) for part in PARTS if units.get(part)}


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
