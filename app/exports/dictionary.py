"""The data dictionary: every variable that leaves the diary, where it stands and what it means.

It is made from the study definition, and from the words beside it that no study sets. Names are
stable: they are the columns of every flat format. Nothing clinical is computed here.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.domain.records import SCALE_MAX, Kind
from app.domain.study import Choice, Item, Study, Text, Zone

Labels = Mapping[str, str]
Alias = Mapping[str, str]

LOINC = {"vas100": "38214-3", "nrs11": "72514-3"}
SCALE_UNITS = {"vas100": "points of 100", "nrs11": "points of 10"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnScale:
    """A score's range on one scale, with the question asked on it if that differs by scale."""

    scale: str
    minimum: int
    maximum: int
    unit: str
    label: Labels
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One value of a payload: `path` leads to it in `data`, `status` to why it may not be there.

    `member` asks whether the list at `path` holds that code. `asked` is false for what this study
    leaves out. `codes` names a code list.
    """

    name: str
    kind: Kind
    path: str
    type: str
    label: Labels
    status: str | None = None
    member: str | None = None
    codes: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    unit: str | None = None
    scales: tuple[OnScale, ...] = ()
    aliases: tuple[Alias, ...] = ()
    asked: bool = True


def describe(study: Study) -> dict[str, Any]:
    """The whole dictionary of a study, ready for JSON."""
    return {
        "study": {"id": study.id, "title": _labels(study.title), "languages": study.languages},
        "form_versions": {"current": study.version, "accepted": study.accepted_versions},
        "zone_set": study.zone_set.version,
        "formulary": study.formulary.version,
        "statuses": _words()["statuses"],
        "codes": code_lists(study),
        "members": _words()["members"],
        "columns": _words()["columns"],
        "variables": [_shown(variable) for variable in variables(study)],
    }


def variables(study: Study) -> tuple[Variable, ...]:
    """Every variable, by kind of record, in the order in which the diary asks."""
    found = (
        *(_pain(item) for item in study.items),
        _gate(study),
        *_triggers(study),
        *_zones((*study.zone_set.hand, *study.zone_set.foot)),
        *_symptoms(study),
        *_fixed(),
    )
    kinds = list(Kind)
    return tuple(sorted(found, key=lambda variable: kinds.index(variable.kind)))


def statuses() -> dict[str, int]:
    """The number of each answer's status, as flat files give it."""
    return {status: row["number"] for status, row in _words()["statuses"].items()}


def code_lists(study: Study) -> dict[str, dict[str, Labels]]:
    """Every list of codes by name: code → words."""
    gate, medicines, formulary = study.gate, study.medicines, study.formulary
    zones = (*study.zone_set.hand, *study.zone_set.foot)
    return {
        **_words()["codes"],
        "allodynia": _lists(yes=gate.yes, no=gate.no, avoided=gate.avoided),
        "zone": {zone.code: _labels(zone.label) for zone in zones},
        "severity": _choices(study.session_report.severities),
        "reason": _choices(medicines.reasons),
        "part": _choices(medicines.parts),
        "taking": _lists(
            as_prescribed=medicines.as_prescribed,
            differently=medicines.differently,
            not_taken=medicines.not_taken,
        ),
        "patch": _lists(applied=medicines.patch_applied, removed=medicines.patch_removed),
        "unit": {code: _labels(words.one) for code, words in formulary.units.items()},
        "route": {code: _labels(label) for code, label in formulary.routes.items()},
    }


def _pain(item: Item) -> Variable:
    return Variable(
        name=item.code,
        kind=Kind.DIARY,
        path=f"scores.{item.code}.value",
        status=f"scores.{item.code}.status",
        type="integer",
        label=_labels(item.vas100),
        scales=tuple(
            OnScale(
                scale=scale,
                minimum=0,
                maximum=maximum,
                unit=SCALE_UNITS[scale],
                label=_labels(item.vas100 if scale == "vas100" else item.nrs11),
                aliases=_pain_aliases(item.code, scale),
            )
            for scale, maximum in SCALE_MAX.items()
        ),
        asked=item.on,
    )


def _pain_aliases(code: str, scale: str) -> tuple[Alias, ...]:
    """LOINC of the scale, and CDISC's Findings About: severity of pain over the last 24 hours."""
    findings = {"system": "CDISC FA", "FATESTCD": "SEV", "FAOBJ": "PAIN", "FAMETHOD": scale}
    if code != "pain_now":
        findings["FAEVLINT"] = "-P24H"
    return {"system": "LOINC", "code": LOINC[scale]}, findings


def _gate(study: Study) -> Variable:
    return Variable(
        name="allodynia",
        kind=Kind.DIARY,
        path="allodynia.value",
        status="allodynia.status",
        type="code",
        codes="allodynia",
        label=_labels(study.gate.question),
    )


def _triggers(study: Study) -> Iterable[Variable]:
    for trigger in study.triggers:
        label = _labels(trigger.label)
        yield Variable(
            name=trigger.code,
            kind=Kind.DIARY,
            path=f"triggers.{trigger.code}.value",
            status=f"triggers.{trigger.code}.status",
            type="integer",
            label=label,
            scales=tuple(
                OnScale(scale=scale, minimum=0, maximum=top, unit=SCALE_UNITS[scale], label=label)
                for scale, top in SCALE_MAX.items()
            ),
            asked=trigger.on,
        )


def _zones(zones: Iterable[Zone]) -> Iterable[Variable]:
    for zone in zones:
        yield Variable(
            name=f"zone_{zone.code.replace('.', '_')}",
            kind=Kind.DIARY,
            path="zones.codes",
            member=zone.code,
            status="zones.status",
            type="boolean",
            label=_labels(zone.label),
        )


def _symptoms(study: Study) -> Iterable[Variable]:
    for symptom in (*study.session_report.items, *study.session_report.weekly_items):
        yield Variable(
            name=symptom.code,
            kind=Kind.SESSION_REPORT,
            path=f"items.{symptom.code}",
            type="code",
            codes="severity",
            label=_labels(symptom.label),
        )


def _fixed() -> Iterable[Variable]:
    """The variables that every study has."""
    for row in _words()["variables"]:
        rest = {key: value for key, value in row.items() if key not in ("fr", "en", "alias")}
        alias = row.get("alias")
        yield Variable(
            **{**rest, "kind": Kind(row["kind"])},
            label={"fr": row["fr"], "en": row["en"]},
            aliases=({"system": "CDISC CM", "code": alias},) if alias else (),
        )


def _shown(variable: Variable) -> dict[str, Any]:
    """A variable without the members that say nothing about it."""
    return {name: value for name, value in asdict(variable).items() if value not in (None, ())}


def _labels(text: Text) -> dict[str, str]:
    """A sentence in each language, without the marks of bold words."""
    return {lang: words.replace("**", "") for lang, words in text.sentences().items()}


def _choices(choices: Iterable[Choice]) -> dict[str, Labels]:
    return {choice.code: _labels(choice.label) for choice in choices}


def _lists(**texts: Text) -> dict[str, Labels]:
    return {code: _labels(text) for code, text in texts.items()}


@cache
def _words() -> dict[str, Any]:
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        return tomllib.load(file)
