"""Records in ODM: a diary day as it stands, and a change as a transaction.

Every item carries the audit record of its record's latest version, and so does the record's own
element: the form of a diary or a report, the group of a dose. Only typed items could share one by
reference in 1.3.2, and clients in use do not read those. The values are those of the flat files.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple, Protocol

from lxml import etree

from app.domain.figures import cause_of
from app.domain.records import Kind
from app.domain.trend import TrendDay
from app.exports.flat import Value
from app.exports.odm_layout import (
    DOSE,
    DOSES,
    EVENT,
    GROUP_OF,
    MISSED,
    RECALLED,
    Item,
    Layout,
)
from app.exports.odm_metadata import unit_oid
from app.exports.odm_xml import Element, element, lexical, sub, tag, worded
from app.exports.rows import dose_rows
from app.exports.spread import values_of

_ITEM = tag("ItemData")
DIARY_ITSELF = "diary-service"
"""Who says why a day is missing: no person does."""


class Saved(Protocol):
    """A version as it was sealed; `data` is None for a void, `reason` what was given for it."""

    @property
    def body(self) -> Mapping[str, Any]:
        """The sealed body."""

    @property
    def data(self) -> Mapping[str, Any] | None:
        """The payload, texts under `texts`."""

    @property
    def reason(self) -> str | None:
        """Why the version was saved, if it followed another."""


class Edit(Protocol):
    """A change, and the version of its record that it follows."""

    @property
    def saved(self) -> Saved:
        """What was saved."""

    @property
    def before(self) -> Saved | None:
        """What stood until then; None for a first version."""


class _Key(NamedTuple):
    """Where a group stands within its day."""

    form: str
    form_key: str | None
    group: str
    group_key: str | None

    @property
    def is_record(self) -> bool:
        """Whether the group itself is the record, and not its form."""
        return self.group == DOSE


class _Said(NamedTuple):
    """A value as text that XML can carry, and the unit that it counts in."""

    text: str
    unit: str | None = None


_Groups = Mapping[_Key, Mapping[str, _Said]]


def write_day(
    layout: Layout, on: str, saved: Sequence[Saved], missed: tuple[TrendDay, Element] | None
) -> Element:
    """Write a diary day as it stands: its records, or why it has no diary, with who says so."""
    event = element("StudyEventData", StudyEventOID=EVENT, StudyEventRepeatKey=on)
    forms: dict[tuple[str, str | None], Element] = {}
    for one in saved:
        audit = _audit(one)
        for key, items in _fill(layout, one.body, one.data or {}).items():
            form = forms.get(key[:2])
            if form is None:
                form = forms[key[:2]] = _form(event, key, None if key.is_record else audit)
            _items(_group(form, key, audit if key.is_record else None), items, audit)
    if missed is not None:
        day, audit = missed
        key = _Key(MISSED, None, MISSED, None)
        _items(_group(_form(event, key, audit), key, None), _missed(layout, day), audit)
    return event


def write_edit(layout: Layout, edit: Edit) -> Iterator[Element]:
    """Write a change as transactions: of one diary day, or of two for a dose that moved."""
    saved, before = edit.saved, edit.before
    audit = _audit(saved)
    was: _Groups = {}
    if before is not None and before.data is not None:
        was = _fill(layout, before.body, _as_it_was(before.data))
    if was and before and (saved.data is None or before.body["diary_on"] != saved.body["diary_on"]):
        yield _removed(before.body["diary_on"], was, audit)
        was = {}
    if saved.data is not None:
        event = _event(saved.body["diary_on"], "Upsert")
        _change(event, was, _fill(layout, saved.body, saved.data), audit)
        yield event


def missed_audit(site: str, at: str) -> Element:
    """Who says why a day is missing: the diary itself, when the file was made."""
    return _audit_record(DIARY_ITSELF, site, at)


def _change(event: Element, was: _Groups, now: _Groups, audit: Element) -> None:
    """Write what a version changes of the one before it."""
    left, form = dict(was), None
    for key, items in now.items():
        old = left.pop(key, None)
        if form is None:
            edited = "Upsert" if key.is_record else "Update" if was else "Insert"
            form = _form(event, key, None if key.is_record else audit, edited)
        edited = "Insert" if old is None else "Update"
        group = _group(form, key, audit if key.is_record else None, edited)
        for oid, said in items.items():
            edited = "Update" if old is not None and oid in old else "Insert"
            _item(group, oid, said, audit, edited)
        for oid in old or ():
            if oid not in items:
                _item(group, oid, None, audit, "Remove")
    for key in left:
        if form is not None:
            _group(form, key, audit, "Remove")


def _removed(on: str, was: _Groups, audit: Element) -> Element:
    """Write that a record is no longer there."""
    event = _event(on, "Context")
    key = next(iter(was))
    form = _form(
        event, key, None if key.is_record else audit, "Context" if key.is_record else "Remove"
    )
    if key.is_record:
        _group(form, key, audit, "Remove")
    return event


def _event(on: str, edited: str) -> Element:
    return element(
        "StudyEventData", StudyEventOID=EVENT, StudyEventRepeatKey=on, TransactionType=edited
    )


def _form(event: Element, key: _Key, audit: Element | None, edited: str = "") -> Element:
    form = sub(event, "FormData", FormOID=f"F.{key.form}")
    return _finished(form, "FormRepeatKey", key.form_key, audit, edited)


def _group(form: Element, key: _Key, audit: Element | None, edited: str = "") -> Element:
    group = sub(form, "ItemGroupData", ItemGroupOID=f"IG.{key.group}")
    return _finished(group, "ItemGroupRepeatKey", key.group_key, audit, edited)


def _finished(
    made: Element, name: str, key: str | None, audit: Element | None, edited: str
) -> Element:
    if key is not None:
        made.set(name, key)
    if edited:
        made.set("TransactionType", edited)
    if audit is not None:
        made.append(deepcopy(audit))
    return made


def _items(group: Element, items: Mapping[str, _Said], audit: Element) -> None:
    for oid, said in items.items():
        _item(group, oid, said, audit)


def _item(group: Element, oid: str, said: _Said | None, audit: Element, edited: str = "") -> None:
    attributes = {"ItemOID": oid}
    if edited:
        attributes["TransactionType"] = edited
    if said is not None:
        attributes["Value"] = said.text
    item = etree.SubElement(group, _ITEM, attributes)
    item.append(deepcopy(audit))
    if said is not None and said.unit is not None:
        sub(item, "MeasurementUnitRef", MeasurementUnitOID=said.unit)


def _audit(saved: Saved) -> Element:
    """Who, where, when, why, and the id of the change."""
    body = saved.body
    record = _audit_record(body["actor"]["id"], body["site"], body["received_at"])
    if saved.reason:
        worded(record, "ReasonForChange", saved.reason)
    worded(record, "SourceID", body["change_id"])
    return record


def _audit_record(user: str, site: str, at: str) -> Element:
    record = element("AuditRecord")
    sub(record, "UserRef", UserOID=user)
    sub(record, "LocationRef", LocationOID=site)
    worded(record, "DateTimeStamp", at)
    return record


def _fill(layout: Layout, body: Mapping[str, Any], data: Mapping[str, Any]) -> _Groups:
    """The items of a record by group; what has no value is left out."""
    kind, record_id = Kind(body["kind"]), body["record_id"]
    group = GROUP_OF[kind]
    if kind is Kind.DOSE:
        key = _Key(DOSES, None, group, record_id)
    else:
        key = _Key(group, record_id, group, None)
    scales = [score["scale"] for score in data.get("scores", {}).values()]
    unit = unit_oid(scales[0]) if scales else None
    items = _head(layout, body) | {
        item.oid: _said(item, value, unit)
        for item, value in zip(
            layout.groups[group], values_of(layout.plans[kind], data), strict=True
        )
        if value is not None and (value != "" or item.type == "text")
    }
    if kind is not Kind.DIARY:
        return {key: items}
    return {key: items, **dict(_recalled(layout, key, body, data))}


def _head(layout: Layout, body: Mapping[str, Any]) -> dict[str, _Said]:
    told = {name: body[name] for name in (item.name for item in layout.head)}
    told["flags"] = " ".join(body["flags"]) or None
    return {
        item.oid: _Said(lexical(told[item.name]))
        for item in layout.head
        if told[item.name] is not None
    }


def _recalled(
    layout: Layout, key: _Key, body: Mapping[str, Any], data: Mapping[str, Any]
) -> Iterator[tuple[_Key, dict[str, _Said]]]:
    """What the evening says of each medicine, as it says it; counted from 1."""
    for number, row in enumerate(dose_rows(body, data), start=1):
        said = ((item, row.get(item.name)) for item in layout.groups[RECALLED])
        items = {item.oid: _said(item, value, None) for item, value in said if value is not None}
        yield key._replace(group=RECALLED, group_key=str(number)), items


def _missed(layout: Layout, day: TrendDay) -> dict[str, _Said]:
    own = day.day
    cause = cause_of(own)
    values: tuple[Value, ...] = (
        own.status.value,
        cause.value if cause else None,
        own.is_provisional if cause else None,
    )
    said = zip(layout.groups[MISSED], values, strict=True)
    return {item.oid: _Said(lexical(value)) for item, value in said if value is not None}


def _said(item: Item, value: Value, unit: str | None) -> _Said:
    """A value with its unit: the participant's scale, or the variable's own."""
    variable = item.variable
    if variable is None or value is None:
        return _Said(lexical(value))
    if variable.scales:
        return _Said(lexical(value), unit)
    return _Said(lexical(value), unit_oid(variable.unit) if variable.unit else None)


def _as_it_was(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A version with the texts that were redacted since in their places, empty."""
    return {**data, "texts": {name: text or "" for name, text in data["texts"].items()}}


def days_of(saved: Iterable[Saved]) -> dict[str, list[Saved]]:
    """Records by diary day."""
    days: dict[str, list[Saved]] = {}
    for one in saved:
        days.setdefault(one.body["diary_on"], []).append(one)
    return days
