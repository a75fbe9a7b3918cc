"""Every page that people see, and how to get there: what is looked at, measured and photographed.

A page with several faces (a step of the diary, a refused form, an open dialog) stands in the list
once for each. A new page is a new `Sight`; `test_pages` fails while the route of one is missing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from app.routers.deps import PERSON_COOKIE
from tests import scenes
from tests.browser.conftest import DESK, PHONE, opened
from tests.browser.desk_pages import DESK_PAGES
from tests.browser.phone_pages import PHONE_PAGES
from tests.browser.sights import Holder, Sight
from tests.engines import Engine
from tests.people import Stage, Who, on_live_stage, settle
from tests.scenes import Codes

__all__ = ["NO_PAGES", "PAGES", "Sight", "cookies_of", "play", "shown"]

PAGES: tuple[Sight, ...] = (*PHONE_PAGES, *DESK_PAGES)

NO_PAGES = {
    "/desk/participants/{study_code}/arrival": "a part of the handout, asked for by its script",
    "/desk/trail.csv": "a file to keep",
    "/desk/trail.ndjson": "a file to keep",
    "/healthz": "for machines",
    "/r/{reminder_id}": "the link in a message: it leads to the diary",
    "/manifest.webmanifest": "what the phone calls the installed page",
    "/profile": "what the phone keeps of its owner",
    "/readyz": "for machines",
    "/shell/{lang}/{name}": "the empty pages: they are seen without a network, filled by the phone",
    "/sw.js": "the service worker",
}
"""Routes that answer a GET outside the API and show nobody a page: why."""

_SEND = """
(form, filled) => {
  for (const [name, value] of filled)
    for (const one of form.querySelectorAll(`[name="${name}"]`))
      if (/radio|checkbox/.test(one.type)) one.checked = one.value === value;
      else one.value = value;
  HTMLFormElement.prototype.submit.call(form);
}
"""


@contextmanager
def shown(
    browser: Browser, engine: Engine, sight: Sight, lang: str
) -> Iterator[tuple[Page, Stage]]:
    """Play a sight's scene on a stage of its own, and show it in a language."""
    url, cast = engine.copy_of(settle)
    viewport = DESK if sight.is_desk else PHONE
    options = {
        "locale": {"fr": "fr-FR", "en": "en-GB"}[lang],
        "reduced_motion": "reduce",
        # A page from the server shows the same without the worker, and sooner.
        "service_workers": "allow" if sight.is_kept else "block",
    }
    with (
        on_live_stage(url, cast, "localhost") as stage,
        opened(browser, viewport, touch=not sight.is_desk, **options) as page,
    ):
        show(page, stage, sight, lang)
        yield page, stage
    engine.drop(url)


def show(page: Page, stage: Stage, sight: Sight, lang: str) -> None:
    """Bring a page of a fresh stage to a sight."""
    codes = play(stage, sight, lang)
    base_url = stage.deployment.base_url
    cookies = cookies_of(stage, sight.holder, lang, codes)
    page.context.add_cookies(
        [{"name": name, "value": value, "url": base_url} for name, value in cookies.items()]
    )
    page.clock.install(time=stage.clock.now)
    page.goto(base_url + sight.address(codes))
    if sight.sends:
        form = page.locator(f"form[action='{sight.sends.format_map(codes)}']")
        for name in sight.filled:
            form = form.filter(has=page.locator(f"[name='{name}']"))
        with page.expect_event("load"):
            form.first.evaluate(_SEND, list(sight.filled.items()))
    sight.touch(page)


def play(stage: Stage, sight: Sight, lang: str) -> Codes:
    """Let happen what a sight shows; gives the codes of its address."""
    who = scenes.spoken_by(lang)
    scenes.speak(stage, lang)
    played = sight.scene(stage, who)
    return scenes.codes_of(stage, who) | played


def cookies_of(stage: Stage, holder: Holder, lang: str, codes: Codes) -> dict[str, str]:
    """What the holder's browser brings along; a scene may have opened the phone anew."""
    who = scenes.spoken_by(lang)
    opened_anew = {name: codes[name] for name in (PERSON_COOKIE,) if name in codes}
    held = {
        Holder.PARTICIPANT: stage.cast.cookies[who] | opened_anew,
        Holder.CLOSED: scenes.closed_phone(stage, who),
        Holder.CLINICIAN: stage.cast.cookies[Who.CLINICIAN],
        Holder.ADMIN: stage.cast.cookies[Who.ADMIN],
        Holder.MANAGER: stage.cast.cookies[Who.DATA_MANAGER],
        Holder.VISITOR: {},
    }
    return {**held[holder], "lang": lang}
