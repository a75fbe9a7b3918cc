"""What changed between two versions of a record, field by field, in codes.

A payload is flattened to the fields that a person answered; how they were shown (line, viewport) is
left out. Words for fields and values belong to the pages.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.records import (
    AnswerStatus,
    AnyPayload,
    DiaryPayload,
    DosePayload,
    Score,
    SessionReportPayload,
)

Value = str | int | float | bool | tuple[str, ...] | dict[str, float] | None
"""A value as stored; a status stands for itself where there is no value."""


@dataclass(frozen=True, slots=True)
class Field:
    """One answered field: its group, its code in the group, and its value.

    `name` is the text beside the code where the code alone says nothing (a medicine on the box).
    """

    group: str
    code: str
    value: Value
    name: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that a version changed; a value is None where the field was absent."""

    group: str
    code: str
    name: str
    old: Value
    new: Value


def fields_of(payload: AnyPayload | None) -> tuple[Field, ...]:
    """Every answered field in the order of the form; none of a voided record."""
    match payload:
        case DiaryPayload():
            return tuple(_diary(payload))
        case DosePayload():
            return tuple(_dose(payload))
        case SessionReportPayload():
            return tuple(Field("symptom", code, value) for code, value in payload.items.items())
    return ()


def changes_between(old: AnyPayload | None, new: AnyPayload | None) -> tuple[Changed, ...]:
    """Every field that differs, in the order of the newer version, then what it no longer has."""
    before = {(f.group, f.code): f for f in fields_of(old)}
    after = {(f.group, f.code): f for f in fields_of(new)}
    keys = [*after, *(key for key in before if key not in after)]
    found = []
    for key in keys:
        was, now = before.get(key), after.get(key)
        old_value, new_value = was.value if was else None, now.value if now else None
        if old_value != new_value:
            name = now.name if now else was.name if was else ""
            found.append(Changed(*key, name, old_value, new_value))
    return tuple(found)


def _diary(payload: DiaryPayload) -> Iterator[Field]:
    if payload.entered is not None:
        yield Field("entered", "mode", payload.entered.mode)
        if payload.entered.page_on is not None:
            yield Field("entered", "page_on", payload.entered.page_on.isoformat())
    if payload.flare:
        yield Field("entry", "flare", value=True)
    for code, score in payload.scores.items():
        yield Field("pain", code, _score(score))
    gate = payload.allodynia
    yield Field("gate", "allodynia", gate.value or gate.status.value)
    for code, score in payload.triggers.items():
        yield Field("trigger", code, _score(score))
    if payload.zones.status is not AnswerStatus.NOT_ASKED:
        is_answered = payload.zones.status is AnswerStatus.ANSWERED
        places = tuple(sorted(payload.zones.codes))
        yield Field("zones", "zones", places if is_answered else payload.zones.status.value)
    yield from _medicines(payload)
    if payload.hospital:
        yield Field("entry", "hospital", value=True)
    for code in payload.kept:
        yield Field("kept", code, value=True)


def _medicines(payload: DiaryPayload) -> Iterator[Field]:
    medicines = payload.medicines
    if medicines.status is not AnswerStatus.ANSWERED:
        yield Field("medicines", "medicines", medicines.status.value)
    if medicines.none:
        yield Field("medicines", "none", value=True)
    for answer in medicines.scheduled:
        name = f"{answer.medicine.name} {answer.medicine.strength}"
        units = {str(part): n for part, n in answer.units.items() if n}
        value = units if answer.taking == "differently" else answer.taking or "unanswered"
        yield Field("scheduled", answer.medicine.medicine_id, value, name)
    for rescue in medicines.rescue:
        name = f"{rescue.medicine.name} {rescue.medicine.strength}"
        units = {str(part): n for part, n in rescue.units.items() if n}
        yield Field("rescue", rescue.medicine.medicine_id, units, name)
        if rescue.reason is not None:
            yield Field("reason", rescue.medicine.medicine_id, rescue.reason, name)


def _dose(payload: DosePayload) -> Iterator[Field]:
    name = f"{payload.medicine.name} {payload.medicine.strength}"
    yield Field("dose", "medicine", name)
    yield Field("dose", "units", payload.units)
    yield Field("dose", "taken_on", payload.taken_on.isoformat())
    if payload.taken_at is not None:
        yield Field("dose", "taken_at", payload.taken_at.strftime("%H:%M"))
    if payload.taken_part is not None:
        yield Field("dose", "taken_part", payload.taken_part)
    if payload.patch is not None:
        yield Field("dose", "patch", payload.patch)
    if payload.reason is not None:
        yield Field("dose", "reason", payload.reason)


def _score(score: Score) -> Value:
    return score.value if score.value is not None else score.status.value
