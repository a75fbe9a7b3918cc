"""Every page that people see, and how to get there: what is looked at, measured and photographed.

A page with several faces (a step of the diary, a refused form, an open dialog) stands here once for
each. A new page is a new `Sight`; `test_pages` fails while the route of one is missing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from playwright.sync_api import Browser, Page

from app.routers.deps import PERSON_COOKIE
from tests import scenes
from tests.browser import touches
from tests.browser.conftest import DESK, PHONE, opened
from tests.engines import Engine
from tests.people import Stage, Who, on_live_stage, settle
from tests.scenes import Codes, Scene


class Holder(StrEnum):
    """In whose hands the browser is."""

    PARTICIPANT = "participant"
    CLOSED = "participant whose phone is locked"
    VISITOR = "nobody known"
    CLINICIAN = "clinician"


@dataclass(frozen=True)
class Sight:
    """One face of a page.

    `route` is the page's as in ROUTERS; with `query` and the codes of the scene it makes the
    address. `sends` is the action of a form that is then sent, as it stands but for what `filled`
    says, for the page that answers; `touch` is what is done in the browser before the page is
    looked at. `is_kept`: it is the page that the phone keeps for the time without a network.
    """

    name: str
    route: str
    holder: Holder = Holder.PARTICIPANT
    scene: Scene = scenes.evening
    query: str = ""
    sends: str = ""
    filled: Mapping[str, str] = field(default_factory=dict)
    is_kept: bool = False
    touch: touches.Touch = lambda page: None

    @property
    def is_desk(self) -> bool:
        """Whether it is looked at on a desk, with a mouse."""
        return self.route.startswith("/desk")

    def address(self, codes: Codes) -> str:
        """The path and query to open."""
        return (self.route + self.query).format_map(codes)

    def __str__(self) -> str:
        return self.name


_CONTRADICTION = {
    "pain_average": "70",
    "pain_average.status": "answered",
    "pain_worst": "20",
    "pain_worst.status": "answered",
}
_LOCKED, _VISITOR, _CLINICIAN = Holder.CLOSED, Holder.VISITOR, Holder.CLINICIAN

PAGES: tuple[Sight, ...] = (
    # the doors
    Sight("join", "/join/{token}", _VISITOR),
    Sight("join-refused", "/join/{token}", _VISITOR, sends="/join/{token}"),
    Sight("join-dead-link", "/join/{token}", _VISITOR, scenes.dead_link),
    Sight("unlock", "/unlock", _LOCKED),
    Sight("unlock-forgotten", "/unlock", _LOCKED, touch=touches.opened("summary")),
    Sight("unlock-refused", "/unlock", _LOCKED, sends="/unlock"),
    Sight("unlock-unknown-phone", "/unlock", _VISITOR),
    Sight("unlock-code-refused", "/unlock", _VISITOR, sends="/pair"),
    Sight("signed-out", "/signed-out", _LOCKED),
    # the first page, by where the day stands
    Sight("home", "/"),
    Sight("home-before", "/", scene=scenes.before_the_first_day),
    Sight("home-closed", "/", scene=scenes.morning),
    Sight("home-late", "/", scene=scenes.after_midnight),
    Sight("home-saved", "/", scene=scenes.saved),
    Sight("home-paused", "/", scene=scenes.paused),
    Sight("home-ended", "/", scene=scenes.after_the_study),
    Sight("home-noted", "/", scene=scenes.dosed, query="?noted={noted}"),
    Sight("home-later", "/", touch=touches.sent_with("[name=minutes]")),
    Sight("home-later-refused", "/", sends="/evening/snooze"),
    Sight("home-not-today", "/", touch=touches.sent_with("[formaction]")),
    Sight("home-offer", "/", touch=touches.allowed),
    Sight("home-session", "/", scene=scenes.session_today),
    Sight("not-found", "/diary/{record_id}/correction", scene=scenes.nobodys_record),
    # the diary, step by step
    Sight("diary", "/diary"),
    Sight("diary-marked", "/diary", touch=touches.marked),
    Sight("diary-pointed-out", "/diary", touch=touches.pointed_out),
    Sight("diary-numbers", "/diary", scene=scenes.on_numbers),
    Sight("diary-practice", "/diary", scene=scenes.before_the_first_day),
    Sight("diary-gate", "/diary", touch=touches.reach("allodynia")),
    Sight("diary-trigger", "/diary", touch=touches.reach("brush")),
    Sight("diary-zones", "/diary", touch=touches.reach("zones")),
    Sight("diary-zones-back", "/diary", touch=touches.back_of_the_hand),
    Sight("diary-zones-foot", "/diary", scene=scenes.left_foot, touch=touches.reach("zones")),
    Sight("diary-medicines", "/diary", touch=touches.reach("medicines")),
    Sight("diary-medicines-open", "/diary", touch=touches.taken_differently),
    Sight("diary-medicines-noted", "/diary", scene=scenes.dosed, touch=touches.reach("medicines")),
    Sight("diary-review", "/diary", touch=touches.reviewed),
    Sight("diary-review-contradiction", "/diary", touch=touches.contradicted),
    Sight("diary-sent", "/diary", touch=touches.sent),
    Sight("diary-waiting", "/diary", touch=touches.kept),
    Sight("diary-tried", "/diary", scene=scenes.before_the_first_day, touch=touches.tried),
    Sight("diary-refused", "/diary", sends="/diary", filled=_CONTRADICTION),
    Sight("flare", "/flare"),
    Sight("correction", "/diary/{record_id}/correction", scene=scenes.saved),
    Sight(
        "correction-review",
        "/diary/{record_id}/correction",
        scene=scenes.saved,
        touch=touches.reach("review"),
    ),
    # what became of a form sent without script
    Sight("saved", "/saved/{submission_id}", scene=scenes.saved),
    Sight("saved-flare", "/saved/{submission_id}", scene=scenes.flared),
    Sight("saved-aside", "/saved/{submission_id}", scene=scenes.set_aside),
    # doses and the report after a session
    Sight("dose", "/doses/new", query="?medicine={medicine}"),
    Sight(
        "dose-other-time",
        "/doses/new",
        query="?medicine={medicine}",
        touch=touches.opened("summary"),
    ),
    Sight("dose-refused", "/doses/new", query="?medicine={medicine}", sends="/doses"),
    Sight("dose-patch", "/doses/new", scene=scenes.on_a_patch, query="?medicine={medicine}"),
    Sight("report", "/session-report", scene=scenes.session_today),
    Sight(
        "report-opened",
        "/session-report",
        scene=scenes.session_today,
        touch=touches.opened("#redness summary", "#redness [value=mild]"),
    ),
    Sight(
        "report-emergency",
        "/session-report",
        scene=scenes.session_today,
        touch=touches.opened("[data-emergency] summary"),
    ),
    Sight("report-weekly", "/session-report", scene=scenes.session_last_week),
    # letters, own days, settings and what helps
    Sight("home-letters", "/", scene=scenes.lettered),
    Sight("home-locked", "/", scene=scenes.saved_locked),
    Sight("home-patch", "/", scene=scenes.patched),
    Sight("history", "/history", scene=scenes.a_month),
    Sight("history-letters", "/history", scene=scenes.lettered),
    Sight("history-scores", "/history", scene=scenes.after_the_study, query="?month=2026-01"),
    Sight("settings", "/settings"),
    Sight("settings-notices-off", "/settings", touch=touches.allowed),
    Sight("settings-notices-on", "/settings", touch=touches.notified),
    Sight("settings-refused", "/settings", sends="/settings/hand"),
    Sight("requests", "/requests", scene=scenes.lettered),
    Sight("request", "/requests", query="?kind=correction&on={diary_on}"),
    Sight("request-refused", "/requests", query="?kind=correction", sends="/requests"),
    Sight("request-leaving", "/requests", query="?kind=leaving"),
    Sight("check", "/check"),
    Sight("install", "/install"),
    Sight("install-iphone", "/install", touch=touches.opened("[data-platform=ios] summary")),
    Sight("privacy", "/privacy", _VISITOR),
    Sight("hospital", "/hospital"),
    Sight("passkey", "/passkeys/new", touch=touches.with_a_keeper("/passkeys/new")),
    Sight("unlock-passkey", "/unlock", _LOCKED, touch=touches.with_a_keeper("/unlock")),
    # without a network: the pages that the phone keeps
    Sight("home-offline", "/", is_kept=True, touch=touches.cut_off("/")),
    Sight("home-offline-locked", "/", is_kept=True, touch=touches.cut_off("/", is_locked=True)),
    Sight("diary-offline", "/", is_kept=True, touch=touches.cut_off("/diary")),
    Sight(
        "dose-offline",
        "/doses/new",
        query="?medicine={medicine}",
        is_kept=True,
        touch=touches.cut_off(),
    ),
    # the desk
    Sight("desk-letters", "/desk/participants/{study_code}", _CLINICIAN, scenes.lettered),
    Sight("desk-sign-in", "/desk/sign-in", _VISITOR),
    Sight("desk-sign-in-refused", "/desk/sign-in", _VISITOR, sends="/desk/sign-in"),
    Sight("desk-cohort", "/desk", _CLINICIAN, scenes.a_month),
    Sight("desk-participant", "/desk/participants/{study_code}", _CLINICIAN, scenes.a_month),
    Sight(
        "desk-participant-refused",
        "/desk/participants/{study_code}",
        _CLINICIAN,
        scenes.a_month,
        sends="/desk/participants/{study_code}/withdrawal",
    ),
    Sight(
        "desk-participant-table",
        "/desk/participants/{study_code}",
        _CLINICIAN,
        scenes.a_month,
        touch=touches.opened("#numbers summary"),
    ),
    Sight(
        "desk-lost-phone-refused",
        "/desk/participants/{study_code}",
        _CLINICIAN,
        sends="/desk/participants/{study_code}/lost-phone",
    ),
    Sight(
        "desk-participant-alert",
        "/desk/participants/{study_code}",
        _CLINICIAN,
        scene=scenes.alerted,
        touch=touches.opened("#alerts summary"),
    ),
    Sight(
        "desk-alert-refused",
        "/desk/participants/{study_code}",
        _CLINICIAN,
        scene=scenes.alerted,
        sends="/desk/participants/{study_code}/alerts/{alert_id}/closing",
    ),
    Sight(
        "desk-participant-messaged",
        "/desk/participants/{study_code}",
        _CLINICIAN,
        scene=scenes.messaged,
    ),
    Sight(
        "desk-pause-refused",
        "/desk/participants/{study_code}",
        _CLINICIAN,
        sends="/desk/participants/{study_code}/pause",
    ),
    Sight(
        "desk-resume",
        "/desk/participants/{study_code}",
        _CLINICIAN,
        scene=scenes.paused,
        touch=touches.opened("#pause summary"),
    ),
    Sight(
        "desk-timeline",
        "/desk/participants/{study_code}/reminders",
        _CLINICIAN,
        scene=scenes.messaged,
    ),
    Sight("desk-timeline-empty", "/desk/participants/{study_code}/reminders", _CLINICIAN),
    Sight("desk-reminders", "/desk/reminders", _CLINICIAN, scene=scenes.messaged),
    Sight("desk-reminders-empty", "/desk/reminders", _CLINICIAN),
    Sight(
        "desk-call-refused",
        "/desk/reminders",
        _CLINICIAN,
        scene=scenes.messaged,
        sends="/desk/reminders/{call_id}/call",
    ),
    Sight("desk-day", "/desk/participants/{study_code}/days/{diary_on}", _CLINICIAN),
    Sight("desk-enrol", "/desk/participants/new", _CLINICIAN),
    Sight("desk-enrol-refused", "/desk/participants/new", _CLINICIAN, sends="/desk/participants"),
    Sight("desk-link", "/desk/participants/{study_code}/handout", _CLINICIAN),
    Sight(
        "desk-handout",
        "/desk/participants/{study_code}/handout",
        _CLINICIAN,
        sends="/desk/participants/{study_code}/handout",
    ),
)

NO_PAGES = {
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
        Holder.VISITOR: {},
    }
    return {**held[holder], "lang": lang}
