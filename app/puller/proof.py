"""Proving what the server says: the chain, the answers and the texts of every change.

An item is believed only as far as its hash covers it, and becomes a row of the copy only then.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from app.domain.errors import BrokenChain
from app.domain.ledger import Chain, canonical, check_payload, check_texts, genesis

Row = dict[str, Any]
Heads = dict[str, tuple[int, str]]
"""Number and hash of the last change of each stream."""

COLUMNS = (
    *("seq", "stream", "no", "change_id", "op", "record_id", "kind", "version", "study_code"),
    *("site", "form_version", "diary_on", "observed_at", "saved_at", "received_at", "tz"),
    *("originator", "actor", "lateness", "assurance", "flags", "redacts"),
    *("data", "texts", "text_salt", "body", "prev_hash", "hash"),
)
"""The columns of a copy. `originator`, `actor`, `data`, `texts` and `text_salt` are JSON."""


class Proof:
    """Follows every stream from where the copy stands; raises BrokenChain at the first fault."""

    def __init__(self, heads: Heads, seq: int) -> None:
        self._chains = {stream: Chain(stream, no, head) for stream, (no, head) in heads.items()}
        self._seq = seq
        self._gone: dict[tuple[str, str], tuple[str, int]] = {}

    @property
    def heads(self) -> Heads:
        """Where each stream stands now."""
        return {stream: (chain.no, chain.head) for stream, chain in self._chains.items()}

    def follow(self, item: Mapping[str, Any]) -> Row:
        """Check one change and give its row."""
        stream = str(item.get("stream"))
        chain = self._chains.setdefault(stream, Chain(stream))
        place = chain.no + 1
        try:
            chain.follow(item["no"], item["body"], item["prev_hash"], item["hash"])
            row = self._open(item, json.loads(item["body"]))
            if row["seq"] <= self._seq:
                reason = f"stands out of order: {row['seq']} after {self._seq}"
                raise BrokenChain(stream, place, reason)
        except (AttributeError, KeyError, TypeError, ValueError) as fault:
            reason = f"is not a change as the contract has it ({type(fault).__name__}: {fault})"
            raise BrokenChain(stream, place, reason) from fault
        self._seq = row["seq"]
        return row

    def require_end(self, heads: Heads) -> None:
        """Raise BrokenChain unless this is where the server says that every stream ends."""
        for stream in sorted({*heads, *self._chains}):
            told, held = heads.get(stream), self.heads.get(stream, (0, genesis(stream)))
            if told is None:
                raise BrokenChain(stream, held[0], "the server does not give this stream any more")
            if told != held:
                reason = f"the server ends at number {told[0]}, what it gave at {held[0]}"
                raise BrokenChain(stream, held[0] + 1, reason)
        for stream, no in self._gone.values():
            raise BrokenChain(stream, no, "a text of it is gone, and no redaction says so")

    def _open(self, item: Mapping[str, Any], body: Mapping[str, Any]) -> Row:
        """Compare what is beside the sealed body with the body; give both as a row."""
        stream, no = body["stream"], body["no"]
        for name, sealed in body.items():
            if canonical(item[name]) != canonical(sealed):
                raise BrokenChain(stream, no, f"{name} differs from what was sealed")
        payload, texts = _unfold(item, body)
        if (payload is not None or body["payload_digest"]) and not check_payload(body, payload):
            raise BrokenChain(stream, no, "its data differ from what was sealed")
        salts = item["text_salt"]
        if salts.keys() != texts.keys() or not check_texts(body, texts, salts):
            raise BrokenChain(stream, no, "a text differs from what was sealed")
        self._note_gone(body, texts)
        return {
            **{name: item[name] for name in COLUMNS if name in item},
            **{name: canonical(item[name]) for name in ("originator", "actor", "text_salt")},
            "flags": " ".join(item["flags"]),
            "data": None if payload is None else canonical(payload),
            "texts": canonical(texts),
        }

    def _note_gone(self, body: Mapping[str, Any], texts: Mapping[str, str | None]) -> None:
        """Remember texts that are gone until the redaction comes that says so."""
        record_id, redacted = body["record_id"], body["redacts"]
        self._gone.pop((record_id, redacted), None)
        for field, value in texts.items():
            if value is None:
                self._gone[record_id, field] = (body["stream"], body["no"])


def without_text(row: Row, field: str) -> Row | None:
    """A row of the copy as a redaction leaves it; None when it does not hold that text."""
    texts, salts = json.loads(row["texts"]), json.loads(row["text_salt"])
    if texts.get(field) is None:
        return None
    redacted = {"texts": {**texts, field: None}, "text_salt": {**salts, field: None}}
    return {**row, **{name: canonical(value) for name, value in redacted.items()}}


def heads_of(rows: Iterable[Row]) -> Heads:
    """Where the streams end in rows that stand in their order."""
    return {row["stream"]: (int(row["no"]), row["hash"]) for row in rows}


def _unfold(
    item: Mapping[str, Any], body: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, dict[str, str | None]]:
    """The payload as it was sealed, and every text: the reason, and those among the data."""
    payload, texts = item["data"], {}
    if payload is not None and "texts" in payload:
        texts = payload["texts"]
        payload = {name: value for name, value in payload.items() if name != "texts"}
        if not payload and body["payload_digest"] is None:
            payload = None
    if "reason" in body["texts"] or item["reason"] is not None:
        texts = {**texts, "reason": item["reason"]}
    return payload, texts
