"""What the deployment's secret protects: sealed contact data and TOTP seeds, keyed digests.

AES-GCM and HKDF come from `cryptography`. Every use has its own key, derived from the one secret.
A sealed value names the secret that made it, so that a rotation can go on while the service runs.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NAME_BYTES, _NONCE_BYTES = 4, 12
_DIGESTS = "submission content"


class Vault:
    """Seals and opens small values for one purpose each, and makes keyed digests.

    `secrets` are the current secret and then the earlier ones, which only open. Digests cannot be
    made anew, since what they are of is often known to a phone alone: their keys are learned back
    when an earlier secret has gone, and open nothing.
    """

    def __init__(self, *secrets: str) -> None:
        if not secrets or not all(secrets):
            raise ValueError("the secret key is not set: DIARY_SECRET_KEY or DIARY_SECRET_KEY_FILE")
        self._secrets = {_name(secret): secret.encode() for secret in secrets}
        self._current = _name(secrets[0])
        self._keys: dict[tuple[bytes, str], bytes] = {}
        self._digesting = list(self._secrets)

    @property
    def current(self) -> bytes:
        """What everything begins with that the current secret sealed."""
        return self._current

    def digest_keys(self) -> dict[str, str]:
        """The keys of the digests of earlier secrets, by the secrets' names; hexadecimal."""
        earlier = (name for name in self._secrets if name != self._current)
        return {name.hex(): self._key(name, _DIGESTS).hex() for name in earlier}

    def learn(self, name: str, key: str) -> None:
        """Recognise from now on what an earlier secret gave a digest of, without that secret."""
        if bytes.fromhex(name) not in self._digesting:
            self._keys[bytes.fromhex(name), _DIGESTS] = bytes.fromhex(key)
            self._digesting.append(bytes.fromhex(name))

    def seal(self, value: str, purpose: str) -> bytes:
        """Encrypt and authenticate; the same value gives another result each time."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._key(self._current, purpose)).encrypt(
            nonce, value.encode(), purpose.encode()
        )
        return self._current + nonce + sealed

    def open(self, sealed: bytes, purpose: str) -> str:
        """Decrypt, or raise ValueError when the value was altered or the secret is not known."""
        name, nonce = sealed[:_NAME_BYTES], sealed[_NAME_BYTES : _NAME_BYTES + _NONCE_BYTES]
        if name not in self._secrets:
            raise ValueError("sealed with a secret that this deployment does not have")
        try:
            opened = AESGCM(self._key(name, purpose)).decrypt(
                nonce, sealed[_NAME_BYTES + _NONCE_BYTES :], purpose.encode()
            )
        except InvalidTag:
            raise ValueError("the sealed value was altered") from None
        return opened.decode()

    def mac(self, content: Mapping[str, Any]) -> str:
        """Keyed digest of a submission's content, to recognise it when it comes again."""
        return self._mac(self._current, content)

    def every_mac(self, content: Mapping[str, Any]) -> tuple[str, ...]:
        """The digest, and after it those that earlier secrets gave the same content."""
        return tuple(self._mac(name, content) for name in self._digesting)

    def is_mac_of(self, mac: str, content: Mapping[str, Any]) -> bool:
        """Whether the digest, made with this or an earlier secret, is of that content."""
        return any(hmac.compare_digest(mac, self._mac(name, content)) for name in self._digesting)

    def _mac(self, name: bytes, content: Mapping[str, Any]) -> str:
        key = self._key(name, _DIGESTS)
        told = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        return hmac.new(key, told, hashlib.sha256).hexdigest()

    def _key(self, name: bytes, purpose: str) -> bytes:
        if (name, purpose) not in self._keys:
            derivation = HKDF(SHA256(), length=32, salt=None, info=f"diary/{purpose}".encode())
            self._keys[name, purpose] = derivation.derive(self._secrets[name])
        return self._keys[name, purpose]


def _name(secret: str) -> bytes:
    return hashlib.sha256(b"diary/name\0" + secret.encode()).digest()[:_NAME_BYTES]
