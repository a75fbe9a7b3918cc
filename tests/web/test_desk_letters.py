"""Letters at the desk: requests answered once, in words; messages with whether they were read."""

from tests import scenes
from tests.people import Stage, Who
from tests.web.reading import Page


def own(stage: Stage, below: str = "") -> str:
    """The address of the own participant's letters, or of what is below."""
    return f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/letters{below}"


def test_a_request_is_answered_once_and_the_participant_reads_it(stage: Stage) -> None:
    request_id = scenes.lettered(stage, Who.OWN)["request_id"]
    desk, address = stage.client(Who.CLINICIAN), own(stage, f"/{request_id}")
    for typed, field in (({"words": "we call"}, "decision"), ({"decision": "answered"}, "words")):
        answer = desk.post(address, data=typed)
        assert answer.status_code == 422
        assert f'id="{field}-{request_id}-error"' in answer.text
        kept = Page(answer.text).form(address)
        assert {name: kept[name] for name in typed} == {n: [v] for n, v in typed.items()}
    form = {"decision": "answered", "words": "we call tomorrow"}
    answer = desk.post(address, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, own(stage, "#asked"))
    assert address not in Page(desk.get(own(stage)).text).forms
    assert "we call tomorrow" in stage.client(Who.OWN).get("/requests").text
    second = stage.client(Who.COORDINATOR).post(address, data=form)
    assert second.status_code == 409
    assert "This was answered already." in second.text


def test_a_message_is_sent_and_seen_to_be_read(stage: Stage) -> None:
    desk = stage.client(Who.CLINICIAN)
    assert desk.post(own(stage), data={"message": " "}).status_code == 422
    desk.post(own(stage), data={"message": "The visit is at 9."})
    assert "not read yet" in desk.get(own(stage)).text
    phone = stage.client(Who.OWN)
    home = Page(phone.get("/").text)
    assert "The visit is at 9." in home.text
    phone.post(next(action for action in home.forms if action.startswith("/messages/")))
    assert "read 20 Jan 2026" in Page(desk.get(own(stage)).text).text


def test_words_between_participant_and_site_are_read_by_the_site_alone(stage: Stage) -> None:
    scenes.lettered(stage, Who.OWN)
    for who in (Who.MONITOR, Who.INSPECTOR, Who.DATA_MANAGER):
        page = stage.client(who).get(own(stage)).text
        assert "asks to leave the study" in page
        assert "deux comprimés" not in page
        assert "vendredi" not in page
    assert "deux comprimés" in stage.client(Who.CLINICIAN).get(own(stage)).text
