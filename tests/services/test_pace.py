"""The pace of a key: counted in memory, added up over processes once a second."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import TooFast, Unavailable
from app.services.pace import Pace, add_requests
from app.store.session import Database

NOON = datetime(2026, 1, 20, 12, 0, tzinfo=UTC)


class Shared:
    """What processes have in common."""

    def __init__(self) -> None:
        self.total = 0
        self.calls = 0

    def add(self, count: int) -> int:
        """Add to the common count."""
        self.calls += 1
        self.total += count
        return self.total


def test_the_allowance_is_of_a_minute() -> None:
    pace, shared = Pace(3), Shared()
    for _ in range(3):
        pace.take("KEY", NOON, shared.add)
    with pytest.raises(TooFast) as refused:
        pace.take("KEY", NOON + timedelta(seconds=40), shared.add)
    assert refused.value.retry_after_s == 21
    Pace(3).take("KEY", NOON, Shared().add)
    pace.take("KEY", NOON + timedelta(minutes=1), Shared().add)


def test_each_key_has_its_own() -> None:
    pace = Pace(1)
    pace.take("ONE", NOON, Shared().add)
    pace.take("TWO", NOON, Shared().add)
    with pytest.raises(TooFast):
        pace.take("ONE", NOON, Shared().add)


def test_the_common_count_is_asked_once_a_second() -> None:
    pace, shared = Pace(1000), Shared()
    for tenth in range(31):
        pace.take("KEY", NOON + timedelta(seconds=tenth / 10), shared.add)
    assert (shared.calls, shared.total) == (4, 31)


def test_another_process_counts_too() -> None:
    shared = Shared()
    here, there = Pace(10), Pace(10)
    for second in range(5):
        for pace in (here, there):
            pace.take("KEY", NOON + timedelta(seconds=second), shared.add)
    with pytest.raises(TooFast):
        here.take("KEY", NOON + timedelta(seconds=5), shared.add)


def test_a_busy_database_refuses_no_reader_and_loses_no_count() -> None:
    def busy(count: int) -> int:
        raise Unavailable

    pace, shared = Pace(10), Shared()
    pace.take("KEY", NOON, busy)
    pace.take("KEY", NOON + timedelta(seconds=1), shared.add)
    assert shared.total == 2


def test_the_count_begins_anew_each_minute(database: Database) -> None:
    def add(count: int, now: datetime) -> int:
        with database.write() as session:
            return add_requests(session, key_id="KEY", count=count, now=now)

    assert add(3, NOON) == 3
    assert add(4, NOON + timedelta(seconds=59)) == 7
    assert add(5, NOON + timedelta(seconds=60)) == 5
