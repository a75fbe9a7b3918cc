"""An example of what each operation answers, in each of its formats, about the participant of one.

Those whose columns the study sets are written for the study that is served.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI

from app.domain.figures import FACTOR_TABLE
from app.domain.ledger import digest_of_hashes
from app.domain.records import Kind
from app.domain.study import Study
from app.exports.dictionary import describe
from app.exports.flat import Value, write_row
from app.exports.redcap import INSTANCE, INSTRUMENT, flat_columns
from app.exports.redcap_project import RECORD_ID, project_of
from app.exports.spread import DAY, DOSE, columns_of, plan_of
from app.routers.api.examples import CHANGE, CURSOR, ENTRY, EXAMPLES, PAGE

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
Samples = dict[str, dict[str, Any]]
"""Path → format → example."""

_WHOSE = {"study_code": ENTRY["study_code"], "site": ENTRY["site"]}
_LAST = {"next_cursor": None, "has_more": False}
_MEAN = {"mean": 57.0, "sd": None, "n": 1, "n_partial": 0, "n_late": 0, "n_site": 0}
_FIGURES: dict[str, Any] = {
    **_WHOSE,
    "scale": "vas100",
    "session_1_on": "2026-01-20",
    "baseline": {
        "starts_on": "2026-01-13",
        "ends_on": "2026-01-19",
        **_MEAN,
        "mean": None,
        "status": "not_evaluable",
    },
    "weeks": [
        {
            "week": 1,
            "starts_on": "2026-01-20",
            "ends_on": "2026-01-26",
            **_MEAN,
            "is_over": True,
            "reduction_points": None,
            "reduction_pct": None,
            "is_moderate": None,
            "is_substantial": None,
            "is_meaningful": None,
        }
    ],
    "adherence": {"answered": 1, "due": 2, "paused": 0, "pct": 50.0, "pct_with_paused": 50.0},
    "missing": [{"diary_on": "2026-01-18", "cause": "not_opened", "is_provisional": False}],
    "mme": [{"taken_on": "2026-01-19", "value": 0.0, "status": "none_taken", "flags": []}],
    "mme_table": FACTOR_TABLE,
}
_PARTICIPANT: dict[str, Any] = {
    **_WHOSE,
    "state": "enrolled",
    "scale": "vas100",
    "limb": "hand",
    "side": "right",
    "tz": "Europe/Paris",
    "consent_on": "2026-01-09",
    "inclusion_on": "2026-01-13",
    "first_diary_on": "2026-01-13",
    "last_diary_on": "2026-03-31",
    "enrolled_at": "2026-01-12T09:20:00Z",
    "withdrawn_at": None,
}
_DAY: dict[str, Value] = {
    **{name: ENTRY[name] for name in DAY if name in ENTRY},
    "study_day": 6,
    "dy": -1,
    "session_no": 0,
    "late": False,
    "corrected": True,
    "helper": False,
    "scale": "vas100",
    "mme": 0.0,
    "mme_status": "none_taken",
    "mme_table": FACTOR_TABLE,
    "pain_average": 57,
    "pain_average_st": 1,
    "pain_worst_st": 2,
}
_DOSE: dict[str, Value] = {
    **{name: ENTRY[name] for name in DOSE if name in ENTRY},
    "late": False,
    "recalled": False,
    "stated_in": "dose",
    "medicine": "PARACETAMOL 1000 mg",
    "units": 1.0,
    "taken_on": "2026-01-19",
    "taken_at": "07:30",
}


def illustrate(app: FastAPI, study: Study) -> None:
    """Put the examples into the application's description, once.

    They are put in after it is made, because FastAPI leaves every null out of what it makes.
    """
    describe_all = app.openapi
    made: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        if not made:
            document = describe_all()
            for name, example in EXAMPLES.items():
                document["components"]["schemas"][name]["examples"] = [example]
            for path, by_media in samples(study).items():
                for operation in document["paths"][path].values():
                    for media, example in by_media.items():
                        operation["responses"]["200"]["content"][media]["example"] = example
            made.append(document)
        return made[0]

    app.openapi = openapi  # type: ignore[method-assign]


def samples(study: Study) -> Samples:
    """The examples of every operation that has none of its own."""
    sum_ = {"study_code": ENTRY["study_code"], "diary_on": ENTRY["diary_on"], "count": 1}
    told = {"last_seq": ENTRY["seq"], "digest": digest_of_hashes([ENTRY["hash"]])}
    place = {"name": "warehouse", "cursor": CURSOR, "told_at": "2026-01-20T02:00:00Z", "behind": 0}
    session = {**_WHOSE, "session_no": 1, "held_on": "2026-01-20", "area_cm2": 42.5}
    envelope = {name: value for name, value in PAGE.items() if name != "changes"}
    return {
        "/api/v1/changes": {NDJSON: "".join(f"{json.dumps(one)}\n" for one in (CHANGE, envelope))},
        "/api/v1/entries": {JSON: {"entries": [ENTRY], **_LAST}},
        "/api/v1/entries/{record_id}/history": {
            JSON: {"versions": [CHANGE], "record_id": CHANGE["record_id"]}
        },
        "/api/v1/reconciliation": {JSON: {"days": [{**sum_, **told}]}},
        "/api/v1/participants": {JSON: {"participants": [_PARTICIPANT], **_LAST}},
        "/api/v1/sessions": {JSON: {"sessions": [session], **_LAST}},
        "/api/v1/figures": {JSON: {"figures": [_FIGURES], **_LAST}},
        "/api/v1/cursors/{name}": {JSON: place},
        "/api/v1/metadata": {JSON: _dictionary(study)},
        "/api/v1/export/entries.csv": {CSV: _file(DAY, study, Kind.DIARY, _DAY)},
        "/api/v1/export/doses.csv": {CSV: _file(DOSE, study, Kind.DOSE, _DOSE)},
        **_redcap(study),
    }


def _dictionary(study: Study) -> dict[str, Any]:
    """The dictionary with the first of each: the whole of it is what the operation is for."""
    told = describe(study)
    for name in ("statuses", "codes", "members"):
        told[name] = dict([*told[name].items()][:1])
    return {**told, "variables": told["variables"][:1]}


def _file(before: Sequence[str], study: Study, kind: Kind, values: Mapping[str, Value]) -> str:
    """The heading of a flat file, and a row."""
    names = (*before, *(column.name for column in columns_of(plan_of(study, kind))))
    return write_row(names) + write_row(values.get(name) for name in names)


def _redcap(study: Study) -> Samples:
    """A diary day as a row of a REDCap project."""
    names = flat_columns(project_of(study).fields)
    known = {RECORD_ID: ENTRY["study_code"], INSTRUMENT: "diary", INSTANCE: 7, "diary_complete": 2}
    row = {name: known.get(name, "") for name in names}
    return {
        "/api/v1/export/redcap.json": {JSON: [row]},
        "/api/v1/export/redcap.csv": {CSV: write_row(names) + write_row(row.values())},
    }
