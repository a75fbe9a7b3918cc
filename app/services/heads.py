"""Signed heads: once a day, where every stream stands, signed and kept outside the database.

Whoever rewrites the whole database, with hashes that fit, cannot rewrite these (TRUST 2). A file
holds the heads, and what is signed: a digest for each head, so that a reader of one site can check
its own without learning another's. Each file names the digest of the one before it.

After a restore nothing is signed until somebody says that the restore was theirs; the next file
says so too, and explains why earlier heads lie beyond the ledger.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.domain.access import SYSTEM, Actor
from app.domain.errors import BrokenChain, InvalidInput, WrongState
from app.domain.ledger import canonical, head_digest
from app.services.deployment import Deployment
from app.services.feed import streams_of
from app.store import backups, facts, feed, ledger, verification
from app.store.session import Database, Session
from app.store.tables import Epoch

LAST = "signed_heads"
FILES = "signed heads"
_NAME = re.compile(r"(\d{6})-\d{4}-\d{2}-\d{2}\.json")


@dataclass(frozen=True, slots=True)
class Signed:
    """One file of signed heads: its text, what was signed, and the heads by stream."""

    text: str
    said: Mapping[str, Any]
    heads: Mapping[str, tuple[int, str]]
    public_key: str

    @property
    def number(self) -> int:
        """Its place in the row of files."""
        return int(self.said["number"])

    @property
    def on(self) -> str:
        """The day on which it was signed."""
        return str(self.said["signed_at"])[:10]

    @property
    def digest(self) -> str:
        """What the next file names."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Checked:
    """What a folder was found to hold; `gone` says what accepted restores took back."""

    count: int
    first: int
    last: Signed | None
    gone: tuple[str, ...]


def sign(
    database: Database, *, deployment: Deployment, now: datetime, accept: str | None = None
) -> Signed:
    """Sign where every stream stands, and keep it in a new file.

    Raises WrongState when the last file lies beyond a restore that nobody accepted (`accept` names
    its epoch), BrokenChain when it contradicts the ledger otherwise, InvalidInput without a folder
    or with another key than that of the files.
    """
    folder = folder_of(deployment)
    with database.read() as session:
        last = _last(session, folder)
        key = _key(deployment, is_first=last is None)
        if last is not None and last.public_key != public_half(key):
            raise InvalidInput("heads_key_differs", file=str(deployment.heads_key_file))
        accepted = None if last is None else _accepted(session, last, accept)
        heads = ledger.list_heads(session, ledger.list_streams(session))
        epochs = feed.list_epochs(session)
        said = {
            "study": deployment.study.id,
            "epoch": epochs[-1].id if epochs else None,
            "number": 1 if last is None else last.number + 1,
            "signed_at": ledger.instant(now),
            "seq": backups.last_seq(session),
            "prev": None if last is None else last.digest,
            "accepted": accepted,
            "digests": sorted(head_digest(name, *head) for name, head in heads.items()),
        }
    signed = _written(key, said, heads)
    _keep(folder, signed)
    with database.write() as session:
        facts.put_fact(session, LAST, signed.text)
        details = {"number": signed.number, "seq": said["seq"], "sha256": signed.digest}
        ledger.queue_act(session, actor=SYSTEM, op="heads.signed", now=now, details=details)
    return signed


def check(session: Session, *, folder: Path, public_key: str | None = None) -> Checked:
    """Check every file of a folder, the row that they form, and every head against the ledger.

    Raises BrokenChain naming the first that does not hold.
    """
    row = _row_in(folder, public_key)
    told = facts.find_fact(session, LAST)
    if told is not None and (not row or read(told).number > row[-1].number):
        raise BrokenChain(FILES, read(told).number, f"is not in {folder}, though it was signed")
    gone = tuple(
        f"the restore of epoch {one.said['accepted']['epoch']} took at least"
        f" {one.said['accepted']['gone']} changes back, accepted on {one.on}"
        for one in row
        if one.said["accepted"]
    )
    for at, signed in enumerate(row):
        restores = [one.said["accepted"] for one in row[at + 1 :] if one.said["accepted"]]
        _check_heads(session, signed, restores)
    return Checked(len(row), row[0].number if row else 0, row[-1] if row else None, gone)


def last_shown(session: Session, *, actor: Actor) -> dict[str, Any] | None:
    """The last signed heads as a key may see them: its own streams, and what was signed."""
    told = facts.find_fact(session, LAST)
    if told is None:
        return None
    document: dict[str, Any] = json.loads(told)
    own = set(streams_of(session, actor))
    heads = {name: head for name, head in document["heads"].items() if name in own}
    return {**document, "heads": heads}


def last_signed_at(session: Session) -> datetime | None:
    """When heads were last signed, as the database remembers it."""
    told = facts.find_fact(session, LAST)
    return datetime.fromisoformat(json.loads(told)["signed"]["signed_at"]) if told else None


def read(text: str) -> Signed:
    """Open signed heads; BrokenChain when they are not what was signed."""
    number = 0
    try:
        document = json.loads(text)
        said, number = document["signed"], int(document["signed"]["number"])
        heads = {name: (head["no"], head["hash"]) for name, head in document["heads"].items()}
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(document["public_key"]))
        key.verify(bytes.fromhex(document["signature"]), canonical(said).encode())
        is_whole = sorted(head_digest(name, *head) for name, head in heads.items())
        if is_whole != said["digests"] or text != canonical(document):
            raise BrokenChain(FILES, number, "its heads are not those that were signed")
        return Signed(text, said, heads, document["public_key"])
    except (AttributeError, KeyError, TypeError, ValueError, InvalidSignature) as fault:
        raise BrokenChain(FILES, number, "its signature does not hold") from fault


