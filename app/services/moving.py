"""A deployment moved from one database to another, SQLite or PostgreSQL, with its chains unbroken.

The target holds the whole of the source, verified, or nothing. It is no restore: the epoch goes on,
and whoever pulls goes on with the same cursor. The service must not write meanwhile: when the
source's ledger moved, nothing is kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import SYSTEM
from app.domain.errors import InvalidInput, WrongState
from app.services.verification import verify
from app.store import backups, ledger, migrations, moving
from app.store.session import Database, Session

Heads = Mapping[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Moved:
    """What arrived: the heads as they were in the source, the versions, the rows of all tables."""

    heads: Heads
    versions: int
    rows: int


def count_rows(source: Database) -> int:
    """Count what there is to move."""
    with source.read() as session:
        return moving.count_rows(session)


def move(
    source: Database,
    target: Database,
    *,
    now: datetime,
    progress: Callable[[int], object] = lambda rows: None,
) -> Moved:
    """Write the whole source into an empty target, verify it there, and say so in its ledger.

    Raises InvalidInput when either is not this release's or the target is not empty, WrongState
    when the source was written meanwhile or did not arrive as it was.
    """
    _prepare(source, target)
    with source.read() as reading, target.write() as writing:
        if moving.count_rows(writing):
            raise InvalidInput("move_not_empty")
        before, rows = _heads(reading), moving.count_rows(reading)
        moving.copy_rows(reading, writing, progress)
        moving.go_on_after(writing)
        report = verify(writing)
        arrived = {head.stream: (head.no, head.hash) for head in report.heads}
        if report.fault is not None or arrived != before:
            raise WrongState("move_does_not_hold", fault=str(report.fault or "heads differ"))
        with source.read() as again:
            if _heads(again) != before:
                raise WrongState("moved_meanwhile")
        ledger.queue_act(
            writing,
            actor=SYSTEM,
            op="database.moved",
            now=now,
            details={"rows": rows, "heads": {name: list(head) for name, head in before.items()}},
        )
    target.check()
    return Moved(before, report.versions, rows)


def _prepare(source: Database, target: Database) -> None:
    """Bring an empty target to the schema; both have to be at this release's."""
    if source.url == target.url:
        raise InvalidInput("move_not_empty")
    target.prepare()
    if backups.is_empty(target):
        migrations.upgrade(target)
    for database in (source, target):
        if migrations.current_revision(database) != migrations.head_revision():
            raise InvalidInput("move_other_revision", revision=migrations.head_revision())
    source.check()


def _heads(session: Session) -> Heads:
    return ledger.list_heads(session, ledger.list_streams(session))
