"""Forms posted without script, turned into what a phone with script would have sent, and back.

A form holds words; a submission holds typed answers. What cannot be read is refused with the name
of its field, so that the page can show the sentence beside it and keep all that was typed.
"""

import uuid
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from app.domain.diary_day import zone_named
from app.domain.errors import InvalidInput
from app.domain.records import PARTS, DiaryPayload, RescueAnswer, ScheduledAnswer, Score
from app.domain.study import Study
from app.routers.deps import first

Fields = dict[str, list[str]]
Raw = dict[str, Any]
TEXTS = ("reason", "other_medicine", "other_symptom")
WAITING_UNKNOWN = 2
"""Without script nobody knows what else waits on the phone: more than this one, to be safe."""
_NO_SCORE = ("declined", "not_exposed", "avoided")
_SYMPTOM = "symptom."


def ids() -> dict[str, str]:
    """Fresh ids for a form, so that sending it twice is sending the same."""
    return {"record_id": str(uuid.uuid4()), "submission_id": str(uuid.uuid4())}


def submission(form: Fields, study: Study, tz: str, now: datetime, **fields: Any) -> Raw:
    """A submission as a phone would send it; `fields` gives its kind, its payload and the like.

    Without script the phone's clock is unknown: the form is saved when it arrives. `opened_at`
    says when the page was made, which lets a diary opened before 02:00 be saved until 02:30.
    """
    base_version = first(form, "base_version")
    instant = now.isoformat()
    return {
        "submission_id": first(form, "submission_id"),
        "record_id": first(form, "record_id"),
        "op": "correct" if base_version else "create",
        "base_version": _whole(base_version, "base_version") if base_version else None,
        "form_version": study.version,
        "observed_at": instant,
        "saved_at": instant,
        "sent_at": instant,
        "tz": tz,
        "elapsed_s": _elapsed_s(form, now),
        "waiting": WAITING_UNKNOWN,
        "helper": "helper" in form,
        "texts": {name: first(form, name) for name in TEXTS if first(form, name)},
        **fields,
    }


def diary(form: Fields, study: Study, scale: str, medicines: Iterable[Raw]) -> Raw:
    """The payload of a diary, or of a flare entry; raises InvalidInput naming the field."""
    if "flare" in form:
        return _flare(form, study, scale)
    gate = first(form, "allodynia")
    triggers = {trigger.code: _score(form, trigger.code, scale) for trigger in study.asked_triggers}
    zones = [code for code in form.get("zones", []) if code]
    is_open = gate == "yes"
    if not gate and (zones or any(one["status"] != "unanswered" for one in triggers.values())):
        raise InvalidInput("gate_unanswered", field="allodynia")
    if not is_open:
        triggers, zones = dict.fromkeys(triggers, _no_score("not_asked", scale)), []
    zones_status = "not_asked" if not is_open else "answered" if zones else "unanswered"
    return {
        "scores": {item.code: _score(form, item.code, scale) for item in study.asked_items},
        "allodynia": _gate(gate),
        "triggers": triggers,
        "zones": {"status": zones_status, "set": study.zone_set.version, "codes": zones},
        "medicines": _medicines(form, medicines),
        "hospital": "hospital" in form,
        "kept": form.get("kept", []),
    }


def _flare(form: Fields, study: Study, scale: str) -> Raw:
    skipped = _no_score("skipped_flare", scale)
    return {
        "flare": True,
        "scores": {
            **{item.code: skipped for item in study.asked_items},
            "pain_average": _score(form, "pain_average", scale),
        },
        "allodynia": {"status": "skipped_flare"},
        "triggers": {trigger.code: skipped for trigger in study.asked_triggers},
        "zones": {"status": "skipped_flare", "set": study.zone_set.version},
        "medicines": {"status": "skipped_flare"},
    }


def _gate(answer: str) -> Raw:
    if answer in ("", "declined"):
        return {"status": answer or "unanswered"}
    return {"status": "answered", "value": answer}


def _no_score(status: str, scale: str) -> Raw:
    return {"status": status, "scale": scale}


def _score(form: Fields, code: str, scale: str) -> Raw:
    """An answer on the scale. The range always posts a number: only its mark makes it count."""
    value = first(form, code)
    status = first(form, f"{code}.status") if scale == "vas100" else "answered" if value else ""
    if scale == "nrs11" and value in _NO_SCORE:
        status = value
    if status != "answered":
        return _no_score(status or "unanswered", scale)
    return {"status": status, "value": _whole(value, code), "scale": scale}


def _medicines(form: Fields, medicines: Iterable[Raw]) -> Raw:
    scheduled: list[Raw] = []
    rescue: list[Raw] = []
    is_answered = "none" in form or bool(first(form, "other_medicine"))
    for medicine in medicines:
        field = f"m.{medicine['medicine_id']}"
        units = {part: taken for part in PARTS if (taken := number(form, f"{field}.{part}"))}
        if medicine["role"] == "scheduled":
            taking = first(form, f"{field}.taking") or None
            units = units if taking == "differently" else {}
            scheduled.append({"medicine": medicine, "taking": taking, "units": units})
            is_answered = is_answered or taking is not None
        elif units:
            reason = first(form, f"{field}.reason") or None
            rescue.append({"medicine": medicine, "units": units, "reason": reason})
            is_answered = True
    return {
        "status": "answered" if is_answered else "unanswered",
        "none": "none" in form,
        "scheduled": scheduled,
        "rescue": rescue,
    }


