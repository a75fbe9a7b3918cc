"""Sign-off: what an investigator's signature under a period covers, and what changed after it.

A signature is bound to the versions that stood when it was given, by a digest over the hashes that
the ledger sealed them with (21 CFR 11.70). Pure: versions and sign-offs are handed in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from app.domain.ledger import digest


class Meaning(StrEnum):
    """What a signature says (21 CFR 11.50)."""

    REVIEWED = "reviewed"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Period:
    """The diary days of one participant that are signed together, both ends included."""

    study_code: str
    from_on: date
    until_on: date

    def covers(self, diary_on: date) -> bool:
        """Whether a diary day is one of them."""
        return self.from_on <= diary_on <= self.until_on


@dataclass(frozen=True, slots=True)
class Sealed:
    """One version of a record as the ledger sealed it: its place, its hash, who wrote it."""

    seq: int
    hash: str
    record_id: str
    version: int
    kind: str
    op: str
    diary_on: date
    received_at: datetime
    actor_id: str
    actor_role: str


def standing(versions: Iterable[Sealed], period: Period, until_seq: int) -> tuple[Sealed, ...]:
    """The latest version of each record of a period as they stood at a change, voids included."""
    latest: dict[str, Sealed] = {}
    for sealed in versions:
        if not period.covers(sealed.diary_on) or sealed.seq > until_seq:
            continue
        known = latest.get(sealed.record_id)
        if known is None or known.version < sealed.version:
            latest[sealed.record_id] = sealed
    return tuple(sorted(latest.values(), key=lambda one: one.record_id))


def digest_of(versions: Iterable[Sealed], period: Period, until_seq: int) -> str:
    """What a signature is bound to: the period and the hash of each version that stood."""
    stood = standing(versions, period, until_seq)
    return digest(
        {
            "study_code": period.study_code,
            "from_on": period.from_on.isoformat(),
            "until_on": period.until_on.isoformat(),
            "versions": [[one.record_id, one.version, one.hash] for one in stood],
        }
    )


def changed_since(versions: Iterable[Sealed], period: Period, until_seq: int) -> tuple[Sealed, ...]:
    """The versions that came to a period after a change, in the order in which they came."""
    later = (one for one in versions if period.covers(one.diary_on) and one.seq > until_seq)
    return tuple(sorted(later, key=lambda one: one.seq))
