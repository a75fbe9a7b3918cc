"""`make webkit`: an evening with too much pain in WebKit, the engine of every iPhone.

WebKitGTK's small browser is driven over the WebDriver protocol on a screen of its own, 360 pixels
wide: open the diary, "too much pain today", touch the line, save, and read the receipt. Not part of
`make test`: it needs Debian's webkit2gtk-driver and xvfb.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from sqlalchemy import update

from app.domain.diary_day import zone_named
from app.domain.records import Kind
from app.routers.deps import utc_now
from app.simulation.evening import PLACES
from app.store import records
from app.store.tables import ParticipantZone
from tests.engines import Sqlite
from tests.people import Stage, Who, on_live_stage, settle
from tests.scenes import At, Person
from tests.servers import free_address

WIDE, HIGH = 360, 740
TOOLBAR = 38
PATIENCE_MS = 20_000
SHARE = 0.66
LAST_HOUR = 23
BROWSERS = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"
PLAIN = {
    "LIBGL_ALWAYS_SOFTWARE": "1",
    "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
    "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
}
"""No graphics card, and no sandbox within a container; only our own pages are opened."""
THIN = "* { min-width: 0; padding: 0; margin: 0; font-size: 1px; } image { -gtk-icon-size: 1px; }"
"""The browser's own buttons, made so small that its window can be as narrow as a phone."""
BOX = "const b = arguments[0].getBoundingClientRect(); return [b.x, b.y, b.width, b.height];"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""How the protocol names a reference to an element."""


@dataclass(frozen=True)
class Browser:
    """A session of the WebDriver protocol."""

    client: httpx.Client
    session: str

    def ask(self, path: str, **body: Any) -> Any:
        """Send one command; raises RuntimeError with what the browser said."""
        answer = self.client.post(f"/session/{self.session}/{path}", json=body)
        if answer.is_error:
            raise RuntimeError(answer.json()["value"]["message"])
        return answer.json()["value"]

    def find(self, selector: str) -> str:
        """Wait for an element that can be found by a CSS selector; gives its reference."""
        found = self.ask("element", using="css selector", value=selector)
        return str(found[ELEMENT])

    def tap(self, selector: str, share: float = 0.5) -> None:
        """Touch an element, at a share of its width."""
        element = self.find(selector)
        x, y, wide, high = self.ask("execute/sync", script=BOX, args=[{ELEMENT: element}])
        place = {"x": round(x + share * wide), "y": round(y + high / 2)}
        steps = [
            {"type": "pointerMove", "duration": 0, **place},
            {"type": "pointerDown", "button": 0},
            {"type": "pause", "duration": 60},
            {"type": "pointerUp", "button": 0},
            {"type": "pause", "duration": 500},
        ]
        # A mouse: on a desktop this WebKit takes no touches from its driver.
        finger = {"type": "pointer", "id": "finger", "parameters": {"pointerType": "mouse"}}
        self.ask("actions", actions=[{**finger, "actions": steps}])

    def read(self, selector: str) -> str:
        """The words of an element, once it is there."""
        element = self.find(selector)
        answer = self.client.get(f"/session/{self.session}/element/{element}/text")
        return str(answer.json()["value"])


def main() -> None:
    """Play the evening and say what came of it; exits with 1 when it went wrong."""
    driver, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    browsers = sorted(Path("/").glob(BROWSERS.removeprefix("/")))
    if not (driver and screen and browsers):
        sys.exit("WebKit is not there: apt-get install webkit2gtk-driver xvfb")
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory()))
        url, cast = Sqlite(folder).copy_of(settle)
        stage = opened.enter_context(on_live_stage(url, cast, "localhost"))
        display = opened.enter_context(screen_of(screen))
        client = opened.enter_context(driving(driver, display, folder))
        browser = opened.enter_context(browsing(client, str(browsers[-1])))
        say(play(browser, stage))


def play(browser: Browser, stage: Stage) -> str:
    """Save an evening with too much pain, of somebody where it is evening now."""
    now = utc_now()
    cookies = stage.cast.cookies[Who.OWN] | evening_somewhere(stage, now)
    base_url = stage.deployment.base_url
    browser.ask("url", url=f"{base_url}/unlock")
    for name, value in cookies.items():
        browser.ask("cookie", cookie={"name": name, "value": value, "path": "/"})
    browser.ask("url", url=f"{base_url}/diary")
    browser.find("[data-save][hidden]")
    browser.tap("[data-flare]")
    browser.tap("#pain_average .track", SHARE)
    browser.find("#pain_average .track.set")
    browser.tap("[data-save]:not([hidden])")
    receipt = browser.read("[data-receipt]:not(:empty)")
    average = saved_average(stage)
    if abs(average - 100 * SHARE) > 1:
        sys.exit(f"The line was touched at {SHARE:.0%}, and {average} was saved.")
    return f"WebKit: saved {average} for a touch at {SHARE:.0%}, receipt {receipt}"


def evening_somewhere(stage: Stage, now: datetime) -> dict[str, str]:
    """Bring the scene to the present, to somebody at home where it is evening; gives the cookie."""
    evening = stage.deployment.study.window.opens
    tz = next(one for one in PLACES if is_evening(now.astimezone(zone_named(one)), evening))
    Person((("last_diary_on", date(9999, 1, 1)), ("tz", tz)))(stage, Who.OWN)
    with stage.database.write() as session:
        session.execute(update(ParticipantZone).values(tz=tz))
    return At(now)(stage, Who.OWN)


def is_evening(there: datetime, opens: time) -> bool:
    """Whether a diary is open in a place, and for a while yet."""
    return opens <= there.time() and there.hour < LAST_HOUR


def saved_average(stage: Stage) -> int:
    """The average pain of the only diary that the server got since."""
    participant_id = stage.actor(Who.OWN).participant_id
    assert participant_id is not None
    today = stage.clock.now.date()
    with stage.database.read() as session:
        kept = [
            version
            for day in (-1, 0, 1)
            for version in records.list_latest_versions(
                session, participant_id, Kind.DIARY, today + timedelta(days=day)
            )
        ]
    (version,) = kept
    return int(json.loads(version.payload or "")["scores"]["pain_average"]["value"])


@contextmanager
def screen_of(program: str) -> Iterator[str]:
    """Run a screen that nobody sees; gives its name."""
    command = [program, "-displayfd", "1", "-screen", "0", "800x1000x24"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as screen:
        assert screen.stdout is not None
        try:
            yield f":{screen.stdout.readline().strip()}"
        finally:
            screen.terminate()


@contextmanager
def driving(program: str, display: str, folder: Path) -> Iterator[httpx.Client]:
    """Run the driver on a screen; gives a client of it."""
    style = folder / "gtk-3.0" / "gtk.css"
    style.parent.mkdir()
    style.write_text(THIN)
    environment = {**os.environ, "DISPLAY": display, "XDG_CONFIG_HOME": str(folder), **PLAIN}
    with closing(free_address()) as bound:
        port = bound.getsockname()[1]
    command = [program, f"--port={port}", "--host=127.0.0.1"]
    transport = httpx.HTTPTransport(retries=8)
    with (
        subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as driver,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=120, transport=transport
        ) as client,
    ):
        try:
            yield client
        finally:
            driver.terminate()


@contextmanager
def browsing(client: httpx.Client, program: str) -> Iterator[Browser]:
    """Open a window as wide as a phone."""
    wanted = {
        "browserName": "MiniBrowser",
        "timeouts": {"implicit": PATIENCE_MS},
        "webkitgtk:browserOptions": {"binary": program, "args": ["--automation"]},
    }
    answer = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
    browser = Browser(client, answer.json()["value"]["sessionId"])
    try:
        browser.ask("window/rect", width=WIDE, height=HIGH + TOOLBAR)
        yield browser
    finally:
        client.delete(f"/session/{browser.session}")


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
