"""An upgrade while people save: two releases side by side on one schema, and no save fails.

The previous release is the code of this repository before its newest revision came in, with the
same packages. It serves before, while and after the schema is brought to the newest revision.
"""

import io
import json
import os
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.routers.deps import utc_now
from app.services.deployment import Deployment
from app.store import migrations
from app.store.session import Database
from tests.api.test_race import Pen
from tests.engines import Engine, migrate
from tests.faults.crew import ROOT, Crew
from tests.faults.phones import Phone, at_work, require_whole
from tests.people import settings_for
from tests.replicas import free_port, until

SETTLE = """
import json, sys
from tests.api.test_race import settle
phones, pens, _ = settle(sys.argv[1])
print(json.dumps([[cookies, pen.medicine] for cookies, pen in zip(phones, pens)]))
"""
LEAST = 3
"""Saves of each phone in each part of the upgrade."""


def git(*arguments: str) -> bytes:
    """What git says of this repository."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"the previous release is not at hand: git says {done.stderr.decode()}")
    return done.stdout


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the previous release."""
    scripts = ScriptDirectory.from_config(Config(str(ROOT / "alembic.ini")))
    newest = scripts.get_revision(migrations.head_revision()).path
    added = git("log", "-1", "--diff-filter=A", "--format=%H", "--", newest).decode().strip()
    archive = git("archive", "--format=tar", f"{added}^" if added else "HEAD")
    folder = tmp_path_factory.mktemp("previous")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")
    words = [sys.executable, "-m", "babel.messages.frontend", "-q", "compile", "-d", "app/locale"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return folder


def run(release: Path, url: str, *arguments: str) -> str:
    """Run a command of a release to its end; what it said."""
    secret = settings_for(url).secret_key.get_secret_value()
    environment = {**os.environ, "DIARY_DATABASE_URL": url, "DIARY_SECRET_KEY": secret}
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=release, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.postgresql
@pytest.mark.trust(14)
def test_no_save_fails_while_one_release_follows_the_other(
    previous: Path, postgresql_engine: Engine
) -> None:
    url = postgresql_engine.empty()
    addresses: list[str] = []
    deployment, now = Deployment.of(settings_for(url)), utc_now()
    phones = [
        Phone(addresses, cookies, Pen(deployment, medicine, now), random.Random(n))
        for n, (cookies, medicine) in enumerate(json.loads(run(previous, url, "-c", SETTLE, url)))
    ]
    database = Database(url)
    assert migrations.current_revision(database) != migrations.head_revision()
    database.close()
    secret = settings_for(url).secret_key.get_secret_value()

    def let_everybody_save() -> None:
        done = [phone.tries + LEAST for phone in phones]
        until(lambda: all(p.tries >= n for p, n in zip(phones, done, strict=True)), "saves")

    with Crew(url, secret, release=previous) as old, Crew(url, secret) as new:
        addresses += old.serve(free_port())
        with at_work(phones, LEAST):
            let_everybody_save()
            migrate(url)
            let_everybody_save()
            addresses += new.serve(free_port())
            let_everybody_save()
            gone = addresses.pop(0)
            let_everybody_save()
            old.stop(gone)
            let_everybody_save()
    assert sum(phone.tries for phone in phones) == sum(len(p.acknowledged) for p in phones)
    require_whole(url, phones)
    assert "holds" in run(previous, url, "-m", "app", "verify")
    postgresql_engine.drop(url)
