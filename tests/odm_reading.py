"""ODM as others read it: the official schema, a client library, and a small consumer of its own.

Nothing of the application is used here.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import odmlib
from lxml import etree
from odmlib.odm_loader import XMLODMLoader

_NS = "{http://www.cdisc.org/ns/odm/v1.3}"
_XSD = Path(odmlib.__file__).parent / "schemas/odm/1.3.2/ODM1-3-2.xsd"
COMPUTED = "F.MISSED"
"""The form of a snapshot that no change made."""


class Group(NamedTuple):
    """Where a group of items stands."""

    subject: str
    day: str
    form: str
    form_key: str | None
    group: str
    group_key: str | None


class Value(NamedTuple):
    """A value, and the change that it comes from."""

    value: str
    change_id: str | None


Data = dict[Group, dict[str, Value]]


def validate(file: bytes) -> None:
    """Hold a file against the official schema; AssertionError says where it does not fit."""
    schema = _schema()
    assert schema.validate(etree.fromstring(file)), schema.error_log


def load(file: bytes) -> Any:
    """Read a file with a client library as it is."""
    loader = XMLODMLoader()
    loader.create_document_from_string(file.decode())
    return loader.load_odm()


def apply(file: bytes, data: Data) -> str | None:
    """Bring what is held to where a file ends; give the id of the file that it goes on from."""
    odm = ET.fromstring(file)
    is_transactional = odm.attrib["FileType"] == "Transactional"
    for key, group, done in _groups(odm):
        if done == "Remove":
            for held in [held for held in data if _within(held, key)]:
                del data[held]
            continue
        if is_transactional and done == "Insert":
            assert key not in data
        elif is_transactional:
            assert done == "Update", done
        held_items = data.setdefault(key, {}) if done == "Insert" else data[key]
        for item, its_done, audit in _items(group, done):
            oid = item.attrib["ItemOID"]
            if its_done == "Remove":
                held_items.pop(oid, None)
                continue
            assert (oid in held_items) == (its_done == "Update"), (oid, its_done)
            held_items[oid] = Value(item.attrib["Value"], audit)
    return odm.attrib.get("PriorFileOID")


def file_oid(file: bytes) -> str:
    """The id of a file."""
    return ET.fromstring(file).attrib["FileOID"]


def _within(held: Group, removed: Group) -> bool:
    """Whether a group goes with what is removed: a form when no group is named, or a group."""
    named = removed if removed.group else removed[:4]
    return held[: len(named)] == named


def _groups(odm: ET.Element) -> Iterator[tuple[Group, ET.Element, str]]:
    """Every group with what is done to it; a form that goes as a whole has no group."""
    for subject in odm.iter(f"{_NS}SubjectData"):
        for day in subject.iter(f"{_NS}StudyEventData"):
            for form in day.iter(f"{_NS}FormData"):
                if form.attrib["FormOID"] == COMPUTED:
                    continue
                at = (
                    subject.attrib["SubjectKey"],
                    day.attrib["StudyEventRepeatKey"],
                    form.attrib["FormOID"],
                    form.get("FormRepeatKey"),
                )
                done = form.get("TransactionType", "Insert")
                if done == "Remove":
                    yield Group(*at, "", None), form, done
                for group in form.iter(f"{_NS}ItemGroupData"):
                    key = Group(*at, group.attrib["ItemGroupOID"], group.get("ItemGroupRepeatKey"))
                    yield key, group, group.get("TransactionType", done)


def _items(group: ET.Element, done: str) -> Iterator[tuple[ET.Element, str, str | None]]:
    """Every item with what is done to it and the change of its audit record."""
    for item in group.iter(f"{_NS}ItemData"):
        yield (
            item,
            item.get("TransactionType", done),
            item.findtext(f"{_NS}AuditRecord/{_NS}SourceID"),
        )


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(_XSD))
