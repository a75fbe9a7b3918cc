"""A deployment moved between engines: every row, chains unbroken, pullers go on where they were."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.errors import InvalidInput, WrongState
from app.services import moving, verification
from app.store.session import Database
from app.store.tables import Base
from tests import desk_scenes, scenes, trial
from tests.engines import Engine
from tests.people import NOW, Stage, Who, on_stage


@pytest.fixture
def other(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database of the other engine."""
    name = "postgresql_engine" if "sqlite" in request.node.name else "sqlite_engine"
    elsewhere: Engine = request.getfixturevalue(name)
    url = elsewhere.empty()
    database = Database(url)
    yield database
    database.close()
    elsewhere.drop(url)


def rows(database: Database) -> dict[str, list[Any]]:
    """Every row of every table, in order."""
    with database.read() as session:
        return {
            name: [
                tuple(row)
                for row in session.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for name, table in Base.metadata.tables.items()
        }


@pytest.mark.trust(2, 16)
def test_everything_arrives_and_everybody_goes_on(stage: Stage, other: Database) -> None:
    made = trial.live(stage)
    scenes.messaged(stage, Who.OTHER)
    pulled = stage.client(Who.KEY).get("/api/v1/changes", params={"limit": 5}).json()
    before = rows(stage.database)
    done = moving.move(stage.database, other, now=stage.clock.now)
    arrived = rows(other)
    act = arrived["ledger"].pop()
    assert arrived == before
    assert done.rows == sum(len(found) for found in before.values())
    assert act[4] == "database.moved"
    with on_stage(other.url.render_as_string(hide_password=False), stage.cast) as again:
        again.clock.now = stage.clock.now
        key = again.client(Who.KEY)
        page = key.get("/api/v1/changes", params={"after": pulled["next_cursor"]})
        assert page.status_code == 200
        assert page.json()["epoch"] == pulled["epoch"]
        assert page.json()["changes"][0]["prev_hash"]
        last = key.get("/api/v1/changes").json()["next_cursor"]
        trial.correct(again, made["corrected"], 3, average=33)
        (new,) = key.get("/api/v1/changes", params={"after": last}).json()["changes"]
        assert new["seq"] > act[0]
        scenes.lettered(again, Who.OWN)  # rows with numbers of their own find free ones
        with again.database.read() as session:
            assert verification.verify(session).fault is None


def test_a_target_that_holds_something_is_refused(stage: Stage, other: Database) -> None:
    moving.move(stage.database, other, now=NOW)
    for target in (other, stage.database):
        with pytest.raises(InvalidInput, match="move_not_empty"):
            moving.move(stage.database, target, now=NOW)


def test_a_source_that_is_written_meanwhile_leaves_the_target_empty(
    stage: Stage, other: Database
) -> None:
    written: list[int] = []

    def write_once(count: int) -> None:
        if not written:
            written.append(count)
            assert desk_scenes.sign(stage, Who.OWN).status_code == 303

    with pytest.raises(WrongState, match="moved_meanwhile"):
        moving.move(stage.database, other, now=NOW, progress=write_once)
    assert sum(len(found) for found in rows(other).values()) == 0
    moving.move(stage.database, other, now=NOW)
