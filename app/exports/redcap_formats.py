"""What the REDCap façade answers with, as JSON, CSV or XML; items are written as they come."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from app.exports.flat import Value, text_of, write_row
from app.exports.redcap import INSTANCE

Format = Literal["json", "csv", "xml"]
Item = Mapping[str, Value]

MEDIA = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xml": "text/xml; charset=utf-8",
}
_XML = '<?xml version="1.0" encoding="UTF-8" ?>\n'
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, even escaped."""
_BLOCK = 64 * 1024
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Form:
    """How an answer is written: its format, what XML calls its parts, and the CSV's particulars.

    `numbers` are the members that stay numbers in JSON; REDCap gives all others as text.
    """

    format: Format
    outer: str = "records"
    inner: str = "item"
    delimiter: str = ","
    headings: Mapping[str, str] | None = None
    numbers: frozenset[str] = frozenset({INSTANCE})


def write_items(form: Form, columns: Sequence[str], items: Iterable[Item]) -> Iterator[str]:
    """Write items whose members are these columns, in parts of a good size to send."""
    writers = {"json": _json_parts, "csv": _csv_parts, "xml": _xml_parts}
    return _in_blocks(writers[form.format](form, columns, items))


def write_item(form: Form, item: Item) -> str:
    """Write the one item that an answer consists of."""
    if form.format == "json":
        return _json_item(form, tuple(item), item)
    if form.format == "csv":
        return "".join(_csv_parts(form, tuple(item), [item]))
    return f"{_XML}{_xml_item(form.outer, tuple(item), item)}"


def write_error(format_: Format, sentence: str) -> str:
    """Write a refusal as REDCap does."""
    if format_ == "json":
        return _json({"error": sentence})
    if format_ == "csv":
        return f"ERROR: {sentence}"
    return f"{_XML}{_xml_item('hash', ('error',), {'error': sentence})}"


def _json_parts(form: Form, columns: Sequence[str], items: Iterable[Item]) -> Iterator[str]:
    mark = "["
    for item in items:
        yield f"{mark}{_json_item(form, columns, item)}"
        mark = ","
    yield "[]" if mark == "[" else "]"


def _json_item(form: Form, columns: Sequence[str], item: Item) -> str:
    return _json(
        {name: item[name] if name in form.numbers else text_of(item[name]) for name in columns}
    )


def _csv_parts(form: Form, columns: Sequence[str], items: Iterable[Item]) -> Iterator[str]:
    headings = form.headings or {}
    yield write_row((headings.get(name, name) for name in columns), form.delimiter)
    for item in items:
        yield write_row((item[name] for name in columns), form.delimiter)


def _xml_parts(form: Form, columns: Sequence[str], items: Iterable[Item]) -> Iterator[str]:
    yield f"{_XML}<{form.outer}>\n"
    for item in items:
        yield f"{_xml_item(form.inner, columns, item)}\n"
    yield f"</{form.outer}>"


def _xml_item(name: str, columns: Sequence[str], item: Item) -> str:
    element = etree.Element(name)
    for column in columns:
        etree.SubElement(element, column).text = _NO_XML.sub("\ufffd", text_of(item[column]))
    return etree.tostring(element, encoding="unicode")


def _in_blocks(parts: Iterable[str]) -> Iterator[str]:
    """Join small parts: each one that is sent costs a change of thread."""
    kept: list[str] = []
    size = 0
    for part in parts:
        kept.append(part)
        size += len(part)
        if size >= _BLOCK:
            yield "".join(kept)
            kept, size = [], 0
    yield "".join(kept)
