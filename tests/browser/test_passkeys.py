"""A real browser with a keeper of passkeys: offered, made, opened by touch, here and elsewhere.

Passkeys are bound to a host name, so this stage is served at localhost.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from app.main import create_app
from app.services import devices
from tests.browser.conftest import PHONE, opened
from tests.browser.test_accessibility import AXE, FAULTS, RULES
from tests.engines import Engine
from tests.people import PIN, Clock, Stage, settings_for, settle
from tests.servers import free_address, serving

KEEPER = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
BEFORE_2025 = """
delete PublicKeyCredential.parseCreationOptionsFromJSON;
delete PublicKeyCredential.parseRequestOptionsFromJSON;
delete PublicKeyCredential.prototype.toJSON;
"""
SET_UP, OPEN = "Activer", "Ouvrir avec votre empreinte ou votre visage"


@pytest.fixture
def named_stage(engine: Engine) -> Iterator[Stage]:
    """The stage behind a server with a name."""
    url, cast = engine.copy_of(settle)
    clock, bound = Clock(), free_address()
    address = f"http://localhost:{bound.getsockname()[1]}"
    app = create_app(settings_for(url, address), clock=clock)
    with serving(app, bound):
        yield Stage(app, clock, cast)
    engine.drop(url)


@pytest.fixture
def elsewhere(browser: Browser) -> Iterator[Page]:
    """Another browser, without a cookie."""
    with opened(browser, PHONE, touch=True) as page:
        yield page


def keeper(page: Page, **changes: Any) -> tuple[CDPSession, str]:
    """Give a browser a keeper of passkeys, whose owner is there and verified."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {"options": KEEPER | changes}
    return cdp, cdp.send("WebAuthn.addVirtualAuthenticator", options)["authenticatorId"]


def credentials(held: tuple[CDPSession, str]) -> list[dict[str, Any]]:
    """The passkeys that a keeper holds."""
    cdp, authenticator_id = held
    asked = {"authenticatorId": authenticator_id}
    found: list[dict[str, Any]] = cdp.send("WebAuthn.getCredentials", asked)["credentials"]
    return found


def hand_over(held: tuple[CDPSession, str], other: tuple[CDPSession, str]) -> None:
    """Sync the passkeys of one keeper to another, as a phone's account does."""
    for credential in credentials(held):
        kept = {"authenticatorId": other[1], "credential": credential}
        other[0].send("WebAuthn.addCredential", kept)


def enrol(page: Page, stage: Stage) -> None:
    """Choose a code on a new phone."""
    page.goto(stage.deployment.base_url + "/join/" + stage.cast.link.rpartition("/")[2])
    page.locator("#pin").fill(PIN)
    page.locator("#pin_again").fill(PIN)
    page.locator("button.main").tap()


def is_home(page: Page, stage: Stage) -> None:
    """Wait for the first page."""
    page.wait_for_url(stage.deployment.base_url + "/")
    expect(page.locator("form[action='/sign-out']")).to_be_visible()


def lock(page: Page) -> None:
    """Close the diary, and come back to its door."""
    page.locator("form[action='/sign-out'] button").tap()
    page.locator("a.main[href='/unlock']").tap()


def test_one_touch_opens_the_diary_here_and_in_another_browser(
    phone: Page, elsewhere: Page, named_stage: Stage
) -> None:
    held = keeper(phone)
    enrol(phone, named_stage)
    expect(phone).to_have_title("Carnet")
    phone.get_by_role("button", name=SET_UP).tap()
    is_home(phone, named_stage)
    (passkey,) = credentials(held)
    assert (passkey["rpId"], passkey["isResidentCredential"]) == ("localhost", True)
    lock(phone)
    phone.get_by_role("button", name=OPEN).tap()
    is_home(phone, named_stage)

    other = keeper(elsewhere)
    hand_over(held, other)
    elsewhere.goto(named_stage.deployment.base_url + "/")
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text(
        "Ce téléphone ne vous connaît pas encore"
    )
    elsewhere.get_by_role("button", name=OPEN).tap()
    is_home(elsewhere, named_stage)
    same = "document.documentElement.dataset.enrolment"
    assert elsewhere.evaluate(same) == phone.evaluate(same)
    lock(elsewhere)
    elsewhere.locator("#pin").fill(PIN)
    elsewhere.locator("form[action='/unlock'] button").tap()
    is_home(elsewhere, named_stage)


