"""A superuser who takes the guards away rewrites history; `verify` with the outside heads sees it.

Some of it the ledger shows by itself. What no ledger can show, because all of it fits, is shown by
the heads that were signed before and kept elsewhere.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from app.domain.errors import BrokenChain, InvalidInput, WrongState
from app.domain.ledger import canonical, digest, genesis, link
from app.services import heads, verification
from app.services.deployment import Deployment
from app.store import facts
from app.store.session import Database
from app.store.tables import INSERT_ONLY
from tests import trial
from tests.api.test_cursors import restore
from tests.engines import Engine
from tests.people import Stage, Who, settle

Tampering = Callable[[Connection], object]


@pytest.fixture
def apart(stage: Stage, tmp_path: Path) -> Deployment:
    """The stage's deployment, which keeps signed heads in a folder outside its database."""
    trial.live(stage)
    return replace(
        stage.deployment, heads_folder=tmp_path / "heads", heads_key_file=tmp_path / "heads.key"
    )


@contextmanager
def unguarded(database: Database) -> Iterator[Connection]:
    """A superuser's connection, without triggers and without foreign keys."""
    with database.engine.connect() as connection, connection.begin():
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            for name in list(connection.execute(text(triggers)).scalars()):
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            for table in INSERT_ONLY:
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        yield connection


def sign(stage: Stage, apart: Deployment, accept: str | None = None) -> heads.Signed:
    """Sign the heads as the night does."""
    stage.clock.advance(days=1)
    return heads.sign(stage.database, deployment=apart, now=stage.clock.now, accept=accept)


def fault(database: Database, apart: Deployment) -> BrokenChain | None:
    """What `verify` finds, in the ledger and by the signed heads."""
    with database.read() as session:
        found = verification.verify(session).fault
        try:
            heads.check(session, folder=heads.folder_of(apart))
        except BrokenChain as broken:
            return found or broken
    return found


def edit(connection: Connection) -> None:
    """Alter what a version says."""
    altered = "UPDATE record_versions SET payload = replace(payload, '57', '12')"
    connection.execute(text(f"{altered} WHERE site_id = 'lyon' AND version = 1"))


def delete(connection: Connection) -> None:
    """Take a change away."""
    connection.execute(text("DELETE FROM ledger WHERE stream = 'acts' AND no = 9"))


def reorder(connection: Connection) -> None:
    """Let two changes change places."""
    place = "UPDATE ledger SET no = {} WHERE stream = 'data/lyon' AND no = {}"
    for to, no in ((-1, 3), (3, 4), (4, -1)):
        connection.execute(text(place.format(to, no)))


def truncate(connection: Connection) -> None:
    """Take the last version away with all that is about it, so that what is left fits."""
    last = "(SELECT change_id FROM ledger WHERE stream = 'data/lyon' ORDER BY no DESC LIMIT 1)"
    row = connection.execute(
        text(f"SELECT record_id, version FROM ledger WHERE change_id = {last}")
    ).one()
    for table in ("change_texts", "record_versions", "ledger"):
        connection.execute(text(f"DELETE FROM {table} WHERE change_id = {last}"))
    connection.execute(
        text("UPDATE records SET version = version - 1, pain_average = 12 WHERE record_id = :id"),
        {"id": row.record_id},
    )


def rebuild_all(connection: Connection) -> None:
    """Alter one answer, and compute every digest and hash anew, as whoever has the code can."""
    chains: dict[str, str] = {}
    rows = connection.execute(text("SELECT seq, stream, no, record_id, body FROM ledger"))
    for row in sorted(rows, key=lambda one: (one.stream, one.no)):
        body = json.loads(row.body)
        if (row.stream, row.no) == ("data/lyon", 1):
            told = "SELECT payload FROM record_versions WHERE record_id = :id AND version = 1"
            written = connection.execute(text(told), {"id": row.record_id}).scalar_one()
            payload = json.loads(written)
            payload["scores"]["pain_worst"]["value"] = 99
            body["payload_digest"] = digest(payload)
            altered = "UPDATE record_versions SET payload = :new WHERE record_id = :id"
            connection.execute(
                text(f"{altered} AND version = 1"),
                {"new": canonical(payload), "id": row.record_id},
            )
        prev = chains.get(row.stream, genesis(row.stream))
        chains[row.stream] = link(prev, canonical(body))
        sealed = "UPDATE ledger SET body = :body, prev_hash = :prev, hash = :hash"
        connection.execute(
            text(f"{sealed} WHERE seq = :seq"),
            {"body": canonical(body), "prev": prev, "hash": chains[row.stream], "seq": row.seq},
        )


TAMPERINGS: dict[str, tuple[Tampering, str]] = {
    "edit": (edit, "data/lyon no 1: payload_digest differs"),
    "delete": (delete, "acts no 9: missing"),
    "reorder": (reorder, "data/lyon no 3: does not continue"),
    "truncate": (truncate, "data/lyon no 10: is gone: its hash was signed on 2026-01-21"),
    "rebuild-all": (rebuild_all, "is another change now: its hash was signed on 2026-01-21"),
}


