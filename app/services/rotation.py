"""A new secret in the place of an earlier one: all that is sealed is sealed again, in small writes
that can be interrupted, while the service runs.

Digests stay as they are. Those of submissions stand in insert-only tables, and of a code or a link
nobody but its holder knows the words. So the key with which the earlier secret made them is kept,
sealed with the present one; it opens nothing. Once nothing needs it, the earlier secret can go.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import SYSTEM
from app.domain.errors import Unavailable
from app.services import accounts, contacts, own_account, push_keys, subscriptions
from app.services.vault import Vault
from app.store import facts, ledger, sealed
from app.store.sealed import Column
from app.store.session import Database, Session
from app.store.tables import Contact, PushSubscription, Staff

BATCH = 100
TRIES = 5
_KEPT, _KEPT_FOR = "digests/", "digest key"

SEALED: dict[str, tuple[Column, str]] = {
    "participants’ e-mail addresses": (Contact.email_sealed, contacts.EMAIL),
    "participants’ telephone numbers": (Contact.phone_sealed, contacts.PHONE),
    "authenticators of staff": (Staff.totp_sealed, accounts.TOTP),
    "e-mail addresses of staff": (Staff.email_sealed, own_account.EMAIL),
    "push subscriptions": (PushSubscription.sealed, subscriptions.PURPOSE),
}
"""Every sealed column, and what it was sealed for."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What was sealed again, and what could not be: it needs a secret that is not here."""

    resealed: int
    left: int


def learn(database: Database, vault: Vault) -> None:
    """Give a vault the digest keys of the secrets that have gone.

    Raises ValueError when they are sealed with a secret that this deployment does not have.
    """
    with database.read() as session:
        kept = facts.list_facts(session, _KEPT)
    for key, value in kept.items():
        vault.learn(key.removeprefix(_KEPT), vault.open(b64decode(value), _KEPT_FOR))


def count_left(session: Session, vault: Vault) -> dict[str, int]:
    """Count, by kind, what still needs an earlier secret."""
    left = {
        name: sealed.count_of_others(session, column, vault.current)
        for name, (column, _) in SEALED.items()
    }
    kept = _facts(session)
    left["keys of the service"] = sum(
        not b64decode(value).startswith(vault.current) for value, _ in kept.values()
    )
    names = {_KEPT + name for name in vault.digest_keys()}
    left["digests of earlier secrets"] = len(names - set(kept))
    return {name: count for name, count in left.items() if count}


def rotate(
    database: Database,
    vault: Vault,
    *,
    now: datetime,
    batch: int = BATCH,
    progress: Callable[[int], object] = lambda count: None,
) -> Rotated:
    """Seal everything again that another than the current secret sealed; give how much that was."""
    resealed = left = 0
    for column, purpose in SEALED.values():
        after = None
        while True:
            some = _Batch(vault, column, purpose, (after, batch))
            _write(database, some.run)
            resealed, left, after = resealed + some.resealed, left + some.left, some.last
            progress(some.resealed + some.left)
            if some.is_last:
                break
    more = _Facts(vault)
    _write(database, more.run)
    done = Rotated(resealed + more.resealed, left + more.left)
    if done.resealed:
        told = {"resealed": done.resealed, "left": done.left}
        with database.write() as session:
            ledger.queue_act(session, actor=SYSTEM, op="secrets.rotated", now=now, details=told)
    return done


class _Batch:
    """Some rows of a column, sealed again in one write."""

    def __init__(
        self, vault: Vault, column: Column, purpose: str, where: tuple[object, int]
    ) -> None:
        self.vault, self.column, self.purpose = vault, column, purpose
        self.after, self.limit = where

    def run(self, session: Session) -> None:
        """Do it; what cannot be opened is left and counted."""
        self.resealed = self.left = 0
        self.last = self.after
        current = self.vault.current
        rows = sealed.list_of_others(session, self.column, current, self.after, self.limit)
        for key, old in rows:
            self.last = key
            try:
                opened = self.vault.open(old, self.purpose)
            except ValueError:
                self.left += 1
                continue
            values: dict[str, object] = {self.column.key: self.vault.seal(opened, self.purpose)}
            if self.purpose == subscriptions.PURPOSE:
                endpoint = json.loads(opened)["endpoint"]
                values["endpoint_hash"] = self.vault.mac({"endpoint": endpoint})
            sealed.replace(session, self.column, key, old, values)
            self.resealed += 1
        self.is_last = len(rows) < self.limit


class _Facts:
    """What the service keeps sealed about itself, and the digest keys of earlier secrets."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault

    def run(self, session: Session) -> None:
        """Do it; what cannot be opened is left and counted."""
        self.resealed = self.left = 0
        for name, key in self.vault.digest_keys().items():
            facts.keep_first(session, _KEPT + name, self._seal(key, _KEPT_FOR))
        for name, (value, purpose) in _facts(session).items():
            if b64decode(value).startswith(self.vault.current):
                continue
            try:
                opened = self.vault.open(b64decode(value), purpose)
            except ValueError:
                self.left += 1
                continue
            facts.replace_fact(session, name, value, self._seal(opened, purpose))
            self.resealed += 1

    def _seal(self, value: str, purpose: str) -> str:
        return b64encode(self.vault.seal(value, purpose)).decode()


def _facts(session: Session) -> dict[str, tuple[str, str]]:
    """What the service keeps sealed about itself, by name: the value and what it was sealed for."""
    kept = {name: (value, _KEPT_FOR) for name, value in facts.list_facts(session, _KEPT).items()}
    pair = facts.find_fact(session, push_keys.FACT)
    return kept if pair is None else {**kept, push_keys.FACT: (pair, push_keys.PURPOSE)}


def _write(database: Database, work: Callable[[Session], None]) -> None:
    """Do a piece of work in one transaction; a busy database is asked again."""
    for attempt in range(1, TRIES + 1):
        try:
            with database.write() as session:
                work(session)
            return
        except Unavailable:
            if attempt == TRIES:
                raise
