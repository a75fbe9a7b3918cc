"""The pace of the keys: so many requests a minute each, whichever process they reach.

A process counts in memory and adds its count to the common one once a second and key, in one small
write that also notes when the key was last used. Between two additions a process does not know of
the others' requests; that is all by which the allowance can be passed.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.errors import TooFast, Unavailable
from app.store import pace
from app.store.session import Session

WINDOW = timedelta(minutes=1)
SHARED_EVERY = timedelta(seconds=1)


@dataclass(slots=True)
class _Tally:
    """Requests of one key in one minute: those of all processes, as last heard, and ours since."""

    minute_at: datetime
    shared_at: datetime
    total: int = 0
    unshared: int = 0


class Pace:
    """How fast the keys ask, as far as this process knows."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._tallies: dict[str, _Tally] = {}
        self._lock = threading.Lock()

    def take(self, key_id: str, now: datetime, share: Callable[[int], int]) -> None:
        """Count one request, or raise TooFast when the minute's allowance is used up.

        `share(count)` adds to the common count and gives its total; it is called once a second.
        """
        with self._lock:
            tally = self._tally(key_id, now)
            tally.unshared += 1
            is_due = now - tally.shared_at >= SHARED_EVERY
            if is_due:
                tally.shared_at, count, tally.unshared = now, tally.unshared, 0
        if is_due:
            try:
                tally.total = share(count)
            except Unavailable:  # a busy database is no reason to refuse a reader
                tally.unshared += count
        if tally.total + tally.unshared > self.per_minute:
            left = tally.minute_at + WINDOW - now
            raise TooFast("too_many_requests", retry_after_s=int(left.total_seconds()) + 1)

    def _tally(self, key_id: str, now: datetime) -> _Tally:
        minute_at = now.replace(second=0, microsecond=0)
        known = self._tallies.get(key_id)
        if known is None or known.minute_at != minute_at:
            known = self._tallies[key_id] = _Tally(minute_at, now - SHARED_EVERY)
        return known


def add_requests(session: Session, *, key_id: str, count: int, now: datetime) -> int:
    """Add to the common count of a key's requests; give the minute's total so far."""
    pace.touch_key(session, key_id, now)
    return pace.add_requests(session, key_id, count, now.replace(second=0, microsecond=0))
