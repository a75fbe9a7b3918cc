"""How soon a slow phone shows the diary: the largest paint, cold and warm.

The phone has a sixth of this machine's speed and a bad mobile network between it and the server.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, PHONE, chromium_path, opened
from tests.browser.touches import assert_ready
from tests.engines import Engine
from tests.people import Stage, Who, on_live_stage, settle

BITS_PER_S, ROUND_TRIP_MS, SLOWER = 400_000, 400, 6
LARGEST = """
() => new Promise((found) => {
  let largest = 0;
  new PerformanceObserver((list) => (largest = list.getEntries().at(-1).startTime))
    .observe({ type: "largest-contentful-paint", buffered: true });
  requestIdleCallback(() => setTimeout(() => found(largest), 500));
})
"""


@dataclass(frozen=True)
class Paint:
    """Milliseconds from the start of the navigation to the largest paint of /diary."""

    cold_ms: float
    warm_ms: float


def measure_paint(browser: Browser, engine: Engine, *, rounds: int) -> Paint:
    """Open the diary on a new phone and again, `rounds` times; gives the medians."""
    url, cast = engine.copy_of(settle)
    cold: list[float] = []
    warm: list[float] = []
    with on_live_stage(url, cast, "localhost") as stage:
        for _ in range(rounds):
            with opened(browser, PHONE, touch=True) as page:
                sign_in(page, stage)
                slow_down(page)
                cold.append(open_diary(page, stage))
                assert_ready(page)
                warm.append(open_diary(page, stage))
    engine.drop(url)
    return Paint(median(cold), median(warm))


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


def sign_in(page: Page, stage: Stage) -> None:
    """Give a phone the cookies of the own participant."""
    base_url = stage.deployment.base_url
    for name, value in stage.cast.cookies[Who.OWN].items():
        page.context.add_cookies([{"name": name, "value": value, "url": base_url}])


def slow_down(page: Page) -> None:
    """Make the phone and its network slow."""
    cdp = page.context.new_cdp_session(page)
    bytes_per_s = BITS_PER_S / 8
    cdp.send("Network.enable")
    cdp.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": ROUND_TRIP_MS,
            "downloadThroughput": bytes_per_s,
            "uploadThroughput": bytes_per_s,
        },
    )
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})


def open_diary(page: Page, stage: Stage) -> float:
    """Open the diary; gives the time of its largest paint in milliseconds."""
    page.goto(f"{stage.deployment.base_url}/diary")
    page.locator("#pain_average .track").wait_for()
    largest: float = page.evaluate(LARGEST)
    return largest
