"""The bench itself works: a small run of each measurement gives a number, whatever it is."""

from tests.bench.door import (
    make_key,
    measure_export,
    measure_one_change,
    measure_stream,
    measure_verify,
)
from tests.bench.ledger import grow
from tests.bench.measures import measure_desk, measure_saves
from tests.bench.reminding import measure_reminders


def test_saves_are_measured(empty_database_url: str) -> None:
    phones = grow(empty_database_url, 100, phones=2)
    assert measure_saves(empty_database_url, phones, days=2, rounds=1).ratio > 0


def test_the_door_is_measured(empty_database_url: str) -> None:
    phones = grow(empty_database_url, 800, phones=1)
    key = make_key(empty_database_url)
    assert measure_one_change(empty_database_url, key, pulls=1) > 0
    assert measure_stream(empty_database_url, key, rounds=1).ratio > 0
    assert measure_verify(empty_database_url) > 0
    taken = measure_export(empty_database_url, key, "/api/v1/export/entries.csv", phones)
    assert min(taken.memory_mb, taken.save_p95_ms) > 0


def test_the_desk_is_measured(empty_database_url: str) -> None:
    desk = measure_desk(empty_database_url, people=3, views=1, days=10)
    assert min(desk.cohort_ms, desk.person_ms, desk.year_ms) > 0


def test_reminders_are_measured(empty_database_url: str) -> None:
    reminded = measure_reminders(empty_database_url, 20)
    assert reminded.handed_per_s > 0
    assert reminded.memory_mb > 0
