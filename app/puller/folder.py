"""A copy as a folder of CSV: `changes.csv` with every version, `entries.csv` with the latest ones.

`pull.json` says how far the copy came and how long `changes.csv` was there. It is replaced by a
rename once the rows are on disk, so that the next run cuts off what a killed process wrote beyond.
Where earlier rows change, the file is written anew beside the old one, and `pull.json` says that it
is good before it takes the old one's name.
"""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from app.puller.copies import Place
from app.puller.proof import COLUMNS, Row, heads_of, without_text
from app.puller.refusals import PullStopped

try:
    import fcntl
except ImportError:  # Windows has no such lock: there, run one pull at a time
    fcntl = None  # type: ignore[assignment]

_NUMBERS = ("seq", "no", "version")
_NULLABLE = ("redacts", "data")


class FolderCopy:
    """The copy in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changes = folder / "changes.csv"
        self._anew = folder / "changes.csv.new"
        self._place_file = folder / "pull.json"
        self._place = Place()
        self._length = 0
        self._lock: IO[str] | None = None

    def open(self) -> Place:
        """Make the folder, end what an earlier run left half done, and say how far it came."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self._folder / "pull.lock")
        if self._place_file.exists():
            self._resume()
        else:
            self._begin()
        return self._place

    def add(self, rows: Sequence[Row], place: Place) -> None:
        """Keep a page and the place after it: rows first, then the place, then older rows anew."""
        with self._changes.open("ab") as file:
            file.write(b"".join(_line(row[name] for name in COLUMNS) for row in rows))
            _settle(file)
            self._length = file.tell()
        redactions = [row for row in rows if row["op"] == "redact"]
        if redactions:
            self._rewrite(lambda row: _redacted(row, redactions), place)
        else:
            self._note(place)

    def drop_after(self, seq: int) -> Place:
        """Forget the changes above a number."""
        heads = heads_of(row for row in self.read() if row["seq"] <= seq)
        self._rewrite(lambda row: row if row["seq"] <= seq else None, Place(str(seq), heads))
        return self._place

    def list_signed(self) -> list[str]:
        """The signed heads that are held, the first one first."""
        return [path.read_text(encoding="utf-8") for path in self._signed_files()]

    def keep_signed(self, number: int, text: str) -> None:
        """Keep signed heads beside the rows, in a file of their own."""
        path = self._folder / f"heads-{number:06}.json"
        beside = path.with_suffix(".new")
        with beside.open("wb") as file:
            file.write(text.encode())
            _settle(file)
        beside.replace(path)

    def drop_signed(self, number: int) -> None:
        """Forget signed heads from a number on, as a restore does."""
        for path in self._signed_files():
            if int(path.stem.removeprefix("heads-")) >= number:
                path.unlink()

    def _signed_files(self) -> list[Path]:
        return sorted(self._folder.glob("heads-*.json"))

    def read(self) -> Iterator[Row]:
        """Every row, in the order of the feed."""
        with self._changes.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield {name: _read(name, value) for name, value in row.items()}

    def finish(self) -> None:
        """Write `entries.csv` anew: the latest version of every record."""
        latest = {row["record_id"]: row["version"] for row in self.read()}
        rows = (row for row in self.read() if latest[row["record_id"]] == row["version"])
        anew = self._folder / "entries.csv.new"
        _write(anew, rows)
        anew.replace(self._folder / "entries.csv")

    def close(self) -> None:
        """Let the next pull have the folder."""
        if self._lock is not None:
            self._lock.close()

    def _begin(self) -> None:
        if self._changes.exists() and self._changes.stat().st_size > len(_line(COLUMNS)):
            raise PullStopped(f"{self._changes} is there without pull.json: choose another folder.")
        self._length = _write(self._changes, ())
        self._note(self._place)

    def _resume(self) -> None:
        told = json.loads(self._place_file.read_text(encoding="utf-8"))
        self._place, self._length = Place.read(told["place"]), told["bytes"]
        if told["is_anew"]:
            self._take_over()
        self._anew.unlink(missing_ok=True)
        if self._changes.stat().st_size < self._length:
            raise PullStopped(f"{self._changes} is shorter than it was: something else changed it.")
        os.truncate(self._changes, self._length)

    def _rewrite(self, change: Callable[[Row], Row | None], place: Place) -> None:
        """Write all rows anew; None leaves one out."""
        changed = (change(row) for row in self.read())
        self._length = _write(self._anew, (row for row in changed if row is not None))
        self._note(place, is_anew=True)
        self._take_over()

    def _take_over(self) -> None:
        """Give the new file its name; without effect when it has it already."""
        if self._anew.exists():
            self._anew.replace(self._changes)
        self._note(self._place)

    def _note(self, place: Place, *, is_anew: bool = False) -> None:
        """Say how far the copy came, in one step."""
        told = {"place": place.written(), "bytes": self._length, "is_anew": is_anew}
        beside = self._folder / "pull.json.new"
        with beside.open("wb") as file:
            file.write(json.dumps(told).encode())
            _settle(file)
        beside.replace(self._place_file)
        self._place = place


def _redacted(row: Row, redactions: Sequence[Row]) -> Row:
    for by in redactions:
        if row["record_id"] == by["record_id"] and row["version"] < by["version"]:
            row = without_text(row, by["redacts"]) or row
    return row


def _write(path: Path, rows: Iterator[Row] | tuple[Row, ...]) -> int:
    """Write a file of rows under its header; give its length."""
    with path.open("wb") as file:
        file.write(_line(COLUMNS))
        for row in rows:
            file.write(_line(row[name] for name in COLUMNS))
        _settle(file)
        return file.tell()


def _settle(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _line(values: Iterator[object] | tuple[str, ...]) -> bytes:
    """One line of RFC 4180. No value begins like a formula: texts stand inside JSON."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(values)
    return text.getvalue().encode()


def _read(name: str, value: str) -> object:
    if name in _NULLABLE and not value:
        return None
    return int(value) if name in _NUMBERS else value


def _lock(path: Path) -> IO[str]:
    """Hold the folder against a second pull; a dead process holds nothing."""
    file = path.open("w", encoding="utf-8")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            sentence = "Another pull is writing into this copy. Let it end, then run again."
            raise PullStopped(sentence) from None
    return file
