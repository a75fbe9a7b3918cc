"""The study as a REDCap project: its instruments, its fields and their data dictionary.

The project is classic (no events), without checkboxes, surveys or data access groups. A field of a
diary day has the name of its column in `entries.csv`; REDCap wants names that no two instruments
share, so all others begin with their instrument's. Words are in the study's first language.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from app.domain.records import PARTS, Kind
from app.domain.study import Study
from app.exports.dictionary import Variable, code_lists, describe
from app.exports.flat import Value
from app.exports.spread import columns_of, plan_of

RECORD_ID = "record_id"
BASE = "participant"
"""The instrument that does not repeat."""
METADATA = (
    *("field_name", "form_name", "section_header", "field_type", "field_label"),
    *("select_choices_or_calculations", "field_note", "text_validation_type_or_show_slider_number"),
    *("text_validation_min", "text_validation_max", "identifier", "branching_logic"),
    *("required_field", "custom_alignment", "question_number", "matrix_group_name"),
    *("matrix_ranking", "field_annotation"),
)
"""The columns of REDCap's data dictionary."""
_LANGUAGES = {"fr": "French", "en": "English"}
_VALIDATIONS = {
    "integer": "integer",
    "number": "number",
    "date": "date_ymd",
    "time": "time_hh_mm_ss",
    "instant": "datetime_seconds_ymd",
}
ELSEWHERE = frozenset({"study_code", "site", "stated_in"})
"""Columns of the flat files that a row's record and instrument say already."""
OF_RECORD = (
    *("diary_on", "record_id", "version", "form_version"),
    *("observed_at", "saved_at", "received_at", "tz"),
)
"""What stands before a report's answers, as members of its sealed body."""
_RECALLED_HEAD = ("diary_on", "record_id", "version", "late")
_RECALLED = ("medicine", "atc", "strength", "role", "unit", "route", "ug_per_h", "taken_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of the project; `column` is what the flat files call it. Choices: code → words."""

    form: str
    column: str
    type: str
    label: str
    choices: Mapping[str, str] = field(default_factory=dict)
    validation: str = ""
    minimum: str = ""
    maximum: str = ""
    note: str = ""
    annotation: str = ""

    @property
    def name(self) -> str:
        """The name by which REDCap knows it."""
        is_plain = self.column == RECORD_ID or (self.form == "diary" and not self.is_completion)
        return self.column if is_plain else f"{self.form}_{self.column}"

    @property
    def is_instant(self) -> bool:
        """Whether its values are instants."""
        return self.validation == _VALIDATIONS["instant"]

    @property
    def is_completion(self) -> bool:
        """Whether it says that the instrument is complete; the dictionary leaves it out."""
        return self.type == "complete"


@dataclass(frozen=True, slots=True)
class Project:
    """The project: labels of the instruments by name, and all fields in their order."""

    title: str
    notes: str
    language: str
    forms: Mapping[str, str]
    fields: tuple[Field, ...]


def project_of(study: Study) -> Project:
    """Describe a study as a REDCap project."""
    words = _Words(study)
    forms = {name: words.say(label) for name, label in _toml()["forms"].items()}
    fields: list[Field] = []
    for form in forms:
        fields += _FORMS[form](study, words)
        fields.append(words.completion(form))
    title, notes = words.say(study.title.sentences()), words.say(_toml()["notes"])
    return Project(title, notes, words.lang, forms, tuple(fields))


def metadata_items(project: Project, chosen: Iterable[Field]) -> Iterator[Mapping[str, Value]]:
    """The data dictionary's row of each of these fields."""
    for one in chosen:
        if one.is_completion:
            continue
        choices = {} if one.type == "yesno" else one.choices
        yield dict.fromkeys(METADATA, "") | {
            "field_name": one.name,
            "form_name": one.form,
            "field_type": one.type,
            "field_label": one.label,
            "select_choices_or_calculations": " | ".join(
                f"{code}, {words.replace('|', '/')}" for code, words in choices.items()
            ),
            "field_note": one.note,
            "text_validation_type_or_show_slider_number": one.validation,
            "text_validation_min": one.minimum,
            "text_validation_max": one.maximum,
            "identifier": "y" if one.type == "notes" else "",
            "field_annotation": one.annotation,
        }


def field_name_items(fields: Iterable[Field]) -> Iterator[Mapping[str, Value]]:
    """The names under which fields are exported; the same, for there are no checkboxes."""
    for one in fields:
        yield {
            "original_field_name": one.name,
            "choice_value": "",
            "export_field_name": one.name,
        }


def instrument_items(project: Project) -> Iterator[Mapping[str, Value]]:
    """The instruments."""
    for name, label in project.forms.items():
        yield {"instrument_name": name, "instrument_label": label}


def repeating_items(project: Project) -> Iterator[Mapping[str, Value]]:
    """The instruments that repeat, as REDCap says it of a classic project."""
    for name in project.forms:
        if name != BASE:
            yield {"form_name": name, "custom_form_label": ""}


def project_item(project: Project) -> Mapping[str, Value]:
    """What REDCap says of a project as a whole; numbers are 0 and 1 for no and yes."""
    return {
        "project_id": 1,
        "project_title": project.title,
        "creation_time": "",
        "production_time": "",
        "in_production": 1,
        "project_language": _LANGUAGES.get(project.language, project.language),
        "purpose": 2,  # research
        "purpose_other": "",
        "project_notes": project.notes,
        "custom_record_label": "",
        "secondary_unique_field": "",
        "is_longitudinal": 0,
        "has_repeating_instruments_or_events": 1,
        "surveys_enabled": 0,
        "scheduling_enabled": 0,
        "record_autonumbering_enabled": 0,
        "randomization_enabled": 0,
        "ddp_enabled": 0,
        "project_irb_number": "",
        "project_grant_number": "",
        "project_pi_firstname": "",
        "project_pi_lastname": "",
        "display_today_now_button": 0,
        "missing_data_codes": "",
        "external_modules": "",
        "bypass_branching_erase_field_prompt": 0,
    }


class _Words:
    """The words of a project: labels and code lists in one language."""

    def __init__(self, study: Study) -> None:
        self.lang = study.languages[0]
        told = describe(study)
        self.columns, self.members = told["columns"], told["members"]
        self.statuses = {str(row["number"]): self.say(row) for row in told["statuses"].values()}
        lists = {**code_lists(study), **_toml()["codes"]}
        self.codes = {
            name: {code: self.say(words) for code, words in codes.items()}
            for name, codes in lists.items()
        }

    def say(self, words: Mapping[str, Any]) -> str:
        """A sentence in the project's language; REDCap takes what is in braces for a field."""
        limb = _toml()["limb"]
        told, named = (one.get(self.lang) or one["en"] for one in (words, limb))
        return str(told).replace("{limb}", named)

    def completion(self, form: str) -> Field:
        """The field that says whether an instrument is complete."""
        choices = self.codes["complete"]
        return Field(
            form=form, column="complete", type="complete", label="Complete?", choices=choices
        )

    def plain(self, form: str, rows: Mapping[str, Mapping[str, str]]) -> list[Field]:
        """The fields of columns that are no variable of the study, by their names."""
        return [
            self._plain(form, "entry_id" if name == RECORD_ID else name, row)
            for name, row in rows.items()
            if form == BASE or name not in ELSEWHERE
        ]

    def answers(self, form: str, plan: Iterable[Variable]) -> list[Field]:
        """The fields of variables and of their statuses."""
        return [
            self._status(form, column.name, column.variable)
            if column.is_status
            else self._answer(form, column.variable)
            for column in columns_of(tuple(plan))
        ]

    def units(self, form: str, part: str, variable: Variable) -> Field:
        """How many units were recalled for one part of the day."""
        label = f"{self.say(variable.label)} — {self.codes['part'][part]}"
        return Field(
            form=form, column=f"units_{part}", type="text", label=label, validation="number"
        )

    def _plain(self, form: str, name: str, row: Mapping[str, str]) -> Field:
        return Field(
            form=form,
            column=name,
            type=_type(row["type"]),
            label=self.say(row),
            validation=_VALIDATIONS.get(row["type"], ""),
            note=row.get("unit", ""),
            choices=self._choices(row["type"], row.get("codes")),
        )

    def _status(self, form: str, name: str, variable: Variable) -> Field:
        of = _toml()["zones"] if variable.member else variable.label
        label = f"{self.say(_toml()['status'])} — {self.say(of)}"
        return Field(form=form, column=name, type="radio", label=label, choices=self.statuses)

    def _answer(self, form: str, variable: Variable) -> Field:
        lows = [variable.minimum, *(scale.minimum for scale in variable.scales)]
        tops = [variable.maximum, *(scale.maximum for scale in variable.scales)]
        ranges = (f"{on.scale}: {on.minimum}–{on.maximum}" for on in variable.scales)
        return Field(
            form=form,
            column=variable.name,
            type="notes" if variable.path.startswith("texts.") else _type(variable.type),
            label=self.say(variable.label),
            validation=_VALIDATIONS.get(variable.type, ""),
            minimum=_bound(min, lows),
            maximum=_bound(max, tops),
            note=" · ".join([*ranges, *([variable.unit] if variable.unit else [])]),
            annotation=_aliases(variable),
            choices=self._choices(variable.type, variable.codes),
        )

    def _choices(self, kind: str, codes: str | None) -> Mapping[str, str]:
        if kind == "boolean":
            return self.codes["yesno"]
        return self.codes[codes] if kind == "code" and codes else {}


def _participant(study: Study, words: _Words) -> list[Field]:
    key = Field(form=BASE, column=RECORD_ID, type="text", label=words.say(_toml()["key"]))
    return [key, *words.plain(BASE, _toml()["fields"][BASE])]


def _diary(study: Study, words: _Words) -> list[Field]:
    head = words.plain("diary", words.columns["entries.csv"])
    return [*head, *words.answers("diary", plan_of(study, Kind.DIARY))]


def _dose(study: Study, words: _Words) -> list[Field]:
    head = words.plain("dose", words.columns["doses.csv"])
    return [*head, *words.answers("dose", plan_of(study, Kind.DOSE))]


def _recalled_dose(study: Study, words: _Words) -> list[Field]:
    form, plan = "recalled_dose", {v.name: v for v in plan_of(study, Kind.DOSE)}
    head = words.plain(form, {name: words.columns["doses.csv"][name] for name in _RECALLED_HEAD})
    units = [words.units(form, part, plan["units"]) for part in PARTS]
    said = words.answers(form, (plan[name] for name in (*_RECALLED, "reason")))
    return [*head, *said, *units]


def _session_report(study: Study, words: _Words) -> list[Field]:
    form = "session_report"
    plan = plan_of(study, Kind.SESSION_REPORT)
    said = {name: words.members[name] for name in OF_RECORD}
    late = {"late": words.columns["doses.csv"]["late"]}
    return [*words.plain(form, said | late), *words.answers(form, plan)]


def _session(study: Study, words: _Words) -> list[Field]:
    return words.plain("session", _toml()["fields"]["session"])


_FORMS = {
    BASE: _participant,
    "diary": _diary,
    "dose": _dose,
    "recalled_dose": _recalled_dose,
    "session_report": _session_report,
    "session": _session,
}


def _type(kind: str) -> str:
    return {"boolean": "yesno", "code": "radio"}.get(kind, "text")


def _bound(pick: Any, bounds: Iterable[float | None]) -> str:
    known = [bound for bound in bounds if bound is not None]
    return f"{pick(known):g}" if known else ""


def _aliases(variable: Variable) -> str:
    named = [*variable.aliases, *(alias for on in variable.scales for alias in on.aliases)]
    return ", ".join(f"{alias['system']} {alias['code']}" for alias in named if "code" in alias)


@cache
def _toml() -> dict[str, Any]:
    with Path(__file__).with_name("redcap.toml").open("rb") as file:
        return tomllib.load(file)
