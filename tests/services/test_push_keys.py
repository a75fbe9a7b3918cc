"""The push keys: one pair for everybody, sealed, and still there after the secret was changed."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from app.services.push_keys import FACT, get_keys
from app.services.vault import Vault
from app.store import facts
from app.store.session import Database

OLD, NEW = "the first secret of the tests, 1234", "the second secret of the tests, 5678"


def test_the_pair_is_made_once_and_fits_together(database: Database) -> None:
    keys = get_keys(database, Vault(OLD))
    assert get_keys(database, Vault(OLD)) == keys
    private = load_pem_private_key(keys.private_pem, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    assert private.public_key() == load_pem_public_key(keys.public_pem)
    point = base64.urlsafe_b64decode(keys.application_server_key + "=")
    assert ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point) == (
        private.public_key()
    )


def test_processes_that_start_together_agree(database: Database) -> None:
    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(lambda _: get_keys(database, Vault(OLD)), range(6)))
    assert len({keys.application_server_key for keys in made}) == 1


def test_it_is_read_with_an_earlier_secret_and_not_without(database: Database) -> None:
    keys = get_keys(database, Vault(OLD))
    assert get_keys(database, Vault(NEW, OLD)) == keys
    with pytest.raises(ValueError, match="secret"):
        get_keys(database, Vault(NEW))


def test_the_private_key_is_stored_sealed_and_never_shown(database: Database) -> None:
    keys = get_keys(database, Vault(OLD))
    with database.read() as session:
        stored = facts.find_fact(session, FACT)
    assert stored is not None
    assert b"PRIVATE" not in base64.b64decode(stored)
    assert "PRIVATE" not in repr(keys)
