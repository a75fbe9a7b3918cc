"""Seats for clients that wait for something new: one for each key, so many in a process."""

from collections.abc import Iterator
from contextlib import contextmanager

SEATS = 20


class WaitingRoom:
    """Who waits in this process. Used on the event loop alone, so that it needs no lock."""

    def __init__(self) -> None:
        self._seated: set[str] = set()

    @contextmanager
    def seat(self, key_id: str) -> Iterator[bool]:
        """Take a seat while the block lasts; False when there is none, and one answers at once."""
        if key_id in self._seated or len(self._seated) >= SEATS:
            yield False
            return
        self._seated.add(key_id)
        try:
            yield True
        finally:
            self._seated.remove(key_id)
