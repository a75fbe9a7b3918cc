"""One true change as OpenAPI's example: its hash and digests hold, which a test recomputes."""

from typing import Any

from app.domain.ledger import canonical, digest, genesis, head_digest, link, text_digest

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
HEADS: dict[str, Any] = {
    "signed": {
        "study": "meso_sdrc",
        "epoch": "1f0c9a3e",
        "number": 1,
        "signed_at": "2026-01-20T01:30:15.000000Z",
        "seq": 42,
        "prev": None,
        "accepted": None,
        "digests": [head_digest("data/lyon", 1, _HASH)],
    },
    "heads": {"data/lyon": {"no": 1, "hash": _HASH}},
    "public_key": "a078e1a5a36f944b5212f72543933fb167c7a2b520e8399b3faee042cdca6e94",
    "signature": "3b5045c4854f9075ccd39b32f010f4275aaaa714351c7725712f1920ab032d35"
    "c9e3f65e955cb7153c41e05237dcf7f9f92777e6965009830f4bdba5c14aa705",
}

EXAMPLES = {"Change": CHANGE, "ChangesPage": PAGE, "Entry": ENTRY, "SignedHeads": HEADS}
