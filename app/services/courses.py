"""A participant's course as the site leads it: what its page shows, and what the site corrects.

Whoever sees the cohort sees dates, state and sessions. Medicines, areas and what was written are
for those who see records; the address, masked, for those who manage the participant.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.domain.access import Actor, Permission
from app.domain.diary_day import ONE_DAY, ZoneSpan, local_date
from app.domain.participant import TRANSITIONS, Move, State
from app.domain.records import Snapshot
from app.services import contacts, reachability
from app.services.contacts import Addresses
from app.services.deployment import Deployment
from app.services.participants import get_permitted
from app.services.reachability import Reachability
from app.store import courses, participants, records, trends
from app.store.courses import ActRow
from app.store.session import Session
from app.store.tables import MesotherapySession, Participant, ParticipantPause, Visit

BY_SITE = (
    Move.INVITE,
    Move.FAIL_SCREENING,
    Move.STOP_DIARY,
    Move.COMPLETE,
    Move.LOSE,
    Move.FIND_AGAIN,
    Move.WITHDRAW,
    Move.RECORD_DEATH,
)
"""Moves that the site makes by saying so: a phone enrols, and a pause goes by its dates."""
GRAVE = frozenset(
    {Move.FAIL_SCREENING, Move.STOP_DIARY, Move.COMPLETE, Move.WITHDRAW, Move.RECORD_DEATH}
)
"""Moves from which there is no way back."""
SHOWN_ACTS = (
    "participant.screened",
    "participant.invited",
    "device.enrolled",
    *(f"participant.{move.value}" for move in Move),
    "participant.corrected",
    "participant.zone_changed",
    "participant.contact_changed",
    "participant.preferences_changed",
    "device.revoked",
    "session.dated",
    "session.corrected",
    "visit.noted",
    "medicine.listed",
    "medicine.changed",
    "medicine.ended",
)
Texts = Mapping[str, Mapping[str, tuple[str | None, str | None]]]
"""The texts of changes: change id -> field -> (value, salt), null when redacted."""
HIDDEN_DETAILS = frozenset({"area_cm2", "was"})


@dataclass(frozen=True, slots=True)
class Act:
    """One act of a course: when, whose, what of it is not written freely, and its words.

    `state` is the state that it led to from `was`, empty when it changed none; `words` are what was
    written, None where it was redacted, and none at all for those who may not read records.
    """

    op: str
    at: datetime
    by: str
    role: str
    details: Mapping[str, Any]
    was: str
    state: str
    words: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class VisitNoted:
    """A visit outside the sessions, with its words."""

    held_on: date
    area_cm2: float | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A medicine of the list, between two dates."""

    id: str
    medicine: Snapshot
    daily_maximum: float | None
    from_on: date
    until_on: date | None


@dataclass(frozen=True, slots=True)
class ScarceBaseline:
    """That the days before session 1 hold too few answers: how many, of how many, and the fewest.

    The days are those before the date of the protocol, or before today when that is sooner.
    """

    answered: int
    days: int
    minimum: int


@dataclass(frozen=True, kw_only=True)
class CourseSeen:
    """Everything that the page of a course shows, as far as the reader may see it."""

    person: Participant
    today: date
    moves: tuple[Move, ...]
    sessions: Sequence[MesotherapySession]
    visits: Sequence[VisitNoted]
    medicines: Sequence[Listed] | None
    zones: Sequence[ZoneSpan]
    pauses: Sequence[ParticipantPause]
    acts: Sequence[Act]
    masked: Addresses | None
    has_diary: bool
    scarce: ScarceBaseline | None
    reach: Reachability


