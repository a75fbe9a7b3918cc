"""The certified copy as a file: a ZIP whose manifest names every file with its digest.

The trail stands in it as whole streams. What is not for its holder stands as number, digest of the
body and hash, so that the chain can be followed from its beginning to its head. Files are written
as they come; nothing is held in memory. `copy_check` is the other side of this contract.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from app.domain.ledger import canonical
from app.exports.flat import Cells, cells, write_cells, write_row

FORMAT = "crps-diary/copy/1"
MANIFEST = "manifest.json"
TRAIL = "trail.ndjson"
ENTRIES, DOSES, REPORTS, TEXTS = "entries.csv", "doses.csv", "reports.csv", "texts.csv"
TEXT_COLUMNS = ("change_id", "study_code", "record_id", "op", "field", "text", "is_redacted")
ODM = "odm.xml"
PEOPLE = "people.csv"
PEOPLE_COLUMNS = ("id", "what", "name", "role", "organisation", "site", "state", "trial_record_id")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A row of the trail that is not for the copy's holder."""

    stream: str
    no: int
    body: str
    hash: str


class CopyWriter:
    """Writes the files of a copy one after the other, and at last what they were."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = ZipFile(file, "w", ZIP_DEFLATED, allowZip64=True)
        self._files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, parts: Iterable[str]) -> None:
        """Write a file from its parts."""
        digest, size = hashlib.sha256(), 0
        # Without the instant of the machine: the same copy is the same file.
        info = ZipInfo(name)
        info.compress_type = ZIP_DEFLATED
        with self._zip.open(info, "w", force_zip64=True) as file:
            for part in parts:
                data = part.encode()
                digest.update(data)
                size += len(data)
                file.write(data)
        self._files[name] = {"sha256": digest.hexdigest(), "bytes": size}

    def close(self, about: Mapping[str, Any]) -> str:
        """Write the manifest and end the file; give the manifest's digest."""
        manifest = json.dumps(
            {"format": FORMAT, **about, "files": self._files}, ensure_ascii=False, indent=2
        )
        self.add(MANIFEST, [manifest])
        self._zip.close()
        return str(self._files[MANIFEST]["sha256"])


def write_hidden(row: Hidden) -> str:
    """Write a row that is not for the copy's holder as a line of the trail."""
    digest = hashlib.sha256(row.body.encode()).hexdigest()
    shown = {"stream": row.stream, "no": row.no, "body_digest": digest, "hash": row.hash}
    return f"{canonical(shown)}\n"


def write_rows(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Write a flat file with its header; a value of no column is a fault."""
    names = tuple(columns)
    yield write_row(names)
    for row in rows:
        yield write_cells(names, cells(row))


def text_rows(body: Mapping[str, Any], texts: Mapping[str, str | None]) -> Iterable[dict[str, Any]]:
    """The rows of a change's texts; a redacted one is empty and says so."""
    for field, text in sorted(texts.items()):
        yield {
            **{name: body.get(name) for name in ("change_id", "study_code", "record_id", "op")},
            "field": field,
            "text": text,
            "is_redacted": text is None,
        }


def digest_of_cells(row: Cells) -> bytes:
    """What a row is compared by: its cells that are not empty, whatever their order."""
    return hashlib.sha256(canonical(row).encode()).digest()
