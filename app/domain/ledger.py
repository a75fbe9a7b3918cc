"""The ledger's arithmetic: canonical form, digests, chain and its verification.

A change is one row of the ledger. Its body is RFC 8785 canonical JSON, so that any reader computes
the same bytes; its hash covers the previous row's hash, so that no row can be altered, dropped,
added or moved unseen. Storage is elsewhere; of our modules, the puller imports only this one.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

import rfc8785

from app.domain.errors import BrokenChain

ACTS = "acts"
TEXT_REDACTED = "text.redacted"
"""The act that removes a text from another act; a version does it by what it `redacts`."""


def data_stream(site: str) -> str:
    """Name the stream that carries the record versions of one site."""
    return f"data/{site}"


def canonical(value: Any) -> str:
    """Write JSON-able `value` as RFC 8785 canonical text."""
    return rfc8785.dumps(value).decode()


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def text_digest(salt: str, field: str, value: str) -> str:
    """Digest of a text that may have to be redacted.

    The salt (hexadecimal, 16 random bytes) is destroyed together with the text, so that the digest
    which stays in the chain cannot be guessed back (GDPR 17, R3 4.2.2(b)).
    """
    return hmac.new(bytes.fromhex(salt), f"{field}\0{value}".encode(), hashlib.sha256).hexdigest()


def genesis(stream: str) -> str:
    """The hash before number 1; it differs by stream, so that none can pass for another."""
    return hashlib.sha256(f"crps-diary/ledger/1\0{stream}".encode()).hexdigest()


def link(prev_hash: str, body: str) -> str:
    """sha256(prev_hash ‖ sha256(body)), in hexadecimal."""
    of_body = hashlib.sha256(body.encode()).digest()
    return hashlib.sha256(bytes.fromhex(prev_hash) + of_body).hexdigest()


def link_digest(prev_hash: str, body_digest: str) -> str:
    """The same from the body's digest alone, for a row that is not shown."""
    return hashlib.sha256(bytes.fromhex(prev_hash) + bytes.fromhex(body_digest)).hexdigest()


def digest_of_hashes(hashes: Iterable[str]) -> str:
    """SHA-256 of some changes' hashes in their order: two sides compare without moving the data."""
    total = hashlib.sha256()
    for hash_ in hashes:
        total.update(bytes.fromhex(hash_))
    return total.hexdigest()


def head_digest(stream: str, no: int, hash_: str) -> str:
    """Digest of where a stream stands, for signing: who does not know the hash learns nothing."""
    return digest({"stream": stream, "no": no, "hash": hash_})


def receipt_code(change_id: str) -> str:
    """Four characters a person can read out on the telephone, derived from the change's id."""
    alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    octets = hashlib.sha256(change_id.encode()).digest()
    return "".join(alphabet[octet % 32] for octet in octets[:4])


class Chain:
    """Walks one stream and raises BrokenChain at the first row that does not follow.

    `no` and `head` are where the reader stands; they start before number 1, or where an earlier
    walk of the same stream ended.
    """

    def __init__(self, stream: str, no: int = 0, head: str | None = None) -> None:
        self.stream = stream
        self.no = no
        self.head = genesis(stream) if head is None else head

    def follow(self, no: int, body: str, prev_hash: str, hash_: str) -> None:
        """Step over one row, or raise BrokenChain naming it."""
        if no != self.no + 1:
            raise BrokenChain(self.stream, self.no + 1, f"missing: the next row is number {no}")
        if prev_hash != self.head:
            raise BrokenChain(self.stream, no, "does not continue the row before it")
        if link(prev_hash, body) != hash_:
            raise BrokenChain(self.stream, no, "its content does not match its hash")
        self.no, self.head = no, hash_

    def pass_over(self, no: int, body_digest: str, hash_: str) -> None:
        """Step over one row that stands by its digest alone, or raise BrokenChain naming it."""
        if no != self.no + 1:
            raise BrokenChain(self.stream, self.no + 1, f"missing: the next row is number {no}")
        if link_digest(self.head, body_digest) != hash_:
            raise BrokenChain(self.stream, no, "its digest does not continue the row before it")
        self.no, self.head = no, hash_


def check_payload(body: Mapping[str, Any], payload: Any) -> bool:
    """Whether `payload` is what the change says was saved."""
    return bool(body["payload_digest"] == digest(payload))


def check_texts(
    body: Mapping[str, Any], values: Mapping[str, str | None], salts: Mapping[str, str | None]
) -> bool:
    """Whether every text that is still there is the one that the change sealed."""
    sealed: Mapping[str, str] = body.get("texts", {})
    if set(sealed) != set(values):
        return False
    for field, value in values.items():
        salt = salts.get(field)
        if (value is None) != (salt is None):
            return False
        if (
            value is not None
            and salt is not None
            and text_digest(salt, field, value) != sealed[field]
        ):
            return False
    return True
