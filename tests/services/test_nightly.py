"""The night's work: a backup that is restored on trial, once, and who hears when it fails."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from app.gateways.mail import RecordingMailer
from app.services import digests, nightly, operations, verification
from app.services.deployment import Night
from app.services.nightly import PIECES
from app.services.operations import Trouble, Without
from app.services.own_account import EMAIL
from app.services.ports import Gateways
from app.services.reminders import Courier
from app.store import nightly as stored
from app.store.tables import LedgerRow, Staff
from tests.people import Stage, Who
from tests.services.test_verification import behind_the_guards

pytestmark = pytest.mark.usefixtures("tools")

HALF_PAST_TWO = datetime(2026, 1, 21, 1, 30, tzinfo=UTC)
"""By the study's clock, in the night after the scene."""
A_DAY = timedelta(days=1)
Works = Callable[[datetime], Courier]


@pytest.fixture
def works(stage: Stage, tmp_path: Path) -> Works:
    """A scheduler with a folder for backups, at an instant."""
    night = Night(backup_folder=tmp_path / "backups", kept=2)
    mailer = RecordingMailer()

    def at(now: datetime) -> Courier:
        return Courier(
            database=stage.database,
            deployment=replace(stage.deployment, night=night),
            gateways=Gateways(mailer=mailer),
            worker="test",
            clock=lambda: now,
        )

    return at


def run(courier: Courier) -> int:
    return nightly.run_due(courier, lambda: False)


def outcome(courier: Courier) -> dict[str, object]:
    """How the last night's backup ended."""
    with courier.database.read() as session:
        (row,) = stored.list_runs(session, nightly.BACKUP, 1)
    told: dict[str, object] = json.loads(row.outcome or "{}")
    return told


def acts(courier: Courier) -> list[str]:
    with courier.database.read() as session:
        query = select(LedgerRow.op).where(LedgerRow.op.like("backup.%")).order_by(LedgerRow.seq)
        return list(session.scalars(query))


def troubles(courier: Courier) -> set[Trouble]:
    """What is wrong, but for the clock of a stage, which stands still beside a database's."""
    return {*seen(courier).troubles} - {Trouble.CLOCK_OFF}


def seen(courier: Courier) -> operations.Operations:
    with courier.database.read() as session:
        return operations.look(session, deployment=courier.deployment, now=courier.clock())


def databases(stage: Stage) -> list[str]:
    """The scratch databases on the server."""
    if stage.database.is_sqlite:
        return []
    with stage.database.engine.connect() as connection:
        query = text("SELECT datname FROM pg_database WHERE datname LIKE '%scratch%'")
        return list(connection.execute(query).scalars())


@pytest.mark.trust(16)
def test_a_night_is_backed_up_once_tried_out_and_told(
    stage: Stage, works: Works, tmp_path: Path
) -> None:
    assert run(works(HALF_PAST_TWO - timedelta(seconds=1))) == 0
    with stage.database.read() as session:
        before = verification.verify(session)
    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(lambda _: run(works(HALF_PAST_TWO)), range(3))) == len(PIECES)
    told = outcome(works(HALF_PAST_TWO))
    assert (told["state"], told["versions"]) == ("verified", before.versions)
    assert told["heads"] == {head.stream: [head.no, head.hash] for head in before.heads}
    (copy,) = (tmp_path / "backups").glob("*.backup")
    assert {path.name for path in copy.parent.iterdir()} == {copy.name, f"{copy.name}.json"}
    assert acts(works(HALF_PAST_TWO)) == ["backup.verified"]
    assert databases(stage) == []
    with stage.database.read() as session:
        assert verification.verify(session).fault is None
    assert troubles(works(HALF_PAST_TWO + timedelta(hours=29))) == set()
    assert troubles(works(HALF_PAST_TWO + timedelta(hours=31))) == {Trouble.BACKUP_LATE}


@pytest.mark.trust(16)
def test_only_a_verified_backup_lets_older_ones_go(
    stage: Stage, works: Works, tmp_path: Path
) -> None:
    for night in range(3):
        run(works(HALF_PAST_TWO + night * A_DAY))
    names = [f"diary-202601{day}T013000Z.backup" for day in (22, 23)]
    assert sorted(path.name for path in tmp_path.glob("backups/*.backup")) == names
    behind_the_guards(stage, "UPDATE ledger SET op = 'void' WHERE seq = 3")
    last = works(HALF_PAST_TWO + 3 * A_DAY)
    if not stage.database.is_sqlite:
        with stage.database.engine.begin() as connection:
            for table in ("ledger", "record_versions", "change_texts"):
                connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER ALL"))
    run(last)
    told = outcome(last)
    assert (told["state"], told["code"]) == ("failed", "backup_does_not_hold")
    assert {path.name for path in tmp_path.glob("backups/*.backup")} >= set(names)
    assert acts(last)[-1] == "backup.failed"
    assert databases(stage) == []


@pytest.mark.trust(16)
def test_a_failure_is_shown_to_the_admin_and_is_in_the_digest(
    stage: Stage, works: Works, tmp_path: Path
) -> None:
    (tmp_path / "backups").write_text("a file where a folder should be")
    with stage.database.write() as session:
        admin = session.get(Staff, stage.actor(Who.ADMIN).id)
        assert admin is not None
        admin.email_sealed = stage.deployment.vault.seal("admin@example.org", EMAIL)
    assert run(works(HALF_PAST_TWO)) == len(PIECES)
    assert troubles(works(HALF_PAST_TWO)) == {Trouble.BACKUP_FAILED}
    morning = works(HALF_PAST_TWO + timedelta(hours=6))
    assert digests.send_due(morning, lambda: False) == 1
    mailer = morning.gateways.mailer
    assert isinstance(mailer, RecordingMailer)
    assert mailer.sent[0].to == "admin@example.org"
    assert "/desk/operations" in mailer.sent[0].body
    page = stage.client(Who.ADMIN).get("/desk/operations").text
    assert "The last nightly backup" not in page  # this deployment makes none, and says so
    assert "DIARY_BACKUP_FOLDER is not set" in page


def test_without_a_folder_none_is_made(stage: Stage, works: Works) -> None:
    off = replace(works(HALF_PAST_TWO), deployment=stage.deployment)
    assert run(off) == len(PIECES)
    assert (outcome(off), acts(off)) == ({"state": "off"}, [])
    assert Without.BACKUP in seen(off).without
    assert troubles(off) == set()


def test_a_night_that_nobody_finished_is_claimed_anew(stage: Stage, works: Works) -> None:
    with stage.database.write() as session:
        stored.claim(session, nightly.BACKUP, HALF_PAST_TWO.date(), "killed", HALF_PAST_TWO)
    assert run(works(HALF_PAST_TWO + timedelta(hours=1))) == len(PIECES) - 1
    assert run(works(HALF_PAST_TWO + stored.LEASE)) == 1
    assert acts(works(HALF_PAST_TWO)) == ["backup.verified"]
