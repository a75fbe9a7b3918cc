"""Checking a certified copy on any machine: no database, no settings, no network.

Everything is checked from the file alone: that it holds what its manifest names and nothing else,
that the trail is whole and unaltered from its beginning to the heads, that the flat files say what
the latest versions of the trail say, and so do the scores in ODM (its rest is held by its digest).
The first thing that does not hold is named.

What a file cannot prove by itself is that a row which stands there by its digest was not for its
holder: whoever wants to know compares the manifest's digest with the act `copy.taken` of the diary.
"""

import csv
import hashlib
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, AnyStr
from zipfile import BadZipFile, ZipFile, ZipInfo

from app.domain.errors import BrokenChain, DomainError
from app.domain.ledger import ACTS, TEXT_REDACTED, Chain, canonical, check_texts, data_stream
from app.exports import rows
from app.exports.copy import (
    DOSES,
    ENTRIES,
    FORMAT,
    MANIFEST,
    ODM,
    REPORTS,
    TEXTS,
    TRAIL,
    digest_of_cells,
    text_rows,
)
from app.exports.dictionary import statuses
from app.exports.flat import Value, cells
from app.exports.odm_check import read_diaries

LARGEST = 8 * 2**30
"""The most bytes that the files of a copy may come to, all together."""
LARGEST_MANIFEST = 32 * 2**20
LONGEST_LINE = 4 * 2**20
MOST_FILES = 20_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,80}\.[a-z]{2,6}")
_BLOCK = 2**16


class CopyFault(DomainError):
    """The copy does not hold; the sentence says what is wrong first."""

    def __init__(self, sentence: str) -> None:
        super().__init__("copy_fault")
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Checked:
    """What a copy that holds was found to hold; `manifest` is the digest to compare."""

    made_at: str
    scope: str
    files: int
    shown: int
    hidden: int
    heads: Mapping[str, tuple[int, str]]
    manifest: str


_FLAT = {ENTRIES: "record_id", DOSES: "record_id", REPORTS: "record_id", TEXTS: "change_id"}
"""The flat files, and the column that says what each of their rows is of."""
_ROWS = {ENTRIES: rows.entry_rows, DOSES: rows.dose_rows, REPORTS: rows.report_rows}
_BESIDE = {"seq", "reason", "data", "body", "text_salt", "prev_hash", "hash"}
"""What a row of the trail has beside what its body says."""
_HIDDEN = {"stream", "no", "body_digest", "hash"}

Expected = defaultdict[str, Counter[bytes]]
"""What the rows of a flat file should be, by the record or change that they are of."""


@dataclass(slots=True)
class _Trail:
    """What was learnt from the trail while it was followed."""

    chains: dict[str, Chain] = field(default_factory=dict)
    shown: int = 0
    hidden: int = 0
    seqs: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    gone: dict[tuple[str | None, str], tuple[str, int]] = field(default_factory=dict)
    scored: dict[str, tuple[tuple[str, ...], bytes]] = field(default_factory=dict)
    """By diary, which scores were asked, and the digest of their values and statuses."""
    asked: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    expected: dict[str, Expected] = field(
        default_factory=lambda: {name: Expected(Counter) for name in _FLAT}
    )


def check_copy(path: Path) -> Checked:
    """Check a copy; CopyFault says what does not hold first."""
    try:
        with ZipFile(path) as archive:
            return _check(archive)
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
        raise CopyFault("This is no whole ZIP: it was cut off or damaged.") from fault
    except BrokenChain as fault:
        raise CopyFault(f"The trail does not hold: {fault}.") from fault


def _check(archive: ZipFile) -> Checked:
    infos = _infos(archive)
    manifest, digest = _manifest(archive, infos)
    _check_files(archive, infos, manifest["files"])
    trail = _follow(archive, manifest)
    heads = {name: (chain.no, chain.head) for name, chain in trail.chains.items()}
    told = {name: (head["no"], head["hash"]) for name, head in manifest["heads"].items()}
    for stream in sorted({*heads, *told}):
        if heads.get(stream) != told.get(stream):
            raise CopyFault(f"{TRAIL}: the stream {stream} does not end where the manifest says.")
    for (_, name), (stream, no) in trail.gone.items():
        raise CopyFault(f"{TRAIL}: {stream} no {no}: its text {name} is gone without a redaction.")
    for name in _FLAT:
        _compare(archive, name, trail.expected[name])
    if ODM in infos:
        _compare_odm(archive, trail)
    scope = manifest["scope"]
    return Checked(
        made_at=manifest["made_at"],
        scope=scope["study_code"] or scope["site"],
        files=len(infos),
        shown=trail.shown,
        hidden=trail.hidden,
        heads=heads,
        manifest=digest,
    )


