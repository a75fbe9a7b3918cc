"""Proof that nothing was altered: the ledger against itself, the records against the ledger.

Rows are read in the order of their streams, in constant memory. The first row that does not hold is
named; the rows behind a broken link cannot be judged.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.errors import BrokenChain
from app.domain.ledger import Chain, check_texts
from app.domain.signoff import Period, digest_of
from app.store import ledger, participants, signoffs, verification
from app.store.records import texts_of
from app.store.session import Session
from app.store.tables import LedgerRow, RecordVersion

count_changes = verification.count_changes

Texts = Mapping[str, tuple[str | None, str | None]]


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream ends."""

    stream: str
    no: int
    hash: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: the heads, how many versions are sealed, and the first fault if any."""

    heads: tuple[Head, ...]
    versions: int
    fault: BrokenChain | None = None


def verify(session: Session, *, progress: Callable[[int], object] = lambda rows: None) -> Report:
    """Check every change, what it seals, the current state, and what the signatures cover."""
    heads: list[Head] = []
    versions = 0
    try:
        for stream in ledger.list_streams(session):
            chain, gone = Chain(stream), _Gone()
            for page in verification.pages_of(session, stream):
                texts = texts_of(session, [row.change_id for row, _ in page])
                for row, version in page:
                    chain.follow(row.no, row.body, row.prev_hash, row.hash)
                    body = _check_row(row, version, texts.get(row.change_id, {}))
                    gone.note(row, body, texts.get(row.change_id, {}))
                    versions += version is not None
                progress(len(page))
            gone.check()
            heads.append(Head(stream, chain.no, chain.head))
        _check_state(session)
        _check_sign_offs(session)
    except BrokenChain as fault:
        return Report(tuple(heads), versions, fault)
    return Report(tuple(heads), versions)


class _Gone:
    """Texts that are gone, until a later change of the same record says that it redacted them."""

    def __init__(self) -> None:
        self._unexplained: dict[tuple[str | None, str], LedgerRow] = {}

    def note(self, row: LedgerRow, body: Mapping[str, Any], texts: Texts) -> None:
        """Take in one change: what is gone from it, and what it explains."""
        for field, (value, _) in texts.items():
            if value is None:
                self._unexplained.setdefault((row.record_id, field), row)
        if body.get("redacts") is not None:
            self._unexplained.pop((row.record_id, body["redacts"]), None)

    def check(self) -> None:
        """Raise BrokenChain for the first text that went without a redaction."""
        for (_, field), row in self._unexplained.items():
            raise BrokenChain(row.stream, row.no, f"its text {field} is gone without a redaction")


def _check_row(row: LedgerRow, version: RecordVersion | None, texts: Texts) -> Mapping[str, Any]:
    """Compare what stands beside the sealed body with the body, and give the body."""
    body: dict[str, Any] = json.loads(row.body)
    beside = {
        "stream": row.stream,
        "no": row.no,
        "change_id": row.change_id,
        "op": row.op,
        "study_code": row.study_code,
    }
    _agree(row, body, beside)
    if body["actor"]["id"] != row.actor_id:
        raise BrokenChain(row.stream, row.no, "the actor beside it differs")
    values = {field: value for field, (value, _) in texts.items()}
    salts = {field: salt for field, (_, salt) in texts.items()}
    if not check_texts(body, values, salts):
        raise BrokenChain(row.stream, row.no, "a text differs from what was sealed")
    if row.record_id is not None or "record_id" in body:
        if version is None:
            raise BrokenChain(row.stream, row.no, "the version that it seals is gone")
        _check_version(row, body, version)
    return body


def _check_version(row: LedgerRow, body: Mapping[str, Any], version: RecordVersion) -> None:
    sealed = version.payload
    beside = {
        "record_id": version.record_id,
        "version": version.version,
        "kind": version.kind,
        "op": version.op,
        "site": version.site_id,
        "form_version": version.form_version,
        "diary_on": version.diary_on.isoformat(),
        "observed_at": ledger.instant(version.observed_at),
        "saved_at": ledger.instant(version.saved_at),
        "received_at": ledger.instant(version.received_at),
        "tz": version.tz,
        "lateness": version.lateness,
        "assurance": version.assurance,
        "flags": version.flags.split(),
        "payload_digest": None if sealed is None else hashlib.sha256(sealed.encode()).hexdigest(),
    }
    _agree(row, body, beside)


def _agree(row: LedgerRow, body: Mapping[str, Any], beside: Mapping[str, Any]) -> None:
    for name, value in beside.items():
        if body[name] != value:
            raise BrokenChain(row.stream, row.no, f"{name} differs from what was sealed")


def _check_sign_offs(session: Session) -> None:
    """Every signature is still bound to the versions that it was put to."""
    for participant_id in signoffs.list_signed_participants(session):
        sealed = signoffs.list_sealed(session, participant_id)
        code = participants.get_participant(session, participant_id).study_code
        for row in signoffs.list_sign_offs(session, participant_id):
            signed = row.signed
            period = Period(code, signed.from_on, signed.until_on)
            if digest_of(sealed, period, signed.until_seq) != signed.digest:
                raise BrokenChain("sign_offs", 0, f"sign-off {signed.id} is not what was signed")


def _check_state(session: Session) -> None:
    """Every version is sealed, and the current state is the latest version."""
    unsealed = verification.find_unsealed_version(session)
    if unsealed is not None:
        name = f"version {unsealed.version} of {unsealed.record_id} is not in the ledger"
        raise BrokenChain(f"data/{unsealed.site_id}", 0, name)
    unprojected = verification.find_unprojected_version(session)
    if unprojected is not None:
        raise BrokenChain("records", 0, f"record {unprojected.record_id} is not in the state")
    stale = verification.find_stale_record(session)
    if stale is not None:
        raise BrokenChain("records", 0, f"record {stale.record_id} is not its latest version")
