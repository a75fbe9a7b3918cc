"""Rows of a REDCap project: one for a participant, and one for each instance of what repeats.

It is a flat projection of what stands now: a correction changes its row, a void takes it away, and
its number is not given to another. Values are those of the flat files; a row is a field's name →
value, and fields of other instruments are empty in it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from app.domain.records import Kind
from app.domain.study import Study
from app.exports.flat import Value, text_of
from app.exports.redcap_project import (
    BASE,
    ELSEWHERE,
    OF_RECORD,
    RECORD_ID,
    Field,
    Project,
    project_of,
)
from app.exports.spread import (
    DAY,
    DOSE,
    DaySpread,
    DoseSpread,
    Saved,
    columns_of,
    day_values,
    dose_values,
    plan_of,
    values_of,
)

INSTRUMENT, INSTANCE = "redcap_repeat_instrument", "redcap_repeat_instance"
EAV = ("record", INSTRUMENT, INSTANCE, "field_name", "value")
BEFORE = 5_000
"""Added to how many days a diary day lies before the first one that was ever registered."""
MOST_MEDICINES = 100
"""Places that a diary day has for the medicines that it recalls."""
_COMPLETE, _INCOMPLETE = 2, 0


class Subject(Protocol):
    """A participant with all that repeats; `numbers` and `ranks` are what instances count by."""

    @property
    def study_code(self) -> str:
        """The record of the project."""

    @property
    def person(self) -> Mapping[str, Value]:
        """State, dates and the rest that does not repeat."""

    @property
    def first_on(self) -> date:
        """The first diary day as it was registered first."""

    @property
    def days(self) -> Iterable[DaySpread]:
        """The diary days."""

    @property
    def doses(self) -> Iterable[DoseSpread]:
        """The doses, logged and recalled."""

    @property
    def reports(self) -> Iterable[Saved]:
        """The reports after sessions."""

    @property
    def sessions(self) -> Mapping[int, Mapping[str, Value]]:
        """The sessions by their number."""

    @property
    def numbers(self) -> Mapping[str, int]:
        """Record id → its place among all that this participant ever had of that kind."""

    @property
    def ranks(self) -> Mapping[tuple[str, str], int]:
        """Diary day and medicine → its place among those that the day's versions ever named."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the project; `instance` is None for what does not repeat."""

    record_id: str
    form: str
    instance: int | None
    values: Mapping[str, Value]


def day_instance(first_on: date, on: date) -> int:
    """The repeat instance of a diary day: 1 for the first one, and never another again."""
    day = (on - first_on).days + 1
    return day if day >= 1 else BEFORE - day


class Projection:
    """How participants of a study become rows of its project."""

    def __init__(self, study: Study) -> None:
        self.project: Project = project_of(study)
        self._fields = {(one.form, one.column): one for one in self.project.fields}
        self._plans = {kind: plan_of(study, kind) for kind in Kind}
        self._columns = {
            kind: tuple(column.name for column in columns_of(plan))
            for kind, plan in self._plans.items()
        }

    def rows(self, subject: Subject) -> Iterator[Row]:
        """Give a participant's rows, by instrument and instance."""
        yield self._row(subject, BASE, None, {RECORD_ID: subject.study_code, **subject.person})
        makers = (self._days, self._doses, self._recalled, self._reports, self._sessions)
        for make in makers:
            yield from sorted(make(subject), key=lambda row: row.instance or 0)

    def _days(self, subject: Subject) -> Iterator[Row]:
        columns = (*DAY, *self._columns[Kind.DIARY])
        for day in subject.days:
            found = _entry(zip(columns, day_values(self._plans[Kind.DIARY], day), strict=True))
            instance = day_instance(subject.first_on, day.trend.day.diary_on)
            is_complete = found["entry_status"] == "complete"
            yield self._row(subject, "diary", instance, found, is_complete=is_complete)

    def _doses(self, subject: Subject) -> Iterator[Row]:
        for dose in subject.doses:
            if dose.saved.body["kind"] == Kind.DOSE:
                number = subject.numbers[dose.saved.body["record_id"]]
                yield self._row(subject, "dose", number, self._dose(dose))

    def _recalled(self, subject: Subject) -> Iterator[Row]:
        """One row for each medicine of an evening, its units by part of the day."""
        found: dict[int, dict[str, Value]] = {}
        for dose in subject.doses:
            body = dose.saved.body
            if body["kind"] != Kind.DIARY:
                continue
            said, on = self._dose(dose), body["diary_on"]
            rank = subject.ranks[on, dose.data["medicine"]["medicine_id"]]
            day = day_instance(subject.first_on, date.fromisoformat(on))
            values = found.setdefault(MOST_MEDICINES * day + rank, dict(said))
            part = f"units_{said['taken_part']}"
            values[part] = _number(values.get(part)) + _number(said["units"])
        form = "recalled_dose"
        for instance, values in found.items():
            has = {name: v for name, v in values.items() if (form, name) in self._fields}
            yield self._row(subject, form, instance, has)

    def _reports(self, subject: Subject) -> Iterator[Row]:
        kind = Kind.SESSION_REPORT
        for saved in subject.reports:
            values = values_of(self._plans[kind], saved.data)
            found: dict[str, Value] = {name: saved.body[name] for name in OF_RECORD}
            found["late"] = saved.body["lateness"] == "late"
            found |= zip(self._columns[kind], values, strict=True)
            number = subject.numbers[saved.body["record_id"]]
            yield self._row(subject, kind.value, number, _entry(found.items()))

    def _sessions(self, subject: Subject) -> Iterator[Row]:
        for number, values in subject.sessions.items():
            yield self._row(subject, "session", number, values)

    def _dose(self, dose: DoseSpread) -> dict[str, Value]:
        columns = (*DOSE, *self._columns[Kind.DOSE])
        return _entry(zip(columns, dose_values(self._plans[Kind.DOSE], dose), strict=True))

    def _row(
        self,
        subject: Subject,
        form: str,
        instance: int | None,
        columns: Mapping[str, Value],
        *,
        is_complete: bool = True,
    ) -> Row:
        """Name the values as REDCap does; a column without a field is a fault."""
        values: dict[str, Value] = {}
        for column, value in columns.items():
            one = self._fields[form, column]
            values[one.name] = _instant(value) if one.is_instant else value
        values[self._fields[form, "complete"].name] = _COMPLETE if is_complete else _INCOMPLETE
        return Row(subject.study_code, form, instance, values)


