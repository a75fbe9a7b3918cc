"""A crowd of participants with long diaries, made from one of them by the database itself.

Every row of the one is copied with keys of its own: what the pages read is there, in its real size
and number. The ledger is not copied, for no page of the desk reads all of it.
"""

from sqlalchemy import Connection, text

from app.store.session import Database
from tests.bench.scenes import Phone

CROWD = "MS-0"
"""What the study codes of the crowd begin with, and no other: theirs have no 0."""
_PEOPLE = """
INSERT INTO participants (study_code, {same})
SELECT '{crowd}' || CAST(1000 + numbers.i AS TEXT), {same} FROM participants, {numbers}
WHERE study_code = :of
"""
_ZONES = """
INSERT INTO participant_zones (participant_id, from_at, tz)
SELECT other.id, zone.from_at, zone.tz FROM participant_zones AS zone
JOIN participants AS one ON one.id = zone.participant_id AND one.study_code = :of
JOIN participants AS other ON other.study_code LIKE 'MS-0%'
"""
_SESSIONS = """
INSERT INTO mesotherapy_sessions (participant_id, session_no, held_on)
SELECT other.id, held.session_no, held.held_on FROM mesotherapy_sessions AS held
JOIN participants AS one ON one.id = held.participant_id AND one.study_code = :of
JOIN participants AS other ON other.study_code LIKE 'MS-0%'
"""
_ROWS = """
INSERT INTO {table} ({keys}, participant_id, {same})
SELECT {made}, other.id, {selected} FROM {table} AS row
JOIN participants AS one ON one.id = row.participant_id AND one.study_code = :of
JOIN participants AS other ON other.study_code LIKE 'MS-0%'
"""
_KEYS = {
    "record_versions": ("record_id", "change_id", "submission_id"),
    "records": ("record_id",),
}


def fill(url: str, phone: Phone, people: int) -> None:
    """Add `people` participants who lived what the one with the phone did."""
    database = Database(url)
    add_people(database, phone, people)
    with database.engine.begin() as connection:
        of = {"of": phone.study_code}
        for table, keys in _KEYS.items():
            others = _columns(connection, table, "participant_id", *keys)
            statement = _ROWS.format(
                table=table,
                keys=", ".join(keys),
                made=", ".join(f"substr(other.study_code, 4) || substr(row.{k}, 6)" for k in keys),
                same=", ".join(others),
                selected=", ".join(f"row.{name}" for name in others),
            )
            connection.execute(text(statement), of)
        connection.execute(text("ANALYZE"))
    database.close()


def add_people(database: Database, phone: Phone, people: int) -> None:
    """Add `people` participants like the one with the phone, who saved nothing yet."""
    numbers = (
        f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {people})"
        " SELECT i FROM n) AS numbers"
    )
    with database.engine.begin() as connection:
        of = {"of": phone.study_code}
        same = ", ".join(_columns(connection, "participants", "id", "study_code"))
        connection.execute(text(_PEOPLE.format(crowd=CROWD, same=same, numbers=numbers)), of)
        connection.execute(text(_ZONES), of)
        connection.execute(text(_SESSIONS), of)


def _columns(connection: Connection, table: str, *left_out: str) -> list[str]:
    found = connection.execute(text(f"SELECT * FROM {table} LIMIT 0")).keys()
    return [name for name in found if name not in left_out]
