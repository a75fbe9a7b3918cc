"""An authenticator of software: makes passkeys and answers with them, well or badly.

It does what a phone does with the options that the server gives, so that services and pages can be
tried without a browser. What is wrong about an answer is an argument; by default nothing is.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, encode_cbor

ORIGIN = "http://localhost:8000"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40

Options = dict[str, Any]


@dataclass
class Key:
    """One passkey: its id, its private half, and how often it was used."""

    id: bytes
    rp_id: str
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    count: int = 0

    @property
    def written_id(self) -> str:
        """The id as the server stores it."""
        return bytes_to_base64url(self.id)


def make(
    options: Options,
    *,
    origin: str = ORIGIN,
    is_verified: bool = True,
    key_id: bytes | None = None,
    **client_data: Any,
) -> tuple[Key, str]:
    """Make a passkey as the options ask; give it and what the browser writes about it."""
    key = Key(key_id or hashlib.sha256(options["challenge"].encode()).digest(), options["rp"]["id"])
    public = key.private.public_key().public_numbers()
    cose = {1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32), -3: public.y.to_bytes(32)}
    attested = bytes(16) + len(key.id).to_bytes(2) + key.id + encode_cbor(cose)
    told = _client_data("webauthn.create", options, origin, client_data)
    data = _authenticator_data(key, is_verified, ATTESTED) + attested
    statement = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
    return key, _written(key, clientDataJSON=told, attestationObject=statement)


def show(
    key: Key,
    options: Options,
    *,
    origin: str = ORIGIN,
    is_verified: bool = True,
    counts: bool = True,
    signed_by: Key | None = None,
    **client_data: Any,
) -> str:
    """Answer a challenge with a passkey; give what the browser writes about it."""
    if counts:
        key.count += 1
    told = _client_data("webauthn.get", options, origin, client_data)
    data = _authenticator_data(key, is_verified, 0)
    signature = (signed_by or key).private.sign(
        data + hashlib.sha256(told).digest(), ec.ECDSA(SHA256())
    )
    return _written(key, clientDataJSON=told, authenticatorData=data, signature=signature)


def _client_data(kind: str, options: Options, origin: str, changes: dict[str, Any]) -> bytes:
    told = {"type": kind, "challenge": options["challenge"], "origin": origin, **changes}
    return json.dumps(told).encode()


def _authenticator_data(key: Key, is_verified: bool, more: int) -> bytes:
    flags = PRESENT | more | (VERIFIED if is_verified else 0)
    return hashlib.sha256(key.rp_id.encode()).digest() + bytes([flags]) + key.count.to_bytes(4)


def _written(key: Key, **response: bytes) -> str:
    return json.dumps(
        {
            "id": key.written_id,
            "rawId": key.written_id,
            "type": "public-key",
            "response": {name: bytes_to_base64url(part) for name, part in response.items()},
        }
    )


def allowed(options: Options) -> list[bytes]:
    """The passkeys that a challenge names."""
    return [base64url_to_bytes(one["id"]) for one in options.get("allowCredentials", [])]
