"""What every test may ask for: a database on each engine, the people, a mail server.

The browser is in `tests/browser/conftest.py`.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from app.store.session import Database
from tests.effort import effort
from tests.engines import Engine, PostgreSQL, Sqlite, migrate, postgres_programs, postgres_server
from tests.people import Stage, on_live_stage, on_stage, settle
from tests.servers import MailSink
from tests.turns import is_left_out

# The same examples in every run, and no limit by the clock: two workers share a busy machine.
settings.register_profile(
    "diary", deadline=None, derandomize=True, max_examples=effort(100, 2_000), database=None
)
settings.load_profile("diary")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let some tests take turns on the engines: see `tests/turns.py`."""
    parser.addoption("--in-turn", action="store_true", help="each page's test on one engine")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that drive Chromium by their folder; leave out whose turn it is not."""
    browser = Path(__file__).parent / "browser"
    for item in items:
        if item.path.is_relative_to(browser):
            item.add_marker("browser")
    if config.getoption("in_turn"):
        config.hook.pytest_deselected(items=[item for item in items if is_left_out(item)])
        items[:] = [item for item in items if not is_left_out(item)]


@pytest.fixture(scope="session")
def sqlite_engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """SQLite, the embedded default."""
    return Sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_engine() -> Iterator[Engine]:
    """A real PostgreSQL, started by the first test that asks."""
    with postgres_server(durable=False) as address:
        yield PostgreSQL(address)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Either engine: a test that asks for a database runs on both."""
    chosen: Engine = request.getfixturevalue(f"{request.param}_engine")
    return chosen


@pytest.fixture
def database_url(engine: Engine) -> Iterator[str]:
    """Address of a database of the test's own, at the head revision and without any row."""
    url, _ = engine.copy_of(migrate)
    yield url
    engine.drop(url)


@pytest.fixture
def empty_database_url(engine: Engine) -> Iterator[str]:
    """Address of a database of the test's own, without any table."""
    url = engine.empty()
    yield url
    engine.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The database of the test's own, opened."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def stage(engine: Engine) -> Iterator[Stage]:
    """The application with its people, at 19:30 on an evening of the study."""
    url, cast = engine.copy_of(settle)
    with on_stage(url, cast) as opened:
        yield opened
    engine.drop(url)


@pytest.fixture
def live_stage(engine: Engine) -> Iterator[Stage]:
    """The same behind a real server on loopback, for browsers and for the puller."""
    url, cast = engine.copy_of(settle)
    with on_live_stage(url, cast) as opened:
        yield opened
    engine.drop(url)


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's client programs, which come with the server of the tests."""
    monkeypatch.setenv("PATH", f"{postgres_programs()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def mail_sink() -> Iterator[MailSink]:
    """A mail server on loopback; tell the application its `port`."""
    sink = MailSink()
    sink.start()
    yield sink
    sink.stop()
