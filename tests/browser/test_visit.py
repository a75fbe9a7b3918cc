"""A visit at the desk, from the list of who needs a call to the page that is printed and signed."""

import re

import pyotp
from playwright.sync_api import Page, expect

from tests import desk_scenes, scenes
from tests.people import PASSWORD, Stage, Who

PAGES_OF_PDF = re.compile(rb"/Type\s*/Page\b")


def next_code(stage: Stage) -> str:
    """A code of the authenticator that was not used yet."""
    stage.clock.advance(seconds=30)
    return pyotp.TOTP(stage.cast.totp_secrets[Who.CLINICIAN]).at(stage.clock.now)


def sign_in(desk: Page, stage: Stage) -> None:
    """Come in by the desk's door with both factors."""
    desk.goto(f"{stage.deployment.base_url}/desk")
    desk.fill("#login", Who.CLINICIAN.value.replace(" ", "."))
    desk.fill("#password", PASSWORD)
    desk.fill("#code", next_code(stage))
    desk.locator("form[action='/desk/sign-in'] button.main").click()


def correct_average(desk: Page, value: str, why: str) -> None:
    """From the history of a day, correct the average pain with reason and source."""
    desk.get_by_role("link", name="Correct", exact=True).click()
    desk.fill("#pain_average", value)
    desk.fill("#reason", why)
    desk.fill("#source", "Call of 20 January, noted in the file")
    desk.get_by_role("button", name="Save the correction").click()
    expect(desk.locator("table.history").first).to_contain_text(why)


def sign_off(desk: Page, stage: Stage) -> None:
    """Review the days that are over and sign them."""
    desk.get_by_role("link", name="Sign-off", exact=True).click()
    desk.get_by_label("I have reviewed these entries.", exact=True).check()
    desk.fill("#password", PASSWORD)
    desk.fill("#code", next_code(stage))
    desk.get_by_role("button", name="Sign these days").click()


def test_a_visit(desk: Page, live_stage: Stage) -> None:
    scenes.a_month(live_stage, Who.OWN)
    desk_scenes.alerted(live_stage, Who.OWN)
    code = live_stage.cast.study_codes[Who.OWN]
    sign_in(desk, live_stage)

    desk.get_by_role("link", name=re.compile("Needs a call")).click()
    desk.get_by_role("link", name=code).first.click()
    alert = desk.locator("#alerts")
    alert.get_by_text("Note or close").click()
    alert.get_by_label("What was found or done").fill("Called at 14:10, a new number is noted")
    alert.get_by_role("button", name="Close the alert").click()
    expect(desk.locator("#alerts")).to_have_count(0)

    desk.locator(f"a[href*='/desk/participants/{code}/days/2026-01-19']").first.click(force=True)
    correct_average(desk, "64", "Read out wrongly")
    sign_off(desk, live_stage)
    expect(desk.locator("#signed")).to_contain_text("unchanged since")

    desk.goto(f"{live_stage.deployment.base_url}/desk/participants/{code}/days/2026-01-19")
    correct_average(desk, "61", "Heard again on the recording")
    desk.get_by_role("link", name="Sign-off", exact=True).click()
    expect(desk.locator("#signed")).to_contain_text("changed since")
    expect(desk.locator("#signed")).to_contain_text("version 3")

    desk.get_by_role("link", name="Trend", exact=True).click()
    expect(desk.locator(".trend").first).to_be_visible()
    expect(desk.locator("#signed-off")).to_contain_text("changed since")
    desk.emulate_media(media="print")
    expect(desk.get_by_role("button")).to_have_count(0)
    printed = desk.pdf(format="A4", prefer_css_page_size=True)
    assert len(PAGES_OF_PDF.findall(printed)) == 1
