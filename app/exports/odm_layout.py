"""Where each variable stands in ODM: events, forms, groups and items, for definitions and for data.

A diary day is a repeating event, its key the date. A diary and a report after a session are forms
with the record's id as key, because a day whose diary was voided may hold another one. Doses are a
repeating group, again with the record's id; what an evening says of medicines is one within the
diary, counted from 1. Items are the columns of the flat files, with what stands around each record.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from app.domain.records import Kind
from app.domain.study import Study
from app.exports.dictionary import Labels, Variable, describe
from app.exports.spread import columns_of, plan_of

EVENT = "SE.DAY"
DIARY, DOSES, REPORT, MISSED = "DIARY", "DOSES", "SESSION_REPORT", "MISSED"
DOSE, RECALLED = "DOSE", "RECALLED"
STATUS = "status"
GROUP_OF = {Kind.DIARY: DIARY, Kind.DOSE: DOSE, Kind.SESSION_REPORT: REPORT}
HEAD = (
    *("version", "form_version", "observed_at", "saved_at", "received_at", "tz"),
    *("lateness", "assurance", "flags"),
)
"""What stands around every record: members of its sealed body."""
RECALLED_DOSE = (
    *("medicine", "atc", "strength", "role", "units", "unit", "route", "ug_per_h"),
    *("taken_on", "taken_part", "reason"),
)
"""What a medicine of the evening shares with a logged dose."""
MISSED_DAY = ("entry_status", "missing_cause", "missing_provisional")


class Item(NamedTuple):
    """One item; `type` is the dictionary's, or STATUS; ranges and aliases are the variable's."""

    oid: str
    name: str
    type: str
    label: Labels
    codes: str | None = None
    variable: Variable | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """A study's items by group, and the variables of each kind of record in the same order."""

    study: Study
    head: tuple[Item, ...]
    plans: Mapping[Kind, tuple[Variable, ...]]
    groups: Mapping[str, tuple[Item, ...]]

    def items(self) -> Iterator[Item]:
        """Every item once."""
        yield from {item.oid: item for item in self.head}.values()
        yield from {i.oid: i for group in self.groups.values() for i in group}.values()


def layout_of(study: Study) -> Layout:
    """Lay out a study."""
    told = describe(study)
    members, columns = told["members"], told["columns"]["entries.csv"]
    plans = {kind: plan_of(study, kind) for kind in Kind}
    groups = {GROUP_OF[kind]: tuple(_items(kind, plan)) for kind, plan in plans.items()}
    doses = {item.name: item for item in groups[DOSE]}
    groups[RECALLED] = (
        *(doses[name] for name in RECALLED_DOSE),
        Item("IT.RECALLED.taking", "taking", "code", words()["taking"], "taking"),
    )
    groups[MISSED] = tuple(_member(MISSED, name, columns) for name in MISSED_DAY)
    head = tuple(_member("RECORD", name, members) for name in HEAD)
    return Layout(study, head, plans, groups)


def _items(kind: Kind, plan: tuple[Variable, ...]) -> Iterator[Item]:
    """The columns of a kind of record as items."""
    for column in columns_of(plan):
        variable, oid = column.variable, f"IT.{GROUP_OF[kind]}.{column.name}"
        if column.is_status:
            of = words()["zones"] if variable.member else variable.label
            said = {lang: f"{of[lang]} — {words()['status'][lang]}" for lang in of}
            yield Item(oid, column.name, STATUS, said, STATUS)
        else:
            yield Item(oid, column.name, variable.type, variable.label, variable.codes, variable)


def _member(group: str, name: str, members: Mapping[str, Any]) -> Item:
    """A member of the sealed body, or a column of the flat file, as an item."""
    told = members[name]
    label = {lang: told[lang] for lang in ("fr", "en")}
    return Item(f"IT.{group}.{name}", name, told["type"], label, told.get("codes"))


@cache
def words() -> dict[str, Any]:
    """What is said here and nowhere else."""
    with Path(__file__).with_name("odm.toml").open("rb") as file:
        return tomllib.load(file)
