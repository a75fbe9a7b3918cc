"""Records as rows of flat files: a diary is one row, a dose or a recalled medicine is one.

A row is made from what was sealed: the body of a change and its payload, as JSON gives them. The
service writes rows with this, and `copy_check` compares them with the trail, without a database. A
value is empty unless answered, and `<item>_st` says why.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.exports.flat import Value

Json = Mapping[str, Any]
Row = dict[str, Value]

PARTS = ("night", "morning", "noon", "afternoon", "evening")
BASE_COLUMNS = (
    *("study_code", "site", "diary_on", "record_id", "version", "op", "form_version"),
    *("observed_at", "saved_at", "received_at", "tz", "lateness", "assurance"),
    *("originator", "originator_id", "flags"),
)
"""What every row of a record begins with."""
DOSE_COLUMNS = (
    *BASE_COLUMNS,
    *("stated_in", "medicine", "strength", "unit", "route", "role", "atc", "medicine_id"),
    *("taking", "units", "taken_on", "taken_at", "taken_part", "reason", "patch", "ug_per_h"),
)
"""`stated_in`: a dose that was `logged`, or an answer of the `evening`, which for a scheduled
medicine includes what was logged that day."""
REPORT_COLUMNS = (*BASE_COLUMNS, "session_no", "item", "severity")


def entry_columns(items: Iterable[str]) -> tuple[str, ...]:
    """The columns of diaries that may have answers to these items, on a scale each."""
    scored = (name for code in items for name in (code, f"{code}_st"))
    return (
        *BASE_COLUMNS,
        *("flare", "hospital", "scale", *scored, "allodynia", "allodynia_st"),
        *("zones", "zones_st", "zone_set", "medicines_st", "none_taken", "kept"),
        *("entered_mode", "entered_page_on"),
    )


def entry_rows(body: Json, payload: Json) -> Iterator[Row]:
    """The row of a diary; none of another kind."""
    if body["kind"] != "diary":
        return
    scores = {**payload["scores"], **payload["triggers"]}
    entered = payload.get("entered") or {}
    row: Row = {
        **_base(body),
        "flare": payload["flare"],
        "hospital": payload["hospital"],
        "scale": next((score["scale"] for score in scores.values()), None),
        "allodynia": payload["allodynia"].get("value"),
        "allodynia_st": payload["allodynia"]["status"],
        "zones": " ".join(payload["zones"]["codes"]),
        "zones_st": payload["zones"]["status"],
        "zone_set": payload["zones"]["set"],
        "medicines_st": payload["medicines"]["status"],
        "none_taken": payload["medicines"]["none"],
        "kept": " ".join(payload["kept"]),
        "entered_mode": entered.get("mode"),
        "entered_page_on": entered.get("page_on"),
    }
    for code, score in scores.items():
        row[code], row[f"{code}_st"] = score.get("value"), score["status"]
    yield row


def dose_rows(body: Json, payload: Json) -> Iterator[Row]:
    """The rows of a dose, or of the medicines that a diary recalls."""
    base = _base(body)
    if body["kind"] == "dose":
        yield {
            **base,
            **_medicine(payload["medicine"]),
            "stated_in": "logged",
            **{name: payload[name] for name in ("units", "taken_on", "taken_at", "taken_part")},
            **{name: payload[name] for name in ("reason", "patch")},
        }
    elif body["kind"] == "diary":
        recalled = {**base, "stated_in": "evening", "taken_on": body["diary_on"]}
        for answer in payload["medicines"]["scheduled"]:
            for part, units in _scheduled(answer):
                said: Row = {"taking": answer["taking"], "units": units, "taken_part": part}
                yield {**recalled, **_medicine(answer["medicine"]), **said}
        for answer in payload["medicines"]["rescue"]:
            for part, units in _by_part(answer["units"]):
                said = {"reason": answer["reason"], "units": units, "taken_part": part}
                yield {**recalled, **_medicine(answer["medicine"]), **said}


def report_rows(body: Json, payload: Json) -> Iterator[Row]:
    """The rows of a report after a session: one an item, one without items for an empty one."""
    if body["kind"] != "session_report":
        return
    row = {**_base(body), "session_no": payload["session_no"]}
    for item, severity in payload["items"].items():
        yield {**row, "item": item, "severity": severity}
    if not payload["items"]:
        yield row


def _base(body: Json) -> Row:
    same = (name for name in BASE_COLUMNS if name in body and name not in ("flags", "originator"))
    return {
        **{name: body[name] for name in same},
        "originator": body["originator"]["type"],
        "originator_id": body["originator"].get("id"),
        "flags": " ".join(body["flags"]),
    }


def _medicine(snapshot: Json) -> Row:
    return {
        "medicine": snapshot["name"],
        **{name: snapshot.get(name) for name in ("strength", "unit", "route", "role", "atc")},
        **{name: snapshot.get(name) for name in ("medicine_id", "ug_per_h")},
    }


def _scheduled(answer: Json) -> Iterator[tuple[str | None, float | None]]:
    """Units by part of day as the answer states them; 0 for one that was not taken."""
    match answer["taking"]:
        case "as_prescribed":
            yield from _by_part(answer["medicine"]["prescribed"])
        case "differently":
            yield from _by_part(answer["units"])
        case "not_taken":
            yield None, 0
        case _:
            yield None, None


def _by_part(units: Json) -> Iterator[tuple[str, float]]:
    return ((part, units[part]) for part in PARTS if units.get(part))
