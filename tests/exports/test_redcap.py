"""The REDCap projection: the flat files' values, under instances that never change."""

import csv
import io
import json
import random
from datetime import date, timedelta
from typing import Any

from lxml import etree

from app.exports.flat import Value
from app.exports.redcap import BEFORE, day_instance
from app.exports.redcap_formats import Form, write_items
from app.exports.redcap_project import METADATA, metadata_items, project_of
from app.services import enrolled
from app.services.enrolled import Enrolled
from tests import factories, scenes, trial
from tests.api.test_exports import DAYS, DOSES, rows_of
from tests.effort import effort
from tests.people import LAST_EVENING, Stage, Who

CSV, JSON = "/api/v1/export/redcap.csv", "/api/v1/export/redcap.json"
INSTANTS = ("observed_at", "saved_at", "received_at")


def records_of(stage: Stage, form: str, **query: Any) -> list[dict[str, str]]:
    """The rows of an instrument, as any reader of CSV reads them."""
    rows = rows_of(stage, CSV, **query)
    return [row for row in rows if row["redcap_repeat_instrument"] == form]


def recalling(stage: Stage, units: dict[str, float], *medicines: dict[str, Any]) -> dict[str, Any]:
    """A diary in which rescue medicines are recalled."""
    rescue = [{"medicine": one, "units": units, "reason": "sleep"} for one in medicines]
    answered = {"status": "answered", "none": False, "rescue": rescue}
    return {**factories.diary(stage.deployment.study), "medicines": answered}


def first_on(stage: Stage, who: Who, on: date) -> None:
    """Correct the first diary day as the site does."""
    told = stage.client(Who.KEY).get("/api/v1/participants").json()["participants"]
    code = stage.cast.study_codes[who]
    person = next(one for one in told if one["study_code"] == code)
    with stage.database.write() as session:
        enrolled.correct(
            session,
            actor=stage.actor(Who.CLINICIAN),
            study_code=code,
            corrected=Enrolled(
                consent_on=None,
                consent_version=None,
                inclusion_on=None,
                first_diary_on=on,
                last_diary_on=date.fromisoformat(person["last_diary_on"]),
                trial_record_id=None,
                **{name: person[name] for name in ("limb", "side", "scale")},
            ),
            reason="the calendar was misread",
            now=stage.clock.now,
        )


NAMED = {"diary": "diary_on", "dose": "dose_entry_id", "recalled_dose": "recalled_dose_medicine"}


def instances(stage: Stage) -> dict[tuple[str, ...], str]:
    """What each row is of → its instance; no two rows of an instrument have the same."""
    rows = [row for row in rows_of(stage, CSV) if row["redcap_repeat_instrument"]]
    places = [tuple(list(row.values())[:3]) for row in rows]
    assert len(set(places)) == len(places)
    found: dict[tuple[str, ...], str] = {}
    for row in rows:
        form, on = row["redcap_repeat_instrument"], row["recalled_dose_diary_on"]
        found[row["record_id"], form, row[NAMED[form]], on] = row["redcap_repeat_instance"]
    return found


def test_values_are_those_of_the_flat_files(stage: Stage) -> None:
    trial.live(stage)
    medicine = trial.dose(stage, Who.OTHER)["medicine"]
    base = stage.cast.record_ids[Who.OTHER]
    stage.clock.advance(minutes=-10)
    changed = recalling(stage, {"night": 1.5, "evening": 2}, medicine)
    trial.amend(stage, base, 1, changed)
    days = {(row["study_code"], row["diary_on"]): row for row in rows_of(stage, DAYS)}
    flat = records_of(stage, "diary")
    assert {(row["record_id"], row["diary_on"]) for row in flat} == days.keys()
    for row in flat:
        day = days[row["record_id"], row["diary_on"]]
        day["entry_id"] = day["record_id"]
        day |= {name: day[name][:19].replace("T", " ") for name in INSTANTS}
        same = day.keys() & row.keys() - {"record_id"}
        assert {name: row[name] for name in same} == {name: day[name] for name in same}
        assert day.keys() - same == {"study_code", "site", "record_id"}
        assert row["diary_complete"] == ("2" if day["entry_status"] == "complete" else "0")
    doses = rows_of(stage, DOSES)
    logged = {row["record_id"]: row for row in doses if row["stated_in"] == "dose"}
    for row in records_of(stage, "dose"):
        dose = logged.pop(row["dose_entry_id"])
        for name in ("medicine", "units", "taken_on", "taken_at", "reason", "late", "recalled"):
            assert row[f"dose_{name}"] == dose[name]
    assert not logged
    [recalled] = records_of(stage, "recalled_dose")
    said = {row["taken_part"]: row["units"] for row in doses if row["stated_in"] == "diary"}
    assert said == {"night": "1.5", "evening": "2.0"}
    assert {part: recalled[f"recalled_dose_units_{part}"] for part in said} == said
    assert recalled["redcap_repeat_instance"] == "1001"


