"""The feed's items, as JSON text: an item opens up the sealed body and adds what lies beside it.

The body and the payload are stored as canonical JSON, so items are joined from those texts as they
are: nothing is parsed, and no figure can change on the way out.
"""

import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Protocol

REASON = "reason"
Texts = Mapping[str, tuple[str | None, str | None]]

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_quoted = encode_basestring
"""What the encoder does with a string, without its preparations."""
_LINE_ENDS = {end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


class Change(Protocol):
    """A change as the feed reads it; `texts` gives value and salt by field, null when redacted."""

    @property
    def seq(self) -> int:
        """Its place in the order of all changes."""

    @property
    def body(self) -> str:
        """What is sealed, in canonical JSON."""

    @property
    def prev_hash(self) -> str:
        """The hash of the change before it in its stream."""

    @property
    def hash(self) -> str:
        """Its own hash."""

    @property
    def payload(self) -> str | None:
        """The answers, in canonical JSON; None for a void."""

    @property
    def texts(self) -> Texts:
        """Texts that may be redacted."""


def write_change(change: Change) -> str:
    """Write an item of the feed, with all that its hash and its digests need."""
    salts = "{}"
    if change.texts:
        salts = _json({field: salt for field, (_, salt) in change.texts.items()})
    return (
        f'{_opened(change)},"body":{_quoted(change.body)},"text_salt":{salts},'
        f'"prev_hash":"{change.prev_hash}","hash":"{change.hash}"}}'
    )


def write_line(change: Change) -> str:
    """Write an item of the feed as one line of NDJSON, with its end."""
    return f"{_one_line(write_change(change))}\n"


def write_entry(change: Change, status: str | None) -> str:
    """Write the latest version of a record: what it says and came to, without its proof."""
    return f'{_opened(change)},"entry_status":{_json(status)},"hash":"{change.hash}"}}'


def write_page(name: str, items: Sequence[str], envelope: Mapping[str, object]) -> str:
    """Write a page as one JSON object: the items under `name`, and the envelope beside them."""
    return f'{{"{name}":[{",".join(items)}],{_json(envelope)[1:]}'


def write_lines(items: Sequence[str], envelope: Mapping[str, object]) -> str:
    """Write a page as NDJSON: one line for each item, and the envelope as the last line."""
    return _one_line("\n".join((*items, _json(envelope), "")))


def _opened(change: Change) -> str:
    """Begin an item: the members of the body, the reason and the answers; the brace stays open."""
    reason, _ = change.texts.get(REASON, (None, None))
    told = "null" if reason is None else _quoted(reason)
    return f'{{"seq":{change.seq},{change.body[1:-1]},"reason":{told},"data":{_data(change)}'


def _data(change: Change) -> str:
    """The answers, with the texts that belong to them; the reason stands apart."""
    if not change.texts:
        return change.payload or "null"
    texts = {field: value for field, (value, _) in change.texts.items() if field != REASON}
    if not texts:
        return change.payload or "null"
    told = f'"texts":{_json(texts)}}}'
    return f"{change.payload[:-1]},{told}" if change.payload else f"{{{told}"


def _one_line(items: str) -> str:
    """Escape what some readers take for the end of a line, and JSON lets stand in a string."""
    for end, escaped in _LINE_ENDS.items():
        if end in items:
            items = items.replace(end, escaped)
    return items
