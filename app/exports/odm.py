"""CDISC ODM-XML 1.3.2: the study with its data as it stands, or the changes since a file.

A `Snapshot` holds what stands, a day without an entry with its cause. A `Transactional` file holds
a page of the feed, a subject's element for each change, in order; `PriorFileOID` names the file
that it goes on from. Both begin with the study's definitions and with who and where: ids and roles,
never a name. Everything is written as it comes: a diary day is the most that is held.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from typing import Protocol

from app.domain.access import Role
from app.domain.study import Study
from app.domain.trend import TrendDay
from app.exports.odm_data import (
    DIARY_ITSELF,
    Edit,
    Saved,
    days_of,
    missed_audit,
    write_day,
    write_edit,
)
from app.exports.odm_layout import Layout, layout_of
from app.exports.odm_metadata import version_oid, write_study
from app.exports.odm_xml import Element, element, parted, sub, written

_END = "</ClinicalData></ODM>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a file is: its ids in the series, when it was made, and of when its data are."""

    file_oid: str
    prior_oid: str | None = None
    created_at: datetime
    as_of: str | None = None
    granularity: str = "All"


@dataclass(frozen=True, slots=True)
class Place:
    """Where data come from: the sites' names by id, since when the diary runs, and its address."""

    sites: Mapping[str, str]
    since: date
    originator: str


class Person(Protocol):
    """Everything of one participant as it stands, and the days that ended without an entry."""

    @property
    def study_code(self) -> str:
        """Who."""

    @property
    def site(self) -> str:
        """At which site."""

    @property
    def saved(self) -> Iterable[Saved]:
        """The latest version of each record, voided ones left out."""

    @property
    def missed(self) -> Iterable[TrendDay]:
        """The days without an entry."""


def write_snapshot(
    study: Study,
    about: About,
    place: Place,
    users: Iterable[tuple[str, str]],
    people: Iterable[Person],
) -> Iterator[str]:
    """Write the data as they stand; `users` are ids with their roles, participants included."""
    layout = layout_of(study)
    everybody = chain([(DIARY_ITSELF, Role.SYSTEM.value)], users)
    yield from _begun("Snapshot", layout, about, place, everybody)
    at = _instant(about.created_at)
    for person in people:
        subject = element("SubjectData", SubjectKey=person.study_code)
        sub(subject, "SiteRef", LocationOID=person.site)
        opened, closed = parted(subject)
        yield opened
        yield from map(written, _days(layout, person, at))
        yield closed
    yield _END


def write_slice(
    study: Study,
    about: About,
    place: Place,
    users: Iterable[tuple[str, str]],
    edits: Iterable[Edit],
) -> Iterator[str]:
    """Write changes in their order; `users` are the ids of who made them, with their roles."""
    layout = layout_of(study)
    yield from _begun("Transactional", layout, about, place, users)
    for edit in edits:
        body = edit.saved.body
        subject = element("SubjectData", SubjectKey=body["study_code"], TransactionType="Upsert")
        sub(subject, "SiteRef", LocationOID=body["site"])
        subject.extend(write_edit(layout, edit))
        yield written(subject)
    yield _END


def _begun(
    file_type: str, layout: Layout, about: About, place: Place, users: Iterable[tuple[str, str]]
) -> Iterator[str]:
    """Write everything before the data, and open these."""
    study = layout.study
    told = {
        "FileType": file_type,
        "FileOID": about.file_oid,
        "PriorFileOID": about.prior_oid,
        "CreationDateTime": _instant(about.created_at),
        "AsOfDateTime": about.as_of,
        "Granularity": about.granularity,
        "ODMVersion": "1.3.2",
        "Originator": place.originator,
        "SourceSystem": "CRPS Diary",
        "SourceSystemVersion": study.version,
    }
    odm = element("ODM", **{name: value for name, value in told.items() if value is not None})
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{parted(odm)[0]}'
    yield written(write_study(layout))
    admin = element("AdminData", StudyOID=study.id)
    opened, closed = parted(admin)
    yield opened
    for user, role in users:
        yield written(_user(user, role))
    for site, name in place.sites.items():
        yield written(_location(study, site, name, place.since))
    yield closed
    data = element("ClinicalData", StudyOID=study.id, MetaDataVersionOID=version_oid(study))
    yield parted(data)[0]


def _user(user: str, role: str) -> Element:
    """Somebody by id; in ODM 1.3.2 a participant is one of the others."""
    is_investigator = role == Role.CLINICIAN.value
    return element("User", OID=user, UserType="Investigator" if is_investigator else "Other")


def _location(study: Study, site: str, name: str, since: date) -> Element:
    location = element("Location", OID=site, Name=name, LocationType="Site")
    sub(
        location,
        "MetaDataVersionRef",
        StudyOID=study.id,
        MetaDataVersionOID=version_oid(study),
        EffectiveDate=since.isoformat(),
    )
    return location


def _days(layout: Layout, person: Person, at: str) -> Iterator[Element]:
    """A participant's days in their order, those without an entry among them."""
    days = days_of(person.saved)
    missed = {day.day.diary_on.isoformat(): day for day in person.missed}
    audit = missed_audit(person.site, at)
    for on in sorted(days.keys() | missed.keys()):
        why = (missed[on], audit) if on in missed else None
        yield write_day(layout, on, days.get(on, ()), why)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
