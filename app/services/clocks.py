"""Whether this machine's clock can be believed: against the database's, and the ledger's last word.

No time is fetched from anywhere: that is the machine's own business (NTP), and ours to notice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.errors import WrongState
from app.store import clocks
from app.store.session import Session

TOLERATED = timedelta(seconds=30)
"""How far two clocks may be apart before somebody is told."""
REFUSED_BEHIND = timedelta(minutes=5)
"""How far before the ledger's last change a clock may lie at the start."""


@dataclass(frozen=True, slots=True)
class Reading:
    """This machine's clock against others: seconds ahead of the database's (None: it has none), and
    seconds by which the ledger's last change lies ahead of the present, 0 when it does not.
    """

    offset_s: float | None
    behind_ledger_s: float

    @property
    def is_off(self) -> bool:
        """Whether somebody should look at the clock."""
        return max(abs(self.offset_s or 0), self.behind_ledger_s) > TOLERATED.total_seconds()


def read(session: Session, now: datetime) -> Reading:
    """Hold the present against the other clocks."""
    theirs, last_at = clocks.find_database_now(session), clocks.find_last_change_at(session)
    behind = (last_at - now).total_seconds() if last_at is not None else 0
    return Reading(
        offset_s=None if theirs is None else (now - theirs).total_seconds(),
        behind_ledger_s=max(behind, 0.0),
    )


def require_sound(session: Session, now: datetime) -> Reading:
    """Give the reading, or raise WrongState when the clock lies well before the last change."""
    reading = read(session, now)
    if reading.behind_ledger_s > REFUSED_BEHIND.total_seconds():
        raise WrongState("clock_behind", minutes=int(reading.behind_ledger_s // 60))
    return reading