def test_an_instance_stays_whatever_happens_to_its_record(stage: Stage) -> None:
    chance, diary = random.Random(6), stage.cast.record_ids[Who.OWN]
    medicine = trial.dose(stage, Who.OWN)["medicine"]
    known: dict[tuple[str, ...], str] = {}
    doses: list[str] = []
    version, given = 1, set[tuple[str, str]]()
    for _ in range(effort(8, 60)):
        match chance.choice(("dose", "dose", "void", "diary", "earlier")):
            case "void" if doses:
                trial.void(stage, doses.pop(chance.randrange(len(doses))), 1)
            case "diary":
                others = [{**medicine, "name": name} for name in ("Zaldiar", "Acupan")]
                chosen = [medicine] if chance.random() < 0.5 else others[: chance.randint(0, 1)]
                trial.amend(stage, diary, version, recalling(stage, {"noon": 1}, *chosen))
                version += 1
            case "earlier":
                first_on(
                    stage, Who.OWN, LAST_EVENING.date() - timedelta(days=chance.randint(9, 40))
                )
            case _:
                doses.append(trial.save(stage, Who.OWN, trial.dose(stage, Who.OWN)).record_id)
        now = instances(stage)
        kept = known.keys() & now.keys()
        assert {what: now[what] for what in kept} == {what: known[what] for what in kept}
        dose_numbers = {
            (what[0], now[what]) for what in now.keys() - known.keys() if what[1] == "dose"
        }
        assert not dose_numbers & given
        given |= {(what[0], number) for what, number in now.items() if what[1] == "dose"}
        known |= now
    assert len(given) > 2


def test_sessions_and_reports_are_rows_of_their_own(stage: Stage) -> None:
    report_id = scenes.reported(stage, Who.OWN)["report_id"]
    [session], [report] = records_of(stage, "session"), records_of(stage, "session_report")
    assert session["redcap_repeat_instance"] == report["redcap_repeat_instance"] == "1"
    assert session["session_held_on"] == report["session_report_diary_on"] == "2026-01-20"
    assert report["session_report_entry_id"] == report_id
    answers = [report[f"session_report_{name}"] for name in ("session_no", "redness", "fever")]
    assert answers == ["1", "mild", ""]


def test_a_day_before_the_first_one_that_was_registered_has_a_number_of_its_own() -> None:
    first = date(2026, 1, 10)
    days = [first + timedelta(days=n) for n in range(-400, 400)]
    numbers = [day_instance(first, day) for day in days]
    assert numbers[400:402] == [1, 2]
    assert min(numbers) == 1
    assert len(set(numbers)) == len(days)
    assert numbers[399] == BEFORE


def test_json_and_csv_say_the_same_of_what_is_asked_for(stage: Stage) -> None:
    trial.live(stage)
    query = {"study_code": stage.cast.study_codes[Who.OWN], "from": "2026-01-20"}
    headers = trial.bearing(stage.cast.key)
    told = stage.client(Who.NOBODY).get(JSON, params=query, headers=headers).json()
    written = rows_of(stage, CSV, **query)
    shown = [{name: str(value) for name, value in row.items()} for row in told]
    assert shown == [{k: v.removeprefix("'") for k, v in row.items()} for row in written]
    assert {row["record_id"] for row in told} == {query["study_code"]}
    assert {row["diary_on"] for row in told} <= {"", "2026-01-20"}
    cells = [cell for row in written for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]


def test_the_dictionary_can_be_loaded_into_redcap(stage: Stage) -> None:
    project = project_of(stage.deployment.study)
    rows = list(metadata_items(project, project.fields))
    assert rows[0]["field_name"] == "record_id"
    names = [str(row["field_name"]) for row in rows]
    assert len(set(names)) == len(names)
    forms = [str(row["form_name"]) for row in rows]
    assert list(dict.fromkeys(forms)) == list(project.forms)
    assert forms == sorted(forms, key=list(project.forms).index)
    for row in rows:
        assert tuple(row) == METADATA
        name = str(row["field_name"])
        assert len(name) <= 100
        assert name == name.lower()
        assert name.replace("_", "").isalnum()
        assert row["field_label"]
        assert not {"{", "}"} & set(str(row["field_label"]))
        assert (row["field_type"] == "radio") == bool(row["select_choices_or_calculations"])
        for choice in str(row["select_choices_or_calculations"] or "0, x").split(" | "):
            code, words = choice.split(", ", 1)
            assert code.replace("_", "").isalnum()
            assert words
    pain = rows[names.index("pain_average")]
    bounds = (pain["text_validation_min"], pain["text_validation_max"])
    assert (pain["text_validation_type_or_show_slider_number"], *bounds) == ("integer", "0", "100")
    assert "douleur" in str(pain["field_label"])


def test_every_answer_is_one_of_its_fields_choices(stage: Stage) -> None:
    trial.live(stage)
    fields = {one.name: one for one in project_of(stage.deployment.study).fields}
    text = stage.client(Who.NOBODY).get(CSV, headers=trial.bearing(trial.new_key(stage))).text
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    seen = 0
    for row in rows:
        for name, value in zip(header, row, strict=True):
            if value and name in fields and fields[name].choices:
                assert value in fields[name].choices, name
                seen += 1
    assert seen > 100


def test_every_format_holds_what_breaks_formats() -> None:
    text = '=1+1; "é"\r\n<b>&amp;\u2028\x01'
    item: dict[str, Value] = {
        "note": text,
        "number": -2,
        "absent": None,
        "redcap_repeat_instance": 3,
    }
    json_, csv_, xml = (
        "".join(write_items(Form(format_, delimiter=";"), tuple(item), [item]))
        for format_ in ("json", "csv", "xml")
    )
    said = {"note": text, "number": "-2", "absent": "", "redcap_repeat_instance": 3}
    assert json.loads(json_) == [said]
    [row] = csv.DictReader(io.StringIO(csv_, newline=""), delimiter=";")
    written = {name: str(value) for name, value in said.items()}
    assert row == written | {"note": f"'{text}"}
    [element] = etree.fromstring(xml.encode())
    found = {one.tag: one.text or "" for one in element}
    assert found == written | {"note": text.replace("\x01", "\ufffd")}
    assert "".join(write_items(Form("json"), ("note",), [])) == "[]"
