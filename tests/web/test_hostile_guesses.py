"""Guessing and asking around: a guesser's chance stays tiny, and nothing is learned on the way."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from httpx2 import Response
from pwdlib import PasswordHash

from tests.desk import acts
from tests.effort import effort
from tests.people import PASSWORD, PIN, Stage, Who

GUESSES = effort(150, 10_000)
SPACING_S = 8.64
"""Ten thousand guesses a day."""


@contextmanager
def hashings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How often a secret is compared with a stored hash: what an answer's time is made of."""
    made: list[int] = []
    verify = PasswordHash.verify

    def counted(self: PasswordHash, *given: Any) -> bool:
        made.append(1)
        return verify(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(PasswordHash, "verify", counted)
        yield made


def told(answer: Response, *typed: str) -> tuple[int, str]:
    """What an answer tells, but for its own id and for what was typed."""
    page = re.sub(r"\b[0-9a-f]{12}\b", "", answer.text)
    for words in typed:
        page = page.replace(words, "")
    return answer.status_code, page


@pytest.mark.trust(18)
def test_ten_thousand_guesses_leave_a_tiny_chance(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}/handout"
    shown = stage.client(Who.CLINICIAN).post(link).text
    [address] = set(re.findall(r"http://localhost:8000(/join/[\w-]+)", shown))
    other = stage.client(Who.NOBODY)
    other.post(address, data={"pin": PIN, "pin_again": PIN})
    thief, tried = stage.client(Who.OWN), 0
    with hashings(monkeypatch) as compared:
        for guess in range(GUESSES):
            answer = thief.post("/unlock", data={"pin": f"{900_000 + guess}"})
            assert answer.status_code in (401, 429)
            tried += answer.status_code == 401
            stage.clock.advance(seconds=SPACING_S)
    hours = GUESSES * SPACING_S / 3600
    assert len(compared) == tried <= 4 * hours + 12
    assert tried / 1_000_000 < 1 / 5_000, "of a million codes"
    trailed = [act for act in acts(stage, "refused") if act["details"]["code"] == "wrong_pin"]
    assert 0 < len(trailed) <= tried
    assert other.post("/unlock", data={"pin": PIN}).status_code == 303, "on the other phone, now"
    stage.clock.advance(minutes=15)
    assert thief.post("/unlock", data={"pin": PIN}).status_code == 303, "and on this one"


@pytest.mark.trust(22)
def test_an_unknown_login_is_answered_like_a_known_one(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, work = set(), set()
    for login in ("site.clinician", "nobody.at.all", "SITE.CLINICIAN'--"):
        for recovery in ("", "AAAAA-AAAAA"):
            form = {"login": login, "password": "wrong all along", "code": "000000"}
            with hashings(monkeypatch) as compared:
                answer = stage.client(Who.NOBODY).post(
                    "/desk/sign-in", data={**form, "recovery": recovery}
                )
            answers.add(told(answer, login, login.replace("'", "&#39;")))
            work.add(len(compared))
    assert len(answers) == 1
    assert work == {1}
    assert len(acts(stage, "refused")) == 3, "once a minute and login"


def test_links_that_do_not_open_are_all_alike(stage: Stage) -> None:
    form = {"pin": PIN, "pin_again": PIN}
    nobody = stage.client(Who.NOBODY)
    used = stage.cast.link.removeprefix("http://localhost:8000")
    assert stage.client(Who.NOBODY).post(used, data=form).status_code == 303
    staff = {"password": PASSWORD, "password_again": PASSWORD, "code": "000000"}
    for links, posted in (
        ((used, "/join/x", "/join/" + "A" * 43), form),
        (("/desk/join/x",), staff),
    ):
        opened = {told(nobody.get(link), link) for link in links}
        used_up = {told(nobody.post(link, data=posted), link) for link in links}
        assert len(opened) == len(used_up) == 1
        assert {status for status, _ in opened | used_up} == {404}


def test_a_study_code_of_another_site_is_like_one_of_nobody(stage: Stage) -> None:
    theirs, nobodys = stage.cast.study_codes[Who.OWN], "MS-ZZZZZ"
    far = stage.client(Who.FAR_CLINICIAN)
    for below in ("", "/course", "/letters", "/reminders", "/days/2026-01-19"):
        answers = {
            told(far.get(f"/desk/participants/{code}{below}"), code) for code in (theirs, nobodys)
        }
        assert len(answers) == 1
        assert answers.pop()[0] == 404
    other = stage.client(Who.OTHER)
    for ids in (stage.cast.record_ids, stage.cast.submission_ids):
        for path in ("/saved/{}", "/diary/{}/correction"):
            seen = {
                told(other.get(path.format(id_)), id_)
                for id_ in (ids[Who.OWN], "5a1c7c26-3f0d-4a35-8f6b-6d2a1e0c9b77")
            }
            assert len(seen) == 1


def test_what_a_message_names_is_told_to_nobody(stage: Stage) -> None:
    nobody = stage.client(Who.NOBODY)
    known = told(nobody.post("/receipts", data={"token": "x.y", "what": "shown"}))
    assert known == told(nobody.post("/receipts", data={"token": "", "what": "shown"}))
    followed = nobody.get("/r/5a1c7c26-3f0d-4a35-8f6b-6d2a1e0c9b77")
    assert followed.headers["location"] == nobody.get("/r/x").headers["location"]