def _infos(archive: ZipFile) -> dict[str, ZipInfo]:
    """The files by name; names that could lead elsewhere and too much are refused unread."""
    found: dict[str, ZipInfo] = {}
    listed = archive.infolist()
    if len(listed) > MOST_FILES or sum(info.file_size for info in listed) > LARGEST:
        raise CopyFault("This file unpacks to more than a copy can be: it was not read.")
    for info in listed:
        if not _NAME.fullmatch(info.filename):
            raise CopyFault(f"{info.filename!r} is no name that a copy gives to a file.")
        if info.filename in found:
            raise CopyFault(f"{info.filename} is there twice.")
        found[info.filename] = info
    return found


def _manifest(archive: ZipFile, infos: Mapping[str, ZipInfo]) -> tuple[dict[str, Any], str]:
    if MANIFEST not in infos:
        raise CopyFault(f"{MANIFEST} is missing: this is no certified copy.")
    if infos[MANIFEST].file_size > LARGEST_MANIFEST:
        raise CopyFault(f"{MANIFEST} is larger than a manifest can be: it was not read.")
    written = archive.read(MANIFEST)
    try:
        manifest = json.loads(written)
        shape = (manifest["format"], manifest["made_at"], manifest["scope"]["site"])
        files, heads, code = manifest["files"], manifest["heads"], manifest["scope"]["study_code"]
        is_whole = all(len(file["sha256"]) == 64 for file in files.values()) and all(
            isinstance(head["no"], int) and len(head["hash"]) == 64 for head in heads.values()
        )
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as fault:
        raise CopyFault(f"{MANIFEST} is not a manifest as the contract has it.") from fault
    if shape[0] != FORMAT or not is_whole or not isinstance(code, str | None):
        raise CopyFault(f"{MANIFEST} is not of the format {FORMAT}.")
    return manifest, hashlib.sha256(written).hexdigest()


def _check_files(
    archive: ZipFile, infos: Mapping[str, ZipInfo], named: Mapping[str, Mapping[str, Any]]
) -> None:
    """Every file that the manifest names is there, unaltered, and no other."""
    for name in sorted({*named} - {*infos}):
        raise CopyFault(f"{name} is missing.")
    for name in sorted({*infos} - {*named, MANIFEST}):
        raise CopyFault(f"{name} is not of this copy: the manifest does not name it.")
    for name in (TRAIL, *_FLAT):
        if name not in named:
            raise CopyFault(f"{name} is missing, and the manifest does not name it.")
    for name, told in named.items():
        digest = hashlib.sha256()
        with archive.open(name) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        if digest.hexdigest() != told["sha256"]:
            raise CopyFault(f"{name} was altered: its digest is not the manifest's.")


def _follow(archive: ZipFile, manifest: Mapping[str, Any]) -> _Trail:
    """Follow every row of the trail, and work out what the flat files should say."""
    trail, scope = _Trail(), manifest["scope"]
    whole = {data_stream(scope["site"])} if scope["study_code"] is None else set()
    with archive.open(TRAIL) as file:
        for number, line in enumerate(_lines(file, TRAIL), start=1):
            try:
                _step(trail, json.loads(line), whole, scope)
            except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as fault:
                raise CopyFault(f"{TRAIL}: line {number} is no row of a trail.") from fault
    return trail


def _lines(file: IO[AnyStr], name: str) -> Iterator[AnyStr]:
    """The lines of a file, none of which may fill the memory."""
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise CopyFault(f"{name}: a line is longer than a row can be.")
        yield line


def _step(
    trail: _Trail, item: Mapping[str, Any], whole: set[str], scope: Mapping[str, Any]
) -> None:
    """Step over one row: its place in the chain first, then what it opens."""
    stream = item["stream"]
    if stream not in (ACTS, data_stream(scope["site"])):
        raise CopyFault(f"{TRAIL}: {stream} is no stream of this copy.")
    chain = trail.chains.setdefault(stream, Chain(stream))
    if "body" not in item:
        if stream in whole:
            raise BrokenChain(stream, item["no"], "is left out, though it is of this site")
        if item.keys() != _HIDDEN:
            raise BrokenChain(stream, item["no"], "says more than its digest")
        chain.pass_over(item["no"], item["body_digest"], item["hash"])
        trail.hidden += 1
        return
    chain.follow(item["no"], item["body"], item["prev_hash"], item["hash"])
    body = json.loads(item["body"])
    if item["seq"] <= trail.seqs.get(stream, 0):
        raise BrokenChain(stream, chain.no, "stands out of order")
    trail.seqs[stream] = item["seq"]
    texts = _opened(item, body)
    if scope["study_code"] not in (None, body["study_code"]):
        raise BrokenChain(stream, chain.no, "is about another participant")
    trail.shown += 1
    _note(trail, item, body, texts)


