"""The bench of the phone's paint works: one round gives two numbers, whatever they are."""

from playwright.sync_api import Browser

from tests.bench.paint import measure_paint
from tests.engines import Engine


def test_the_paint_of_the_diary_is_measured(browser: Browser, engine: Engine) -> None:
    paint = measure_paint(browser, engine, rounds=1)
    assert paint.cold_ms > 0
    assert paint.warm_ms > 0
