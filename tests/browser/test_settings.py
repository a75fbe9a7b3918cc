"""The scripts of the settings, of the self-check and of the install page, in Chromium."""

import pytest
from playwright.sync_api import Browser, Page, expect

from app.store.participants import get_by_code
from tests.browser.conftest import PHONE, enter, opened
from tests.people import Stage, Who

MARTINIQUE, BRUSSELS = "America/Martinique", "Europe/Brussels"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Mobile Safari/537.36"
)


def zone_of(stage: Stage) -> str:
    """Where the own participant lives, as the server knows it."""
    with stage.database.read() as session:
        return get_by_code(session, stage.cast.study_codes[Who.OWN], {"*"}).tz


def test_a_phone_elsewhere_is_noticed_and_its_zone_taken_over(
    browser: Browser, live_stage: Stage
) -> None:
    with opened(browser, PHONE, touch=True, timezone_id=MARTINIQUE) as phone:
        enter(phone, live_stage, Who.OWN)
        note = phone.locator("[data-quiet]")
        expect(note).to_contain_text("Martinique")
        note.get_by_role("link").tap()
        expect(phone).to_have_url(f"{live_stage.deployment.base_url}/settings#zone")
        phone.get_by_role("button", name="Oui, l’utiliser").tap()
        expect(phone.locator("#zone [role=status]")).to_have_text("Enregistré.")
        expect(phone.locator("form[data-zone]")).to_be_hidden()
        assert zone_of(live_stage) == MARTINIQUE
        phone.goto(live_stage.deployment.base_url)
        expect(phone.locator("[data-quiet]")).to_be_hidden()


def test_a_phone_whose_clock_shows_the_same_is_left_in_peace(
    browser: Browser, live_stage: Stage
) -> None:
    with opened(browser, PHONE, touch=True, timezone_id=BRUSSELS) as phone:
        enter(phone, live_stage, Who.OWN)
        expect(phone.locator("#today")).to_be_visible()
        expect(phone.locator("[data-quiet]")).to_be_hidden()
        phone.goto(f"{live_stage.deployment.base_url}/settings")
        expect(phone.locator("form[data-zone]")).to_contain_text("Brussels")


def test_at_home_nothing_is_said(phone: Page, live_stage: Stage) -> None:
    enter(phone, live_stage, Who.OWN, "/settings")
    expect(phone.get_by_role("heading", name="Fuseau horaire")).to_be_visible()
    expect(phone.locator("form[data-zone]")).to_be_hidden()


def test_a_chosen_look_is_there_at_once_and_after(phone: Page, live_stage: Stage) -> None:
    enter(phone, live_stage, Who.OWN, "/settings")
    body = "() => [getComputedStyle(document.body).backgroundColor, document.body.clientWidth]"
    light = phone.evaluate(body)
    phone.get_by_role("button", name="Sombres").tap()
    expect(phone.locator("html")).to_have_attribute("data-theme", "dark")
    assert phone.evaluate(body)[0] != light[0]
    phone.get_by_role("button", name="Très grande").tap()
    expect(phone.locator("html")).to_have_attribute("data-size", "largest")
    expect(phone.get_by_role("button", name="Sombres")).to_have_attribute("aria-pressed", "true")
    phone.goto(live_stage.deployment.base_url)
    assert phone.evaluate("() => getComputedStyle(document.documentElement).fontSize") == "21.6px"
    assert phone.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]


def told(page: Page, check: str) -> str:
    """The words that one check shows in the end."""
    row = page.locator(f"[data-check={check}]")
    expect(row.locator("[data-is=asking]")).to_be_hidden()
    return row.locator("p:visible").inner_text()


def test_a_sound_phone_is_told_so(phone: Page, live_stage: Stage) -> None:
    enter(phone, live_stage, Who.OWN)
    phone.evaluate("async () => { await navigator.serviceWorker.ready; }")
    phone.goto(f"{live_stage.deployment.base_url}/check")
    assert "peut garder vos réponses" in told(phone, "store")
    assert "Une copie des questions est sur ce téléphone." in told(phone, "copy")
    assert "d’accord avec la nôtre" in told(phone, "clock")
    assert "Paris" in told(phone, "zone")
    assert told(phone, "kept")
    assert told(phone, "notices")
    expect(phone.locator("li [data-waiting]")).to_have_text("0")


@pytest.mark.parametrize(("minutes", "words"), [(7, "avance de 7 min"), (-25, "retarde de 25 min")])
def test_a_clock_that_is_wrong_is_said(
    phone: Page, live_stage: Stage, minutes: int, words: str
) -> None:
    enter(phone, live_stage, Who.OWN)
    live_stage.clock.advance(minutes=-minutes)
    phone.goto(f"{live_stage.deployment.base_url}/check")
    assert words in told(phone, "clock")


def test_a_phone_that_cannot_keep_anything_is_told_the_truth(
    browser: Browser, live_stage: Stage
) -> None:
    with opened(browser, PHONE, touch=True, timezone_id=MARTINIQUE) as phone:
        phone.add_init_script("indexedDB.open = () => { throw new Error('no room'); };")
        enter(phone, live_stage, Who.OWN, "/check")
        assert "ne peut pas garder" in told(phone, "store")
        assert "Martinique" in told(phone, "zone")


@pytest.mark.parametrize(
    ("user_agent", "platform"), [(IPHONE, "ios"), (ANDROID, "android"), (None, "other")]
)
def test_the_part_for_this_phone_is_open(
    browser: Browser, live_stage: Stage, user_agent: str | None, platform: str
) -> None:
    with opened(browser, PHONE, touch=True, user_agent=user_agent) as phone:
        enter(phone, live_stage, Who.OWN, "/install")
        expect(phone.locator("details[open]")).to_have_count(1)
        expect(phone.locator(f"[data-platform={platform}]")).to_have_attribute("open", "")


def test_the_browsers_own_prompt_is_offered(phone: Page, live_stage: Stage) -> None:
    enter(phone, live_stage, Who.OWN, "/install")
    expect(phone.locator("details[open]")).to_have_count(1)
    expect(phone.locator("[data-install]")).to_be_hidden()
    phone.evaluate("""() => {
      const event = new Event("beforeinstallprompt", { cancelable: true });
      event.prompt = () => (document.title = "asked");
      dispatchEvent(event);
    }""")
    phone.locator("[data-install] button").tap()
    expect(phone).to_have_title("asked")
