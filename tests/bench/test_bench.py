"""The bench itself works: a small run of each measurement gives a number, whatever it is."""

from tests.bench.measures import measure_page, measure_saves
from tests.bench.reminding import measure_reminders


def test_saves_are_measured(empty_database_url: str) -> None:
    saves = measure_saves(empty_database_url, phones=2, days=2, rounds=1)
    assert saves.ratio > 0


def test_the_page_of_a_year_is_measured(empty_database_url: str) -> None:
    assert measure_page(empty_database_url, views=1) > 0


def test_reminders_are_measured(empty_database_url: str) -> None:
    reminded = measure_reminders(empty_database_url, 20)
    assert reminded.handed_per_s > 0
    assert reminded.memory_mb > 0
