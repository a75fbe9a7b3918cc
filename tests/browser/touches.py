"""How a page is brought to the state in which it is looked at: quick touches, without a hand.

Each is one call of the element's own click, so that no clock has to go on and no second touch is
taken for a tremor. Taps that are counted are in `hand`.
"""

from collections.abc import Callable
from urllib.parse import urljoin

from playwright.sync_api import Page, expect

from tests import factories

Touch = Callable[[Page], None]

STEPS = 20


def press(page: Page, selector: str) -> None:
    """Activate the first element that a selector finds."""
    page.locator(selector).first.evaluate("one => one.click()")


def opened(*selectors: str) -> Touch:
    """Activate elements one after the other."""

    def touch(page: Page) -> None:
        for selector in selectors:
            press(page, selector)

    return touch


def sent_with(button: str) -> Touch:
    """Send a form by one of its buttons, and wait for the page that answers."""

    def touch(page: Page) -> None:
        with page.expect_event("load"):
            press(page, button)

    return touch


def choose(page: Page, name: str, value: str) -> None:
    """Choose an answer by the name and value of its control, wherever it stands."""
    press(page, f"[name='{name}'][value='{value}']")


def mark(page: Page, code: str, value: int) -> None:
    """Put the mark of a question on its line."""
    page.locator(f"#{code} input[type=range]").first.evaluate(
        "(line, value) => { line.value = value; line.dispatchEvent(new Event('input')); }", value
    )


def ready(page: Page) -> None:
    """Wait until the diary's script has taken over."""
    expect(page.locator("[data-progress]")).not_to_be_empty()


def reach(step: str) -> Touch:
    """Go to a step of the diary, with an open gate and no other answer."""

    def touch(page: Page) -> None:
        ready(page)
        choose(page, "allodynia", "yes")
        walk(page, step)

    return touch


def walk(page: Page, step: str) -> None:
    """Touch "Next" until a step is shown; a question left open takes two touches."""
    for _ in range(STEPS):
        if page.locator(f"#{step}").is_visible():
            return
        press(page, "[data-next]")
    raise AssertionError(f"the step {step} was not reached")


def marked(page: Page) -> None:
    """The first question with its mark."""
    ready(page)
    mark(page, "pain_average", 57)


def pointed_out(page: Page) -> None:
    """The first question left without an answer once."""
    ready(page)
    press(page, "[data-next]")


def back_of_the_hand(page: Page) -> None:
    """The places, the other side of the picture, one place chosen."""
    reach("zones")(page)
    choose(page, "zones", "hand.thumb")
    press(page, "[data-view=back]")


def taken_differently(page: Page) -> None:
    """The medicines with every counter opened."""
    reach("medicines")(page)
    press(page, "[value=differently]")
    for closed in page.locator("#medicines summary").all():
        closed.evaluate("one => one.click()")


def reviewed(page: Page) -> None:
    """The last look, every question answered."""
    ready(page)
    mark(page, "pain_average", 57)
    mark(page, "pain_worst", 71)
    mark(page, "brush", 20)
    choose(page, "zones", "hand.palm")
    choose(page, "none", "1")
    reach("review")(page)


def contradicted(page: Page) -> None:
    """The last look, the worst pain below the average."""
    ready(page)
    mark(page, "pain_average", 70)
    mark(page, "pain_worst", 20)
    reach("review")(page)


def sent(page: Page) -> None:
    """An evening with too much pain, saved and acknowledged."""
    ready(page)
    press(page, "[data-flare]")
    mark(page, "pain_average", 93)
    press(page, "[data-save]")
    expect(page.locator("[data-receipt]")).not_to_be_empty()


def kept(page: Page) -> None:
    """The same without a network: it waits on the phone."""
    page.context.set_offline(True)
    ready(page)
    press(page, "[data-flare]")
    mark(page, "pain_average", 93)
    press(page, "[data-save]")
    expect(page.locator("[data-done=phone]")).to_be_visible()


READY = """
async () => {
  const { recall } = await import("/static/js/outbox.js");
  const kept = ["/shell/fr/diary", "/shell/en/diary"].map((one) => caches.match(one));
  return navigator.serviceWorker.controller && (await Promise.all(kept)).some(Boolean)
    && Boolean(await recall(`profile:${await recall("who")}`));
}
"""
TRIES = 2000


def assert_ready(page: Page) -> None:
    """Wait until the phone has what it needs without a network."""
    assert any(page.evaluate(READY) for _ in range(TRIES)), "the phone is not ready"


def cut_off(path: str = "", *, is_locked: bool = False) -> Touch:
    """Open a page again, or another one, when the phone is ready for it and the network is gone."""

    def touch(page: Page) -> None:
        assert_ready(page)
        page.context.set_offline(True)
        if is_locked:
            page.context.clear_cookies(name="awake")
        page.goto(urljoin(page.url, path))
        expect(page.locator("[data-unfilled]")).to_have_count(0)

    return touch


def with_a_keeper(path: str) -> Touch:
    """Open a page in a browser that can keep passkeys; without one it goes on by itself."""

    def touch(page: Page) -> None:
        cdp = page.context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
        verified = {"hasUserVerification": True, "isUserVerified": True}
        cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options | verified})
        page.goto(urljoin(page.url, path))

    return touch


def tried(page: Page) -> None:
    """A diary for practice, saved nowhere."""
    contradicted(page)
    choose(page, "kept", "worst_below_average")
    press(page, "[data-save]")
    expect(page.locator("[data-done=practice]")).to_be_visible()


def allowed(page: Page) -> None:
    """Notifications allowed by the phone, and not turned on."""
    page.context.grant_permissions(["notifications"])
    page.reload()
    expect(page.locator("[data-on]")).to_be_visible()


PUSHED = """
() => {
  const endpoint = "https://fcm.googleapis.com/fcm/send/here";
  const keys = { p256dh: "%(p256dh)s", auth: "%(auth)s" };
  const made = { endpoint, toJSON: () => ({ endpoint, keys }), async unsubscribe() {
    localStorage.removeItem("pushed");
    return true;
  } };
  const found = () => (localStorage.getItem("pushed") ? made : null);
  const pushManager = {
    getSubscription: async () => found(),
    async subscribe(options) {
      localStorage.setItem("pushed", options.applicationServerKey);
      return made;
    },
  };
  const worker = Object.getPrototypeOf(navigator.serviceWorker);
  Object.defineProperty(worker, "ready", { get: async () => ({ pushManager }) });
  worker.getRegistration = async () => ({ pushManager });
}
"""
"""In place of the browser's push service, which is on the internet: it takes what it is given."""


def with_push(page: Page) -> None:
    """Let this page, and those after it, have a push service."""
    page.context.grant_permissions(["notifications"])
    page.add_init_script(f"({PUSHED % factories.subscription()})()")


def notified(page: Page) -> None:
    """Notifications turned on."""
    with_push(page)
    page.reload()
    press(page, "[data-on]")
    expect(page.locator("[data-off]")).to_be_visible()
