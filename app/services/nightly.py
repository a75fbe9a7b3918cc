"""The night's work, once a night whoever does it: a backup that is restored and verified, and the
end of technical rows that have had their time.

A night begins at its hour by the study's clock; a call that comes later catches it up. What went
wrong is in the outcome, on the page of operations and in the admin's digest, and in the ledger.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import structlog

from app.domain.access import SYSTEM
from app.domain.diary_day import local_instant, zone_named
from app.domain.errors import DomainError
from app.domain.ledger import canonical
from app.services import backups, heads, retention
from app.services.reminders import Courier, IsStopping
from app.store import ledger, nightly
from app.store.session import Database

BACKUP, PURGE, HEADS = "backup", "purge", "heads"
VERIFIED, FAILED, OFF = "verified", "failed", "off"
_log = structlog.get_logger("nightly")


def run_due(courier: Courier, is_stopping: IsStopping) -> int:
    """Do what is due of tonight's work; give how many pieces were done."""
    night_on = _night(courier)
    if night_on is None:
        return 0
    return sum(
        _do(courier, name, night_on, piece) for name, piece in PIECES.items() if not is_stopping()
    )


def _night(courier: Courier) -> date | None:
    """The date of the night whose hour has struck; None before it."""
    now, tz = courier.clock(), courier.deployment.study.tz
    today = now.astimezone(zone_named(tz)).date()
    return today if now >= local_instant(today, courier.deployment.night.at, tz) else None


def _do(
    courier: Courier, name: str, night_on: date, piece: Callable[[Courier], Mapping[str, Any]]
) -> bool:
    with courier.database.write() as session:
        if not nightly.claim(session, name, night_on, courier.worker, courier.clock()):
            return False
    outcome = piece(courier)
    with courier.database.write() as session:
        nightly.note_outcome(session, name, night_on, canonical(outcome), courier.clock())
        if name == BACKUP and outcome["state"] != OFF:
            op = "backup.verified" if outcome["state"] == VERIFIED else "backup.failed"
            ledger.queue_act(session, actor=SYSTEM, op=op, now=courier.clock(), details=outcome)
    return True


def back_up(courier: Courier) -> dict[str, Any]:
    """Take a backup, try it out, and let older ones go; give what came of it."""
    folder = courier.deployment.night.backup_folder
    if folder is None:
        return {"state": OFF}
    target = folder / f"diary-{courier.clock().astimezone(UTC):%Y%m%dT%H%M%SZ}.backup"
    try:
        found = _take(courier.database, target, courier.clock())
    except Exception as fault:  # whatever it was, the night ends and says so
        told = fault.code if isinstance(fault, DomainError) else type(fault).__name__
        why = str(fault) if isinstance(fault, OSError) else getattr(fault, "params", {}).get("told")
        _log.error("backup not verified", code=told, why=why)
        return {"state": FAILED, "code": told, "file": target.name if target.exists() else None}
    gone = _let_go(folder, courier.deployment.night.kept)
    _log.info("backup verified", file=target.name, changes=found["changes"], removed=gone)
    return {"state": VERIFIED, "removed": gone, **found}


def _take(database: Database, target: Path, now: datetime) -> dict[str, Any]:
    proof = backups.back_up(database, target, now=now)
    report = backups.prove(target, database)
    return {
        "file": target.name,
        "bytes": proof.bytes,
        "sha256": proof.sha256,
        "changes": sum(head.no for head in report.heads),
        "versions": report.versions,
        "heads": {head.stream: [head.no, head.hash] for head in report.heads},
    }


def _let_go(folder: Path, kept: int) -> int:
    """Remove all nightly backups but the latest; only ever called after a verified newer one."""
    older = sorted(folder.glob("diary-*.backup"))[:-kept]
    for copy in older:
        copy.unlink()
        backups.proof_beside(copy).unlink(missing_ok=True)
    return len(older)


def _sign_heads(courier: Courier) -> dict[str, Any]:
    """Sign where the streams stand; what is refused here is for the operator to look at."""
    if courier.deployment.heads_folder is None:
        return {"state": OFF}
    try:
        signed = heads.sign(courier.database, deployment=courier.deployment, now=courier.clock())
    except (DomainError, OSError) as fault:
        _log.error("heads not signed", why=str(fault))
        return {"state": FAILED, "code": getattr(fault, "code", type(fault).__name__)}
    return {"state": "signed", "number": signed.number, "sha256": signed.digest}


def _purge(courier: Courier) -> dict[str, Any]:
    night = courier.deployment.night
    return retention.purge(courier.database, before=courier.clock() - night.retention)


PIECES = {HEADS: _sign_heads, BACKUP: back_up, PURGE: _purge}
"""A night's pieces of work, in their order."""
