"""What people type is shown as they typed it: no page runs it, and no spreadsheet either."""

import csv
import io
import uuid

import pytest
from httpx2 import Response

from app.routers import forms
from app.store.feed import list_changes
from tests import desk_scenes
from tests.desk import confirmed
from tests.people import LAST_EVENING, NOW, Stage, Who
from tests.web.desk_writes import DIARY, ENROLMENT

WORDS = '=HYPERLINK("http://evil.example","{{1337*7}}${1337*7}<script>alert(1)</script>")'
SHORT = "=1337*7+<b>{{1337*7}}"
TODAY = NOW.date().isoformat()


def type_everywhere(stage: Stage, words: str, short: str) -> list[Response]:
    """Type the same into every field of words; give the answers."""
    code = stage.cast.study_codes[Who.OWN]
    person = f"/desk/participants/{code}"
    own, desk, manager = (stage.client(w) for w in (Who.OWN, Who.CLINICIAN, Who.DATA_MANAGER))
    alert = desk_scenes.alerted(stage, Who.OWN)["alert_id"]
    question = str(uuid.uuid4())
    box = {"name": short, "ingredient": short, "strength": "5 %", "unit": "tablet", "route": "oral"}
    taken = {**DIARY, "none": "", "other_medicine": words}
    asked = {"kind": "correction", "on": "2026-01-19", "words": words}
    record = f"{person}/records/{stage.cast.record_ids[Who.OWN]}"
    day = f"{person}/days/{LAST_EVENING.date()}"
    new_key = {"label": short, "days": "30", "sites": ["lyon"], "scopes": ["changes:read"]}
    staff = {"login": "new", "name": short, "organisation": short, "language": "fr"}
    given = {"role": "monitor", "site": "lyon"}
    return [
        own.post("/diary", data={**forms.ids(), **taken}),
        own.post("/requests", data={**asked, "request_id": str(uuid.uuid4())}),
        desk.post(f"{person}/visits", data={"visit_on": "2026-01-15", "visit_note": words}),
        desk.post(f"{person}/letters", data={"message": words}),
        desk.post(f"{person}/alerts/{alert}/notes", data={"words": words}),
        desk.post(f"{person}/pause", data={"pause_from_on": TODAY, "pause_reason": words}),
        desk.post(f"{day}/queries", data={"question_id": question, "words": words}),
        desk.post(f"{record}/void", data={"base_version": "1", "reason": words, "source": words}),
        desk.post(f"{person}/state", data={"move": "lose", "reason": words}),
        desk.post("/desk/formulary", data=box),
        desk.post("/desk/participants", data={**ENROLMENT, "trial_record_id": short}),
        manager.post("/desk/keys", data=new_key),
        confirmed(stage, Who.ADMIN).post("/desk/accounts", data={**staff, **given}),
    ]


@pytest.fixture
def answers(stage: Stage) -> list[Response]:
    """What was answered to words that would do something if they were run."""
    return type_everywhere(stage, WORDS, SHORT)


def pages(stage: Stage) -> list[tuple[Who, str]]:
    """Where the words are read again."""
    person = f"/desk/participants/{stage.cast.study_codes[Who.OWN]}"
    at_desk = ("", "/course", "/letters", f"/days/{LAST_EVENING.date()}", "/reminders")
    return [
        *((Who.CLINICIAN, f"{person}{below}") for below in at_desk),
        *((Who.CLINICIAN, f"/desk{below}") for below in ("", "/work", "/formulary", "/queries")),
        (Who.INSPECTOR, "/desk/trail"),
        (Who.DATA_MANAGER, "/desk/trial-database"),
        *((Who.OWN, path) for path in ("/", "/history", "/requests")),
    ]


def test_no_page_runs_what_was_typed(stage: Stage, answers: list[Response]) -> None:
    shown = [answer.text for answer in answers]
    read = [stage.client(who).get(path) for who, path in pages(stage)]
    assert [answer.status_code for answer in read] == [200] * len(read)
    shown += [answer.text for answer in read]
    assert not any("<script>alert" in page or "<b>{{" in page for page in shown)
    assert not any("9359" in page for page in shown)
    assert sum("&lt;script&gt;alert" in page for page in shown) >= 4, "the words are shown"
    assert [(a.request.url.path, a.status_code) for a in answers if a.status_code >= 400] == []


def test_no_spreadsheet_runs_what_was_typed(stage: Stage, answers: list[Response]) -> None:
    assert answers
    key = stage.client(Who.KEY)
    texts = [key.get(f"/api/v1/export/{name}.csv").text for name in ("entries", "doses")]
    texts.append(confirmed(stage, Who.INSPECTOR).get("/desk/trail.csv").text)
    cells = [cell for text in texts for row in csv.reader(io.StringIO(text)) for cell in row]
    assert any("HYPERLINK" in cell for cell in cells), "the words are there"
    assert [
        c for c in cells if c.startswith(("=", "+", "@", "\t", "\r")) or c[:1] == "-" == c
    ] == []


def test_a_sign_that_no_keyboard_has_is_refused_and_not_kept(stage: Stage) -> None:
    answers = type_everywhere(stage, "before\0after", "before\0after")
    assert {answer.status_code for answer in answers} == {422}
    with stage.database.read() as session:
        assert not any("before" in str(row.body) for row in list_changes(session, ["acts"], 0, 999))
