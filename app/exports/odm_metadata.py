"""The study's definitions in ODM, made from the data dictionary.

Aliases name LOINC and CDISC variables. A score may have been given on one of two scales; each of
its values names its unit, and each range check the unit that it is about.
"""

from collections.abc import Iterator, Mapping
from itertools import count

from app.domain.study import Study
from app.exports.dictionary import Alias, Labels, Variable, code_lists, describe
from app.exports.odm_layout import (
    DIARY,
    DOSE,
    DOSES,
    EVENT,
    MISSED,
    RECALLED,
    REPORT,
    STATUS,
    Item,
    Layout,
    words,
)
from app.exports.odm_xml import Element, element, sub, translated, worded

FORMS = {DIARY: (DIARY, RECALLED), DOSES: (DOSE,), REPORT: (REPORT,), MISSED: (MISSED,)}
"""The groups of each form."""
_REPEATING_FORMS = {DIARY, REPORT}
_REPEATING_GROUPS = {RECALLED, DOSE}
_WITHOUT_HEAD = {RECALLED, MISSED}
_DATA_TYPES = {
    **dict.fromkeys(("text", "code", "codes"), "text"),
    **{name: name for name in ("integer", "boolean", "date", "time")},
    "number": "float",
    "instant": "datetime",
    STATUS: "integer",
}
_LENGTHS = {"text": "500", "integer": "10", "float": "12"}


def version_oid(study: Study) -> str:
    """The id of the definitions in force."""
    return f"MDV.{study.version}"


def unit_oid(scale_or_unit: str) -> str:
    """The id of a unit of measurement."""
    return f"MU.{scale_or_unit.replace('/', '_per_')}"


def write_study(layout: Layout) -> Element:
    """Write a study with its one version of definitions."""
    study = layout.study
    top = element("Study", OID=study.id)
    titles = study.title.sentences()
    named = sub(top, "GlobalVariables")
    worded(named, "StudyName", titles.get("en", study.id))
    worded(named, "StudyDescription", " / ".join(titles.values()))
    worded(named, "ProtocolName", study.id)
    basics = sub(top, "BasicDefinitions")
    for name, labels in words()["units"].items():
        unit = sub(basics, "MeasurementUnit", OID=unit_oid(name), Name=labels["en"])
        translated(sub(unit, "Symbol"), labels)
    defined = sub(
        top, "MetaDataVersion", OID=version_oid(study), Name=f"{titles['en']}, {study.version}"
    )
    _events(defined)
    for form, groups in FORMS.items():
        _form(defined, form, groups)
    for group, items in layout.groups.items():
        _group(defined, group, items if group in _WITHOUT_HEAD else (*layout.head, *items))
    for item in layout.items():
        _item(defined, item)
    _code_lists(defined, study)
    return top


def _events(defined: Element) -> None:
    sub(sub(defined, "Protocol"), "StudyEventRef", StudyEventOID=EVENT, Mandatory="No")
    event = sub(
        defined,
        "StudyEventDef",
        OID=EVENT,
        Name=words()["day"]["en"],
        Repeating="Yes",
        Type="Common",
    )
    translated(sub(event, "Description"), words()["day"])
    for number, form in enumerate(FORMS, start=1):
        sub(event, "FormRef", FormOID=f"F.{form}", OrderNumber=str(number), Mandatory="No")


def _form(defined: Element, name: str, groups: tuple[str, ...]) -> None:
    labels = words()["forms"][name]
    repeating = "Yes" if name in _REPEATING_FORMS else "No"
    form = sub(defined, "FormDef", OID=f"F.{name}", Name=labels["en"], Repeating=repeating)
    translated(sub(form, "Description"), labels)
    for number, group in enumerate(groups, start=1):
        sub(
            form,
            "ItemGroupRef",
            ItemGroupOID=f"IG.{group}",
            OrderNumber=str(number),
            Mandatory="No",
        )