def read_course(
    session: Session, *, deployment: Deployment, actor: Actor, study_code: str, now: datetime
) -> CourseSeen:
    """Read a participant's course; NotFound out of scope, NotAllowed within it."""
    person = get_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.SEE_COHORT
    )
    sees = actor.role_at(Permission.SEE_RECORDS, person.site_id) is not None
    manages = actor.role_at(Permission.MANAGE_PARTICIPANT, person.site_id) is not None
    zones = participants.list_zones(session, person.id)
    today = local_date(now, zones)
    sessions = participants.list_sessions(session, person.id)
    visits = courses.list_visits(session, person.id)
    # What a medicine is given for says more than a date: the list is for those who see records.
    ops = [op for op in SHOWN_ACTS if sees or not op.startswith("medicine.")]
    acts = courses.list_acts(session, person.study_code, ops)
    written = [act.change_id for act in acts] + [visit.change_id for visit in visits]
    texts = records.texts_of(session, written)
    return CourseSeen(
        person=person,
        today=today,
        moves=tuple(by for by in BY_SITE if (State(person.state), by) in TRANSITIONS),
        sessions=sessions,
        visits=_visits(visits, texts if sees else None),
        medicines=_medicines(session, person) if sees else None,
        zones=zones,
        pauses=participants.list_pauses(session, person.id),
        acts=_acts(session, acts, texts if sees else None),
        masked=_masked(session, deployment, person) if manages else None,
        has_diary=courses.find_diary_days(session, person.id) is not None,
        scarce=_scarce(session, deployment, person, today) if manages and not sessions else None,
        reach=reachability.read_reachability(
            session, deployment=deployment, person=person, now=now
        ),
    )


def _masked(session: Session, deployment: Deployment, person: Participant) -> Addresses:
    sealed = participants.find_contact(session, person.id)
    opened = contacts.open_addresses(deployment, sealed)
    return Addresses(
        email=contacts.mask_email(opened.email), phone=contacts.mask_phone(opened.phone)
    )


def _visits(rows: Sequence[Visit], texts: Texts | None) -> list[VisitNoted]:
    """The visits; whoever may not read records (`texts` is null) gets dates alone."""
    if texts is None:
        return [VisitNoted(row.held_on, None, None) for row in rows]
    return [
        VisitNoted(
            row.held_on,
            row.area_cm2,
            texts.get(row.change_id, {}).get("note", (None, None))[0],
        )
        for row in rows
    ]


def _medicines(session: Session, person: Participant) -> list[Listed]:
    rows = participants.list_medicines(session, person.id)
    return [
        Listed(
            row.id,
            Snapshot.model_validate_json(row.snapshot),
            row.daily_maximum,
            row.from_on,
            row.until_on,
        )
        for row in sorted(rows, key=lambda row: (row.position, row.from_on))
    ]


def _acts(session: Session, rows: Sequence[ActRow], texts: Texts | None) -> list[Act]:
    """The acts about a course, the latest first; `texts` is null for whoever sees no records."""
    names = trends.names_of_staff(session, {row.actor_id for row in rows})
    found, state = [], ""
    for row in reversed(rows):
        body = json.loads(row.body)
        details = body["details"]
        led_to = details.get("state", "")
        if row.op == "device.enrolled" and state in ("", State.INVITED):
            led_to = State.ENROLLED.value
        found.append(
            Act(
                op=row.op,
                at=row.at,
                by=names.get(row.actor_id, ""),
                role=body["actor"]["role"],
                details={
                    name: said
                    for name, said in details.items()
                    if texts is not None or name not in HIDDEN_DETAILS
                },
                was=state,
                state=led_to if led_to != state else "",
                words=tuple(value for value, _ in (texts or {}).get(row.change_id, {}).values()),
            )
        )
        state = led_to or state
    return found[::-1]


def _scarce(
    session: Session, deployment: Deployment, person: Participant, today: date
) -> ScarceBaseline | None:
    """Whether session 1 would come too early: too few of the days before it were answered.

    Said from the moment on at which it can happen: once the last days before it have begun.
    """
    study = deployment.study
    if person.inclusion_on is None or person.state not in (State.ENROLLED, State.INVITED):
        return None
    planned_on = person.inclusion_on + timedelta(days=study.sessions.planned_days[0])
    held_on = max(planned_on, today)
    first_on = held_on - timedelta(days=study.baseline.days)
    answered = courses.count_scores(session, person.id, first_on, held_on - ONE_DAY)
    missing = study.baseline.minimum - answered
    if missing <= 0 or missing <= (held_on - max(today, first_on)).days:
        return None
    return ScarceBaseline(answered, study.baseline.days, study.baseline.minimum)
