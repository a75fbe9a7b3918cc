"""Requests to the site: asked once, answered once and by the site alone, readable on both sides."""

import json
import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from app.domain.errors import DomainError, InvalidInput, NotAllowed, NotFound, WrongState
from app.domain.letters import Decision, RequestKind
from app.services import requests, verification
from app.services.requests import NewRequest
from app.store import records
from app.store.participants import get_by_code
from app.store.tables import LedgerRow
from tests.people import LAST_EVENING, NOW, Stage, Who

SOON = NOW + timedelta(minutes=5)
DAY = LAST_EVENING.date()


def new(kind: RequestKind = RequestKind.CORRECTION, **changes: Any) -> NewRequest:
    """A request as the form makes it: the correction of last evening."""
    is_correction = kind is RequestKind.CORRECTION
    usual = {"words": "57 was 75", "diary_on": DAY} if is_correction else {}
    return NewRequest(**{"id": str(uuid.uuid4()), "kind": kind, **usual, **changes})


def ask(stage: Stage, request: NewRequest, who: Who = Who.OWN) -> str:
    """Ask as a participant; give the request's id."""
    with stage.database.write() as session:
        return requests.ask(session, actor=stage.actor(who), request=request, now=NOW).id


def answer(stage: Stage, request_id: str, who: Who = Who.CLINICIAN, words: str = "done") -> None:
    """Answer as a member of staff."""
    with stage.database.write() as session:
        requests.answer(
            session,
            actor=stage.actor(who),
            request_id=request_id,
            decision=Decision.GRANTED,
            words=words,
            now=SOON,
        )


def own(stage: Stage, who: Who = Who.OWN) -> list[requests.Asked]:
    """What a participant asked so far."""
    with stage.database.read() as session:
        return requests.list_own(session, participant_id=stage.actor(who).participant_id or 0)


def acts(stage: Stage) -> list[LedgerRow]:
    """The changes about requests, in order."""
    with stage.database.read() as session:
        rows = session.query(LedgerRow).where(LedgerRow.op.like("request.%"))
        return list(rows.order_by(LedgerRow.seq))


def test_a_request_and_its_answer_are_read_by_who_asked(stage: Stage) -> None:
    asked = ask(stage, new())
    answer(stage, asked, words="corrected, thank you")
    (found,) = own(stage)
    assert (found.kind, found.diary_on, found.words) == (RequestKind.CORRECTION, DAY, "57 was 75")
    assert found.answer is not None
    assert found.answer.decision is Decision.GRANTED
    assert (found.answer.words, found.answer.answered_at) == ("corrected, thank you", SOON)
    assert own(stage, Who.OTHER) == []


@pytest.mark.trust(12)
def test_both_leave_a_change_whose_words_can_be_redacted(stage: Stage) -> None:
    answer(stage, ask(stage, new()))
    asked, answered = acts(stage)
    for row in (asked, answered):
        body = json.loads(row.body)
        assert body["study_code"] == stage.cast.study_codes[Who.OWN]
        assert set(body["texts"]) == {"words"}
        assert "57 was 75" not in row.body
    assert json.loads(answered.body)["actor"]["role"] == "clinician"
    with stage.database.read() as session:
        assert verification.verify(session).fault is None
    with stage.database.write() as session:
        records.null_texts(session, [asked.change_id, answered.change_id], "words")
    (found,) = own(stage)
    assert found.words is None
    assert found.answer is not None
    assert found.answer.words is None


@pytest.mark.parametrize("kind", RequestKind)
@pytest.mark.parametrize(
    ("who", "error"),
    [
        (Who.FAR_CLINICIAN, NotFound),
        (Who.MONITOR, NotAllowed),
        (Who.INSPECTOR, NotAllowed),
        (Who.DATA_MANAGER, NotAllowed),
        (Who.ADMIN, NotAllowed),
        (Who.OWN, NotFound),
    ],
)
@pytest.mark.trust(9)
def test_nobody_but_the_site_decides(
    stage: Stage, kind: RequestKind, who: Who, error: type[DomainError]
) -> None:
    asked = ask(stage, new(kind))
    with pytest.raises(error):
        answer(stage, asked, who)
    assert own(stage)[0].answer is None


def test_sent_twice_it_is_asked_once(stage: Stage) -> None:
    request = new()
    assert ask(stage, request) == ask(stage, request)
    assert len(own(stage)) == len(acts(stage)) == 1
    with pytest.raises(NotFound):
        ask(stage, request, Who.OTHER)


def test_it_is_answered_once_and_in_words(stage: Stage) -> None:
    asked = ask(stage, new())
    with pytest.raises(InvalidInput, match="words_missing"):
        answer(stage, asked, words=" ")
    answer(stage, asked)
    with pytest.raises(WrongState, match="answered_already"):
        answer(stage, asked)
    with pytest.raises(NotFound):
        answer(stage, str(uuid.uuid4()))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"words": " "}, "words_missing", "words"),
        ({"words": "x" * 501}, "words_too_many", "words"),
        ({"words": "a\0b"}, "value_refused", "words"),
        ({"diary_on": None}, "field_missing", "on"),
        ({"diary_on": date(2026, 1, 9)}, "no_diary_day", "on"),
        ({"diary_on": date(2026, 1, 21)}, "no_diary_day", "on"),
    ],
)
def test_a_correction_names_its_day_and_says_what(
    stage: Stage, changes: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        ask(stage, new(**changes))
    assert (refused.value.code, refused.value.field) == (code, field)
    assert own(stage) == []


def test_leaving_needs_no_word_and_no_day(stage: Stage) -> None:
    ask(stage, new(RequestKind.LEAVING, diary_on=DAY))
    (found,) = own(stage)
    assert (found.words, found.diary_on) == (None, None)


def test_ten_wait_at_once_and_an_answer_makes_room(stage: Stage) -> None:
    first, *_ = [ask(stage, new(RequestKind.DATA_COPY)) for _ in range(10)]
    with pytest.raises(WrongState, match="requests_waiting"):
        ask(stage, new())
    answer(stage, first)
    ask(stage, new())
    ask(stage, new(), Who.OTHER)


@pytest.mark.parametrize(
    ("who", "seen"),
    [(Who.CLINICIAN, 1), (Who.FAR_CLINICIAN, 0), (Who.MONITOR, 0), (Who.DATA_MANAGER, 0)],
)
def test_the_site_reads_what_is_open(stage: Stage, who: Who, seen: int) -> None:
    answer(stage, ask(stage, new(RequestKind.LEAVING)))
    ask(stage, new())
    with stage.database.read() as session:
        person = get_by_code(session, stage.cast.study_codes[Who.OWN], {"*"})
        found = requests.list_open(session, actor=stage.actor(who), person=person)
    assert [asked.words for asked in found] == ["57 was 75"] * seen
