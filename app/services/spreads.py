"""Days and doses spread over rows, for the flat files of the trial database; one reading for all.

A participant is read after the other, so that the memory needed does not grow with the study. What
a day came to is what the site's pages and the figures say, from the same code.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.domain.access import Actor
from app.domain.figures import DailyMme, DayNumbers, number_day
from app.domain.intake import Logged, Taken, logged_dose, recalled_doses, units_logged
from app.domain.records import DiaryPayload, DosePayload, Kind
from app.domain.trend import TrendDay
from app.services.deployment import Deployment
from app.services.entries import require_order, sites_asked
from app.services.roster import read_roster
from app.services.trends import trend_of
from app.store import participants
from app.store.entries import EntryFilter, list_entries
from app.store.feed import FeedRow
from app.store.session import Session
from app.store.tables import Participant

AT_ONCE = 25
"""Participants read in one query."""
MOST_RECORDS = 100_000
"""Records of one participant: far beyond what a study of years can hold."""
_REASON = "reason"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which days: of one site or participant, or of all that the key reads; from and to."""

    site: str | None = None
    study_code: str | None = None
    first_on: date | None = None
    last_on: date | None = None

    def covers(self, on: date) -> bool:
        """Whether a day is asked for."""
        return (self.first_on or on) <= on <= (self.last_on or on)


EVERYTHING = Asked()
"""Every day of everybody."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The latest version of a record: its sealed body, its payload with its texts, its reason."""

    body: Mapping[str, Any]
    data: Mapping[str, Any]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class DaySpread:
    """One diary day of a participant, with the entry if there is one."""

    study_code: str
    site: str
    trend: TrendDay
    numbers: DayNumbers
    mme: DailyMme | None
    saved: Saved | None


@dataclass(frozen=True, slots=True)
class DoseSpread:
    """One dose and the version that says it; `data` is as a logged one's."""

    saved: Saved
    data: Mapping[str, Any]
    is_recalled: bool

    @property
    def order(self) -> tuple[str, str, str]:
        """By date, then as they were saved."""
        return self.data["taken_on"], self.saved.body["saved_at"], self.saved.body["record_id"]


@dataclass(frozen=True, slots=True)
class PersonSpread:
    """Everything of one participant: the records in their order, the days without an entry."""

    study_code: str
    site: str
    saved: list[Saved]
    missed: list[TrendDay]


def list_people(session: Session, *, actor: Actor, asked: Asked) -> Iterator[Participant]:
    """Go through the participants that are asked for, by study code.

    Raises NotFound beyond the key's sites and InvalidInput for days in the wrong order, at once.
    """
    sites = sites_asked(actor, asked.site)
    require_order(asked.first_on, asked.last_on)
    if asked.study_code is not None:
        return iter((participants.get_by_code(session, asked.study_code, sites),))
    return _everybody(session, actor, asked)


def _everybody(session: Session, actor: Actor, asked: Asked) -> Iterator[Participant]:
    after: str | None = ""
    while after is not None:
        roster = read_roster(session, actor=actor, site=asked.site, after=after, limit=AT_ONCE)
        yield from roster.people
        after = roster.next_code


def list_days(
    session: Session, *, deployment: Deployment, actor: Actor, asked: Asked, now: datetime
) -> Iterator[DaySpread]:
    """Give every diary day that is over or has an entry, missed ones included."""
    for person in list_people(session, actor=actor, asked=asked):
        trend = trend_of(session, deployment, person, now)
        saved = {one.body["diary_on"]: one for one in _saved(session, person, Kind.DIARY)}
        mme = {daily.taken_on: daily for daily in trend.mme if daily.taken_on < trend.today}
        for day in trend.days:
            on = day.day.diary_on
            entry = saved.get(on.isoformat())
            if asked.covers(on) and (entry or day.day.closed):
                numbers = number_day(on, person.inclusion_on, trend.sessions_on)
                yield DaySpread(person.study_code, person.site_id, day, numbers, mme.get(on), entry)


