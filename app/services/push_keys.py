"""The deployment's one pair of push keys (VAPID): made at first need, sealed, shared by everybody.

Every subscription is bound to the public key, so the pair stays for as long as the study runs.
"""

from base64 import b64decode, b64encode, urlsafe_b64encode
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from app.services.vault import Vault
from app.store import facts
from app.store.session import Database

FACT, PURPOSE = "vapid", "push keys"


@dataclass(frozen=True, slots=True)
class PushKeys:
    """The pair as PEM, and the public key as a browser wants it (base64url, 65 bytes)."""

    private_pem: bytes = field(repr=False)
    public_pem: bytes
    application_server_key: str


def get_keys(database: Database, vault: Vault) -> PushKeys:
    """Give the pair, making it when there is none yet; whoever makes it first makes it for all.

    Raises ValueError when it is sealed with a secret that this deployment does not have.
    """
    with database.read() as session:
        sealed = facts.find_fact(session, FACT)
    if sealed is None:
        new = b64encode(vault.seal(_new_private_pem(), PURPOSE)).decode()
        with database.write() as session:
            sealed = facts.keep_first(session, FACT, new)
    return _keys(vault.open(b64decode(sealed), PURPOSE))


def _new_private_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _keys(private_pem: str) -> PushKeys:
    public = load_pem_private_key(private_pem.encode(), None).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return PushKeys(
        private_pem=private_pem.encode(),
        public_pem=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        application_server_key=urlsafe_b64encode(point).rstrip(b"=").decode(),
    )
