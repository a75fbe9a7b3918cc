"""Settings by HTTP, as forms without script post them: saved at once, refused on the same page."""

from typing import Any

import pytest
from httpx2 import Response

from app.store.participants import get_by_code, list_zones
from app.store.tables import Contact, Participant
from tests import scenes
from tests.people import Stage, Who
from tests.web.reading import Page


def post(stage: Stage, part: str, **form: Any) -> Response:
    """Send one form of the settings."""
    return stage.client(Who.OWN).post(f"/settings/{part}", data=form)


def person(stage: Stage) -> Participant:
    """The own participant as stored."""
    with stage.database.read() as session:
        return get_by_code(session, stage.cast.study_codes[Who.OWN], {"*"})


def settings(stage: Stage, query: str = "") -> Page:
    """The page as read."""
    answer = stage.client(Who.OWN).get(f"/settings{query}")
    assert answer.status_code == 200
    return Page(answer.text)


def english(stage: Stage) -> None:
    """Let the own participant read English, as these tests do."""
    stage.client(Who.OWN).post("/language", data={"lang": "en"})


@pytest.mark.parametrize(
    ("part", "form"),
    [
        ("zone", {"tz": "Indian/Reunion"}),
        ("reminder", {"reminder_at": "20:30"}),
        ("hand", {"hand": "left"}),
        ("look", {"theme": "dark", "size": "large"}),
    ],
)
def test_each_part_saves_and_comes_back_to_its_place(
    stage: Stage, part: str, form: dict[str, str]
) -> None:
    english(stage)
    answer = post(stage, part, **form)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/settings?saved={part}#{part}"
    assert settings(stage, f"?saved={part}").text.count("Saved.") == 1


def test_a_zone_is_changed_with_its_history(stage: Stage) -> None:
    english(stage)
    stage.clock.advance(minutes=5)
    post(stage, "zone", tz="America/Martinique")
    page = settings(stage)
    assert "Your diary follows the time of Martinique." in page.text
    assert "Martinique: Tuesday 20 January at 14:35" in page.text
    assert page.forms["/settings/zone"]["tz"] == ["America/Martinique"]
    with stage.database.read() as session:
        assert [span.tz for span in list_zones(session, person(stage).id)] == [
            "Europe/Paris",
            "America/Martinique",
        ]


def test_a_zone_that_no_list_holds_stays_on_offer(stage: Stage) -> None:
    post(stage, "zone", tz="Asia/Kolkata")
    assert settings(stage).forms["/settings/zone"]["tz"] == ["Asia/Kolkata"]


def test_the_reminder_is_given_back_to_the_study(stage: Stage) -> None:
    post(stage, "reminder", reminder_at="20:30")
    assert settings(stage).forms["/settings/reminder"]["reminder_at"] == ["20:30"]
    post(stage, "reminder", reminder_at="")
    assert person(stage).reminder_at is None


@pytest.mark.parametrize(
    ("part", "form", "told"),
    [
        ("zone", {"tz": "Mars/Olympus"}, "This time zone is not known."),
        ("zone", {"tz": "../../etc/passwd"}, "This time zone is not known."),
        ("zone", {}, "This time zone is not known."),
        ("reminder", {"reminder_at": "late"}, "This is not a time."),
        ("reminder", {"reminder_at": "12:00"}, "Choose one of the answers"),
        ("hand", {"hand": "both"}, "Choose one of the answers"),
        ("look", {"theme": "pink", "size": "large"}, "Choose one of the answers"),
        ("look", {"theme": "dark"}, "Choose one of the answers"),
    ],
)
def test_what_is_not_offered_is_refused_on_the_page(
    stage: Stage, part: str, form: dict[str, str], told: str
) -> None:
    english(stage)
    answer = post(stage, part, **form)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert page.text.count(told) == 2, "in the summary and at its field"
    assert "/settings/hand" in page.forms


