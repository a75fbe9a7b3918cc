"""Flat files for the trial database: a row for each participant and diary day, a row for each dose.

Missed days have their row too: a file that leaves them out hides what is missing. Columns are the
variables of the dictionary, in its order; a value is empty unless answered, and `<variable>_st` is
the number of its status. Zones are a column each, all empty when they were not asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from app.domain.figures import FACTOR_TABLE, DailyMme, DayNumbers, cause_of
from app.domain.records import AnswerStatus, Kind
from app.domain.study import Study
from app.domain.trend import TrendDay
from app.exports.dictionary import Variable, statuses, variables
from app.exports.flat import Value, write_row

DAY = (
    *("study_code", "site", "diary_on", "study_day", "dy", "session_no", "days_since_session"),
    *("entry_status", "missing_cause", "missing_provisional", "late", "corrected", "helper"),
    *("record_id", "version", "form_version", "scale", "tz"),
    *("observed_at", "saved_at", "received_at"),
    *("mme", "mme_status", "mme_table"),
)
"""What stands before the variables of a day."""
DOSE = (
    *("study_code", "site", "diary_on", "record_id", "version", "form_version"),
    *("observed_at", "saved_at", "received_at", "tz", "late", "recalled", "stated_in"),
)
"""What stands before the variables of a dose; `stated_in` is the kind of record that says it."""
_SPREAD = frozenset({"list", "object"})
"""Types that no cell can hold: recalled medicines are rows of the doses."""


class Saved(Protocol):
    """A version as it was sealed: its body, and its payload with its texts."""

    @property
    def body(self) -> Mapping[str, Any]:
        """The sealed body."""

    @property
    def data(self) -> Mapping[str, Any]:
        """The payload, texts under `texts`."""


class DaySpread(Protocol):
    """One diary day of a participant, with the entry if there is one."""

    @property
    def study_code(self) -> str:
        """Whose day."""

    @property
    def site(self) -> str:
        """At which site."""

    @property
    def trend(self) -> TrendDay:
        """What the day came to."""

    @property
    def numbers(self) -> DayNumbers:
        """Its numbers."""

    @property
    def mme(self) -> DailyMme | None:
        """Its morphine equivalents, once the date is over."""

    @property
    def saved(self) -> Saved | None:
        """Its entry."""


class DoseSpread(Protocol):
    """One dose, logged or recalled in the evening; `data` is as a logged one's."""

    @property
    def saved(self) -> Saved:
        """The version that says it."""

    @property
    def data(self) -> Mapping[str, Any]:
        """Medicine, units and when it was taken."""

    @property
    def is_recalled(self) -> bool:
        """Whether it was stated after the fact: in the evening, or the next day."""


def write_days(study: Study, days: Iterable[DaySpread]) -> Iterator[str]:
    """Write the file of days line by line, its heading first."""
    plan = plan_of(study, Kind.DIARY)
    yield write_row((*DAY, *(column.name for column in columns_of(plan))))
    for day in days:
        yield write_row(day_values(plan, day))


def write_doses(study: Study, doses: Iterable[DoseSpread]) -> Iterator[str]:
    """Write the file of doses line by line, its heading first."""
    plan = plan_of(study, Kind.DOSE)
    yield write_row((*DOSE, *(column.name for column in columns_of(plan))))
    for dose in doses:
        yield write_row(dose_values(plan, dose))


def day_values(plan: Sequence[Variable], day: DaySpread) -> tuple[Value, ...]:
    """The values of a day: those of DAY, then those of the plan's columns."""
    return (*_day(day), *values_of(plan, day.saved.data if day.saved else None))


def dose_values(plan: Sequence[Variable], dose: DoseSpread) -> tuple[Value, ...]:
    """The values of a dose: those of DOSE, then those of the plan's columns."""
    body = dose.saved.body
    return (
        *(body[name] for name in DOSE[:10]),
        body["lateness"] == "late",
        dose.is_recalled,
        body["kind"],
        *values_of(plan, dose.data),
    )


def _day(day: DaySpread) -> tuple[Value, ...]:
    own, numbers = day.trend.day, day.numbers
    cause = cause_of(own)
    head: dict[str, Value] = {
        "study_code": day.study_code,
        "site": day.site,
        "diary_on": own.diary_on.isoformat(),
        "study_day": numbers.study_day,
        "dy": numbers.dy,
        "session_no": numbers.session_no,
        "days_since_session": numbers.days_since_session,
        "entry_status": own.status.value,
        "missing_cause": cause.value if cause else None,
        "missing_provisional": own.is_provisional if cause else None,
        "late": own.late if day.saved else None,
        "corrected": day.trend.is_corrected if day.saved else None,
    }
    if day.saved is not None:
        body = day.saved.body
        scores = day.saved.data["scores"].values()
        head |= {name: body[name] for name in ("record_id", "version", "form_version", "tz")}
        head |= {name: body[name] for name in ("observed_at", "saved_at", "received_at")}
        head |= {
            "helper": "helper" in body["flags"],
            "scale": next((score["scale"] for score in scores), None),
        }
    if day.mme is not None:
        head |= {
            "mme": day.mme.value,
            "mme_status": day.mme.status.value,
            "mme_table": FACTOR_TABLE,
        }
    return tuple(head.get(name) for name in DAY)


def plan_of(study: Study, kind: Kind) -> tuple[Variable, ...]:
    """The variables of a kind of record that have columns."""
    return tuple(v for v in variables(study) if v.kind is kind and v.type not in _SPREAD)


class Column(NamedTuple):
    """A column of a flat file: the value of a variable, or the number of its status."""

    name: str
    variable: Variable
    is_status: bool = False


def columns_of(plan: Sequence[Variable]) -> Iterator[Column]:
    """A column for each variable; its status beside it, that of all members of a list once."""
    shown: set[str] = set()
    for variable in plan:
        yield Column(variable.name, variable)
        if variable.status and variable.status not in shown:
            shown.add(variable.status)
            yield Column(_status_column(variable), variable, is_status=True)


def values_of(plan: Sequence[Variable], data: Mapping[str, Any] | None) -> Iterator[Value]:
    """The values of the plan's columns in a payload with its texts; all empty without one."""
    numbers, shown = statuses(), set[str]()
    for variable in plan:
        yield None if data is None else _value(variable, data)
        if variable.status and variable.status not in shown:
            shown.add(variable.status)
            status = data and (_at(data, variable.status) or AnswerStatus.NOT_ASKED.value)
            yield numbers[status] if status else None


def _status_column(variable: Variable) -> str:
    name = variable.path.split(".")[0] if variable.member else variable.name
    return f"{name}_st"


def _value(variable: Variable, data: Mapping[str, Any]) -> Value:
    found = _at(data, variable.path)
    if variable.status is not None:
        status = _at(data, variable.status)
        if status != AnswerStatus.ANSWERED.value:
            return None
    if variable.member is not None:
        return variable.member in found
    if isinstance(found, list | tuple):
        return " ".join(map(str, found))
    value: Value = found
    return value


def _at(data: Mapping[str, Any], path: str) -> Any:
    """What stands at a path; None where an answer, or a study's older form, has no such place."""
    found: Any = data
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
