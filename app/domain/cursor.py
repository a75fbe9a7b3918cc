"""Where a client stands in the feed: `epoch:seq:hash8`, or a bare number from before it had one.

The epoch says which stretch between two restores was read, the first eight digits of the hash which
change was the last, so that a place in another ledger is never taken for a place in this one.
Whether the place exists here is for the feed's service.
"""

import re
from dataclasses import dataclass

from app.domain.errors import InvalidInput

_FORM = re.compile(r"([0-9]{1,18})|([0-9a-f]{8}):([0-9]{1,18}):([0-9a-f]{8})")
NO_HASH = "0" * 8


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place after the change with number `seq`; 0 is before the first one."""

    seq: int
    epoch: str | None = None
    hash8: str = NO_HASH

    def __str__(self) -> str:
        return str(self.seq) if self.epoch is None else f"{self.epoch}:{self.seq}:{self.hash8}"


START = Cursor(0)


def read_cursor(text: str) -> Cursor:
    """Parse a cursor as a client sends it, or raise InvalidInput."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidInput("cursor_malformed", field="after")
    bare, epoch, seq, hash8 = found.groups()
    return Cursor(int(bare)) if bare is not None else Cursor(int(seq), epoch, hash8)