def _group(defined: Element, name: str, items: tuple[Item, ...]) -> None:
    labels = words()["groups"][name]
    repeating = "Yes" if name in _REPEATING_GROUPS else "No"
    group = sub(defined, "ItemGroupDef", OID=f"IG.{name}", Name=labels["en"], Repeating=repeating)
    translated(sub(group, "Description"), labels)
    for number, item in enumerate(items, start=1):
        sub(group, "ItemRef", ItemOID=item.oid, OrderNumber=str(number), Mandatory="No")


def _item(defined: Element, item: Item) -> None:
    data_type = _DATA_TYPES[item.type]
    sized = {"Length": _LENGTHS[data_type]} if data_type in _LENGTHS else {}
    if data_type == "float":
        sized["SignificantDigits"] = "4"
    made = sub(defined, "ItemDef", OID=item.oid, Name=item.name, DataType=data_type, **sized)
    variable = item.variable
    scales = variable.scales if variable else ()
    others = [scale for scale in scales if scale.label != item.label]
    for scale in others:  # the question as it is asked on the other scale
        translated(sub(made, "Description"), _plain(scale.label))
    translated(sub(made, "Question"), _plain(item.label))
    if variable is not None:
        for unit in filter(None, (*(scale.scale for scale in scales), variable.unit)):
            sub(made, "MeasurementUnitRef", MeasurementUnitOID=unit_oid(unit))
        _ranges(made, variable)
    if item.codes and item.type != "codes":
        sub(made, "CodeListRef", CodeListOID=f"CL.{item.codes}")
    if variable is not None:
        for context, name in _aliases(variable):
            sub(made, "Alias", Context=context, Name=name)


def _ranges(made: Element, variable: Variable) -> None:
    """Both ends of each range; on a scale, with the unit that it counts in."""
    for scale in variable.scales:
        _range(made, scale.minimum, scale.maximum, unit_oid(scale.scale))
    _range(made, variable.minimum, variable.maximum, None)


def _range(made: Element, least: float | None, most: float | None, unit: str | None) -> None:
    for comparator, bound in (("GE", least), ("LE", most)):
        if bound is not None:
            check = sub(made, "RangeCheck", Comparator=comparator, SoftHard="Hard")
            worded(check, "CheckValue", repr(bound))
            if unit is not None:
                sub(check, "MeasurementUnitRef", MeasurementUnitOID=unit)


def _aliases(variable: Variable) -> Iterator[tuple[str, str]]:
    """Names elsewhere, each in a context of its own, as ODM wants them."""
    for alias in variable.aliases:
        yield alias["system"], _named(alias)
    for scale in variable.scales:
        for alias in scale.aliases:
            yield f"{alias['system']} ({scale.scale})", _named(alias)


def _named(alias: Alias) -> str:
    """A code, or what several variables of a domain are set to."""
    rest = (f"{name}={value}" for name, value in alias.items() if name != "system")
    return alias.get("code") or " ".join(rest)


def _code_lists(defined: Element, study: Study) -> None:
    """Every list of codes; statuses by their number, as flat files give them."""
    numbered: dict[str, Labels] = {
        str(status["number"]): {lang: status[lang] for lang in ("fr", "en")}
        for status in describe(study)["statuses"].values()
    }
    for name, codes in code_lists(study).items():
        _code_list(defined, name, "text", codes)
    _code_list(defined, STATUS, "integer", numbered)


def _code_list(defined: Element, name: str, data_type: str, codes: Mapping[str, Labels]) -> None:
    made = sub(defined, "CodeList", OID=f"CL.{name}", Name=name, DataType=data_type)
    for number, (code, labels) in zip(count(1), codes.items(), strict=False):
        item = sub(made, "CodeListItem", CodedValue=code, OrderNumber=str(number))
        translated(sub(item, "Decode"), labels)


def _plain(labels: Labels) -> Labels:
    """A question as it is asked of anybody: about the affected limb."""
    return {lang: said.replace("{limb}", words()["limb"][lang]) for lang, said in labels.items()}