@pytest.mark.trust(2)
@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_a_superuser_rewrites_is_seen(stage: Stage, apart: Deployment, name: str) -> None:
    tampering, sentence = TAMPERINGS[name]
    sign(stage, apart)
    assert fault(stage.database, apart) is None
    with unguarded(stage.database) as connection:
        tampering(connection)
    assert sentence in str(fault(stage.database, apart))
    if name in ("truncate", "rebuild-all"):
        with stage.database.read() as session:
            assert verification.verify(session).fault is None, "the ledger alone cannot show it"


@pytest.mark.trust(2)
def test_an_old_database_put_back_is_seen(stage: Stage, apart: Deployment, engine: Engine) -> None:
    signed = sign(stage, apart)
    url, _ = engine.copy_of(settle)  # as it was before anything of today
    old = Database(url)
    with old.read() as session:
        assert verification.verify(session).fault is None
    assert "its hash was signed on" in str(fault(old, apart))
    with old.write() as session:
        facts.put_fact(session, heads.LAST, signed.text)
    assert "its hash was signed on" in str(fault(old, apart))
    with pytest.raises(BrokenChain):
        heads.sign(old, deployment=apart, now=stage.clock.now)
    old.close()
    engine.drop(url)


def test_without_tampering_it_holds_day_after_day(stage: Stage, apart: Deployment) -> None:
    for day in range(3):
        assert sign(stage, apart).number == day + 1
        trial.save(stage, Who.OWN, trial.dose(stage, Who.OWN))
    assert fault(stage.database, apart) is None
    files = sorted(path.name for path in heads.folder_of(apart).iterdir())
    assert files == ["000001-2026-01-21.json", "000002-2026-01-22.json", "000003-2026-01-23.json"]
    assert apart.heads_key_file.stat().st_mode & 0o777 == 0o600


TOUCHES: list[tuple[Callable[[list[Path]], object], str]] = [
    (lambda files: files[1].unlink(), "no 2: is missing"),
    (lambda files: files[2].unlink(), "no 3: is not in"),
    (lambda files: swap_in(files[1], '"no":1', '"no":2'), "no 2: its heads are not those"),
    (lambda files: swap_in(files[1], '"seq":', '"seq":9'), "no 2: its signature does not hold"),
    (lambda files: files[1].rename(files[1].with_name("000002-2026-01-30.json")), "stands in"),
]


def test_files_that_were_touched_are_named(stage: Stage, apart: Deployment, tmp_path: Path) -> None:
    for _ in range(3):
        sign(stage, apart)
    for number, (touch, sentence) in enumerate(TOUCHES):
        copied = Path(shutil.copytree(heads.folder_of(apart), tmp_path / f"copy {number}"))
        touch(sorted(copied.iterdir()))
        with (
            stage.database.read() as session,
            pytest.raises(BrokenChain, match=re.escape(sentence)),
        ):
            heads.check(session, folder=copied)


def swap_in(path: Path, old: str, new: str) -> None:
    """Alter a file that nobody may write."""
    path.chmod(0o644)
    path.write_text(path.read_text().replace(old, new, 1))


def test_another_key_is_refused(stage: Stage, apart: Deployment, tmp_path: Path) -> None:
    signed = sign(stage, apart)
    kept = apart.heads_key_file.rename(tmp_path / "kept.key")
    with pytest.raises(InvalidInput, match="heads_key_missing"):
        sign(stage, apart)
    elsewhere = replace(apart, heads_folder=tmp_path / "other", heads_key_file=tmp_path / "other.k")
    elsewhere.heads_key_file.write_text("00" * 32)
    with pytest.raises(InvalidInput, match="heads_key_differs"):
        sign(stage, elsewhere)
    with stage.database.read() as session, pytest.raises(BrokenChain, match="another key"):
        heads.check(session, folder=heads.folder_of(apart), public_key="00" * 32)
    assert sign(stage, replace(apart, heads_key_file=kept)).said["prev"] == signed.digest


@pytest.mark.trust(16)
def test_a_restore_is_explained_once_somebody_says_that_it_was_theirs(
    stage: Stage, apart: Deployment
) -> None:
    trial.new_key(stage)
    before = sign(stage, apart)
    head = int(before.said["seq"]) - 1  # the backup did not have the last change yet
    with unguarded(stage.database) as connection:
        connection.execute(text("DELETE FROM ledger WHERE seq > :head"), {"head": head})
    restore(stage, head, "5e5e5e5e")
    assert "nobody accepted the restore of epoch 5e5e5e5e" in str(fault(stage.database, apart))
    with pytest.raises(WrongState, match="heads_restore_unaccepted"):
        sign(stage, apart)
    with pytest.raises(InvalidInput, match="heads_unknown_epoch"):
        sign(stage, apart, accept="0badc0de")
    signed = sign(stage, apart, accept="5e5e5e5e")
    assert signed.said["accepted"] == {"epoch": "5e5e5e5e", "restored_head": head, "gone": 1}
    with stage.database.read() as session:
        found = heads.check(session, folder=heads.folder_of(apart))
        assert found.gone[0].startswith("the restore of epoch 5e5e5e5e took at least 1 changes")
    with unguarded(stage.database) as connection:
        rebuild_all(connection)
    assert "is another change now" in str(fault(stage.database, apart)), "it excuses nothing else"
