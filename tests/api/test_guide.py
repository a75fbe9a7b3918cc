"""The data manager's guide: what it shows to copy runs as it stands, and what it says is so."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from app.routers.sentences import SENTENCES
from tests import trial
from tests.engines import Engine
from tests.people import Stage

GUIDE = (Path(__file__).parents[2] / "docs/trial-database.md").read_text(encoding="utf-8")


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """What the guide shows does not depend on the server's engine."""
    return sqlite_engine


def block(language: str) -> str:
    """The first example in a language."""
    found = re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_python_example_prints_every_change(live_stage: Stage) -> None:
    trial.live(live_stage)
    ran = subprocess.run(
        [sys.executable, "-c", block("python")],
        env={
            **os.environ,
            "DIARY_URL": live_stage.deployment.base_url,
            "DIARY_KEY": live_stage.cast.key,
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    changes = trial.changes_of(live_stage, live_stage.cast.key)
    assert ran.stdout.splitlines() == [
        f"{c['study_code']} {c['diary_on']} {c['kind']} {c['op']} {c['version']}" for c in changes
    ]


def test_the_query_gives_one_row_for_each_diary_day(live_stage: Stage, tmp_path: Path) -> None:
    trial.live(live_stage)
    trial.pull_into(live_stage, f"sqlite:///{tmp_path / 'trial.db'}")
    with closing(sqlite3.connect(tmp_path / "trial.db")) as copy:
        rows = copy.execute(block("sql")).fetchall()
    assert sorted(row[2:] for row in rows) == [
        (0, "answered"),
        (21, "answered"),
        (57, "answered"),
        (57, "answered"),
    ]


def test_every_code_that_it_names_has_its_sentence() -> None:
    codes = set(re.findall(r"`([a-z_]+)`", GUIDE.rpartition("## When it is refused")[2]))
    assert codes - set(SENTENCES) == {"title", "code", "field", "resync_after", "after"}


def test_the_first_hash_is_as_it_says(live_stage: Stage) -> None:
    assert 'sha256("crps-diary/ledger/1" 0x00 stream)' in GUIDE
    first = trial.changes_of(live_stage, live_stage.cast.key)[0]
    begin = sha256(b"crps-diary/ledger/1\0data/lyon").digest()
    assert first["prev_hash"] == begin.hex()
    assert first["hash"] == sha256(begin + sha256(first["body"].encode()).digest()).hexdigest()
