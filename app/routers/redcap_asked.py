"""What a request to the REDCap façade asks for: REDCap's parameters, read strictly.

A parameter that is not known, or that the façade does not heed, is refused by name: a filter that
was ignored would answer with everything. The sentences are REDCap's where REDCap has one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.domain.diary_day import zone_named
from app.exports.redcap_formats import Format

Pairs = Iterable[tuple[str, str]]

_LISTS = frozenset({"records", "fields", "forms", "events", "arms"})
_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2})?)?")
_LISTED = re.compile(r"(\w+)\[\w*\]")
_ALWAYS = frozenset({"token", "content", "format", "returnFormat", "action"})
_FLAGS = frozenset(
    {"exportCheckboxLabel", "exportSurveyFields", "exportDataAccessGroups"}
    | {"exportBlankForGrayFormStatus"}
)
"""Parameters that a project without checkboxes, surveys and groups heeds whatever they say."""
PARAMETERS: Mapping[str, frozenset[str]] = {
    "record": _FLAGS
    | {"type", "records", "fields", "forms", "events", "rawOrLabel", "rawOrLabelHeaders"}
    | {"eventName", "filterLogic", "dateRangeBegin", "dateRangeEnd", "csvDelimiter"}
    | {"decimalCharacter"},
    "metadata": frozenset({"fields", "forms"}),
    "exportFieldNames": frozenset({"field"}),
    "log": frozenset({"logtype", "user", "record", "dag", "beginTime", "endTime", "csvDelimiter"}),
    "instrument": frozenset(),
    "project": frozenset(),
    "version": frozenset(),
    "repeatingFormsEvents": frozenset(),
    "formEventMapping": frozenset({"arms"}),
    "arm": frozenset({"arms"}),
    "event": frozenset({"arms"}),
}
"""What can be asked for, and the parameters that go with it."""
_CHOICES: Mapping[str, Mapping[str, str]] = {
    "format": {"json": "json", "csv": "csv", "xml": "xml", "": "xml"},
    "type": {"flat": "flat", "eav": "eav", "": "flat"},
    "rawOrLabel": {"raw": "raw", "label": "label", "": "raw"},
    "rawOrLabelHeaders": {"raw": "raw", "label": "label", "": "raw"},
    "eventName": {"label": "label", "unique": "unique", "": "label"},
    "csvDelimiter": {",": ",", ";": ";", "|": "|", "^": "^", "tab": "\t", "\t": "\t", "": ","},
    "decimalCharacter": {".": ".", "": "."},
    "dag": {"": ""},
    **{flag: {"true": "1", "1": "1", "false": "0", "0": "0", "": "0"} for flag in _FLAGS},
}
LOG_OPS: Mapping[str, tuple[str, ...] | None] = {
    "": None,
    "record": None,
    "record_add": ("create",),
    "record_edit": ("correct", "void", "redact"),
}
"""The kinds of change that a REDCap log is asked for; None: all that there are."""


class Refused(Exception):
    """A request that REDCap would refuse: its sentence, and the status that goes with it."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence, self.status = sentence, status


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was read: single values by name, and lists by name (None: not sent)."""

    content: str
    format: Format
    single: Mapping[str, str]
    listed: Mapping[str, tuple[str, ...]]

    def choice(self, name: str) -> str:
        """One of the values that a parameter may have; refused when it is none."""
        return _choice(name, self.single.get(name, ""))

    def chosen(self, name: str, known: Iterable[str]) -> tuple[str, ...] | None:
        """The values of a list, all of them known; None when it was not sent."""
        sent = self.listed.get(name)
        if sent is None:
            return None
        strayed = sorted(set(sent) - set(known))
        if strayed:
            named = ", ".join(f"'{value}'" for value in strayed)
            raise Refused(f'The following values in the parameter "{name}" are not valid: {named}')
        return sent

    def range(self, first: str, last: str, tz: str) -> tuple[datetime | None, datetime | None]:
        """Two instants by the study's clock; of an hour that comes twice, whatever is wider."""
        begin = _instant(first, self.single.get(first, ""), tz, fold=0)
        end = _instant(last, self.single.get(last, ""), tz, fold=1)
        if begin and end and end < begin:
            raise Refused(_invalid(last))
        return begin, end


def error_format(pairs: Sequence[tuple[str, str]]) -> Format:
    """The format in which a refusal is written: `returnFormat`, else `format`, else XML."""
    sent = dict(pairs)
    wanted = sent.get("returnFormat") or sent.get("format")
    return "json" if wanted == "json" else "csv" if wanted == "csv" else "xml"


def require_reading(pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse what would write: nothing clinical comes in through this door."""
    sent = dict(pairs)
    if sent.get("action") == "delete":
        raise Refused("You do not have Delete Record privileges", 403)
    if "data" in sent or "file" in sent or sent.get("action", "") not in ("", "export"):
        raise Refused("You do not have API Import/Update privileges", 403)


def read_asked(pairs: Sequence[tuple[str, str]]) -> Asked:
    """Read a request, or raise Refused naming the first parameter at fault."""
    content = dict(pairs).get("content", "")
    if content not in PARAMETERS:
        raise Refused(_invalid("content"))
    known = PARAMETERS[content] | _ALWAYS
    single: dict[str, str] = {}
    listed: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        indexed = _LISTED.fullmatch(name)
        plain = indexed[1] if indexed else name
        if "\0" in value:
            raise Refused(_invalid(plain))
        if plain not in known or (indexed and plain not in _LISTS):
            raise Refused(f'The parameter "{name}" is not supported')
        if plain in _LISTS:
            values = [value] if indexed else value.split(",")
            stripped = tuple(one.strip() for one in values if one.strip())
            if stripped:
                listed[plain] = (*listed.get(plain, ()), *stripped)
        elif plain in single:
            raise Refused(_invalid(name))
        else:
            single[plain] = value
    if single.get("filterLogic"):
        raise Refused('The parameter "filterLogic" is not supported')
    return Asked(content, _format(single), _checked(single), listed)


def _checked(single: Mapping[str, str]) -> Mapping[str, str]:
    """Look at every choice, also at one that this answer does not need."""
    for name, value in single.items():
        if name in _CHOICES:
            _choice(name, value)
    if single.get("returnFormat"):
        _choice("format", single["returnFormat"], "returnFormat")
    return single


def _format(single: Mapping[str, str]) -> Format:
    found: Any = _choice("format", single.get("format", ""))
    chosen: Format = found
    return chosen


def _choice(of: str, value: str, name: str = "") -> str:
    allowed = _CHOICES[of]
    found = allowed.get(value.lower() if of in _FLAGS else value)
    if found is None:
        raise Refused(_invalid(name or of))
    return found


def _invalid(name: str) -> str:
    return f'The value of the parameter "{name}" is not valid'


def _instant(name: str, value: str, tz: str, fold: int) -> datetime | None:
    if not value.strip():
        return None
    if not _WRITTEN.fullmatch(value.strip()):
        raise Refused(_invalid(name))
    try:
        found = datetime.fromisoformat(value.strip())
        return found.replace(tzinfo=zone_named(tz), fold=fold).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(_invalid(name)) from None