def list_doses(session: Session, *, actor: Actor, asked: Asked) -> Iterator[DoseSpread]:
    """Give every dose once: as logged, and what each evening's recall adds to that."""
    for person in list_people(session, actor=actor, asked=asked):
        logged = list(_saved(session, person, Kind.DOSE))
        read = [DosePayload.model_validate(_plain(one.data)) for one in logged]
        counted = units_logged(map(logged_dose, read))
        found = [DoseSpread(one, one.data, "recalled" in one.body["flags"]) for one in logged]
        for diary in _saved(session, person, Kind.DIARY):
            found += _recalled(diary, counted)
        for dose in sorted(found, key=lambda one: one.order):
            if asked.covers(date.fromisoformat(dose.data["taken_on"])):
                yield dose


def list_reports(session: Session, *, actor: Actor, asked: Asked) -> Iterator[Saved]:
    """Give every report after a session, by its day."""
    for person in list_people(session, actor=actor, asked=asked):
        found = _saved(session, person, Kind.SESSION_REPORT)
        for report in sorted(found, key=lambda one: (one.body["diary_on"], one.body["saved_at"])):
            if asked.covers(date.fromisoformat(report.body["diary_on"])):
                yield report


def list_whole(
    session: Session, *, deployment: Deployment, actor: Actor, asked: Asked, now: datetime
) -> Iterator[PersonSpread]:
    """Give participants whole, one after the other."""
    for person in list_people(session, actor=actor, asked=asked):
        yield whole_of(session, deployment, person, now, asked)


def whole_of(
    session: Session, deployment: Deployment, person: Participant, now: datetime, asked: Asked
) -> PersonSpread:
    """Read everything of a participant that is asked for."""
    saved = [
        one
        for one in _saved(session, person)
        if asked.covers(date.fromisoformat(one.body["diary_on"]))
    ]
    saved.sort(key=lambda one: (one.body["diary_on"], one.body["kind"], one.body["record_id"]))
    kept = {one.body["diary_on"] for one in saved if one.body["kind"] == Kind.DIARY.value}
    missed = [
        day
        for day in trend_of(session, deployment, person, now).days
        if day.day.closed
        and asked.covers(day.day.diary_on)
        and day.day.diary_on.isoformat() not in kept
    ]
    return PersonSpread(person.study_code, person.site_id, saved, missed)


def _recalled(diary: Saved, counted: Logged) -> Iterator[DoseSpread]:
    on = date.fromisoformat(diary.body["diary_on"])
    payload = DiaryPayload.model_validate(_plain(diary.data))
    for taken in recalled_doses(on, payload, counted):
        yield DoseSpread(diary, _as_logged(taken), is_recalled=True)


def _as_logged(taken: Taken) -> dict[str, Any]:
    """A recalled dose, as one that was logged would say it."""
    return DosePayload(
        medicine=taken.medicine,
        units=taken.units,
        taken_on=taken.taken_on,
        taken_at=taken.taken_at,
        taken_part=taken.taken_part,
        reason=taken.reason,
        patch=taken.patch,
    ).model_dump(mode="json")


def _saved(session: Session, person: Participant, kind: Kind | None = None) -> Iterator[Saved]:
    """The latest versions of a participant's records (of a kind), voided ones left out."""
    asked = EntryFilter(study_code=person.study_code, kind=kind)
    for row in list_entries(session, {person.site_id}, asked, "", MOST_RECORDS):
        if row.change.payload is not None:
            yield saved_of(row.change)


def saved_of(change: FeedRow) -> Saved:
    """Open a change that has a payload."""
    reason, _ = change.texts.get(_REASON, (None, None))
    return Saved(json.loads(change.body), _data(change), reason)


def _data(change: FeedRow) -> dict[str, Any]:
    texts = {name: value for name, (value, _) in change.texts.items() if name != _REASON}
    return {**json.loads(change.payload or "{}"), "texts": texts}


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "texts"}
