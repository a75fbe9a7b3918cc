"""Backups: a copy with its proof beside it, and the restore that begins a new epoch.

A copy is finished when it was read again and held; a restore when the whole ledger was verified and
ends where the copy's did. The trial database then hears that the feed went back, instead of being
given an empty page (INTERFACE, endpoint 1).
"""

import hashlib
import json
import os
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from app.domain.access import SYSTEM
from app.domain.errors import InvalidInput
from app.services.verification import Head, Report, verify
from app.store import backups, ledger, migrations
from app.store.session import Database
from app.store.tables import Epoch

GAP = 1_000_000
"""How far above the restored head the order goes on: no place is ever given twice (INTERFACE)."""
_BLOCK = 1 << 20
Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Proof:
    """What stands beside a copy, in its `.json`: what it is of, and how to know it again."""

    engine: str
    revision: str
    taken_at: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore ended with: the verified heads, and the epoch in which the feed goes on."""

    heads: tuple[Head, ...]
    versions: int
    epoch: str
    restored_head: int


def proof_beside(copy: Path) -> Path:
    """Where the proof of a copy lies."""
    return copy.with_name(f"{copy.name}.json")


def back_up(
    database: Database,
    target: Path,
    *,
    now: datetime,
    progress: Progress = lambda done, of: None,
) -> Proof:
    """Copy the database to a file that is not there yet, and write its proof beside it.

    An SQLite copy is verified whole before it gets its name; one of PostgreSQL when it is restored.
    """
    if target.exists():
        raise InvalidInput("backup_exists", file=str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    try:
        backups.copy_out(database, partial, progress)
        if database.is_sqlite:
            _require_whole(_check(Database(f"sqlite:///{partial}")))
        _settle(partial)
        proof = Proof(
            engine="sqlite" if database.is_sqlite else "postgresql",
            revision=migrations.current_revision(database) or "",
            taken_at=now.isoformat(timespec="seconds"),
            bytes=partial.stat().st_size,
            sha256=_sha256(partial),
        )
        proof_beside(target).write_text(json.dumps(asdict(proof), indent=2) + "\n")
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    return proof


def restore(source: Path, database: Database, *, now: datetime) -> Restored:
    """Fill an empty database from a copy, prove it, and begin a new epoch.

    Raises InvalidInput, and leaves the database empty, when the copy is not the one that its proof
    is of, is of the other engine, or does not hold.
    """
    proof = _read_proof(source)
    if not backups.is_empty(database):
        raise InvalidInput("restore_not_empty")
    _require_same(source, proof, database)
    backups.copy_in(source, database)
    try:
        migrations.upgrade(database)
        database.check()
        report = _check(database)
        _require_whole(report)
    except BaseException:
        backups.discard(database)
        raise
    return _begin_epoch(database, report, proof, now)


def prove(source: Path, database: Database) -> Report:
    """Restore a copy into a scratch database, verify it whole there, and drop it again.

    Raises InvalidInput when it does not hold, or is not of this ledger.
    """
    report = reopen(source, database, source.parent)
    with database.read() as session:
        for head in report.heads:
            if not backups.has_head(session, head.stream, head.no, head.hash):
                raise InvalidInput("backup_of_another", file=str(source))
    return report


def reopen(source: Path, database: Database, folder: Path) -> Report:
    """Restore a copy into a scratch database of the same server, or in the folder, and verify it.

    Raises InvalidInput when the copy is not the one that its proof is of, does not hold, or nothing
    could be restored here. A copy of an earlier release is brought to this one's schema first.
    """
    _require_same(source, _read_proof(source), database)
    with backups.scratch(database, folder) as scratch:
        backups.copy_in(source, scratch)
        migrations.upgrade(scratch)
        scratch.check()
        report = _check(scratch)
    _require_whole(report)
    return report


def is_of_sqlite(source: Path) -> bool:
    """Whether a copy is of an embedded database, which opens anywhere."""
    return _read_proof(source).engine == "sqlite"


def _require_same(source: Path, proof: Proof, database: Database) -> None:
    """Raise InvalidInput unless the copy is the one of its proof, and of the database's engine."""
    if (proof.engine == "sqlite") != database.is_sqlite:
        raise InvalidInput("restore_other_engine", engine=proof.engine)
    if (proof.bytes, proof.sha256) != (source.stat().st_size, _sha256(source)):
        raise InvalidInput("backup_altered", file=str(source))


def _begin_epoch(database: Database, report: Report, proof: Proof, now: datetime) -> Restored:
    epoch = uuid.uuid4().hex[:8]
    with database.write() as session:
        head = backups.last_seq(session)
        session.add(Epoch(id=epoch, after_seq=head + GAP, restored_head=head, started_at=now))
        backups.go_on_after(session, head + GAP)
        ledger.queue_act(
            session,
            actor=SYSTEM,
            op="database.restored",
            now=now,
            details={"epoch": epoch, "restored_head": head, "sha256": proof.sha256},
        )
    return Restored(report.heads, report.versions, epoch, head)


def _read_proof(source: Path) -> Proof:
    try:
        return Proof(**json.loads(proof_beside(source).read_text()))
    except FileNotFoundError:
        raise InvalidInput("proof_missing", file=str(proof_beside(source))) from None
    except (ValueError, TypeError):
        raise InvalidInput("proof_unreadable", file=str(proof_beside(source))) from None


def _check(database: Database) -> Report:
    try:
        with database.read() as session:
            return verify(session)
    finally:
        database.close()


def _require_whole(report: Report) -> None:
    if report.fault is not None:
        raise InvalidInput("backup_does_not_hold", fault=str(report.fault))


def _settle(file: Path) -> None:
    """Make a file outlive a loss of power."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _sha256(file: Path) -> str:
    total = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            total.update(block)
    return total.hexdigest()