def _opened(item: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, str | None]:
    """Compare what stands beside the sealed body with it; give the texts of the row."""
    stream, no = body["stream"], body["no"]
    if item.keys() != body.keys() | _BESIDE:
        raise BrokenChain(stream, no, "says more or less than was sealed")
    for name, sealed in body.items():
        if canonical(item[name]) != canonical(sealed):
            raise BrokenChain(stream, no, f"{name} differs from what was sealed")
    data, texts = item["data"], {}
    if data is not None and "texts" in data:
        texts = dict(data["texts"])
    if "reason" in body["texts"] or item["reason"] is not None:
        texts["reason"] = item["reason"]
    payload = _payload(item)
    sealed = body.get("payload_digest")
    digest = None if payload is None else hashlib.sha256(canonical(payload).encode()).hexdigest()
    if digest != sealed:
        raise BrokenChain(stream, no, "its data differ from what was sealed")
    salts = item["text_salt"]
    if salts.keys() != texts.keys() or not check_texts(body, texts, salts):
        raise BrokenChain(stream, no, "a text differs from what was sealed")
    return texts


def _payload(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answers without the texts that go with them; None for a void or an act."""
    data = item["data"]
    if data is None:
        return None
    payload = {name: value for name, value in data.items() if name != "texts"}
    return payload or None


def _note(
    trail: _Trail,
    item: Mapping[str, Any],
    body: Mapping[str, Any],
    texts: Mapping[str, str | None],
) -> None:
    """Remember what the flat files should say of this row, and which texts are gone."""
    record_id = body.get("record_id")
    trail.gone.pop((record_id, str(body.get("redacts"))), None)
    if body["op"] == TEXT_REDACTED:
        trail.gone.pop((body["details"]["change_id"], body["details"]["field"]), None)
    for name, value in texts.items():
        if value is None:
            trail.gone[record_id or body["change_id"], name] = (body["stream"], body["no"])
    written = Counter(digest_of_cells(cells(row)) for row in text_rows(body, texts))
    if written:
        trail.expected[TEXTS][body["change_id"]] = written
    if record_id is None:
        return
    version = trail.versions.get(record_id, 0) + 1
    if body["version"] != version:
        raise BrokenChain(body["stream"], body["no"], f"version {version} of its record is missing")
    trail.versions[record_id] = version
    payload = _payload(item)
    _note_scores(trail, record_id, payload)
    for name, make in _ROWS.items():
        made = make(body, payload) if payload is not None else ()
        digests = Counter(digest_of_cells(cells(row)) for row in made)
        trail.expected[name].pop(record_id, None)
        if digests:
            trail.expected[name][record_id] = digests


def _compare(archive: ZipFile, name: str, expected: Expected) -> None:
    """Compare a flat file with what the latest versions of the trail say."""
    with archive.open(name) as file, TextIOWrapper(file, "utf-8", newline="") as text:
        try:
            reader = csv.DictReader(_lines(text, name), strict=True)
            columns = reader.fieldnames or ()
            if len(set(columns)) != len(columns):
                raise CopyFault(f"{name}: a column is there twice.")
            for number, row in enumerate(reader, start=1):
                written = {str(key): value for key, value in row.items() if value}
                of = written.get(_FLAT[name], "")
                digest = digest_of_cells(written)
                if not expected[of][digest]:
                    raise CopyFault(f"{name}: row {number} is not what the trail says of {of}.")
                expected[of][digest] -= 1
        except (csv.Error, UnicodeDecodeError, TypeError, ValueError) as fault:
            raise CopyFault(f"{name} is no CSV as the contract has it.") from fault
    for of, left in expected.items():
        if left.total():
            raise CopyFault(f"{name}: a row of {of} is missing, though the trail has it.")


def _note_scores(trail: _Trail, record_id: str, payload: Mapping[str, Any] | None) -> None:
    """Remember what ODM should say of a diary's scores."""
    trail.scored.pop(record_id, None)
    if payload is None or "scores" not in payload:
        return
    numbers, said = statuses(), dict[str, Value]()
    for code, score in {**payload["scores"], **payload["triggers"]}.items():
        said |= {code: score.get("value"), f"{code}_st": numbers[score["status"]]}
    asked = tuple(said)
    trail.scored[record_id] = trail.asked.setdefault(asked, asked), digest_of_cells(cells(said))


def _compare_odm(archive: ZipFile, trail: _Trail) -> None:
    """Compare the scores in ODM with what the latest versions of the trail say."""
    left = dict(trail.scored)
    with archive.open(ODM) as file:
        try:
            for record_id, values in read_diaries(file):
                asked, digest = left.pop(record_id, ((), b""))
                said = {name: values[name] for name in asked if name in values}
                if digest_of_cells(said) != digest:
                    raise CopyFault(f"{ODM}: the diary {record_id} is not what the trail says.")
        except ValueError as fault:
            raise CopyFault(f"{ODM} is no XML as the contract has it.") from fault
    for record_id in left:
        raise CopyFault(f"{ODM}: the diary {record_id} is missing, though the trail has it.")
