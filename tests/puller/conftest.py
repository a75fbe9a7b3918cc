"""What the puller's tests share: a served diary, and every kind of copy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.puller.server import Page
from tests import trial
from tests.engines import Engine
from tests.people import Stage, on_live_stage, settle


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """The server's engine: what a client is told does not depend on it, as tests/api shows."""
    return sqlite_engine


@pytest.fixture(scope="module")
def lived(sqlite_engine: Engine) -> Iterator[Stage]:
    """A served diary in which everything has happened; its tests only read it."""
    url, cast = sqlite_engine.copy_of(settle)
    with on_live_stage(url, cast) as stage:
        trial.live(stage)
        yield stage
    sqlite_engine.drop(url)


@pytest.fixture(scope="module")
def page(lived: Stage) -> Page:
    """Its whole feed in one page."""
    with trial.server_of(lived, lived.cast.key) as server:
        return server.read_changes("0", 1000)


@pytest.fixture(
    params=["folder", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def into(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where to pull: a folder of CSV, a SQLite file, a PostgreSQL database."""
    if request.param == "folder":
        yield str(tmp_path / "copy")
    elif request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'trial.db'}"
    else:
        server: Engine = request.getfixturevalue("postgresql_engine")
        url = server.empty()
        yield url
        server.drop(url)
