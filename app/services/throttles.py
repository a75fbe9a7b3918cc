"""Limits on guessing, shared by all processes: each refusal makes the next attempt wait longer.

Nobody is locked out for good (TRUST #18): the wait is bounded, and a success clears the count.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.errors import TooFast
from app.store import accounts, pace
from app.store.session import Session
from app.store.tables import Throttle

FREE_ATTEMPTS = 3
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)
TRAILED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """A refusal after it was counted; `is_trailed` when the ledger should carry it."""

    attempts: int
    is_trailed: bool


def wait_after(attempts: int) -> timedelta:
    """How long a source waits after so many refusals: nothing at first, then doubling."""
    beyond = attempts - FREE_ATTEMPTS
    if beyond < 0:
        return timedelta(0)
    doublings: int = 2 ** min(beyond, 10)
    return min(FIRST_WAIT * doublings, LONGEST_WAIT)


def require_patience(session: Session, source: str, now: datetime) -> None:
    """Raise TooFast when the source was refused too often and has not waited yet."""
    row = accounts.find_throttle(session, source)
    if row is None or now - row.last_at > FORGOTTEN_AFTER:
        return
    left = row.last_at + wait_after(row.attempts) - now
    if left > timedelta(0):
        seconds = int(left.total_seconds()) + 1
        raise TooFast("too_many_attempts", retry_after_s=seconds, minutes=-(-seconds // 60))


def count_refusal(session: Session, source: str, now: datetime) -> Counted:
    """Count a refusal; a source is trailed once a minute however often it tries."""
    row = accounts.find_throttle(session, source)
    if row is None:
        row = Throttle(source=source, attempts=0, last_at=now)
        session.add(row)
    elif now - row.last_at > FORGOTTEN_AFTER:
        row.attempts = 0
    row.attempts += 1
    row.last_at = now
    is_trailed = row.trailed_at is None or now - row.trailed_at >= TRAILED_EVERY
    if is_trailed:
        row.trailed_at = now
    return Counted(row.attempts, is_trailed)


def keep_pace(session: Session, source: str, per_minute: int, now: datetime) -> None:
    """Count something that anyone may ask for; raise TooFast past so many in a minute."""
    asked = pace.add_requests(session, source, 1, now.replace(second=0, microsecond=0))
    if asked > per_minute:
        raise TooFast("too_many_attempts", retry_after_s=60 - now.second, minutes=1)


def clear(session: Session, source: str) -> None:
    """Forget the refusals of a source after a success."""
    row = accounts.find_throttle(session, source)
    if row is not None:
        row.attempts = 0
