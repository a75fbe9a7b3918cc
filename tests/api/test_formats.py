"""One study in every format at once: each valid by itself, and the same numbers in all of them.

What the formats cannot state alike stands apart: a copy by `pull` holds every version, ODM keeps a
recalled medicine as the evening said it, REDCap has seconds only.
"""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from app.domain.records import AnswerStatus
from tests import odm_reading, trial
from tests.api.test_entries import entries_of
from tests.api.test_odm import everything, forms_of, snapshot, values_of
from tests.people import Stage, Who

Numbers = dict[tuple[str, str], dict[str, str]]
"""The scores of each diary: study code and day → item → number; what has none is left out."""
SCORES = ("pain_average", "pain_worst", "brush", "cold", "pressure", "heat", "movement")


def rows_of(stage: Stage, path: str) -> list[dict[str, str]]:
    """A flat file, read strictly."""
    answer = stage.client(Who.KEY).get(f"/api/v1/export/{path}")
    assert answer.status_code == 200, answer.text
    lines = io.StringIO(answer.content.decode("utf-8"), newline="")
    rows = list(csv.DictReader(lines, strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return rows


def scores_of(row: dict[str, Any]) -> dict[str, str]:
    """The scores of a flat row."""
    return {item: str(row[item]) for item in SCORES if row.get(item) not in (None, "")}


def of_entries_csv(stage: Stage) -> Numbers:
    rows = rows_of(stage, "entries.csv")
    return {(r["study_code"], r["diary_on"]): scores_of(r) for r in rows if r["record_id"]}


def of_entries(stage: Stage) -> Numbers:
    return {
        (entry["study_code"], entry["diary_on"]): said_in(entry["data"])
        for entry in entries_of(stage, kind="diary")
        if entry["data"] is not None and "scores" in entry["data"]
    }


def said_in(data: dict[str, Any]) -> dict[str, str]:
    """The scores of a payload as the feed gives it."""
    scores = {**data["scores"], **data["triggers"]}
    answered = {name: s for name, s in scores.items() if s["status"] == AnswerStatus.ANSWERED}
    return {name: str(score["value"]) for name, score in answered.items()}


def of_redcap_json(stage: Stage) -> Numbers:
    rows = stage.client(Who.KEY).get("/api/v1/export/redcap.json").json()
    return of_redcap(rows)


def of_redcap_csv(stage: Stage) -> Numbers:
    return of_redcap(rows_of(stage, "redcap.csv"))


def of_facade(stage: Stage) -> Numbers:
    asked = {
        "token": trial.new_token(stage, "lyon"),
        "content": "record",
        "format": "json",
        "type": "flat",
    }
    answer = stage.client(Who.NOBODY).post("/redcap/api/", data=asked)
    assert answer.status_code == 200, answer.text
    return of_redcap(answer.json())


def of_redcap(rows: list[dict[str, Any]]) -> Numbers:
    return {
        (row["record_id"], row["diary_on"]): scores_of(row)
        for row in rows
        if row["redcap_repeat_instrument"] == "diary" and row["entry_id"]
    }


def of_odm(stage: Stage) -> Numbers:
    file = snapshot(stage)
    odm_reading.validate(file)
    return {
        (code, on): scores_of(values_of(form.ItemGroupData[0]))
        for (code, on, _), forms in forms_of(odm_reading.load(file)).items()
        for form in forms
        if form.FormOID == "F.DIARY"
    }


def of_pull(stage: Stage, folder: Path) -> Numbers:
    trial.pull_into(stage, folder)
    with (folder / "entries.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, strict=True) if row["kind"] == "diary"]
    read = ((row, json.loads(row["data"])) for row in rows if row["op"] != "void")
    return {(row["study_code"], row["diary_on"]): said_in(data) for row, data in read}


@pytest.mark.trust(15)
def test_the_numbers_are_the_same_in_every_format(live_stage: Stage, tmp_path: Path) -> None:
    everything(live_stage)
    told = of_entries_csv(live_stage)
    assert len(told) >= 4
    assert {"0", "100"} <= {score for scores in told.values() for score in scores.values()}
    assert of_entries(live_stage) == told
    assert of_redcap_json(live_stage) == told
    assert of_redcap_csv(live_stage) == told
    assert of_facade(live_stage) == told
    assert of_odm(live_stage) == told
    assert of_pull(live_stage, tmp_path / "copy") == told