def forms_of(chosen: Iterable[Field]) -> frozenset[str]:
    """The instruments whose rows are wanted for these fields."""
    return frozenset(one.form for one in chosen if one.name != RECORD_ID) or frozenset({BASE})


def flat_columns(chosen: Collection[Field]) -> tuple[str, ...]:
    """The columns of flat rows; REDCap says which instance a row is beside the record's id."""
    names = [one.name for one in chosen]
    if RECORD_ID not in names:
        return tuple(names)
    rest = [name for name in names if name != RECORD_ID]
    return (RECORD_ID, INSTRUMENT, INSTANCE, *rest)


def flat_items(
    project: Project, chosen: Collection[Field], rows: Iterable[Row], *, is_labelled: bool
) -> Iterator[dict[str, Value]]:
    """Rows of these fields, as codes or in words."""
    columns, show = flat_columns(chosen), _Shown(project, chosen, is_labelled=is_labelled)
    for row in rows:
        item = dict.fromkeys(columns, "") | show.values(row)
        if RECORD_ID in item:
            item |= {RECORD_ID: row.record_id, **show.place(row)}
        yield item


def eav_items(
    project: Project, chosen: Collection[Field], rows: Iterable[Row], *, is_labelled: bool
) -> Iterator[dict[str, Value]]:
    """One item for each value that is there."""
    show = _Shown(project, chosen, is_labelled=is_labelled)
    for row in rows:
        for name, value in show.values(row).items():
            if text_of(value):
                where = {"record": row.record_id, **show.place(row)}
                yield {**where, "field_name": name, "value": value}


class _Shown:
    """How the values of some fields are shown."""

    def __init__(self, project: Project, chosen: Collection[Field], *, is_labelled: bool) -> None:
        self._forms = project.forms
        self._fields = {one.name: one for one in chosen}
        self._is_labelled = is_labelled

    def values(self, row: Row) -> dict[str, Value]:
        found = {name: value for name, value in row.values.items() if name in self._fields}
        if not self._is_labelled:
            return found
        return {name: self._worded(name, value) for name, value in found.items()}

    def place(self, row: Row) -> dict[str, Value]:
        """Which instance of which instrument a row is; both empty for what does not repeat."""
        if row.instance is None:
            return {INSTRUMENT: "", INSTANCE: ""}
        form = self._forms[row.form] if self._is_labelled else row.form
        return {INSTRUMENT: form, INSTANCE: row.instance}

    def _worded(self, name: str, value: Value) -> Value:
        return self._fields[name].choices.get(text_of(value), value)


def _entry(columns: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """Columns of a flat file under the names that a record of REDCap leaves free."""
    return {
        "entry_id" if name == RECORD_ID else name: value
        for name, value in columns
        if name not in ELSEWHERE
    }


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _instant(value: Value) -> Value:
    """An instant as REDCap writes one: seconds, no zone; it stays UTC."""
    return value[:19].replace("T", " ") if isinstance(value, str) else value
