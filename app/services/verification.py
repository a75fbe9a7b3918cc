"""Proof that nothing was altered: the ledger against itself, the records against the ledger.

Rows are read in the order of their streams, in constant memory. The first row that does not hold is
named; the rows behind a broken link cannot be judged.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from app.domain.errors import BrokenChain
from app.domain.ledger import TEXT_REDACTED, Chain, check_texts
from app.domain.signoff import Period, digest_of
from app.store import ledger, participants, signoffs, verification
from app.store.session import Session
from app.store.verification import BESIDE, OF_CHANGE, OF_VERSION, VERSION, SealedRow

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
    seen = _Seen()
    try:
        for stream in ledger.list_streams(session):
            chain, gone = Chain(stream), _Gone(stream)
            for page in verification.pages_of(session, stream):
                _check_page(session, page, chain, gone, seen)
                progress(len(page))
            gone.check()
            heads.append(Head(stream, chain.no, chain.head))
        _check_state(session, seen)
        _check_sign_offs(session)
    except BrokenChain as fault:
        return Report(tuple(heads), seen.versions, fault)
    return Report(tuple(heads), seen.versions)


@dataclass(slots=True)
class _Seen:
    """How much the ledger seals: versions, records (their first versions), texts."""

    versions: int = 0
    records: int = 0
    texts: int = 0


class _Gone:
    """Texts that are gone, until a later change says that it redacted them.

    A version removes a text from its whole record, an act from one other act.
    """

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._unexplained: dict[tuple[str, str], int] = {}

    def note(self, row: SealedRow, texts: Texts) -> None:
        """Take in what is gone from one change."""
        for field, (value, _) in texts.items():
            if value is None:
                self._unexplained.setdefault((row.record_id or row.change_id, field), row.no)

    def explain(self, row: SealedRow, body: Mapping[str, Any]) -> None:
        """Take in what one change says that it removed."""
        if row.op == TEXT_REDACTED:
            told = body["details"]
            self._unexplained.pop((told["change_id"], told["field"]), None)
        elif body.get("redacts") is not None:
            self._unexplained.pop((row.record_id, body["redacts"]), None)

    def check(self) -> None:
        """Raise BrokenChain for the first text that went without a redaction."""
        for (_, field), no in self._unexplained.items():
            raise BrokenChain(self._stream, no, f"its text {field} is gone without a redaction")


def _check_page(
    session: Session, page: Sequence[SealedRow], chain: Chain, gone: _Gone, seen: _Seen
) -> None:
    """Follow the chain over a page, and compare what stands beside each body with the body."""
    bodies: list[dict[str, Any]] = [json.loads(row.body) for row in page]
    with_texts = [row.change_id for row, body in zip(page, bodies, strict=True) if body["texts"]]
    texts = verification.texts_of(session, with_texts)
    for row, body in zip(page, bodies, strict=True):
        chain.follow(row.no, row.body, row.prev_hash, row.hash)
        _check_beside(chain, row, body)
        if body["texts"]:
            found = texts.get(row.change_id, {})
            _check_texts(chain, body, found)
            gone.note(row, found)
            seen.texts += len(found)
        gone.explain(row, body)
        if row.record_id is not None or "record_id" in body:
            _check_version(chain, row, body)
            seen.versions += 1
            seen.records += row.version == 1


def _check_beside(chain: Chain, row: SealedRow, body: Mapping[str, Any]) -> None:
    beside = row[BESIDE]
    sealed = (*_of_change(body), body["actor"]["id"])
    if beside != sealed:
        raise _differing(chain, OF_CHANGE, beside, sealed)
    if body["stream"] != chain.stream:
        raise BrokenChain(chain.stream, row.no, "stream differs from what was sealed")
    if row.at != body.get("at", row.at):
        raise BrokenChain(chain.stream, row.no, "at differs from what was sealed")


def _check_texts(chain: Chain, body: Mapping[str, Any], texts: Texts) -> None:
    values = {field: value for field, (value, _) in texts.items()}
    salts = {field: salt for field, (_, salt) in texts.items()}
    if not check_texts(body, values, salts):
        raise BrokenChain(chain.stream, chain.no, "a text differs from what was sealed")


_of_change = itemgetter(*OF_CHANGE[:-1])
_of_version = itemgetter(*OF_VERSION)
_REST = ("record_id", "version", "flags", "actor", "actor", "payload_digest")


def _check_version(chain: Chain, row: SealedRow, body: Mapping[str, Any]) -> None:
    """Compare the version that a change seals with what the change says of it."""
    if not row.is_there:
        raise BrokenChain(chain.stream, row.no, "the version that it seals is gone")
    beside, sealed = row[VERSION], _of_version(body)
    if beside != sealed:
        raise _differing(chain, OF_VERSION, beside, sealed)
    payload, actor = row.payload, body["actor"]
    digest = None if payload is None else hashlib.sha256(payload.encode()).hexdigest()
    rest = (row.record_id, row.version, row.flags, row.by, row.role, digest)
    flags = " ".join(body["flags"])
    told = (*sealed[:2], flags, actor["id"], actor["role"], body["payload_digest"])
    if rest != told:
        raise _differing(chain, _REST, rest, told)
    if f'"originator":{row.originator},' not in row.body:
        raise BrokenChain(chain.stream, row.no, "originator differs from what was sealed")


def _differing(
    chain: Chain, names: Sequence[str], beside: Sequence[object], sealed: Sequence[object]
) -> BrokenChain:
    """The fault that names the first of some values that differ."""
    pairs = zip(names, beside, sealed, strict=True)
    name = next(name for name, one, other in pairs if one != other)
    return BrokenChain(chain.stream, chain.no, f"{name} differs from what was sealed")


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


def _check_state(session: Session, seen: _Seen) -> None:
    """Every version and text is sealed, and the current state is the latest version.

    What the ledger seals is there, as it was walked; so equal counts say that nothing else is.
    """
    if verification.count_versions(session) != seen.versions:
        unsealed = verification.find_unsealed_version(session)
        if unsealed is not None:
            name = f"version {unsealed.version} of {unsealed.record_id} is not in the ledger"
            raise BrokenChain(f"data/{unsealed.site_id}", 0, name)
    if verification.count_texts(session) != seen.texts:
        _find_unsealed_text(session)
    if verification.count_records(session) != seen.records:
        unprojected = verification.find_unprojected_version(session)
        if unprojected is not None:
            raise BrokenChain("records", 0, f"record {unprojected.record_id} is not in the state")
    stale = verification.find_stale_record(session)
    if stale is not None:
        raise BrokenChain("records", 0, f"record {stale.record_id} is not its latest version")


def _find_unsealed_text(session: Session) -> None:
    for change_id, field, stream, no, body in verification.list_texts(session):
        if body is None or field not in json.loads(body)["texts"]:
            reason = f"text {field} of {change_id} is not in the ledger"
            raise BrokenChain(stream or "change_texts", no or 0, reason)
