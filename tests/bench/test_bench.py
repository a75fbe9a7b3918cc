"""The bench itself works: a small run of each measurement gives a number, whatever it is."""

from tests.bench.measures import measure_desk, measure_saves
from tests.bench.reminding import measure_reminders


def test_saves_are_measured(empty_database_url: str) -> None:
    saves = measure_saves(empty_database_url, phones=2, days=2, rounds=1)
    assert saves.ratio > 0


def test_the_desk_is_measured(empty_database_url: str) -> None:
    desk = measure_desk(empty_database_url, people=3, views=1, days=10)
    assert min(desk.cohort_ms, desk.person_ms, desk.year_ms) > 0


def test_reminders_are_measured(empty_database_url: str) -> None:
    reminded = measure_reminders(empty_database_url, 20)
    assert reminded.handed_per_s > 0
    assert reminded.memory_mb > 0
