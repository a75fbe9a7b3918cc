"""The ledger in the database: changes queued by the verbs, appended in the order of commits.

Two ways in: `queue_act` for every audited act, `queue_version` for a version of a record. Both
return the change's id at once; the rows are written by `append_queued` as the last statements of
the transaction, under one lock, so that a reader who asks for `seq > cursor` misses nothing.
"""

import hashlib
import secrets
import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.orm import Session

from app.domain.access import Actor, Role
from app.domain.ledger import ACTS, canonical, data_stream, genesis, link, text_digest
from app.store.tables import ChangeText, LedgerRow, RecordVersion

APPEND_LOCK = 0x43525053  # "CRPS": the advisory lock under which PostgreSQL appends
_QUEUE = "queued_changes"
_HEAD = (
    select(LedgerRow.no, LedgerRow.hash)
    .where(LedgerRow.stream == bindparam("stream"))
    .order_by(LedgerRow.no.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the ledger before it has its place."""

    stream: str
    op: str
    at: datetime
    actor_id: str
    body: dict[str, Any]
    study_code: str | None = None
    record_id: str | None = None
    version: int | None = None
    change_id: str = field(default_factory=lambda: str(uuid.uuid4()))


def instant(at: datetime) -> str:
    """The one way an instant is written in a body: UTC, microseconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def queue_act(
    session: Session,
    *,
    actor: Actor,
    op: str,
    now: datetime,
    role: Role | None = None,
    site: str | None = None,
    study_code: str | None = None,
    details: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
) -> str:
    """Queue an audited act. `details` are codes, ids and dates; what a person typed is a text."""
    change_id = str(uuid.uuid4())
    body = {
        "change_id": change_id,
        "op": op,
        "at": instant(now),
        "site": site,
        "study_code": study_code,
        "actor": actor_of(actor, role),
        "details": dict(details or {}),
        "texts": seal_texts(session, change_id, texts or {}),
    }
    change = Change(ACTS, op, now, actor.id, body, study_code, change_id=change_id)
    _queue(session, change)
    return change_id


def queue_version(
    session: Session,
    *,
    row: RecordVersion,
    study: str,
    study_code: str,
    actor: Mapping[str, str],
    originator: Mapping[str, str],
    texts: Mapping[str, str],
    at: datetime,
    redacts: str | None = None,
) -> None:
    """Queue the change that seals a record version; the row itself is already in the session.

    `at` is when it was taken in; `redacts` names the text that this version removes from all the
    earlier ones.
    """
    body = {
        **_said_by(row),
        "study": study,
        "study_code": study_code,
        "originator": dict(originator),
        "actor": dict(actor),
        "texts": seal_texts(session, row.change_id, texts),
        "redacts": redacts,
    }
    _queue(
        session,
        Change(
            stream=data_stream(row.site_id),
            op=row.op,
            at=at,
            actor_id=row.actor_id,
            body=body,
            study_code=study_code,
            record_id=row.record_id,
            version=row.version,
            change_id=row.change_id,
        ),
    )


def _said_by(row: RecordVersion) -> dict[str, Any]:
    """What a body says of the version itself."""
    return {
        "change_id": row.change_id,
        "op": row.op,
        "record_id": row.record_id,
        "kind": row.kind,
        "version": row.version,
        "site": row.site_id,
        "form_version": row.form_version,
        "diary_on": row.diary_on.isoformat(),
        "observed_at": instant(row.observed_at),
        "saved_at": instant(row.saved_at),
        "received_at": instant(row.received_at),
        "tz": row.tz,
        "lateness": row.lateness,
        "assurance": row.assurance,
        "flags": row.flags.split(),
        "payload_digest": None if row.payload is None else digest_text(row.payload),
    }


def digest_text(canonical_text: str) -> str:
    """Digest of a payload that is stored in canonical form already."""
    return hashlib.sha256(canonical_text.encode()).hexdigest()


def actor_of(actor: Actor, role: Role | None) -> dict[str, str]:
    """The actor as the ledger shows it: id, role and organisation; never a name."""
    return {
        "id": actor.id,
        "role": (role or actor.role()).value,
        "organisation": actor.organisation,
    }


def seal_texts(session: Session, change_id: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Store texts apart with a salt each; give the digests that go into the body."""
    sealed: dict[str, str] = {}
    for name, value in texts.items():
        salt = secrets.token_hex(16)
        session.add(ChangeText(change_id=change_id, field=name, value=value, salt=salt))
        sealed[name] = text_digest(salt, name, value)
    return sealed


def append_queued(session: Session) -> None:
    """Write the queued changes at the end of their streams, under the append lock."""
    changes: list[Change] = session.info.pop(_QUEUE, [])
    session.flush()
    if not changes:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": APPEND_LOCK})
    heads = {stream: find_head(session, stream) for stream in sorted({c.stream for c in changes})}
    rows = []
    for change in changes:
        no, prev_hash = heads[change.stream]
        body = canonical({**change.body, "stream": change.stream, "no": no + 1})
        hash_ = link(prev_hash, body)
        heads[change.stream] = (no + 1, hash_)
        rows.append(
            {
                "stream": change.stream,
                "no": no + 1,
                "change_id": change.change_id,
                "op": change.op,
                "at": change.at,
                "actor_id": change.actor_id,
                "study_code": change.study_code,
                "record_id": change.record_id,
                "version": change.version,
                "body": body,
                "prev_hash": prev_hash,
                "hash": hash_,
            }
        )
    session.execute(insert(LedgerRow), rows)


def find_head(session: Session, stream: str) -> tuple[int, str]:
    """Number and hash of the last row of a stream; (0, genesis) when it is empty."""
    head = session.execute(_HEAD, {"stream": stream}).first()
    return (0, genesis(stream)) if head is None else (head.no, head.hash)


def list_heads(session: Session, streams: Iterable[str]) -> dict[str, tuple[int, str]]:
    """The heads of several streams."""
    return {stream: find_head(session, stream) for stream in streams}


def bodies_of(session: Session, change_ids: Collection[str]) -> dict[str, str]:
    """The sealed bodies of some changes, by change id."""
    query = select(LedgerRow.change_id, LedgerRow.body).where(LedgerRow.change_id.in_(change_ids))
    return {row.change_id: row.body for row in session.execute(query)}


def list_streams(session: Session) -> list[str]:
    """Every stream there is."""
    return list(session.scalars(select(LedgerRow.stream).distinct().order_by(LedgerRow.stream)))


def _queue(session: Session, change: Change) -> None:
    session.info.setdefault(_QUEUE, []).append(change)
