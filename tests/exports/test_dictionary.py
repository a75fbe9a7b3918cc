"""The data dictionary: complete, in every language, and true of what is saved."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from app.domain.diary_day import ClockFlag, Lateness
from app.domain.figures import MmeStatus
from app.domain.records import (
    MODES,
    PARTS,
    PAYLOADS,
    SCALE_MAX,
    SITE_TEXTS,
    TEXT_FIELDS,
    AnswerStatus,
    DiaryPayload,
    EntryStatus,
    Kind,
    Op,
    Reason,
    Severity,
    write_payload,
)
from app.domain.schedule import MissedCause
from app.domain.set_aside import ACCEPTABLE, flag_of
from app.domain.study import Study, load_study
from app.exports.dictionary import Variable, code_lists, describe, variables
from app.exports.spread import DAY, DOSE
from app.routers.api.shapes import Entry
from tests import factories

STUDY = Path(__file__).parents[2] / "app/studies/meso_sdrc"
NOT_TOLD = {"simulated", "medicine.medicine_id", "medicine.prescribed", "zones.set"}
"""Members of payloads that are no variables: what a demo made up, ids, versions."""


@pytest.fixture(scope="module")
def study() -> Study:
    """The study that is shipped."""
    return load_study(STUDY)


def members(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Every place in a payload, as far as its type tells."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from members(inner, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def test_every_member_of_every_payload_is_told(study: Study) -> None:
    for kind, model in PAYLOADS.items():
        told = {variable.path for variable in variables(study) if variable.kind is kind}
        told |= {variable.status or "" for variable in variables(study)}
        for member in set(members(model)) - NOT_TOLD:
            assert any(path == member or path.startswith(f"{member}.") for path in told), member


def test_every_path_leads_somewhere(study: Study) -> None:
    entered = {"entered": {"mode": "call"}}
    payload = DiaryPayload.model_validate(factories.diary(study) | entered)
    saved = write_payload(payload) | {"texts": dict.fromkeys(TEXT_FIELDS | SITE_TEXTS, "x")}
    for variable in variables(study):
        if variable.kind is Kind.DIARY and variable.asked:
            for path in filter(None, (variable.path, variable.status)):
                place: Any = saved
                for step in path.split("."):
                    place = place[step]


def test_names_are_columns_and_each_stands_once(study: Study) -> None:
    for kind in Kind:
        names = [variable.name for variable in variables(study) if variable.kind is kind]
        assert len(names) == len(set(names))
        assert all(name.isidentifier() and name == name.lower() for name in names)


def test_every_word_is_there_in_every_language(study: Study) -> None:
    for where, labels in words(describe(study)):
        assert set(labels) >= set(study.languages), where
        assert all(labels[language].strip() for language in study.languages), where
        assert not any("**" in labels[language] for language in study.languages), where


def words(value: Any, where: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every group of words in the dictionary."""
    if isinstance(value, dict) and "fr" in value:
        yield where, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from words(inner, f"{where}.{name}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from words(inner, f"{where}[{index}]")


def test_code_lists_are_those_of_the_domain(study: Study) -> None:
    lists = {name: set(codes) for name, codes in code_lists(study).items()}
    assert lists["entry_status"] == set(EntryStatus)
    assert lists["op"] == set(Op)
    assert lists["kind"] == set(Kind)
    assert lists["lateness"] == set(Lateness)
    assert lists["flags"] == {*ClockFlag, "helper", "recalled", *map(flag_of, ACCEPTABLE)}
    assert lists["mode"] == set(MODES)
    assert lists["severity"] == set(get_args(Severity))
    assert lists["reason"] == set(get_args(Reason))
    assert lists["part"] == set(PARTS)
    numbers = {code: status["number"] for code, status in describe(study)["statuses"].items()}
    assert numbers == {status: number for number, status in enumerate(AnswerStatus, start=1)}


def test_every_list_that_is_named_is_there(study: Study) -> None:
    lists = code_lists(study)
    named = {variable.codes for variable in variables(study)}
    told = describe(study)
    for rows in (told["members"], *told["columns"].values()):
        named |= {row.get("codes") for row in rows.values()}
    assert named - {None} <= set(lists)


def test_the_members_are_those_of_an_entry(study: Study) -> None:
    beside = {"payload_digest", "texts", "data", "hash"}
    assert set(describe(study)["members"]) == set(Entry.model_fields) - beside


def test_the_columns_are_those_of_the_files_in_their_order(study: Study) -> None:
    told = describe(study)["columns"]
    assert {name: tuple(columns) for name, columns in told.items()} == {
        "entries.csv": DAY,
        "doses.csv": DOSE,
    }
    lists = code_lists(study)
    assert set(lists["missing_cause"]) == set(MissedCause)
    assert set(lists["mme_status"]) == set(MmeStatus)
    assert set(lists["scale"]) == set(SCALE_MAX)
    assert set(lists["stated_in"]) == {Kind.DOSE, Kind.DIARY}


def find(study: Study, name: str) -> Variable:
    """One variable."""
    return next(variable for variable in variables(study) if variable.name == name)


def test_pain_is_coded_for_loinc_and_cdisc(study: Study) -> None:
    for name in ("pain_average", "pain_worst"):
        vas, nrs = find(study, name).scales
        assert (vas.scale, vas.maximum, vas.aliases[0]["code"]) == ("vas100", 100, "38214-3")
        assert (nrs.scale, nrs.maximum, nrs.aliases[0]["code"]) == ("nrs11", 10, "72514-3")
        assert vas.aliases[1] == {
            "system": "CDISC FA",
            "FATESTCD": "SEV",
            "FAOBJ": "PAIN",
            "FAMETHOD": "vas100",
            "FAEVLINT": "-P24H",
        }
    assert "FAEVLINT" not in find(study, "pain_now").scales[0].aliases[1]


def test_what_the_study_leaves_out_is_said(study: Study) -> None:
    asked = {variable.name for variable in variables(study) if variable.asked}
    assert {"pain_average", "pain_worst", "brush", "pressure", "cold"} <= asked
    assert not {"pain_least", "pain_now", "heat", "movement"} & asked