def dose(form: Fields, medicine: Raw, tz: str, now: datetime) -> Raw:
    """The payload of one dose: taken now, unless the form says otherwise."""
    patch = first(form, "patch") or None
    units = 1.0 if patch else number(form, "units" if first(form, "units") else "amount")
    if not units:
        raise InvalidInput("amount_missing", field="units")
    return {
        "medicine": medicine,
        "units": units,
        "reason": first(form, "reason") or None,
        "patch": patch,
        **_taken(form, now.astimezone(zone_named(tz))),
    }


def _taken(form: Fields, local: datetime) -> Raw:
    """When a dose was taken, on the participant's calendar and clock."""
    given, clock = first(form, "taken_on"), local.strftime("%H:%M")
    at, part = first(form, "taken_at") or None, first(form, "taken_part") or None
    try:
        taken_on = date.fromisoformat(given) if given else local.date()
    except ValueError:
        raise InvalidInput("value_refused", field="taken_on", refused={"taken_on": given}) from None
    is_today = taken_on == local.date()
    if at is None and part is None:
        if not is_today:
            raise InvalidInput("time_missing", field="taken_at")
        at = clock
    if taken_on > local.date() or (is_today and at is not None and at > clock):
        raise InvalidInput("time_in_future", field="taken_at", refused={"taken_at": at})
    return {"taken_on": taken_on.isoformat(), "taken_at": at, "taken_part": None if at else part}


def session_report(form: Fields, session_no: int) -> Raw:
    """The payload of a report after a session: the symptoms that were answered."""
    items = {
        name.removeprefix(_SYMPTOM): first(form, name)
        for name in form
        if name.startswith(_SYMPTOM) and first(form, name)
    }
    return {"session_no": session_no, "items": items}


def field_of(field: str | None, payload: Raw) -> str:
    """The form field that a refusal is about; `field` may be a path into the payload."""
    parts = (field or "form").split(".")
    match parts:
        case ["scores" | "triggers" | "items" | "texts", code, *_]:
            return code
        case ["medicines", "scheduled" | "rescue" as role, index, *_, name]:
            return f"m.{payload['medicines'][role][int(index)]['medicine']['medicine_id']}.{name}"
        case ["medicines" | "zones" | "allodynia" | "kept" as part, *_]:
            return part
    return field or "form"


def diary_values(payload: DiaryPayload, texts: dict[str, str]) -> dict[str, Any]:
    """An entry as the values of its form: what a correction starts from, that entry alone."""
    asked = payload.medicines
    values: dict[str, Any] = {
        "allodynia": payload.allodynia.value or payload.allodynia.status.value,
        "zones": payload.zones.codes,
        "kept": payload.kept,
        "none": asked.none,
        "hospital": payload.hospital,
        "other_medicine": texts.get("other_medicine", ""),
    }
    for code, score in (*payload.scores.items(), *payload.triggers.items()):
        values.update(_score_values(code, score))
    for scheduled in asked.scheduled:
        values.update(_units_values(scheduled))
        values[f"m.{scheduled.medicine.medicine_id}.taking"] = scheduled.taking
    for rescue in asked.rescue:
        values.update(_units_values(rescue))
        values[f"m.{rescue.medicine.medicine_id}.reason"] = rescue.reason
    return values


def _units_values(answer: ScheduledAnswer | RescueAnswer) -> Raw:
    field = f"m.{answer.medicine.medicine_id}"
    return {f"{field}.{part}": f"{units:g}" for part, units in answer.units.items()}


def _score_values(code: str, score: Score) -> Iterator[tuple[str, Any]]:
    if score.scale == "nrs11":
        yield code, score.status.value if score.value is None else str(score.value)
        return
    yield f"{code}.status", score.status.value
    if score.value is not None:
        yield code, score.value


def number(form: Fields, name: str) -> float | None:
    """A number as people write it, with a point or a comma; None when nothing was written."""
    written = first(form, name)
    if not written:
        return None
    try:
        return float(written.replace(",", "."))
    except ValueError:
        raise InvalidInput("value_refused", field=name, refused={name: written}) from None


def _whole(written: str, name: str) -> int:
    try:
        return int(written)
    except ValueError:
        raise InvalidInput("value_refused", field=name, refused={name: written}) from None


def _elapsed_s(form: Fields, now: datetime) -> float:
    """Seconds since the page was made; 0 when it does not say so, or says what cannot be."""
    try:
        opened_at = datetime.fromisoformat(first(form, "opened_at"))
        return max(0.0, (now - opened_at).total_seconds())
    except (ValueError, TypeError):
        return 0.0
