"""The data manager's guide: what it shows to copy runs as it stands, and what it says is so."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from hashlib import sha256
from html import unescape
from pathlib import Path

import pytest

from app.routers.sentences import SENTENCES
from app.store.tables import Staff
from tests import trial
from tests.engines import Engine
from tests.people import Stage, Who
from tests.web.reading import Page

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


def run(stage: Stage, code: str) -> list[str]:
    """What a program prints that is given the address and the key."""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "DIARY_URL": stage.deployment.base_url,
            "DIARY_KEY": stage.cast.key,
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return ran.stdout.splitlines()


def test_the_python_example_prints_every_change(live_stage: Stage) -> None:
    trial.live(live_stage)
    changes = trial.changes_of(live_stage, live_stage.cast.key)
    assert run(live_stage, block("python")) == [
        f"{c['study_code']} {c['diary_on']} {c['kind']} {c['op']} {c['version']}" for c in changes
    ]


def test_the_page_says_what_the_metadata_say_and_its_example_runs(live_stage: Stage) -> None:
    told = live_stage.client(Who.KEY).get("/api/v1/metadata").json()
    for language in ("en", "fr"):
        html = guide(live_stage, language)
        text = Page(html).text
        for variable in told["variables"]:
            assert plain(variable["label"][language].split("{limb}")[0]) in text
            assert f">{variable['name']}</th>" in html
            assert "codes" not in variable or f'id="codes-{variable["codes"]}"' in html
        for columns in (*told["columns"].values(), told["members"]):
            assert all(f">{name}</th>" in html for name in columns)
            assert all(plain(row[language]) in text for row in columns.values())
        assert set(re.findall(r'href="#([\w-]+)"', html)) <= set(re.findall(r'id="([\w-]+)"', html))
    code = unescape(html.split('<pre id="python">')[1].split("</pre>")[0])
    assert run(live_stage, code) == [
        f"{c['study_code']} {c['diary_on']} {c['op']} {c['version']}"
        for c in trial.changes_of(live_stage, live_stage.cast.key)
    ]


def plain(words: str) -> str:
    """Words as a page's text has them."""
    return " ".join(words.split())


def guide(stage: Stage, language: str) -> str:
    """The page, in a language."""
    with stage.database.write() as session:
        staff = session.get(Staff, stage.actor(Who.DATA_MANAGER).id)
        assert staff is not None
        staff.language = language
    return stage.client(Who.DATA_MANAGER).get("/desk/trial-database/guide").text


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
