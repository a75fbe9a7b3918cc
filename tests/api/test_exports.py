"""Flat files: what they say equals the feed and the figures, missed days and all."""

import csv
import io
from typing import Any

import pytest

from app.domain.records import AnswerStatus
from app.exports.dictionary import statuses
from tests import trial
from tests.api.test_changes import acts_of
from tests.api.test_entries import entries_of
from tests.people import Stage, Who

DAYS, DOSES = "/api/v1/export/entries.csv", "/api/v1/export/doses.csv"
BAD_PARAMETERS = (
    ("from", "yesterday"),
    ("to", "2026-02-30"),
    ("site", "Lyon"),
    ("study_code", "*"),
    ("fields", "pain_average"),
)


def rows_of(stage: Stage, path: str, key: str = "", **query: Any) -> list[dict[str, str]]:
    """A file as any reader of CSV reads it."""
    headers = trial.bearing(key or stage.cast.key)
    answer = stage.client(Who.NOBODY).get(path, params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def figures(stage: Stage, study_code: str) -> dict[str, Any]:
    """What the door computes of a participant."""
    found = stage.client(Who.KEY).get("/api/v1/figures", params={"limit": 100}).json()
    return next(one for one in found["figures"] if one["study_code"] == study_code)


def test_a_day_says_what_the_feed_says(stage: Stage) -> None:
    trial.live(stage)
    numbers = statuses()
    entries = {e["record_id"]: e for e in entries_of(stage, kind="diary") if e["op"] != "void"}
    rows = {row["record_id"]: row for row in rows_of(stage, DAYS) if row["record_id"]}
    assert rows.keys() == entries.keys()
    assert rows
    for record_id, row in rows.items():
        entry, data = entries[record_id], entries[record_id]["data"]
        assert (row["study_code"], row["diary_on"]) == (entry["study_code"], entry["diary_on"])
        assert row["entry_status"] == entry["entry_status"]
        for code, score in {**data["scores"], **data["triggers"]}.items():
            assert row[code] == ("" if score["value"] is None else str(score["value"]))
            assert row[f"{code}_st"] == str(numbers[score["status"]])
        marked = {name for name, value in row.items() if name.startswith("zone_") and value == "1"}
        assert marked == {f"zone_{code.replace('.', '_')}" for code in data["zones"]["codes"]}
        if data["zones"]["status"] != AnswerStatus.ANSWERED:
            assert {v for name, v in row.items() if name.startswith("zone_")} == {""}


def test_missed_days_have_their_row_and_their_cause(stage: Stage) -> None:
    code = stage.cast.study_codes[Who.OWN]
    rows = rows_of(stage, DAYS, study_code=code)
    days = [row["diary_on"] for row in rows]
    assert days == sorted(set(days))
    missed = {row["diary_on"]: row["missing_cause"] for row in rows if row["missing_cause"]}
    told = figures(stage, code)
    assert missed == {day["diary_on"]: day["cause"] for day in told["missing"]}
    assert missed
    for row in rows:
        assert (row["pain_average_st"] == "") == (row["record_id"] == "")
    mme = {row["diary_on"]: row["mme"] for row in rows if row["mme_status"] == "complete"}
    assert mme == {
        day["taken_on"]: repr(day["value"]) for day in told["mme"] if day["status"] == "complete"
    }


def test_each_dose_is_there_once_and_safe_in_a_spreadsheet(stage: Stage) -> None:
    trial.live(stage)
    rows = rows_of(stage, DOSES)
    logged = [row for row in rows if row["stated_in"] == "dose"]
    doses = [e for e in entries_of(stage, kind="dose") if e["op"] != "void"]
    assert sorted(row["record_id"] for row in logged) == sorted(e["record_id"] for e in doses)
    assert all(row["taken_on"] and (row["taken_at"] or row["taken_part"]) for row in rows)
    both = (*rows, *rows_of(stage, DAYS))
    cells = [cell for row in both for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]


@pytest.mark.trust(7)
def test_a_file_is_of_the_keys_sites_of_the_days_asked_for_and_on_record(stage: Stage) -> None:
    far = trial.far_away(stage)
    assert far not in {row["study_code"] for row in rows_of(stage, DAYS)}
    everything = trial.new_key(stage)
    assert far in {row["study_code"] for row in rows_of(stage, DAYS, everything)}
    only = rows_of(stage, DAYS, everything, site="lyon", **{"from": "2026-01-19"})
    assert {(row["site"], row["diary_on"]) for row in only} == {("lyon", "2026-01-19")}
    acts = acts_of(stage.database, "entries.exported")
    assert acts[-1] == {"site": "lyon", "first_on": "2026-01-19"}


def test_what_is_malformed_or_out_of_reach_is_refused(stage: Stage) -> None:
    client, headers = stage.client(Who.NOBODY), trial.bearing(stage.cast.key)
    for path in (DAYS, DOSES):
        for name, value in BAD_PARAMETERS:
            answer = client.get(path, params={name: value}, headers=headers)
            assert answer.status_code == 422, (name, value)
        reversed_ = {"from": "2026-02-02", "to": "2026-02-01"}
        assert client.get(path, params=reversed_, headers=headers).status_code == 422
        assert client.get(path, params={"site": "lille"}, headers=headers).status_code == 404
        nobody = {"study_code": "MS-00000"}
        assert client.get(path, params=nobody, headers=headers).status_code == 404
