"""Sign-off: what is shown is what is signed, with both factors; what comes later is seen."""

import pytest

from tests import desk, desk_scenes
from tests.people import Stage, Who
from tests.web.reading import Page

PAGE = "/desk/participants/{}/sign-off"


def page(stage: Stage) -> str:
    """The sign-off page of the own participant."""
    return PAGE.format(stage.cast.study_codes[Who.OWN])


def read(stage: Stage, path: str) -> Page:
    """A page as the clinician reads it."""
    return Page(stage.client(Who.CLINICIAN).get(path).text)


@pytest.mark.trust(11, 23)
def test_a_signature_names_who_when_and_what_and_shows_what_changed_since(stage: Stage) -> None:
    before = read(stage, page(stage))
    assert "Nothing has been signed yet." in before.text
    assert "1 day without entry" not in before.text
    assert desk_scenes.sign(stage, Who.OWN, meaning="confirmed").status_code == 303
    after = read(stage, page(stage))
    assert "complete and accurate. Dr site clinician, CHU, 20 Jan 2026 19:31" in after.text
    assert "✓ unchanged since" in after.text
    assert "≠" not in after.text
    (act,) = desk.acts(stage, "signoff.signed")
    assert len(act["details"]["digest"]) == 64


@pytest.mark.trust(11)
def test_a_later_correction_asks_to_sign_again(stage: Stage) -> None:
    desk_scenes.signed(stage, Who.OWN)
    shown = read(stage, page(stage))
    assert "≠ changed since" in shown.text
    assert "version 2" in shown.text
    assert any("sign-off?from=" in link for link in shown.links)
    assert "does not match" not in shown.text
    assert desk_scenes.sign(stage, Who.OWN).status_code == 303
    assert "✓ unchanged since" in read(stage, page(stage)).text


REFUSED = (
    ({"password": "a wrong one, though long"}, "These do not match."),
    ({"code": "000000"}, "These do not match."),
    ({"meaning": ""}, "Choose what your signature says."),
    ({"until_on": "2026-01-20"}, "Only days that are over can be signed"),
    ({"from_on": "2025-01-01"}, "before the diary began"),
    ({"from_on": "2026-01-19", "until_on": "2026-01-18"}, "comes before the first"),
    ({"digest": "0" * 64}, "Somebody changed this meanwhile."),
)


def test_what_cannot_be_signed_is_said_and_nothing_is_signed(stage: Stage) -> None:
    for form, told in REFUSED:
        answer = desk_scenes.sign(stage, Who.OWN, **form)
        assert answer.status_code in (401, 409, 422)
        assert told in answer.text
        assert "a wrong one" not in answer.text
    assert desk.acts(stage, "signoff.signed") == []


def test_an_entry_that_came_while_the_page_was_open_is_not_signed_unseen(stage: Stage) -> None:
    shown = read(stage, page(stage)).form(page(stage))
    desk_scenes.correct_by_site(stage, Who.OWN)
    assert desk_scenes.sign(stage, Who.OWN, digest=shown["digest"][0]).status_code == 409
