"""Returned mail: which of our messages a delivery-status report (RFC 3464) is about, and its word.

Pure reading of a message that anybody may have written: what is not such a report is nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from uuid import UUID

LARGEST_MAIL = 1024 * 1024
"""Bytes that are read of a returned mail; its headers come first, and they are what counts."""
_ID = re.compile(r"<([0-9a-f-]{36})@([^<>@\s]+)>", re.IGNORECASE)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_WITHOUT_STATUS = {"failed": "5.0.0", "delayed": "4.0.0"}


@dataclass(frozen=True, slots=True)
class Bounce:
    """The key of the mail that came back, and the status code of RFC 3463: 5.x.x is for good."""

    key: str
    status: str


def read_bounce(raw: bytes, domain: str) -> Bounce | None:
    """Read a returned mail that was sent under this domain; None when it is none of ours."""
    try:
        message = message_from_bytes(raw)
    except RecursionError:  # a mail within a mail, a thousand times over
        return None
    status = next(filter(None, map(_status, _recipients(message))), None)
    if status is None:
        return None
    for name in _ids(message):
        found = _ID.search(name)
        if found and found[2].lower() == domain.lower() and _is_key(found[1]):
            return Bounce(found[1].lower(), status)
    return None


def _recipients(message: Message) -> Iterator[Message]:
    """The blocks of a report that say what became of one recipient."""
    for part in message.walk():
        blocks = part.get_payload()
        if part.get_content_type() == "message/delivery-status" and isinstance(blocks, list):
            yield from (block for block in blocks if isinstance(block, Message))


def _status(recipient: Message) -> str | None:
    """The status of a recipient that was not reached, or not yet."""
    action = str(recipient.get("Action", "")).strip().lower()
    if action not in _WITHOUT_STATUS:
        return None
    found = _STATUS.search(str(recipient.get("Status", "")))
    if found is None or found[0].startswith("2"):
        return _WITHOUT_STATUS[action]
    return f"4{found[0][1:]}" if action == "delayed" else found[0]


def _ids(message: Message) -> Iterator[str]:
    """Message ids that may be ours: of the mail inside, then those that the report answers to."""
    for part in message.walk():
        if part is not message and part.get("Message-ID"):
            yield str(part["Message-ID"])
        if part.get_content_type() == "text/rfc822-headers":
            headers = part.get_payload(decode=True)
            if isinstance(headers, bytes):
                yield str(message_from_bytes(headers).get("Message-ID", ""))
    yield from (str(message.get(name, "")) for name in ("In-Reply-To", "References"))


def _is_key(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True
