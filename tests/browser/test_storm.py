"""A bad month in a few minutes: phones save while everything around them fails.

Real servers that are killed with −9, a network that is cut and restored, acknowledgements that are
lost, pages closed at once, the worker that sends in the background; and no clock but the real one:
the participants live where it is evening now.
"""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from subprocess import Popen

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from app.domain.access import SYSTEM
from app.domain.diary_day import zone_named
from app.domain.records import Kind
from app.routers.deps import utc_now
from app.services import sites
from app.services.deployment import Deployment
from app.store import records
from app.store.session import Database
from app.store.tables import RecordVersion, SetAside
from tests.browser.conftest import PHONE
from tests.effort import effort
from tests.engines import Engine, migrate
from tests.people import settings_for
from tests.present import enrol
from tests.server_process import server_process
from tests.servers import free_address

DIARIES = effort(24, 200)
AT_ONCE = 4
EVENING = 20
"""The local hour in which everything happens: the window is open, and stays so."""


def evening_zone(now: datetime) -> str:
    """The zone in which it is evening now; POSIX writes the offset the other way round."""
    ahead = (EVENING - now.hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


@dataclass
class Phone:
    """One participant's phone, and when its diary was saved."""

    context: BrowserContext
    study_code: str
    share: float
    saved_at: datetime | None = None
    pages: list[Page] = field(default_factory=list)


@dataclass
class Storm:
    """The server, which is killed now and then, and the chance that decides."""

    url: str
    port: int
    chance: random.Random
    running: ExitStack = field(default_factory=ExitStack)
    process: Popen[str] | None = None
    kills: int = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = self.running.enter_context(server_process(self.url, self.port))

    def kill(self) -> None:
        """Kill the server with −9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process, self.kills = None, self.kills + 1

    def strike(self, phone: Phone) -> None:
        """Let something go wrong, or right again."""
        match self.chance.randrange(5):
            case 0:
                phone.context.set_offline(True)
            case 1:
                self.kill()
            case 2 if self.process is None:
                self.start()
            case _:
                phone.context.set_offline(False)


@contextmanager
def storm_on(engine: Engine) -> Iterator[Storm]:
    """A database with one site, and its server."""
    url = engine.empty()
    migrate(url)
    with free_address() as bound:
        port = bound.getsockname()[1]
    storm = Storm(url, port, random.Random(7))
    with storm.running:
        yield storm
    engine.drop(url)


def prepare(page: Page, storm: Storm) -> None:
    """Open the first page with a network and wait until the phone is ready to do without."""
    page.goto(f"{storm.address}/")
    page.evaluate(
        """async () => {
          const { recall } = await import("/static/js/outbox.js");
          const wait = () => new Promise((done) => setTimeout(done, 50));
          await navigator.serviceWorker.ready;
          while (!navigator.serviceWorker.controller) await wait();
          while (!(await recall(`profile:${await recall("who")}`))) await wait();
          while (!(await caches.match("/static/js/controls.js"))) await wait();
        }"""
    )


def press(touch: Callable[[], None], shown: Locator) -> None:
    """Touch, and again when it was ignored: a second tap within 400 ms is taken for a tremor's."""
    for _ in range(5):
        touch()
        try:
            expect(shown).to_be_visible(timeout=500)
        except AssertionError:
            continue
        return
    raise AssertionError("nothing happened")


def fill_in(phone: Phone, storm: Storm) -> None:
    """Save tonight's diary in three taps while things go wrong, and close the page or leave it."""
    page = phone.pages[-1]
    storm.strike(phone)
    page.goto(f"{storm.address}/diary?go=1")
    page.locator("[data-flare]").tap()
    box = page.locator("#pain_average .track").bounding_box()
    assert box is not None
    x, y = box["x"] + phone.share * box["width"], box["y"] + box["height"] / 2
    press(lambda: page.touchscreen.tap(x, y), page.locator("#pain_average .track.set"))
    storm.strike(phone)
    phone.saved_at = utc_now()
    press(page.locator("[data-save]").tap, page.locator("#done"))
    storm.strike(phone)
    if storm.chance.random() < 0.5:
        page.close()
        phone.pages.remove(page)


def test_nothing_is_lost_and_nothing_doubled_whatever_fails(
    browser: Browser, engine: Engine
) -> None:
    now = utc_now()
    tz = evening_zone(now)
    with storm_on(engine) as storm:
        database = Database(storm.url)
        deployment = Deployment.of(settings_for(storm.url, storm.address))
        with database.write() as session:
            new = sites.NewSite("lyon", "CHU", "CHU", "04 72 00 00 00", "9–17")
            sites.add_site(session, actor=SYSTEM, new=new, now=now - timedelta(days=3))
        phones: list[Phone] = []
        for start in range(0, DIARIES, AT_ONCE):
            batch = []
            if storm.process is None:
                storm.start()
            for number in range(start, start + AT_ONCE):
                cookies = enrol(database, deployment, tz, utc_now())
                context = browser.new_context(
                    viewport=PHONE, has_touch=True, is_mobile=True, locale="fr-FR", timezone_id=tz
                )
                code = cookies.pop("code")
                context.add_cookies(
                    [{"name": k, "value": v, "url": storm.address} for k, v in cookies.items()]
                )
                phone = Phone(context, code, share=(number % 19 + 1) / 20)
                phone.pages.append(context.new_page())
                prepare(phone.pages[-1], storm)
                batch.append(phone)
            for phone in batch:
                fill_in(phone, storm)
            if storm.process is None:
                storm.start()
            for phone in batch:
                settle(phone, storm)
            phones += batch
        assert storm.kills > DIARIES // 40
        judge(database, phones)
        database.close()


def settle(phone: Phone, storm: Storm) -> None:
    """Give the network back and open the diary once more; everything is then sent."""
    phone.context.set_offline(False)
    page = phone.context.new_page()
    page.goto(f"{storm.address}/unlock")
    page.goto(f"{storm.address}/")
    expect(page.locator("[data-waiting]")).to_have_text("0", timeout=60_000)
    phone.context.close()


def judge(database: Database, phones: list[Phone]) -> None:
    """Compare what the phones saved with what the server has."""
    with database.read() as session:
        assert session.query(SetAside).all() == []
        by_code = {
            json.loads(version.originator)["id"]: version
            for version in session.query(RecordVersion).all()
        }
        assert session.query(RecordVersion).count() == len(phones)
        assert set(by_code) == {phone.study_code for phone in phones}
        for phone in phones:
            version = by_code[phone.study_code]
            said = json.loads(version.payload or "")["scores"]["pain_average"]
            assert (version.kind, version.version) == (Kind.DIARY, 1)
            assert said["value"] == round(phone.share * 100)
            assert phone.saved_at is not None
            assert abs(version.saved_at - phone.saved_at) < timedelta(seconds=5)
            assert records.find_diary(session, version.participant_id, version.diary_on)
            local = phone.saved_at.astimezone(zone_named(version.tz)).date()
            assert version.diary_on == local
