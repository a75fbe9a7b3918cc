"""Participants: invited by the site, enrolled on a phone, changed by the site with a reason."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from app.domain.access import ALL_SITES, Actor, Permission, require
from app.domain.diary_day import zone_named
from app.domain.errors import InvalidInput
from app.domain.ledger import canonical
from app.domain.participant import Move, State, move
from app.domain.records import PARTS, Snapshot
from app.domain.study import Medicine
from app.services import subscriptions
from app.services.deployment import Deployment
from app.services.tokens import new_code, new_token, token_hash
from app.store import ledger, participants, reminders
from app.store.session import Session
from app.store.tables import (
    Contact,
    EnrolmentLink,
    MesotherapySession,
    Participant,
    ParticipantMedicine,
    ParticipantZone,
)

LINK_LIVES = timedelta(days=7)
EMAIL, PHONE = "contact e-mail", "contact phone"
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
"""A number that a text message finds from anywhere (E.164)."""


@dataclass(frozen=True, kw_only=True)
class ListedMedicine:
    """A medicine for a participant's list: a box of the formulary and how it is prescribed.

    `prescribed` gives units per part of day and is empty for a rescue medicine.
    """

    code: str
    role: str
    prescribed: dict[str, float] = field(default_factory=dict)
    daily_maximum: float | None = None


@dataclass(frozen=True, kw_only=True)
class Enrolment:
    """What the site fills in to invite a participant."""

    site_id: str
    language: str
    tz: str
    limb: str
    side: str
    scale: str
    first_diary_on: date
    last_diary_on: date
    hand: str = "centre"
    consent_on: date | None = None
    inclusion_on: date | None = None
    trial_record_id: str | None = None
    reminder_at: time | None = None
    email: str | None = None
    phone: str | None = None
    medicines: tuple[ListedMedicine, ...] = ()


def invite(
    session: Session, *, deployment: Deployment, actor: Actor, enrolment: Enrolment, now: datetime
) -> Participant:
    """Create a participant with a random study code; the phone is enrolled with `issue_link`."""
    role = require(actor, Permission.ENROL, enrolment.site_id)
    participants.get_site(session, enrolment.site_id)
    _check(deployment, enrolment)
    person = Participant(
        study_code=_free_code(session, deployment.study.code_prefix),
        site_id=enrolment.site_id,
        trial_record_id=enrolment.trial_record_id,
        state=move(State.SCREENING, Move.INVITE).value,
        language=enrolment.language,
        tz=enrolment.tz,
        limb=enrolment.limb,
        side=enrolment.side,
        scale=enrolment.scale,
        hand=enrolment.hand,
        reminder_at=enrolment.reminder_at,
        consent_on=enrolment.consent_on,
        inclusion_on=enrolment.inclusion_on,
        first_diary_on=enrolment.first_diary_on,
        last_diary_on=enrolment.last_diary_on,
        created_at=now,
    )
    session.add(person)
    session.flush()
    session.add(ParticipantZone(participant_id=person.id, from_at=now, tz=enrolment.tz))
    session.add(_sealed_contact(deployment, person, enrolment))
    for position, listed in enumerate(enrolment.medicines):
        _list_medicine(session, deployment, person, listed, position, now.date())
    ledger.queue_act(
        session,
        actor=actor,
        op="participant.invited",
        role=role,
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"first_diary_on": person.first_diary_on.isoformat(), "scale": person.scale},
    )
    return person


def issue_link(
    session: Session, *, deployment: Deployment, actor: Actor, study_code: str, now: datetime
) -> str:
    """Give a fresh enrolment link. Opening it consumes nothing; setting the PIN does."""
    person, role = _managed(session, actor, study_code, Permission.ENROL)
    token = new_token()
    session.add(
        EnrolmentLink(
            token_hash=token_hash(token), participant_id=person.id, expires_at=now + LINK_LIVES
        )
    )
    ledger.queue_act(
        session,
        actor=actor,
        op="participant.link_issued",
        role=role,
        now=now,
        site=person.site_id,
        study_code=study_code,
    )
    return f"{deployment.base_url}/join/{token}"


def change_state(
    session: Session, *, actor: Actor, study_code: str, by: Move, reason: str, now: datetime
) -> Participant:
    """Change a participant's state, with a reason; withdrawal and death purge the contact."""
    person, role = _managed(session, actor, study_code)
    if not reason.strip():
        raise InvalidInput("reason_missing", field="reason")
    person.state = move(State(person.state), by).value
    if person.state in (State.WITHDRAWN, State.DECEASED):
        person.withdrawn_at = now
        contact = participants.find_contact(session, person.id)
        if contact is not None:
            contact.email_sealed = contact.phone_sealed = None
        subscriptions.end_of_participant(session, participant_id=person.id, by="withdrawn", now=now)
    ledger.queue_act(
        session,
        actor=actor,
        op=f"participant.{by.value}",
        role=role,
        now=now,
        site=person.site_id,
        study_code=study_code,
        details={"state": person.state},
        texts={"reason": reason},
    )
    return person


