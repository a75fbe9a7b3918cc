"""What verification reads: plain rows of the ledger with all that they seal, in order, in pages.

Instants and dates come as the ledger writes them, formed by the engine: a million rows are too many
to make objects of.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.store.tables import Base, ChangeText, LedgerRow, Participant, Record, RecordVersion

PAGE = 500

SealedRow = Row[Any]
"""A change by its columns; `row[BESIDE]` repeats its body, `row[VERSION]` is what it seals."""
OF_CHANGE = ("no", "change_id", "op", "study_code", "actor")
OF_VERSION = (
    *("record_id", "version", "study_code", "kind", "op", "site", "form_version", "diary_on"),
    *("observed_at", "saved_at", "received_at", "tz", "lateness", "assurance"),
)
"""Members of a body, in the order in which the columns that repeat them stand in a row."""
BESIDE = slice(0, len(OF_CHANGE))
VERSION = slice(len(OF_CHANGE), len(OF_CHANGE) + len(OF_VERSION))


def count_changes(session: Session) -> int:
    """Count the rows of the ledger."""
    return _count(session, LedgerRow)


def count_versions(session: Session) -> int:
    """Count the versions that there are, sealed or not."""
    return _count(session, RecordVersion)


def count_records(session: Session) -> int:
    """Count the records of the projection."""
    return _count(session, Record)


def count_texts(session: Session) -> int:
    """Count the texts, redacted ones too."""
    return _count(session, ChangeText)


def pages_of(session: Session, stream: str) -> Iterator[Sequence[SealedRow]]:
    """Page through a stream from number 1, each row with the version that it seals."""
    connection = session.connection()  # not the session: it would look for objects in every row
    query, after = _sealed(session), 0
    while True:
        page = connection.execute(query, {"of_stream": stream, "after": after}).all()
        if not page:
            return
        yield page
        after = page[-1].no


def texts_of(
    session: Session, change_ids: Collection[str]
) -> dict[str, dict[str, tuple[str | None, str | None]]]:
    """Give the texts of some changes: change id -> field -> (value, salt), null when redacted."""
    found: dict[str, dict[str, tuple[str | None, str | None]]] = {}
    if change_ids:
        query = select(ChangeText.change_id, ChangeText.field, ChangeText.value, ChangeText.salt)
        for row in session.execute(query.where(ChangeText.change_id.in_(change_ids))):
            found.setdefault(row.change_id, {})[row.field] = (row.value, row.salt)
    return found


def find_hash(session: Session, stream: str, no: int) -> str | None:
    """The hash of a numbered change; None when the stream has no such number."""
    query = select(LedgerRow.hash).where(LedgerRow.stream == stream, LedgerRow.no == no)
    return session.scalar(query)


def count_until(session: Session, stream: str, seq: int) -> int:
    """The number of a stream's last change up to a place in the order of all."""
    query = select(func.max(LedgerRow.no)).where(LedgerRow.stream == stream, LedgerRow.seq <= seq)
    return session.scalar(query) or 0


def find_unsealed_version(session: Session) -> RecordVersion | None:
    """Find a version that no change of the ledger seals."""
    sealed = and_(
        LedgerRow.change_id == RecordVersion.change_id,
        LedgerRow.record_id == RecordVersion.record_id,
    )
    return session.scalar(
        select(RecordVersion).outerjoin(LedgerRow, sealed).where(LedgerRow.seq.is_(None)).limit(1)
    )


def list_texts(session: Session) -> Iterator[tuple[str, str, str | None, int | None, str | None]]:
    """Every text's change and field, with the stream, number and body of that change if any."""
    query = (
        select(
            ChangeText.change_id, ChangeText.field, LedgerRow.stream, LedgerRow.no, LedgerRow.body
        )
        .outerjoin(LedgerRow, LedgerRow.change_id == ChangeText.change_id)
        .execution_options(yield_per=PAGE)
    )
    return ((*row,) for row in session.execute(query))


def find_stale_record(session: Session) -> Record | None:
    """Find a record whose projection is not its latest version, in its state or its score."""
    latest, later = aliased(RecordVersion), aliased(RecordVersion)
    score = _score(session, latest.payload)
    is_same = and_(
        latest.kind == Record.kind,
        latest.participant_id == Record.participant_id,
        latest.site_id == Record.site_id,
        latest.diary_on == Record.diary_on,
        latest.payload.is_(None) == Record.void,
        or_(Record.kind != "diary", score.is_not_distinct_from(Record.pain_average)),
    )
    of_record = and_(latest.record_id == Record.record_id, latest.version == Record.version)
    is_behind = exists().where(later.record_id == Record.record_id, later.version > Record.version)
    return session.scalar(
        select(Record)
        .outerjoin(latest, of_record)
        .where(or_(latest.record_id.is_(None), ~is_same, is_behind))
        .limit(1)
    )


def find_unprojected_version(session: Session) -> RecordVersion | None:
    """Find a version of a record that has no projection."""
    return session.scalar(
        select(RecordVersion)
        .outerjoin(Record, Record.record_id == RecordVersion.record_id)
        .where(Record.record_id.is_(None))
        .limit(1)
    )


def _count(session: Session, table: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _sealed(session: Session) -> Select[Any]:
    change, version = LedgerRow, RecordVersion
    of_change = and_(change.record_id.is_not(None), version.change_id == change.change_id)
    day = version.diary_on
    beside = (change.no, change.change_id, change.op, change.study_code, change.actor_id)
    of_version = (
        *(version.record_id, version.version, Participant.study_code, version.kind, version.op),
        *(version.site_id, version.form_version),
        cast(day, String) if _is_postgresql(session) else type_coerce(day, String),
        *(_instant(session, at) for at in (version.observed_at, version.saved_at)),
        *(_instant(session, version.received_at), version.tz, version.lateness),
        version.assurance,
    )
    rest: dict[str, Any] = {
        "body": change.body,
        "prev_hash": change.prev_hash,
        "hash": change.hash,
        "at": _instant(session, change.at),
        "record_id": change.record_id,
        "version": change.version,
        "is_there": version.record_id.is_not(None),
        "flags": version.flags,
        "by": version.actor_id,
        "role": version.actor_role,
        "originator": version.originator,
        "payload": version.payload,
    }
    sealed = [column.label(f"of_{at}") for at, column in enumerate(of_version)]
    named = [column.label(name) for name, column in rest.items()]
    columns: list[Any] = [*beside, *sealed, *named]
    return (
        select(*columns)
        .outerjoin(version, of_change)
        .outerjoin(Participant, Participant.id == version.participant_id)
        .where(change.stream == bindparam("of_stream"), change.no > bindparam("after"))
        .order_by(change.no)
        .limit(PAGE)
    )


def _instant(session: Session, column: InstrumentedAttribute[Any]) -> ColumnElement[str]:
    """An instant as `ledger.instant` writes it: UTC, microseconds, Z."""
    if _is_postgresql(session):
        return func.to_char(func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    return func.replace(type_coerce(column, String), " ", "T").concat("Z")


def _score(session: Session, payload: InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """The main score that a payload holds, null where it holds none."""
    document = cast(payload, JSON) if _is_postgresql(session) else type_coerce(payload, JSON)
    return cast(document["scores", "pain_average", "value"].as_string(), BigInteger)


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
