"""Backups on both engines: taken while in use, restored whole or not at all, in a new epoch."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.domain.errors import InvalidInput
from app.services import backups, verification
from app.store.backups import is_empty
from app.store.session import Database
from tests import desk_scenes
from tests.engines import Engine
from tests.people import Stage, Who, on_stage
from tests.services.test_verification import behind_the_guards

pytestmark = pytest.mark.usefixtures("tools")


@pytest.fixture
def empty(engine: Engine) -> Iterator[Database]:
    """An empty database of the same engine."""
    url = engine.empty()
    database = Database(url)
    yield database
    database.close()
    engine.drop(url)


def taken(stage: Stage, folder: Path) -> Path:
    """A backup of the stage."""
    target = folder / "copies" / "evening.backup"
    backups.back_up(stage.database, target, now=stage.clock.now)
    return target


@pytest.mark.trust(16)
def test_a_restored_study_goes_on_and_pullers_are_told(
    stage: Stage, empty: Database, tmp_path: Path
) -> None:
    pulled = stage.client(Who.KEY).get("/api/v1/changes").json()
    copy = taken(stage, tmp_path)
    assert copy.stat().st_mode & 0o077 == 0
    lost = desk_scenes.sign(stage, Who.OWN)  # after the copy was taken
    assert lost.status_code == 303
    done = backups.restore(copy, empty, now=stage.clock.now)
    with on_stage(empty.url.render_as_string(hide_password=False), stage.cast) as again:
        client = again.client(Who.KEY)
        refused = client.get("/api/v1/changes", params={"after": pulled["next_cursor"]})
        assert refused.status_code == 409
        whole = client.get("/api/v1/changes").json()
        assert [c["hash"] for c in whole["changes"]] == [c["hash"] for c in pulled["changes"]]
        assert (whole["epoch"], whole["epoch"] == pulled["epoch"]) == (done.epoch, False)
        assert desk_scenes.sign(again, Who.OWN).status_code == 303
        desk_scenes.correct_by_site(again, Who.OWN)
        (new,) = client.get("/api/v1/changes", params={"after": whole["next_cursor"]}).json()[
            "changes"
        ]
        assert new["seq"] > done.restored_head + backups.GAP
        with again.database.read() as session:
            assert verification.verify(session).fault is None


def test_what_is_not_the_copy_is_refused_and_the_database_stays_empty(
    stage: Stage, empty: Database, tmp_path: Path
) -> None:
    copy = taken(stage, tmp_path)
    proof = backups.proof_beside(copy)
    with pytest.raises(InvalidInput, match="backup_exists"):
        backups.back_up(stage.database, copy, now=stage.clock.now)
    with pytest.raises(InvalidInput, match="restore_not_empty"):
        backups.restore(copy, stage.database, now=stage.clock.now)
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-1])
    with pytest.raises(InvalidInput, match="backup_altered"):
        backups.restore(copy, empty, now=stage.clock.now)
    copy.write_bytes(whole)
    proof.write_text("[]")
    with pytest.raises(InvalidInput, match="proof_unreadable"):
        backups.restore(copy, empty, now=stage.clock.now)
    proof.unlink()
    with pytest.raises(InvalidInput, match="proof_missing"):
        backups.restore(copy, empty, now=stage.clock.now)
    assert is_empty(empty)
    assert not copy.with_name(f"{copy.name}.partial").exists()


def test_a_copy_of_an_altered_study_is_not_taken_or_not_restored(
    stage: Stage, empty: Database, tmp_path: Path
) -> None:
    behind_the_guards(stage, "UPDATE ledger SET op = 'void' WHERE seq = 3")
    if not stage.database.is_sqlite:
        with stage.database.engine.begin() as connection:
            for table in ("ledger", "record_versions", "change_texts"):
                connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER ALL"))
    with pytest.raises(InvalidInput, match="backup_does_not_hold"):
        backups.restore(taken(stage, tmp_path), empty, now=stage.clock.now)
    assert is_empty(empty)
