"""Participants as records of a REDCap project: what repeats, and the numbers that it keeps.

Days, doses and reports are those of the flat files. A participant is read after the other. What an
instance is numbered by is insert-only: the place of a record's first version in the ledger, the
order in which an evening's versions named their medicines, and the first diary day as it was
registered first.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from app.domain.access import Actor
from app.domain.participant import Move
from app.domain.records import Kind
from app.services import feed
from app.services.deployment import Deployment
from app.services.spreads import (
    Asked,
    DaySpread,
    DoseSpread,
    Saved,
    list_days,
    list_doses,
    list_people,
    list_reports,
)
from app.store import instances, journal, participants
from app.store.journal import Line, LineFilter
from app.store.session import Session
from app.store.tables import Participant

_ACTS = frozenset(
    {
        *("participant.screened", "participant.invited", "device.enrolled"),
        *("participant.corrected", "participant.zone_changed"),
        *(f"participant.{move.value}" for move in Move),
        *("session.dated", "session.corrected"),
    }
)
"""The acts that change what a participant's base row or sessions say."""
_Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which participants and instruments; None: all. Instants say when something changed."""

    codes: Collection[str] | None = None
    forms: Collection[str] | None = None
    first_at: datetime | None = None
    last_at: datetime | None = None

    def has(self, form: str) -> bool:
        """Whether an instrument is wanted."""
        return self.forms is None or form in self.forms


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Subject:
    """A participant as a record of the project; see `app/exports/redcap.py` for what each means."""

    study_code: str
    person: Mapping[str, _Plain]
    first_on: date
    days: list[DaySpread]
    doses: list[DoseSpread]
    reports: list[Saved]
    sessions: Mapping[int, Mapping[str, _Plain]]
    numbers: Mapping[str, int]
    ranks: Mapping[tuple[str, str], int]


def list_subjects(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    asked: Asked,
    now: datetime,
    wanted: Wanted = EVERYTHING,
) -> Iterator[Subject]:
    """Go through the participants that are wanted, with what is wanted of each.

    Raises NotFound beyond the key's sites and InvalidInput for days in the wrong order, at once.
    """
    people = list_people(session, actor=actor, asked=asked)
    found = (person for person in people if _is_wanted(session, person, wanted))
    reader = _Reader(session, deployment, actor, wanted, now)
    return (reader.read(person, asked) for person in found)


def list_log(session: Session, *, actor: Actor, asked: LineFilter) -> Iterator[Line]:
    """List the changes of the records that the key reads, the newest first."""
    return journal.list_lines(session, feed.streams_of(session, actor), asked)


def _is_wanted(session: Session, person: Participant, wanted: Wanted) -> bool:
    if wanted.codes is not None and person.study_code not in wanted.codes:
        return False
    if wanted.first_at is None and wanted.last_at is None:
        return True
    return journal.has_changed(session, person.study_code, _ACTS, wanted.first_at, wanted.last_at)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one participant, and of it only what is wanted."""

    session: Session
    deployment: Deployment
    actor: Actor
    wanted: Wanted
    now: datetime

    def read(self, person: Participant, asked: Asked) -> Subject:
        """Read what is wanted of a participant, of the days asked for."""
        own = Asked(study_code=person.study_code, first_on=asked.first_on, last_on=asked.last_on)
        session, actor, has = self.session, self.actor, self.wanted.has
        numbers: dict[str, int] = {}
        for kind in (Kind.DOSE, Kind.SESSION_REPORT):
            if has(kind):
                numbers |= _numbers(session, person, kind)
        has_doses = has("dose") or has("recalled_dose")
        return Subject(
            study_code=person.study_code,
            person=_shown(person),
            first_on=_first_on(session, person),
            days=self._days(own) if has("diary") else [],
            doses=list(list_doses(session, actor=actor, asked=own)) if has_doses else [],
            reports=list(list_reports(session, actor=actor, asked=own))
            if has("session_report")
            else [],
            sessions=_sessions(session, person, asked) if has("session") else {},
            numbers=numbers,
            ranks=_ranks(session, person) if has("recalled_dose") else {},
        )

    def _days(self, own: Asked) -> list[DaySpread]:
        days = list_days(
            self.session, deployment=self.deployment, actor=self.actor, asked=own, now=self.now
        )
        return list(days)


def _first_on(session: Session, person: Participant) -> date:
    """The first diary day as it was registered first: a later correction renumbers nothing."""
    body = instances.find_registration(session, person.study_code)
    said = json.loads(body)["details"].get("first_diary_on") if body else None
    return date.fromisoformat(said) if said else person.first_diary_on


def _numbers(session: Session, person: Participant, kind: Kind) -> dict[str, int]:
    """Number all records of a kind that the participant ever had, voided ones included."""
    placed = instances.list_placed(session, person.id, kind.value)
    first = (row.record_id for row in placed if row.version == 1)
    return {record_id: number for number, record_id in enumerate(first, start=1)}


def _ranks(session: Session, person: Participant) -> dict[tuple[str, str], int]:
    """Number the medicines of each diary day as its versions named them, whatever they say now."""
    ranks: dict[tuple[str, str], int] = {}
    counts: Counter[str] = Counter()
    for row in instances.list_placed(session, person.id, Kind.DIARY.value):
        on = row.diary_on.isoformat()
        for medicine_id in _medicines(row.payload):
            if (on, medicine_id) not in ranks:
                counts[on] += 1
                ranks[on, medicine_id] = counts[on]
    return ranks


def _medicines(payload: str | None) -> Iterator[str]:
    recalled = json.loads(payload)["medicines"] if payload else {}
    for answer in (*recalled.get("scheduled", ()), *recalled.get("rescue", ())):
        yield answer["medicine"]["medicine_id"]


def _sessions(
    session: Session, person: Participant, asked: Asked
) -> dict[int, Mapping[str, _Plain]]:
    return {
        row.session_no: {"held_on": row.held_on.isoformat(), "area_cm2": row.area_cm2}
        for row in participants.list_sessions(session, person.id)
        if asked.covers(row.held_on)
    }


def _shown(person: Participant) -> dict[str, _Plain]:
    """A participant without anything that leads to a person."""
    return {
        "site": person.site_id,
        **{name: getattr(person, name) for name in ("state", "scale", "limb", "side", "tz")},
        "consent_on": _written(person.consent_on),
        "inclusion_on": _written(person.inclusion_on),
        "first_diary_on": _written(person.first_diary_on),
        "last_diary_on": _written(person.last_diary_on),
        "enrolled_at": _written(person.enrolled_at),
        "withdrawn_at": _written(person.withdrawn_at),
    }


def _written(value: date | datetime | None) -> str | None:
    """A date as it is, an instant in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if value else None