def folder_of(deployment: Deployment) -> Path:
    """Where the files go; InvalidInput when this deployment has no place for them."""
    if deployment.heads_folder is None:
        raise InvalidInput("heads_off")
    return deployment.heads_folder


def public_half(key: Ed25519PrivateKey) -> str:
    """The public key, in hexadecimal."""
    return key.public_key().public_bytes_raw().hex()


def _written(
    key: Ed25519PrivateKey, said: Mapping[str, Any], heads: Mapping[str, tuple[int, str]]
) -> Signed:
    document = {
        "signed": said,
        "heads": {name: {"no": no, "hash": hash_} for name, (no, hash_) in heads.items()},
        "public_key": public_half(key),
        "signature": key.sign(canonical(said).encode()).hex(),
    }
    return Signed(canonical(document), said, heads, public_half(key))


def _keep(folder: Path, signed: Signed) -> None:
    """Write a file that was never there; one that is there is never touched."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{signed.number:06}-{signed.on}.json"
    with path.open("x", encoding="utf-8") as file:
        file.write(signed.text)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o444)


def _key(deployment: Deployment, *, is_first: bool) -> Ed25519PrivateKey:
    """The key of this deployment; made with the first file, and never again."""
    path = deployment.heads_key_file
    if not path.exists():
        if not is_first:
            raise InvalidInput("heads_key_missing", file=str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate().private_bytes_raw().hex()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(made)
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text().strip()))
    except ValueError:
        raise InvalidInput("heads_key_unreadable", file=str(path)) from None


def _row_in(folder: Path, public_key: str | None) -> list[Signed]:
    """The files of a folder in their order, each proved, all of one key and linked."""
    row: list[Signed] = []
    for path in sorted(path for path in folder.glob("*.json") if _NAME.fullmatch(path.name)):
        signed = read(path.read_text(encoding="utf-8"))
        if path.name != f"{signed.number:06}-{signed.on}.json":
            raise BrokenChain(FILES, signed.number, f"stands in {path.name}")
        if signed.public_key != (public_key or signed.public_key):
            raise BrokenChain(FILES, signed.number, "is signed with another key")
        if row and signed.number != row[-1].number + 1:
            raise BrokenChain(FILES, row[-1].number + 1, "is missing")
        if row and signed.said["prev"] != row[-1].digest:
            raise BrokenChain(FILES, signed.number, "does not continue the file before it")
        public_key = signed.public_key
        row.append(signed)
    return row


def _last(session: Session, folder: Path) -> Signed | None:
    """The last that was signed, from the folder or as the database remembers it."""
    files = sorted(path for path in folder.glob("*.json") if _NAME.fullmatch(path.name))
    told = facts.find_fact(session, LAST)
    found = [read(files[-1].read_text(encoding="utf-8"))] if files else []
    return max([*found, *([read(told)] if told else [])], key=lambda one: one.number, default=None)


def _check_heads(session: Session, signed: Signed, restores: list[Mapping[str, Any]]) -> None:
    for name, (no, hash_) in sorted(signed.heads.items()):
        found = verification.find_hash(session, name, no)
        if found == hash_ or any(_explains(session, one, signed, name) for one in restores):
            continue
        what = "is gone" if found is None else "is another change now"
        restore = _restore_behind(session, signed)
        hint = f"; nobody accepted the restore of epoch {restore.id} yet" if restore else ""
        raise BrokenChain(name, no, f"{what}: its hash was signed on {signed.on}{hint}")


def _explains(session: Session, restore: Mapping[str, Any], signed: Signed, stream: str) -> bool:
    """Whether a restore, once accepted, took away where a stream stood."""
    head = int(restore["restored_head"])
    kept = verification.count_until(session, stream, head)
    return int(signed.said["seq"]) > head and signed.heads[stream][0] > kept


def _accepted(session: Session, last: Signed, accept: str | None) -> dict[str, Any] | None:
    """What the next file says of a restore: nothing, or which one was accepted."""
    restore = next((one for one in feed.list_epochs(session) if one.id == accept), None)
    if accept is not None and restore is None:
        raise InvalidInput("heads_unknown_epoch", epoch=accept)
    try:
        _check_heads(session, last, [])
    except BrokenChain:
        if restore is None and (found := _restore_behind(session, last)) is not None:
            at = found.started_at.isoformat(timespec="minutes")
            raise WrongState("heads_restore_unaccepted", epoch=found.id, at=at) from None
        if restore is None:
            raise
    else:
        return None
    head = restore.restored_head
    told = {"epoch": restore.id, "restored_head": head}
    _check_heads(session, last, [told])
    kept = {name: verification.count_until(session, name, head) for name in last.heads}
    return {**told, "gone": sum(max(0, no - kept[name]) for name, (no, _) in last.heads.items())}


def _restore_behind(session: Session, signed: Signed) -> Epoch | None:
    """The restore by which these heads could have been lost, as the database tells it."""
    lost = (
        epoch
        for epoch in feed.list_epochs(session)
        if epoch.restored_head and signed.said["seq"] > epoch.restored_head
    )
    return next(lost, None)
