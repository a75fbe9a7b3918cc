"""ODM elements in the making: names, and text that XML can carry.

XML 1.0 has no place for most control characters, not even escaped. A typed note may hold one; it
stands in ODM as U+FFFD, the replacement character, so that the file is read and the loss is seen.
The change itself, with the character, is in the feed.
"""

import re
from collections.abc import Mapping
from functools import cache

from lxml import etree
from lxml.etree import _Element

from app.exports.flat import Value

ODM = "http://www.cdisc.org/ns/odm/v1.3"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"

Element = _Element

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, **attributes: str) -> Element:
    """Make an element that stands at the top of what is written at once."""
    no_prefix = {None: ODM}
    return etree.Element(tag(name), legal(attributes), nsmap=no_prefix)  # type: ignore[arg-type]


def sub(parent: Element, name: str, **attributes: str) -> Element:
    """Make an element within another."""
    return etree.SubElement(parent, tag(name), legal(attributes))


def worded(parent: Element, name: str, words: str) -> Element:
    """Make an element that holds words."""
    made = sub(parent, name)
    made.text = xml_text(words)
    return made


def translated(parent: Element, labels: Mapping[str, str]) -> None:
    """Say something in every language."""
    for lang, words in labels.items():
        worded(parent, "TranslatedText", words).set(LANG, lang)


def written(made: Element) -> str:
    """An element as text."""
    return etree.tostring(made, encoding="unicode")


def parted(made: Element) -> tuple[str, str]:
    """An element as text in two parts, so that what it holds can be written as it comes."""
    made.text = ""
    whole, end = written(made), f"</{etree.QName(made).localname}>"
    return whole.removesuffix(end), end


def legal(attributes: Mapping[str, str]) -> dict[str, str]:
    """Attributes as XML can carry them."""
    return {name: xml_text(value) for name, value in attributes.items()}


def xml_text(text: str) -> str:
    """A text without what XML 1.0 forbids; each such character is shown as U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", text)


def lexical(value: Value) -> str:
    """A value as XML Schema writes it, unrounded; a text as XML can carry it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return xml_text(value) if isinstance(value, str) else repr(value)


@cache
def tag(name: str) -> str:
    """The name of an element of ODM."""
    return f"{{{ODM}}}{name}"
