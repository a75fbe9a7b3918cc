"""Reading back the diaries of an ODM snapshot, one after the other, whatever its size."""

from collections.abc import Iterator
from typing import IO

from lxml import etree

from app.exports.odm_layout import DIARY
from app.exports.odm_xml import Element, tag

Values = dict[str, str]


def read_diaries(file: IO[bytes]) -> Iterator[tuple[str, Values]]:
    """Give each diary's record and its values by name; ValueError for what is no XML.

    Nothing outside the file is read, and no entity of its own is resolved.
    """
    forms = etree.iterparse(
        file, tag=tag("FormData"), resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        for _, form in forms:
            if form.get("FormOID") == f"F.{DIARY}":
                group = form.find(f"{tag('ItemGroupData')}[@ItemGroupOID='IG.{DIARY}']")
                items = () if group is None else group.findall(tag("ItemData"))
                said = {i.get("ItemOID", "").rpartition(".")[2]: i.get("Value", "") for i in items}
                yield form.get("FormRepeatKey", ""), said
            _let_go(form)
    except etree.XMLSyntaxError as fault:
        raise ValueError("no XML") from fault


def _let_go(form: Element) -> None:
    """Forget a form, and the days before it that were read."""
    form.clear()
    day = form.getparent()
    for done in (form, day):
        while done is not None and done.getprevious() is not None:
            holder = done.getparent()
            if holder is None:
                break
            del holder[0]