def test_a_phone_of_before_2025_does_it_too(phone: Page, named_stage: Stage) -> None:
    phone.add_init_script(BEFORE_2025)
    held = keeper(phone)
    enrol(phone, named_stage)
    phone.get_by_role("button", name=SET_UP).tap()
    is_home(phone, named_stage)
    assert len(credentials(held)) == 1
    lock(phone)
    phone.get_by_role("button", name=OPEN).tap()
    is_home(phone, named_stage)


def test_not_now_leads_on_and_the_settings_offer_it_again(phone: Page, named_stage: Stage) -> None:
    held = keeper(phone)
    enrol(phone, named_stage)
    phone.get_by_role("link", name="Pas maintenant").tap()
    is_home(phone, named_stage)
    phone.goto(named_stage.deployment.base_url + "/settings")
    phone.locator("#passkeys form[action='/passkeys'] button").tap()
    expect(phone.locator("#passkeys")).to_contain_text("Activé le 20 janvier 2026")
    assert len(credentials(held)) == 1
    phone.locator("#passkeys").get_by_role("button", name="Retirer").tap()
    expect(phone.locator("#passkeys")).not_to_contain_text("Activé le 20 janvier 2026")
    lock(phone)
    expect(phone.locator("#pin")).to_be_visible()
    assert phone.get_by_role("button", name=OPEN).count() == 0


def test_a_phone_without_a_keeper_goes_on_by_itself(phone: Page, named_stage: Stage) -> None:
    enrol(phone, named_stage)
    is_home(phone, named_stage)
    phone.goto(named_stage.deployment.base_url + "/settings")
    expect(phone.locator("#pairing")).to_be_visible()
    expect(phone.locator("#passkeys")).to_be_hidden()


def test_a_finger_that_does_not_fit_is_told_and_the_code_still_opens(
    phone: Page, named_stage: Stage
) -> None:
    cdp, authenticator_id = keeper(phone)
    enrol(phone, named_stage)
    phone.get_by_role("button", name=SET_UP).tap()
    is_home(phone, named_stage)
    lock(phone)
    verified = {"authenticatorId": authenticator_id, "isUserVerified": False}
    cdp.send("WebAuthn.setUserVerified", verified)
    phone.get_by_role("button", name=OPEN).tap()
    expect(phone.locator("[data-failed]")).to_be_visible()
    expect(phone.get_by_role("button", name=OPEN)).to_be_enabled()
    phone.locator("#pin").fill(PIN)
    phone.locator("form[action='/unlock'] button").tap()
    is_home(phone, named_stage)


def test_the_installed_app_is_paired_by_a_code(
    phone: Page, elsewhere: Page, named_stage: Stage
) -> None:
    enrol(phone, named_stage)
    is_home(phone, named_stage)
    phone.goto(named_stage.deployment.base_url + "/settings")
    phone.locator("#pairing button").tap()
    code = phone.locator("[data-code]").inner_text()
    elsewhere.goto(named_stage.deployment.base_url + "/unlock")
    elsewhere.locator("#code").fill(code.lower())
    elsewhere.locator("form[action='/pair'] button").tap()
    elsewhere.locator("#pin").fill(PIN)
    elsewhere.locator("form[action='/unlock'] button").tap()
    is_home(elsewhere, named_stage)
    with named_stage.database.read() as session:
        found = devices.find_enrolled(
            session,
            next(c["value"] for c in elsewhere.context.cookies() if c["name"] == "device"),
        )
    assert found is not None
    assert found[0].contact_at == named_stage.clock.now, "its script told its clock"


def test_these_pages_shut_nobody_out(phone: Page, named_stage: Stage) -> None:
    keeper(phone)
    enrol(phone, named_stage)
    expect(phone.get_by_role("button", name=SET_UP)).to_be_visible()
    faults = {"offer": look(phone)}
    phone.get_by_role("button", name=SET_UP).tap()
    is_home(phone, named_stage)
    phone.goto(named_stage.deployment.base_url + "/settings")
    phone.locator("#pairing button").tap()
    expect(phone.locator("[data-code]")).to_be_visible()
    faults["code"] = look(phone)
    lock(phone)
    expect(phone.get_by_role("button", name=OPEN)).to_be_visible()
    faults["door"] = look(phone)
    assert faults == {"offer": [], "code": [], "door": []}


def look(page: Page) -> list[str]:
    """The faults that a page has for some people."""
    page.evaluate(AXE)
    found: list[str] = page.evaluate(FAULTS, RULES)
    return found
