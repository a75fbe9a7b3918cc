"""The REDCap façade as bytes on the wire: what is asked as scripts ask it, and what is refused."""

import csv
import io
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from lxml import etree

from app.exports.redcap_project import METADATA
from app.main import create_app
from tests import trial
from tests.api.test_changes import acts_of
from tests.api.test_exports import DAYS, rows_of
from tests.people import Stage, Who, settings_for

URL = "/redcap/api/"
NOBODY = "You do not have permissions to use the API"
IMPORT = "You do not have API Import/Update privileges"


def ask(stage: Stage, token: str, **asked: str) -> Response:
    """Post what a script would; JSON unless it says otherwise."""
    data = {"token": token, "format": "json"} | asked
    return stage.client(Who.NOBODY).post(URL, data=data)


def told(stage: Stage, token: str, **asked: str) -> Any:
    """The answer to a request that is granted."""
    answer = ask(stage, token, **asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


BAD: tuple[tuple[dict[str, str], str], ...] = (
    ({"content": ""}, 'The value of the parameter "content" is not valid'),
    ({"content": "generateNextRecordName"}, 'The value of the parameter "content" is not valid'),
    ({"format": "odm"}, 'The value of the parameter "format" is not valid'),
    ({"type": "wide"}, 'The value of the parameter "type" is not valid'),
    ({"rawOrLabel": "both"}, 'The value of the parameter "rawOrLabel" is not valid'),
    ({"csvDelimiter": "x"}, 'The value of the parameter "csvDelimiter" is not valid'),
    ({"decimalCharacter": ","}, 'The value of the parameter "decimalCharacter" is not valid'),
    ({"exportSurveyFields": "yes"}, 'The value of the parameter "exportSurveyFields" is not valid'),
    ({"dateRangeBegin": "lately"}, 'The value of the parameter "dateRangeBegin" is not valid'),
    ({"dateRangeEnd": "0001-01-01"}, 'The value of the parameter "dateRangeEnd" is not valid'),
    (
        {"dateRangeBegin": "2026-02-02", "dateRangeEnd": "2026-02-01 10:00"},
        'The value of the parameter "dateRangeEnd" is not valid',
    ),
    ({"filterLogic": "[flare] = 1"}, 'The parameter "filterLogic" is not supported'),
    ({"colour": "red"}, 'The parameter "colour" is not supported'),
    ({"type[0]": "flat"}, 'The parameter "type[0]" is not supported'),
    ({"fields": "pain"}, "The following values in the parameter \"fields\" are not valid: 'pain'"),
    (
        {"forms[0]": "diary", "forms[1]": "npsi"},
        "The following values in the parameter \"forms\" are not valid: 'npsi'",
    ),
    (
        {"events": "visit_1"},
        "The following values in the parameter \"events\" are not valid: 'visit_1'",
    ),
    ({"records": "a\0b"}, 'The value of the parameter "records" is not valid'),
    (
        {"content": "log", "logtype": "page_view"},
        'The value of the parameter "logtype" is not valid',
    ),
    ({"content": "log", "user": "a\0b"}, 'The value of the parameter "user" is not valid'),
    ({"content": "log", "fields": "brush"}, 'The parameter "fields" is not supported'),
    (
        {"content": "exportFieldNames", "field": "x"},
        'The value of the parameter "field" is not valid',
    ),
    (
        {"content": "formEventMapping"},
        "You cannot export form/event mappings for classic projects",
    ),
    ({"content": "event"}, "You cannot export events for classic projects"),
)


def test_what_is_not_understood_is_refused_by_name(stage: Stage) -> None:
    token = trial.new_token(stage)
    for asked, sentence in BAD:
        answer = ask(stage, token, **{"content": "record", "returnFormat": "json"} | asked)
        assert (answer.status_code, answer.json()) == (400, {"error": sentence}), asked
    assert acts_of(stage.database, "redcap.exported") == []


HOSTILE: tuple[tuple[str, bytes], ...] = (
    ("application/x-www-form-urlencoded", b"content=record&records=%ed%a0%80&records=%ff"),
    ("application/x-www-form-urlencoded", b"content=record&content=log&=&&[]=&records[][]=1"),
    ("application/x-www-form-urlencoded", b"content=record" + b"&fields[]=x" * 4000),
    ("application/x-www-form-urlencoded; charset=utf-16", b"\xff\xfe\x00="),
    ("multipart/form-data", b"--x\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n1"),
    ("application/json", b'{"content": "record"}'),
)


def test_a_body_that_no_script_sends_is_refused(stage: Stage) -> None:
    token = trial.new_token(stage).encode()
    for kind, body in HOSTILE:
        for sent in (body, b"token=" + token + b"&" + body):
            headers = {"content-type": kind}
            answer = stage.client(Who.NOBODY).post(URL, content=sent, headers=headers)
            assert answer.status_code in (200, 400, 403), (kind, sent[:60])
            assert answer.status_code != 200 or answer.text.endswith("</records>")


def test_nothing_is_written_and_who_tries_is_on_record(stage: Stage) -> None:
    token = trial.new_token(stage)
    rows = '[{"record_id": "1"}]'
    for asked in ({"data": rows}, {"action": "import"}, {"content": "metadata", "data": rows}):
        answer = ask(stage, token, **{"content": "record"} | asked)
        assert (answer.status_code, answer.json()) == (403, {"error": IMPORT})
    deleting = ask(stage, token, content="record", action="delete", records="1")
    assert deleting.json() == {"error": "You do not have Delete Record privileges"}
    assert len(acts_of(stage.database, "refused")) == 4


def test_a_refusal_comes_in_the_format_of_the_answer(stage: Stage) -> None:
    for format_, body in (
        ("json", f'{{"error":"{NOBODY}"}}'),
        ("csv", f"ERROR: {NOBODY}"),
        ("xml", f"<hash><error>{NOBODY}</error></hash>"),
        ("", f"<hash><error>{NOBODY}</error></hash>"),
    ):
        answer = ask(stage, "", content="record", format=format_)
        assert answer.status_code == 403
        assert answer.text.rpartition("\n")[2] == body
    other = ask(stage, "", content="record", format="csv", returnFormat="json")
    assert other.json() == {"error": NOBODY}


def test_tokens_and_keys_do_not_open_each_others_doors(stage: Stage) -> None:
    token, key = trial.new_token(stage, "lyon"), trial.new_key(stage)
    assert re.fullmatch(r"[0-9A-F]{32}", token)
    assert ask(stage, token, content="record").status_code == 200
    token_id = made_keys(stage)[1]
    for bearer in (token, f"diary_{token_id}_{token}"):
        answer = stage.client(Who.NOBODY).get("/api/v1/entries", headers=trial.bearing(bearer))
        assert answer.status_code == 401
    stage.clock.advance(hours=25)
    for wrong in (key, key.split("_")[2], token.lower(), "0" * 32):
        answer = ask(stage, wrong, content="record")
        assert answer.status_code in (403, 429), wrong
    waiting = ask(stage, "1" * 32, content="record")
    assert waiting.status_code == 429
    assert int(waiting.headers["retry-after"]) > 0
    assert ask(stage, token, content="version").status_code == 200
    stage.clock.advance(days=40)
    assert ask(stage, token, content="version").json() == {"error": NOBODY}


def made_keys(stage: Stage) -> list[str]:
    """The ids of the keys that were made, in their order."""
    return [str(details["key"]) for details in acts_of(stage.database, "key.created")]


def test_a_token_is_as_fast_as_any_key(stage: Stage) -> None:
    token = trial.new_token(stage)
    stage.service.pace.per_minute = 3
    statuses = [ask(stage, token, content="version").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_it_is_not_there_unless_it_is_turned_on(stage: Stage) -> None:
    url = stage.database.url.render_as_string(hide_password=False)
    off = settings_for(url).model_copy(update={"redcap_facade": False})
    with TestClient(create_app(off, clock=stage.clock)) as client:
        data = {"token": trial.new_token(stage), "content": "version"}
        assert client.post(URL, data=data).status_code == 404
    assert stage.client(Who.NOBODY).get("/api/v1/openapi.json").json()["paths"].get(URL) is None


@pytest.mark.trust(7)
def test_a_token_reads_its_sites_and_each_reading_is_on_record(stage: Stage) -> None:
    far = trial.far_away(stage)
    here, everywhere = trial.new_token(stage, "lyon"), trial.new_token(stage)
    assert far not in {row["record_id"] for row in told(stage, here, content="record")}
    asked = {"content": "record", "records": f"{far},{stage.cast.study_codes[Who.OWN]}"}
    assert len({row["record_id"] for row in told(stage, everywhere, **asked)}) == 2
    assert len({row["record_id"] for row in told(stage, here, **asked)}) == 1
    assert {row["record"] for row in told(stage, here, content="log")} == {
        stage.cast.study_codes[Who.OWN],
        stage.cast.study_codes[Who.OTHER],
    }
    assert (
        acts_of(stage.database, "redcap.exported")[1:3]
        == [{"content": "record", "format": "json", "records": "2"}] * 2
    )


def test_fields_and_forms_choose_columns_and_rows(stage: Stage) -> None:
    trial.live(stage)
    token = trial.new_token(stage, "lyon")
    ids = told(stage, token, content="record", fields="record_id")
    assert [tuple(row.values())[1:] for row in ids] == [("", "")] * 3
    pain = told(
        stage, token, content="record", **{"fields[0]": "record_id", "fields[1]": "pain_average"}
    )
    days = {(r["study_code"], r["pain_average"]) for r in rows_of(stage, DAYS)}
    assert {(row["record_id"], row["pain_average"]) for row in pain} == days
    doses = told(stage, token, content="record", forms="dose", records="")
    assert doses
    assert all(name.startswith("dose_") for row in doses for name in row)
    eav = told(stage, token, content="record", type="eav", fields="pain_average")
    assert {(row["record"], row["value"]) for row in eav} == {one for one in days if one[1]}


def test_labels_delimiters_and_date_ranges(stage: Stage) -> None:
    token = trial.new_token(stage, "lyon")
    asked = {"content": "record", "fields": "record_id,allodynia,diary_complete"}
    labelled = told(stage, token, **asked, rawOrLabel="label", exportCheckboxLabel="false")
    assert {row["allodynia"] for row in labelled} == {"", "Oui"}
    assert {row["redcap_repeat_instrument"] for row in labelled} == {"Carnet du jour"}
    headed = ask(
        stage, token, **asked | {"format": "csv"}, rawOrLabelHeaders="label", csvDelimiter="tab"
    )
    header, *rows = csv.reader(io.StringIO(headed.text, newline=""), delimiter="\t")
    assert header[:3] == ["code du participant", "Repeat Instrument", "Repeat Instance"]
    assert len(rows) == len(labelled)
    stage.clock.advance(minutes=15)
    trial.correct(stage, stage.cast.record_ids[Who.OWN], 1, average=12)
    since = told(stage, token, content="record", dateRangeBegin="2026-01-20 19:40:00")
    assert {row["record_id"] for row in since} == {stage.cast.study_codes[Who.OWN]}
    before = told(stage, token, content="record", dateRangeEnd="2026-01-09")
    assert before == []
    edited = told(stage, token, content="log", logtype="record_edit", beginTime="2026-01-20 19:45")
    [line] = edited
    assert (line["timestamp"], line["details"]) == (
        "2026-01-20 19:45",
        "diary 2026-01-19, version 2: correct",
    )


def test_xml_holds_what_json_says(stage: Stage) -> None:
    trial.live(stage)
    token = trial.new_token(stage, "lyon")
    for content, item in (("record", "item"), ("metadata", "item"), ("exportFieldNames", "field")):
        rows = told(stage, token, content=content)
        answer = ask(stage, token, content=content, format="xml")
        found = etree.fromstring(answer.content).findall(item)
        said = [{one.tag: one.text or "" for one in row} for row in found]
        assert said == [{name: str(value) for name, value in row.items()} for row in rows]


def test_the_first_requests_of_redcapr_are_answered(stage: Stage) -> None:
    """What `redcap_read` and `redcap_metadata_coltypes` post, parameter by parameter."""
    token = trial.new_token(stage, "lyon")
    for content in ("exportFieldNames", "metadata", "instrument", "project"):
        answer = ask(stage, token, content=content, format="csv")
        [first, *_] = csv.DictReader(io.StringIO(answer.text, newline=""))
        assert answer.status_code == 200
        if content == "metadata":
            assert tuple(first) == METADATA
            assert first["field_name"] == "record_id"
        if content == "project":
            flags = ("is_longitudinal", "has_repeating_instruments_or_events")
            assert [first[flag] for flag in flags] == ["0", "1"]
    body = {
        "content": "record",
        "format": "csv",
        "type": "flat",
        "rawOrLabel": "raw",
        "rawOrLabelHeaders": "raw",
        "exportCheckboxLabel": "false",
        "exportSurveyFields": "false",
        "exportDataAccessGroups": "false",
        "filterLogic": "",
        "dateRangeBegin": "",
        "dateRangeEnd": "",
        "exportBlankForGrayFormStatus": "false",
    }
    initial = ask(stage, token, **body, fields="record_id")
    ids = [row["record_id"] for row in csv.DictReader(io.StringIO(initial.text, newline=""))]
    assert len(ids) == len(set(ids)) == 3
    batch = ask(stage, token, **body, records=",".join(ids[:2]))
    rows = list(csv.DictReader(io.StringIO(batch.text, newline="")))
    assert {row["record_id"] for row in rows} == set(ids[:2])
    assert ask(stage, token, content="version", format="csv").text == "14.5.5"


def test_a_token_is_made_at_the_desk_and_shown_once(stage: Stage) -> None:
    manager = stage.client(Who.DATA_MANAGER)
    form = {"label": "older scripts", "days": "30", "sites": ["lyon"], "kind": "redcap"}
    made = manager.post("/desk/keys", data=form)
    token = made.text.split('id="key">')[1].split("<")[0]
    assert URL in made.text
    assert token not in manager.get("/desk/trial-database").text
    assert ask(stage, token, content="version").status_code == 200
    key_id = made_keys(stage)[-1]
    after = manager.post(f"/desk/keys/{key_id}/rotation").text
    assert (
        ask(stage, after.split('id="key">')[1].split("<")[0], content="version").status_code == 200
    )
    manager.post(f"/desk/keys/{key_id}/end")
    assert ask(stage, token, content="version").json() == {"error": NOBODY}


def test_a_kind_is_one_of_two(stage: Stage) -> None:
    form = {"label": "x", "days": "1", "sites": ["lyon"], "scopes": ["export:read"]}
    for kind, status in (("", 200), ("door", 200), ("master", 422)):
        made = stage.client(Who.DATA_MANAGER).post("/desk/keys", data=form | {"kind": kind})
        assert made.status_code == status