def test_the_look_is_the_phones_own(stage: Stage) -> None:
    answer = post(stage, "look", theme="dark", size="largest")
    cookie = answer.headers["set-cookie"]
    assert "look=dark.largest" in cookie
    assert "httponly" not in cookie.lower()
    assert "max-age=31536000" in cookie.lower()
    phone = stage.client(Who.OWN)
    assert "data-theme" not in phone.get("/").text
    for look, attributes in (
        ("dark.largest", ' data-theme="dark" data-size="largest"'),
        ("auto.large", ' data-size="large"'),
        ("dark.<b>", ""),
        ("nonsense", ""),
    ):
        phone.cookies.set("look", look)
        opening = phone.get("/").text.partition("<html")[2].partition(">")[0]
        assert opening.partition(f'data-enrolment="{person(stage).study_code}"')[2] == attributes


def test_a_test_message_is_on_its_way_and_then_said_to_have_failed(stage: Stage) -> None:
    english(stage)
    assert "q…@exa…" in settings(stage).text
    assert "quelqu.un" not in stage.client(Who.OWN).get("/settings").text
    assert post(stage, "test-message").headers["location"] == "/settings?saved=test#test"
    assert "A test message is on its way since 19:30." in settings(stage).text
    stage.clock.advance(minutes=11)
    assert "The test message of 19:30 could not be handed over." in settings(stage).text


def test_three_test_messages_a_day_are_enough(stage: Stage) -> None:
    english(stage)
    assert [post(stage, "test-message").status_code for _ in range(4)] == [303, 303, 303, 409]
    told = Page(post(stage, "test-message").text).text
    assert "3 test messages a day are enough." in told


def test_without_an_address_the_team_is_to_be_called(stage: Stage) -> None:
    english(stage)
    with stage.database.write() as session:
        contact = session.get(Contact, person(stage).id)
        assert contact is not None
        contact.email_sealed = None
    page = settings(stage)
    assert "No address is known" in page.text
    assert "/settings/test-message" not in page.forms
    assert post(stage, "test-message").status_code == 409


def test_everything_else_is_reached_from_here(stage: Stage) -> None:
    links = set(settings(stage).links)
    assert {"/install", "/check", "/hospital", "/privacy", "/requests", "/history"} <= links
    assert {"/requests?kind=data_copy", "/requests?kind=leaving"} <= links
    for link in links - {"/unlock"}:
        if link.startswith("/"):
            assert stage.client(Who.OWN).get(link).status_code == 200, link


@pytest.mark.parametrize("path", ["/privacy", "/install"])
def test_the_notice_and_the_way_to_install_are_for_everybody(stage: Stage, path: str) -> None:
    for language, word in (("fr", "Carnet"), ("en", "Diary")):
        answer = stage.client(Who.NOBODY, language=language).get(path)
        assert answer.status_code == 200
        assert f"<title>{word}</title>" in answer.text
    assert "/sign-out" not in answer.text


def test_the_check_says_what_the_server_knows(stage: Stage) -> None:
    english(stage)
    stage.clock.advance(minutes=3)
    page = Page(stage.client(Who.OWN).get("/check").text)
    assert "19:33 (Paris)" in page.text
    assert "Monday 19 January at 19:30" in page.text, "the last entry that this phone brought"
    assert "/settings/test-message" in page.forms


def test_hospital_guidance_names_whom_to_call(stage: Stage) -> None:
    english(stage)
    page = Page(stage.client(Who.OWN).get("/hospital").text)
    assert "they can pause your diary" in page.text
    assert {"tel:15", "tel:0472000000"} <= set(page.links)


def test_after_the_last_day_home_says_thanks_and_what_comes_next(stage: Stage) -> None:
    english(stage)
    opened = scenes.after_the_study(stage, Who.OWN)
    phone = stage.client(Who.OWN)
    phone.cookies.update(opened)
    page = Page(phone.get("/").text)
    assert "Thank you" in page.text
    assert "Your answers are no longer hidden" in page.text
    assert f"{stage.deployment.study.credentials_end_after_days} days" in page.text
    assert "They stay hidden until the last day" not in page.text
    assert "/history" in page.links
    assert "/hospital" not in page.links


def test_the_patch_on_the_skin_stands_on_home(stage: Stage) -> None:
    english(stage)
    assert "On your skin now" not in stage.client(Who.OWN).get("/").text
    scenes.patched(stage, Who.OWN)
    page = Page(stage.client(Who.OWN).get("/").text)
    assert "Patch on since Tuesday 20 January, 08:00" in page.text
    assert page.links.count(f"/doses/new?medicine={scenes.PATCH}") == 2
