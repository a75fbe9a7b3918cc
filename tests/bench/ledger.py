"""A long ledger: versions of many participants, chained and sealed as the service would.

One real evening is the pattern. Every further one has ids, a day and a score of its own, a body in
canonical form and hashes that follow, so that pulls, exports and `verify` find nothing amiss. Rows
go in many at a time: a million evenings one by one would take hours.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from itertools import count, islice
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text

from app.domain.ledger import canonical, data_stream, link
from app.store import ledger
from app.store.session import Database
from app.store.tables import LedgerRow, Participant, Record, RecordVersion
from tests.bench.crowd import CROWD, add_people
from tests.bench.scenes import DAYS, ENROLLED_AT, Phone, enrol_phones, live

SITE = "lyon"
AT_ONCE = 10_000
SCORE = '"value":57'
"""How the pattern's payload states the pain that differs from evening to evening."""
Row = dict[str, Any]
_quickly = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
"""The canonical form of what bodies hold: words and whole numbers. RFC 8785's other rules do not
apply to these, and cost twenty times as much."""


@dataclass(frozen=True)
class Evening:
    """The rows of one saved diary."""

    change: Row
    version: Row
    record: Row

    @cached_property
    def body(self) -> Row:
        """What the change seals, parsed."""
        parsed: Row = json.loads(self.change["body"])
        assert _quickly(parsed) == canonical(parsed)
        return parsed


def grow(url: str, versions: int, *, phones: int = 0) -> list[Phone]:
    """Fill an empty database with so many diaries, a year of each participant.

    Gives `phones` that are signed in and have saved nothing yet.
    """
    phone, *others = enrol_phones(url, 1 + phones)
    live(url, phone, 1)
    with closing(Database(url)) as database:
        add_people(database, phone, -(-versions // DAYS))
        wanted = islice(_evenings(database), versions - 1)
        while some := list(islice(wanted, AT_ONCE)):
            with database.engine.begin() as connection:
                connection.execute(insert(LedgerRow), [one.change for one in some])
                connection.execute(insert(RecordVersion), [one.version for one in some])
                connection.execute(insert(Record), [one.record for one in some])
        with database.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
    return others


def _evenings(database: Database) -> Iterator[Evening]:
    """Evenings without end, day by day: each day everybody's, in the order of their arrival."""
    first, others = _pattern(database)
    with database.read() as session:
        no, head = ledger.find_head(session, data_stream(SITE))
    for day in count():
        on = (ENROLLED_AT + timedelta(days=day)).date()
        for person_id, code in others:
            no += 1
            evening = _evening(first, no, head, on, person_id, code)
            head = evening.change["hash"]
            yield evening


def _evening(
    first: Evening, no: int, prev_hash: str, on: date, person_id: int, code: str
) -> Evening:
    """The pattern as it would be for somebody else on another day."""
    names = ("record_id", "change_id", "submission_id")
    ids = {name: str(UUID(int=(no << 8) + place)) for place, name in enumerate(names)}
    times = _times(first, on)
    score = no % 101
    payload = first.version["payload"].replace(SCORE, f'"value":{score}')
    who = {"id": code, "role": "participant", "type": "participant"}
    body = _quickly(
        {
            **first.body,
            **{name: ids[name] for name in names[:2]},
            **{name: ledger.instant(at) for name, at in times.items()},
            "no": no,
            "study_code": code,
            "originator": who,
            "actor": {"id": code, "organisation": "", "role": "participant"},
            "diary_on": on.isoformat(),
            "payload_digest": sha256(payload.encode()).hexdigest(),
        }
    )
    chained = {"no": no, "body": body, "prev_hash": prev_hash, "hash": link(prev_hash, body)}
    by = {"actor_id": code}
    own = {"record_id": ids["record_id"], "participant_id": person_id, "diary_on": on}
    change = {"record_id": ids["record_id"], "change_id": ids["change_id"], "study_code": code}
    said = {"payload": payload, "originator": _quickly(who), "device_saved_at": times["saved_at"]}
    at = times["received_at"]
    return Evening(
        {**first.change, **change, **chained, **by, "at": at},
        {**first.version, **ids, **own, **times, **said, **by},
        {**first.record, **own, "pain_average": score, "changed_at": at},
    )


def _times(first: Evening, on: date) -> dict[str, datetime]:
    """The pattern's instants, on another day."""
    row = first.version
    moved = on - row["diary_on"]
    return {name: row[name] + moved for name in ("observed_at", "saved_at", "received_at")}


def _pattern(database: Database) -> tuple[Evening, Sequence[tuple[int, str]]]:
    """The rows of the one evening that was saved, and those who lived many like it."""
    with database.read() as session:
        version = session.scalars(select(RecordVersion)).one()
        change = session.scalars(
            select(LedgerRow).where(LedgerRow.change_id == version.change_id)
        ).one()
        record = session.scalars(select(Record)).one()
        others = session.execute(
            select(Participant.id, Participant.study_code).where(
                Participant.study_code.like(f"{CROWD}%")
            )
        )
        pattern = Evening(_row_of(change, "seq"), _row_of(version), _row_of(record))
        return pattern, [(row.id, row.study_code) for row in others]


def _row_of(mapped: Any, *left_out: str) -> Row:
    names = (column.key for column in mapped.__table__.columns)
    return {name: getattr(mapped, name) for name in names if name not in left_out}
