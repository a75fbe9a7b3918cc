"""Sealed values open with the right secret and purpose only, through a rotation too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.vault import Vault

OLD, NEW = "an old secret of the tests: 4f8a1c", "a new secret of the tests: 93bd02"


@given(st.text())
def test_what_is_sealed_opens(value: str) -> None:
    vault = Vault(OLD)
    sealed = vault.seal(value, "contact")
    assert vault.open(sealed, "contact") == value
    assert sealed != vault.seal(value, "contact")


def test_a_rotation_reads_the_old_and_writes_the_new() -> None:
    sealed = Vault(OLD).seal("quelqu.un@example.org", "contact")
    rotating = Vault(NEW, OLD)
    assert rotating.open(sealed, "contact") == "quelqu.un@example.org"
    with pytest.raises(ValueError, match="does not have"):
        Vault(OLD).open(rotating.seal("x", "contact"), "contact")


@given(st.integers(min_value=0, max_value=40))
def test_an_altered_value_does_not_open(at: int) -> None:
    vault = Vault(OLD)
    sealed = bytearray(vault.seal("some value", "contact"))
    sealed[at % len(sealed)] ^= 1
    with pytest.raises(ValueError, match=r"altered|does not have"):
        vault.open(bytes(sealed), "contact")


def test_a_value_of_one_purpose_does_not_open_for_another() -> None:
    vault = Vault(OLD)
    with pytest.raises(ValueError, match="altered"):
        vault.open(vault.seal("x", "contact"), "totp")


def test_a_replay_is_recognised_after_a_rotation() -> None:
    mac = Vault(OLD).mac({"a": 1})
    assert Vault(NEW, OLD).is_mac_of(mac, {"a": 1})
    assert not Vault(NEW, OLD).is_mac_of(mac, {"a": 2})
    assert not Vault(NEW).is_mac_of(mac, {"a": 1})


def test_no_secret_no_vault() -> None:
    with pytest.raises(ValueError, match="DIARY_SECRET_KEY"):
        Vault("")
