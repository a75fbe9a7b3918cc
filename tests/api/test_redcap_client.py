"""PyCap, a client library of REDCap in use today, unchanged, against a running server."""

import csv
import io
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from redcap.project import Project
from redcap.request import RedcapError

from tests import trial
from tests.api.test_exports import DAYS, DOSES, rows_of
from tests.api.test_guide import GUIDE
from tests.engines import Engine
from tests.people import Stage, Who


@pytest.fixture
def engine(sqlite_engine: Engine) -> Engine:
    """What a client makes of an answer does not depend on the server's engine."""
    return sqlite_engine


def project_at(stage: Stage, token: str) -> Project:
    """The project as a site's script opens it."""
    return Project(f"{stage.deployment.base_url}/redcap/api/", token)


def test_pycap_reads_the_study(live_stage: Stage) -> None:
    trial.live(live_stage)
    project = project_at(live_stage, trial.new_token(live_stage, "lyon"))
    assert str(project.redcap_version) == "14.5.5"
    assert project.is_longitudinal is False
    assert project.def_field == "record_id"
    names = [one["export_field_name"] for one in project.export_field_names()]
    assert set(names) == {*project.field_names, *(f"{form}_complete" for form in project.forms)}
    assert {one["form_name"] for one in project.export_repeating_instruments_events()} == (
        set(project.forms) - {"participant"}
    )
    assert project.export_project_info()["has_repeating_instruments_or_events"] == 1
    assert {one["instrument_name"] for one in project.export_instruments()} == set(project.forms)
    rows = project.export_records()
    days = [row for row in rows if row["redcap_repeat_instrument"] == "diary"]
    kept = ("diary_on", "pain_average", "pain_average_st", "entry_status", "mme")
    assert sorted([row["record_id"], *(row[name] for name in kept)] for row in days) == sorted(
        [row["study_code"], *(row[name] for name in kept)] for row in rows_of(live_stage, DAYS)
    )
    doses = [row for row in rows if row["redcap_repeat_instrument"] == "dose"]
    assert [(row["dose_entry_id"], row["dose_units"]) for row in doses] == [
        (row["record_id"], row["units"]) for row in rows_of(live_stage, DOSES)
    ]


def test_pycap_chooses_records_fields_forms_dates_and_formats(live_stage: Stage) -> None:
    trial.live(live_stage)
    stage, code = live_stage, live_stage.cast.study_codes[Who.OWN]
    project = project_at(stage, trial.new_token(stage, "lyon"))
    pain = project.export_records(
        records=[code], fields=["pain_average"], export_survey_fields=True
    )
    assert {row["record_id"] for row in pain} == {code}
    assert set(pain[0]) == {
        *("record_id", "redcap_repeat_instrument", "redcap_repeat_instance", "pain_average")
    }
    doses = project.export_records(forms=["dose"], raw_or_label="label")
    assert {row["dose_reason"] for row in doses} == {"Pour dormir"}
    text = project.export_records(format_type="csv", records=[code])
    assert isinstance(text, str)
    assert len(list(csv.DictReader(io.StringIO(text, newline="")))) == 1 + 11 + 1
    changed = project.export_records(
        forms=["participant"], date_begin=datetime(2026, 1, 20, 19, 35, tzinfo=UTC)
    )
    assert [row["record_id"] for row in changed] == [code]
    log = project.export_logging(log_type="record_edit", record=code)
    assert {line["record"] for line in log} == {code}
    assert len(log) == 4


def test_the_guides_example_prints_every_diary_day(live_stage: Stage) -> None:
    token = trial.new_token(live_stage, "lyon")
    section = GUIDE.partition("\n## REDCap\n")[2]
    code = section.split("```python\n")[1].split("```")[0]
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DIARY_URL": live_stage.deployment.base_url, "REDCAP_TOKEN": token},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    printed = [line.split(" ") for line in ran.stdout.splitlines()]
    assert sorted((code, day, pain) for code, _, day, pain in printed) == [
        (row["study_code"], row["diary_on"], row["pain_average"])
        for row in rows_of(live_stage, DAYS)
    ]


def test_pycap_hears_what_is_refused(live_stage: Stage) -> None:
    with pytest.raises(RedcapError, match="You do not have permissions to use the API"):
        project_at(live_stage, "0" * 32).export_records()
    project = project_at(live_stage, trial.new_token(live_stage))
    with pytest.raises(RedcapError, match="API Import/Update privileges"):
        project.import_records([{"record_id": "1", "pain_average": "3"}])
    with pytest.raises(RedcapError, match="filterLogic"):
        project.export_records(filter_logic="[pain_average] > 50")
    with pytest.raises(RedcapError, match=r"parameter .*fields.* are not valid"):
        project.export_records(fields=["npsi_total"])
