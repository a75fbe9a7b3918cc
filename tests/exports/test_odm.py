"""ODM by itself: definitions that hold together, and text that XML can carry."""

import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.records import Kind
from app.domain.study import Study, load_study
from app.exports.dictionary import variables
from app.exports.odm import About, Place, write_snapshot
from app.exports.odm_xml import element, written, xml_text
from tests import odm_reading

STUDY = Path(__file__).parents[2] / "app/studies/meso_sdrc"
NS = "{http://www.cdisc.org/ns/odm/v1.3}"


@pytest.fixture(scope="module")
def study() -> Study:
    """The study that is shipped."""
    return load_study(STUDY)


@pytest.fixture(scope="module")
def empty(study: Study) -> bytes:
    """A snapshot of a diary in which nobody is yet."""
    about = About(file_oid="x", created_at=datetime(2026, 1, 1, tzinfo=UTC))
    place = Place({"lyon": "Lyon"}, date(2026, 1, 1), "https://diary.example.org")
    return "".join(write_snapshot(study, about, place, [], [])).encode()


def test_definitions_fit_the_schema_and_everything_named_is_defined(empty: bytes) -> None:
    odm_reading.validate(empty)
    [version] = odm_reading.load(empty).Study[0].MetaDataVersion
    items = {item.OID: item for item in version.ItemDef}
    groups = {group.OID: group for group in version.ItemGroupDef}
    forms = {form.OID for form in version.FormDef}
    assert {ref.FormOID for ref in version.StudyEventDef[0].FormRef} == forms
    assert {ref.ItemGroupOID for form in version.FormDef for ref in form.ItemGroupRef} == set(
        groups
    )
    assert {ref.ItemOID for group in version.ItemGroupDef for ref in group.ItemRef} == set(items)
    lists = {codes.OID for codes in version.CodeList}
    assert {i.CodeListRef.CodeListOID for i in items.values() if i.CodeListRef} <= lists
    units = {unit.OID for unit in odm_reading.load(empty).Study[0].BasicDefinitions.MeasurementUnit}
    asked = {ref.MeasurementUnitOID for item in items.values() for ref in item.MeasurementUnitRef}
    assert asked == units
    assert version.StudyEventDef[0].Repeating == "Yes"
    assert groups["IG.DOSE"].Repeating == "Yes"


def test_every_variable_is_an_item_in_both_languages(study: Study, empty: bytes) -> None:
    [version] = odm_reading.load(empty).Study[0].MetaDataVersion
    items = {item.OID: item for item in version.ItemDef}
    groups = {Kind.DIARY: "DIARY", Kind.DOSE: "DOSE", Kind.SESSION_REPORT: "SESSION_REPORT"}
    for variable in variables(study):
        if variable.type == "list":  # what an evening recalls is a group of its own
            continue
        item = items[f"IT.{groups[variable.kind]}.{variable.name}"]
        assert {text.lang for text in item.Question.TranslatedText} == {"fr", "en"}
        assert len(item.RangeCheck) == 2 * (len(variable.scales) or variable.maximum is not None)
    pain = items["IT.DIARY.pain_average"]
    assert [check.CheckValue[0].to_dict()["_content"] for check in pain.RangeCheck] == [
        *("0", "100"),
        *("0", "10"),
    ]
    assert {(alias.Context, alias.Name) for alias in pain.Alias} >= {
        ("LOINC (vas100)", "38214-3"),
        ("LOINC (nrs11)", "72514-3"),
    }
    assert items["IT.DOSE.units"].Alias[0].Name == "CMDOSE"
    assert not ET.fromstring(empty).findall(f".//{NS}User/*")


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_any_text_comes_back_but_for_what_xml_forbids(text: str) -> None:
    made = element("ItemData", Value=text)
    made.text = xml_text(text)
    read = ET.fromstring(written(made))
    kept = "".join(c if ord(c) > 31 or c in "\t\n\r" else "\ufffd" for c in text)
    assert read.attrib["Value"] == kept.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    assert (read.text or "") == read.attrib["Value"]