def record_session(
    session: Session,
    *,
    actor: Actor,
    study_code: str,
    session_no: int,
    held_on: date,
    now: datetime,
) -> None:
    """Date a mesotherapy session. It is the site's word, never computed from the inclusion."""
    person, role = _managed(session, actor, study_code, Permission.RECORD_SESSION)
    held = {row.session_no: row for row in participants.list_sessions(session, person.id)}
    _check_session(held, session_no, held_on, now)
    earlier = held.get(session_no)
    if earlier is None:
        session.add(
            MesotherapySession(participant_id=person.id, session_no=session_no, held_on=held_on)
        )
    else:
        earlier.held_on = held_on
    ledger.queue_act(
        session,
        actor=actor,
        op="session.dated",
        role=role,
        now=now,
        site=person.site_id,
        study_code=study_code,
        details={"session_no": session_no, "held_on": held_on.isoformat()},
    )


def change_zone(
    session: Session, *, actor: Actor, participant_id: int, tz: str, now: datetime
) -> None:
    """Note that a participant lives in another time zone from now on."""
    person = participants.lock_participant(session, participant_id)
    zone_named(tz)
    if person.tz == tz:
        return
    session.add(ParticipantZone(participant_id=person.id, from_at=now, tz=tz))
    ledger.queue_act(
        session,
        actor=actor,
        op="participant.zone_changed",
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"from": person.tz, "to": tz},
    )
    person.tz = tz
    reminders.look_again(session, person.id, now)


def change_language(
    session: Session, *, deployment: Deployment, actor: Actor, language: str, now: datetime
) -> None:
    """Speak another language to the acting participant."""
    if actor.participant_id is None or language not in deployment.study.languages:
        raise InvalidInput("unknown_language", field="language")
    person = participants.lock_participant(session, actor.participant_id)
    if person.language == language:
        return
    person.language = language
    ledger.queue_act(
        session,
        actor=actor,
        op="participant.language_changed",
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details={"to": language},
    )


