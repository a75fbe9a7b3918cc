"""What others may read on a participant's phone says nothing of health: names, titles, pictures."""

import json
import re
from pathlib import PurePosixPath

import pytest

from app.domain.study import Study
from app.domain.study.notices import Message
from app.rendering import LANGUAGES, STATIC, translations
from app.settings import Settings
from tests.browser.pages import PAGES, Sight, cookies_of
from tests.people import Stage, Who
from tests.scenes import codes_of, speak, spoken_by
from tests.services.test_reminder_mail import HEALTH

PHONE_PAGES = {sight.route: sight for sight in PAGES if not sight.is_desk}


def title_of(stage: Stage, sight: Sight, lang: str) -> str | None:
    """The title of a page of the phone, whatever its scene; None where it leads elsewhere."""
    codes = codes_of(stage, spoken_by(lang))
    client = stage.client(Who.NOBODY, language=lang)
    client.cookies.update(cookies_of(stage, sight.holder, lang, codes))
    answer = client.get(sight.route.format_map(codes))
    if answer.is_redirect:
        return None
    (title,) = re.findall(r"<title>(.*?)</title>", answer.text, re.DOTALL)
    return str(title)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.trust(25)
def test_every_page_of_the_phone_bears_the_discreet_name_as_its_title(
    stage: Stage, lang: str
) -> None:
    speak(stage, lang)
    name = stage.deployment.study.participant_name.in_(lang)
    error = translations(lang).gettext("Something went wrong")
    titles = {route: title_of(stage, sight, lang) for route, sight in PHONE_PAGES.items()}
    assert {route for route, title in titles.items() if title not in (name, error, None)} == set()
    assert name in titles.values()
    assert HEALTH.search(name + error) is None


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.trust(25)
def test_the_installed_app_has_a_discreet_name_and_icons(stage: Stage, lang: str) -> None:
    manifest = stage.client(Who.NOBODY, language=lang).get("/manifest.webmanifest")
    assert HEALTH.search(json.dumps(manifest.json(), ensure_ascii=False)) is None
    assert stage.deployment.study.participant_name.in_(lang) in manifest.json()["name"]


def test_pictures_have_discreet_names_and_hold_no_words() -> None:
    pictures = [path for path in STATIC.rglob("*") if path.suffix in (".svg", ".png", ".ico")]
    assert pictures
    for picture in pictures:
        assert HEALTH.search(PurePosixPath(picture.name).stem) is None
        if picture.suffix == ".svg":
            assert re.search(r"<(text|title|desc)\b", picture.read_text()) is None


def messages_of(study: Study) -> list[Message]:
    """Everything that the study sends to a participant."""
    return [*study.reminders, study.test_message]


@pytest.mark.trust(25)
def test_messages_and_their_sender_say_nothing_of_health(stage: Stage) -> None:
    study = stage.deployment.study
    said = [
        text.in_(lang)
        for message in messages_of(study)
        for text in (message.subject, message.body)
        for lang in LANGUAGES
    ]
    said += [study.participant_name.in_(lang) for lang in LANGUAGES]
    said.append(Settings.model_fields["mail_sender"].default)
    assert [text for text in said if HEALTH.search(text)] == []
