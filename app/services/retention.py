"""What is erased, and when: technical rows after their time, every way to participants at the end.

The rule kept: answers, the ledger and what explains them stay; only what reaches or recognises
people goes, and what kept the machinery going.
"""

from dataclasses import asdict
from datetime import datetime

from app.domain.access import SYSTEM
from app.domain.errors import WrongState
from app.store import ledger, retention
from app.store.retention import BATCH
from app.store.session import Database, Session


def purge(database: Database, *, before: datetime) -> dict[str, int]:
    """Erase technical rows that were over before an instant, in small writes; give their counts."""
    erased: dict[str, int] = {}
    for table in retention.TECHNICAL:
        count = BATCH
        while count == BATCH:
            with database.write() as session:
                count = retention.erase_batch(session, table, before)
            erased[table.__tablename__] = erased.get(table.__tablename__, 0) + count
    return erased


def look_at_end(session: Session, now: datetime) -> tuple[dict[str, int], int]:
    """What the end of the study would erase, and how many participants are not done yet."""
    return asdict(retention.count_leftovers(session)), retention.count_going_on(session, now.date())


def end_study(session: Session, *, now: datetime) -> dict[str, int]:
    """Erase every address, credential and way in of participants; give how much that was.

    Raises WrongState while a diary goes on: whoever is still asked for one must be reached.
    """
    found, going_on = look_at_end(session, now)
    if going_on:
        raise WrongState("study_goes_on", participants=going_on)
    retention.erase_ways_in(session, now)
    ledger.queue_act(session, actor=SYSTEM, op="study.purged", now=now, details=found)
    return found
