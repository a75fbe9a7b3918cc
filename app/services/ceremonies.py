"""What passkeys of participants and of staff share: who asks, how an answer is read and verified.

Whatever is wrong about an answer means the same: refused. User verification is always required.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

import webauthn
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import bytes_to_base64url, parse_client_data_json
from webauthn.helpers.structs import PublicKeyCredentialDescriptor
from webauthn.registration.verify_registration_response import VerifiedRegistration

from app.domain.errors import WrongState
from app.services.deployment import Deployment

CHALLENGE_LIVES = timedelta(minutes=5)
TIMEOUT_MS = CHALLENGE_LIVES // timedelta(milliseconds=1)
LONGEST_ID = 1400
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks for passkeys: the host name that they are bound to, and the origin of its pages."""

    id: str
    origin: str


def find_party(deployment: Deployment) -> Party | None:
    """Who asks for passkeys here; None where browsers know none: at a bare address, or unsealed."""
    parts = urlsplit(deployment.base_url)
    host = parts.hostname or ""
    try:
        ip_address(host)
    except ValueError:
        is_secure = parts.scheme == "https" or host == "localhost"
    else:
        is_secure = False
    if not is_secure:
        return None
    usual = {"https": 443, "http": 80}[parts.scheme]
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return Party(id=host, origin=f"{parts.scheme}://{host}{port}")


def require_party(deployment: Deployment) -> Party:
    """Who asks for passkeys here; WrongState where there can be none."""
    party = find_party(deployment)
    if party is None:
        raise WrongState("no_passkeys_here")
    return party


def descriptor(credential_id: str) -> PublicKeyCredentialDescriptor:
    """A passkey as options name it."""
    return PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(credential_id))


def named_in(written: str) -> str:
    """The id of the passkey that an answer names, in the one way in which it is stored, or ""."""
    return parsed(lambda: plain(json.loads(written)["id"])) or ""


def challenge_named(written: str) -> str | None:
    """The challenge that an answer names, if it can be read."""
    return parsed(lambda: _challenge_in(written))


def verify_made(party: Party, challenge: str, written: str) -> VerifiedRegistration | None:
    """Read the passkey that was made in answer to a challenge; None when it does not hold."""
    return parsed(
        lambda: webauthn.verify_registration_response(
            credential=written,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    )


def verify_shown(
    party: Party, challenge: str, written: str, public_key: bytes
) -> VerifiedAuthentication | None:
    """Verify an answer but for its count, which is judged once the signature has held."""
    return parsed(
        lambda: webauthn.verify_authentication_response(
            credential=written,
            expected_challenge=webauthn.base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    )


def is_copied(known: int, shown: int) -> bool:
    """Whether a count went backwards, as when two hold the key; synced passkeys stay at nought."""
    return (shown > 0 or known > 0) and shown <= known


def parsed(read: Callable[[], _T]) -> _T | None:
    """What a stranger's answer holds, or None.

    Its parsers raise whatever they stumble over, and all of it means the same: refused.
    """
    try:
        return read()
    except Exception:
        return None


def plain(credential_id: str) -> str:
    """An id in the one way in which it is stored, whatever else a stranger put into it."""
    return bytes_to_base64url(webauthn.base64url_to_bytes(credential_id))


def short(credential_id: str) -> str:
    """A name for a passkey in the trail; the whole id may be very long."""
    return hashlib.sha256(credential_id.encode()).hexdigest()[:16]


def _challenge_in(written: str) -> str:
    told = json.loads(written)["response"]["clientDataJSON"]
    client_data = parse_client_data_json(webauthn.base64url_to_bytes(told))
    return bytes_to_base64url(client_data.challenge)
