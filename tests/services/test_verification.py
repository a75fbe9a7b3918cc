"""Whatever a superuser changes behind the guards, `verify` names the row."""

import pytest
from sqlalchemy import text

from app.domain.errors import BrokenChain
from app.services import verification
from tests import desk_scenes
from tests.people import Stage, Who


def behind_the_guards(stage: Stage, statement: str) -> None:
    """Change the database as a superuser would who takes the guards away first."""
    database = stage.database
    with database.engine.begin() as connection:
        if database.is_sqlite:
            names = connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).scalars()
            for name in list(names):
                connection.execute(text(f"DROP TRIGGER {name}"))
            connection.execute(text("PRAGMA foreign_keys = OFF"))
        else:
            for table in ("ledger", "record_versions", "change_texts"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        assert connection.execute(text(statement)).rowcount >= 1


def fault(stage: Stage) -> BrokenChain | None:
    """What verification finds."""
    with stage.database.read() as session:
        return verification.verify(session).fault


def test_an_honest_ledger_holds(stage: Stage) -> None:
    assert fault(stage) is None


@pytest.mark.parametrize(
    ("statement", "stream", "no"),
    [
        ("UPDATE ledger SET body = replace(body, 'lyon', 'lyoo') WHERE {second}", "data/lyon", 2),
        ("UPDATE ledger SET hash = prev_hash WHERE {second}", "data/lyon", 2),
        ("DELETE FROM ledger WHERE {first}", "data/lyon", 1),
        ("UPDATE ledger SET actor_id = 'somebody' WHERE {second}", "data/lyon", 2),
        ("UPDATE ledger SET op = 'void' WHERE {first}", "data/lyon", 1),
        ("UPDATE record_versions SET payload = '{{}}' WHERE {record}", "data/lyon", 1),
        ("UPDATE record_versions SET lateness = 'late' WHERE {record}", "data/lyon", 1),
        ("UPDATE record_versions SET diary_on = '2026-01-02' WHERE {record}", "data/lyon", 1),
        ("DELETE FROM record_versions WHERE {record}", "data/lyon", 1),
        ("DELETE FROM ledger WHERE {second}", "data/lyon", 0),
        ("UPDATE records SET version = 7 WHERE {record}", "records", 0),
        ("DELETE FROM records WHERE {record}", "records", 0),
    ],
)
@pytest.mark.trust(2)
def test_the_first_bad_row_is_named(stage: Stage, statement: str, stream: str, no: int) -> None:
    places = {
        "first": "stream = 'data/lyon' AND no = 1",
        "second": "stream = 'data/lyon' AND no = 2",
        "record": f"record_id = '{stage.cast.record_ids[Who.OWN]}'",
    }
    behind_the_guards(stage, statement.format(**places))
    found = fault(stage)
    assert found is not None
    assert (found.stream, found.no) == (stream, no)


def test_a_signature_moved_to_other_days_is_named(stage: Stage) -> None:
    assert desk_scenes.sign(stage, Who.OWN).status_code == 303
    assert fault(stage) is None
    behind_the_guards(stage, "UPDATE sign_offs SET until_on = '2026-01-12'")
    found = fault(stage)
    assert found is not None
    assert found.stream == "sign_offs"