def snapshot_of(medicine_id: str, medicine: Medicine, listed: ListedMedicine) -> Snapshot:
    """Take down a medicine as it stands now, for the list and for every dose of it."""
    prescribed = {part: listed.prescribed[part] for part in PARTS if listed.prescribed.get(part)}
    return Snapshot.model_validate(
        {
            "medicine_id": medicine_id,
            "name": medicine.name,
            "atc": medicine.atc,
            "ingredients": [
                {"inn": part.inn, "mg": _number(part.mg_per_unit), "opioid": part.opioid}
                for part in medicine.ingredients
            ],
            "strength": medicine.strength,
            "unit": medicine.unit,
            "route": medicine.route,
            "role": listed.role,
            "ug_per_h": _number(medicine.ug_per_h),
            "prescribed": {part: float(units) for part, units in prescribed.items()},
        }
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _managed(
    session: Session,
    actor: Actor,
    study_code: str,
    permission: Permission = Permission.MANAGE_PARTICIPANT,
) -> tuple[Participant, Any]:
    """Get and hold a participant whom the actor may manage, and the role that permits it."""
    person = participants.get_by_code(session, study_code, frozenset({"*"}))
    role = require(actor, permission, person.site_id)
    return participants.lock_participant(session, person.id), role


def _check(deployment: Deployment, enrolment: Enrolment) -> None:
    """Refuse what no page offers, naming the field."""
    choices = {
        "language": deployment.study.languages,
        "limb": ("hand", "foot"),
        "side": ("left", "right"),
        "scale": ("vas100", "nrs11"),
        "hand": ("left", "centre", "right"),
    }
    for name, allowed in choices.items():
        if getattr(enrolment, name) not in allowed:
            raise InvalidInput("not_a_choice", field=name)
    zone_named(enrolment.tz)
    if enrolment.last_diary_on < enrolment.first_diary_on:
        raise InvalidInput("dates_reversed", field="last_diary_on")
    if enrolment.email is not None and ("@" not in enrolment.email or " " in enrolment.email):
        raise InvalidInput("not_an_address", field="email")
    if enrolment.phone is not None and not _NUMBER.fullmatch(_dialled(enrolment.phone)):
        raise InvalidInput("not_a_number_abroad", field="phone")


def _dialled(phone: str) -> str:
    """A telephone number without what makes it easier to read."""
    return re.sub(r"[\s.()-]", "", phone)


def _check_session(
    held: dict[int, MesotherapySession], session_no: int, held_on: date, now: datetime
) -> None:
    if not 1 <= session_no <= 50:
        raise InvalidInput("session_number", field="session_no")
    if held_on > now.date() + timedelta(days=1):
        raise InvalidInput("date_in_future", field="held_on")
    for number, row in held.items():
        if (number < session_no and row.held_on > held_on) or (
            number > session_no and row.held_on < held_on
        ):
            raise InvalidInput("sessions_out_of_order", field="held_on", session_no=number)


def _free_code(session: Session, prefix: str) -> str:
    while True:
        code = f"{prefix}-{new_code(5)}"
        if not participants.has_code(session, code):
            return code


def _sealed_contact(deployment: Deployment, person: Participant, enrolment: Enrolment) -> Contact:
    seal = deployment.vault.seal
    return Contact(
        participant_id=person.id,
        email_sealed=seal(enrolment.email, EMAIL) if enrolment.email else None,
        phone_sealed=seal(_dialled(enrolment.phone), PHONE) if enrolment.phone else None,
    )


def _list_medicine(
    session: Session,
    deployment: Deployment,
    person: Participant,
    listed: ListedMedicine,
    position: int,
    from_on: date,
) -> None:
    medicine = deployment.study.formulary.find(listed.code)
    if medicine is None or listed.role not in ("scheduled", "rescue"):
        raise InvalidInput("not_a_choice", field="medicines")
    medicine_id = str(uuid.uuid4())
    session.add(
        ParticipantMedicine(
            id=medicine_id,
            participant_id=person.id,
            snapshot=canonical(snapshot_of(medicine_id, medicine, listed).model_dump(mode="json")),
            daily_maximum=listed.daily_maximum,
            position=position,
            from_on=from_on,
        )
    )


def open_contact(session: Session, deployment: Deployment, participant_id: int) -> str | None:
    """The e-mail address for reminders, or None; it never leaves the process except as mail."""
    contact = participants.find_contact(session, participant_id)
    if contact is None or contact.email_sealed is None:
        return None
    return deployment.vault.open(contact.email_sealed, EMAIL)


def get_permitted(
    session: Session, *, actor: Actor, study_code: str, permission: Permission
) -> Participant:
    """Get a participant for something that the actor may do; NotFound out of scope."""
    person = participants.get_by_code(session, study_code, frozenset({ALL_SITES}))
    require(actor, permission, person.site_id)
    return person
