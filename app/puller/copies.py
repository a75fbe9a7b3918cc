"""What a copy is: where a pull keeps what it was given, and how far it came.

A copy takes a page of rows together with the place that they lead to: both are there, or neither.
Rows are keyed by record and version; a redaction nulls its text in the record's earlier versions.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from app.puller.proof import Heads, Row


@dataclass(frozen=True, slots=True)
class Place:
    """How far a copy came: the server's cursor, and where each stream stood there."""

    cursor: str = "0"
    heads: Heads = field(default_factory=dict)

    @property
    def seq(self) -> int:
        """The number of the last change that the copy holds."""
        return int(self.cursor.split(":")[1] if ":" in self.cursor else self.cursor)

    def written(self) -> str:
        """The place as JSON."""
        return json.dumps({"cursor": self.cursor, "heads": self.heads})

    @classmethod
    def read(cls, text: str) -> Self:
        """The place that was written."""
        told = json.loads(text)
        return cls(told["cursor"], {name: (no, head) for name, (no, head) in told["heads"].items()})


class Copy(Protocol):
    """A place to pull into."""

    def open(self) -> Place:
        """Make it ready, finish what an earlier run left half done, and say how far it came."""

    def add(self, rows: Sequence[Row], place: Place) -> None:
        """Keep a page of rows and the place after it, both or neither."""

    def drop_after(self, seq: int) -> Place:
        """Forget the changes above a number, as the server did when it was restored."""

    def list_signed(self) -> list[str]:
        """The signed heads that are held, the first one first."""

    def keep_signed(self, number: int, text: str) -> None:
        """Keep signed heads beside the rows."""

    def drop_signed(self, number: int) -> None:
        """Forget signed heads from a number on, as a restore does."""

    def read(self) -> Iterator[Row]:
        """Every row, in the order of the feed."""

    def finish(self) -> None:
        """Bring what is made of the whole copy up to date."""

    def close(self) -> None:
        """Give back what it holds."""
