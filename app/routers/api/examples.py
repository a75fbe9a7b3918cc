"""One true change as OpenAPI's example: its hash and digests hold, which a test recomputes."""

from typing import Any

from fastapi import FastAPI

from app.domain.ledger import canonical, digest, genesis, link, text_digest

_SALT = "8f14e45fceea167a5a36dedd4bea2543"
_REASON = "I had mixed up the two days."
_PAYLOAD: dict[str, Any] = {
    "scores": {
        "pain_average": {
            "status": "answered",
            "value": 57,
            "scale": "vas100",
            "line_px": 296,
            "viewport": [360, 740],
            "source_value": None,
        },
        "pain_worst": {
            "status": "declined",
            "value": None,
            "scale": "vas100",
            "line_px": 296,
            "viewport": [360, 740],
            "source_value": None,
        },
    },
    "allodynia": {"status": "answered", "value": "no"},
    "triggers": {},
    "zones": {"status": "not_asked", "set": "2026.1", "codes": []},
    "medicines": {"status": "answered", "none": True, "scheduled": [], "rescue": []},
    "flare": False,
    "hospital": False,
    "kept": [],
    "simulated": [],
}
_PERSON = {"id": "MS-7K4QX", "role": "participant", "organisation": ""}
_BODY: dict[str, Any] = {
    "stream": "data/lyon",
    "no": 1,
    "change_id": "0b9f3f0e-6a1e-4c56-9a35-0f8f0b8d2a11",
    "op": "correct",
    "record_id": "5a1c7c26-3f0d-4a35-8f6b-6d2a1e0c9b77",
    "kind": "diary",
    "version": 2,
    "study": "meso_sdrc",
    "site": "lyon",
    "study_code": "MS-7K4QX",
    "form_version": "2026.1",
    "diary_on": "2026-01-19",
    "observed_at": "2026-01-19T18:29:05.000000Z",
    "saved_at": "2026-01-19T18:30:00.000000Z",
    "received_at": "2026-01-19T18:30:01.250000Z",
    "tz": "Europe/Paris",
    "lateness": "on_time",
    "assurance": "pin",
    "flags": [],
    "originator": {"type": "participant", "id": "MS-7K4QX", "role": "participant"},
    "actor": _PERSON,
    "payload_digest": digest(_PAYLOAD),
    "texts": {"reason": text_digest(_SALT, "reason", _REASON)},
    "redacts": None,
}
_SEALED = canonical(_BODY)
_PREV = genesis("data/lyon")
_HASH = link(_PREV, _SEALED)

ENTRY: dict[str, Any] = {
    "seq": 42,
    **_BODY,
    "reason": _REASON,
    "data": _PAYLOAD,
    "entry_status": "complete",
    "hash": _HASH,
}
CHANGE: dict[str, Any] = {
    **{name: value for name, value in ENTRY.items() if name not in ("entry_status", "hash")},
    "body": _SEALED,
    "text_salt": {"reason": _SALT},
    "prev_hash": _PREV,
    "hash": _HASH,
}
CURSOR = f"1f0c9a3e:42:{_HASH[:8]}"
PAGE: dict[str, Any] = {
    "changes": [CHANGE],
    "next_cursor": CURSOR,
    "has_more": False,
    "epoch": "1f0c9a3e",
    "heads": {"data/lyon": {"no": 1, "hash": _HASH}},
}


def illustrate(app: FastAPI) -> None:
    """Put the examples into the application's description.

    They are put in after it is made, because FastAPI leaves every null out of what it makes.
    """
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        schemas = document["components"]["schemas"]
        for name, example in {"Change": CHANGE, "ChangesPage": PAGE, "Entry": ENTRY}.items():
            schemas[name]["examples"] = [example]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
