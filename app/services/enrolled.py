"""What the site corrects of an enrolment: dates, zone, address, what the person prefers.

Every verb holds the participant, says what was and what is in its change, and writes nothing when
nothing differs. The scale stays once the first diary is in: mixing modes biases the score.
"""

from dataclasses import dataclass, fields
from datetime import date, datetime, time
from typing import Any

from app.domain.access import Actor, Permission, Role
from app.domain.diary_day import local_date
from app.domain.errors import InvalidInput, WrongState
from app.domain.participant import OVER
from app.services import contacts, participants
from app.services.contacts import Addresses
from app.services.deployment import Deployment
from app.services.preferences import HANDS, reminder_times
from app.store import courses, ledger, reminders
from app.store import participants as stored
from app.store.session import Session
from app.store.tables import Participant

FIXED = frozenset({"scale", "limb", "side"})
"""What no correction reaches once a diary is in: its questions named them."""
CHOICES = {
    "scale": ("vas100", "nrs11"),
    "limb": ("hand", "foot"),
    "side": ("left", "right"),
}


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """What was written down at the enrolment, as it should stand."""

    consent_on: date | None
    consent_version: str | None
    inclusion_on: date | None
    first_diary_on: date
    last_diary_on: date
    trial_record_id: str | None
    limb: str
    side: str
    scale: str


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """What a participant likes: language, hand, local time of the first reminder."""

    language: str
    hand: str
    reminder_at: time | None


@dataclass(frozen=True, kw_only=True)
class NewAddresses:
    """How an address changes: another one, taken away, or left as it is.

    `is_sure`: the same address elsewhere was looked at and is no mistake.
    """

    new: Addresses
    forget_email: bool = False
    forget_phone: bool = False
    is_sure: bool = False


def correct(
    session: Session,
    *,
    actor: Actor,
    study_code: str,
    corrected: Enrolled,
    reason: str,
    now: datetime,
) -> None:
    """Correct what was enrolled, with a reason.

    Raises InvalidInput for dates that contradict each other or leave an entry outside, WrongState
    for another scale or limb once the first diary is in.
    """
    person, role = _held(session, actor, study_code)
    participants.need_reason(reason, "correction_reason")
    _check(session, person, corrected, now)
    changes = {
        field.name: {"from": _said(getattr(person, field.name)), "to": _said(value)}
        for field in fields(corrected)
        if (value := getattr(corrected, field.name)) != getattr(person, field.name)
    }
    if not changes:
        return
    if FIXED & set(changes) and courses.find_diary_days(session, person.id) is not None:
        name = min(FIXED & set(changes))
        raise WrongState("fixed_by_diary", field=name)
    for name in changes:
        setattr(person, name, getattr(corrected, name))
    reminders.look_again(session, person.id, now)
    _note(session, (actor, role), person, "participant.corrected", changes, now, reason)


def change_zone(
    session: Session,
    *,
    actor: Actor,
    study_code: str,
    tz: str,
    from_at: datetime | None,
    now: datetime,
) -> None:
    """Note that a participant lives in another zone, now or since an instant."""
    person, role = _held(session, actor, study_code)
    participants.change_zone(
        session,
        actor=actor,
        participant_id=person.id,
        tz=tz,
        now=now,
        from_at=from_at,
        role=role,
    )


def change_preferences(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    study_code: str,
    wanted: Preferences,
    now: datetime,
) -> None:
    """Set for a participant what they could set themselves."""
    person, role = _held(session, actor, study_code)
    choices = {
        "language": deployment.study.languages,
        "hand": HANDS,
        "reminder_at": (None, person.reminder_at, *reminder_times(deployment.study)),
    }
    for name, allowed in choices.items():
        if getattr(wanted, name) not in allowed:
            raise InvalidInput("not_a_choice", field=name)
    changes = {
        name: {"from": _said(getattr(person, name)), "to": _said(getattr(wanted, name))}
        for name in choices
        if getattr(wanted, name) != getattr(person, name)
    }
    if not changes:
        return
    for name in changes:
        setattr(person, name, getattr(wanted, name))
    reminders.look_again(session, person.id, now)
    _note(session, (actor, role), person, "participant.preferences_changed", changes, now)


def change_contact(
    session: Session,
    *,
    deployment: Deployment,
    actor: Actor,
    study_code: str,
    change: NewAddresses,
    now: datetime,
) -> None:
    """Change how a participant is reached; the change says which, never to what.

    Raises WrongState where no contact is kept, and once for an address that somebody else has.
    """
    person, role = _held(session, actor, study_code)
    if person.state in participants.CONTACTLESS:
        raise WrongState("not_in_this_state", field="contact")
    contacts.check(change.new)
    if not change.is_sure:
        contacts.require_undoubled(
            session,
            deployment=deployment,
            actor=actor,
            new=change.new,
            trial_record_id=None,
            besides=person.id,
        )
    row = stored.find_contact(session, person.id)
    if row is None:
        row = contacts.seal(deployment, person.id, Addresses())
        session.add(row)
    said = {}
    if change.new.email or (change.forget_email and row.email_sealed):
        row.email_sealed = contacts.seal_email(deployment, change.new.email)
        said["email"] = "changed" if change.new.email else "removed"
    if change.new.phone or (change.forget_phone and row.phone_sealed):
        row.phone_sealed = contacts.seal_phone(deployment, change.new.phone)
        said["phone"] = "changed" if change.new.phone else "removed"
    if said:
        _note(session, (actor, role), person, "participant.contact_changed", said, now)


def _held(session: Session, actor: Actor, study_code: str) -> tuple[Participant, Role]:
    return participants.hold_permitted(
        session, actor=actor, study_code=study_code, permission=Permission.MANAGE_PARTICIPANT
    )


def _check(session: Session, person: Participant, corrected: Enrolled, now: datetime) -> None:
    for name, allowed in CHOICES.items():
        if getattr(corrected, name) not in allowed:
            raise InvalidInput("not_a_choice", field=name)
    today = local_date(now, stored.list_zones(session, person.id))
    participants.check_dates(
        consent_on=corrected.consent_on,
        inclusion_on=corrected.inclusion_on,
        first_diary_on=corrected.first_diary_on,
        last_diary_on=corrected.last_diary_on,
        today=today,
    )
    known = courses.find_diary_days(session, person.id)
    if known is None or person.state in OVER:
        return
    if corrected.first_diary_on > known[0]:
        raise InvalidInput("diary_outside", field="first_diary_on", day=known[0].isoformat())
    if corrected.last_diary_on < known[1]:
        raise InvalidInput("diary_outside", field="last_diary_on", day=known[1].isoformat())


def _said(value: Any) -> Any:
    """A value as the ledger holds it."""
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return value.isoformat() if isinstance(value, date) else value


def _note(
    session: Session,
    who: tuple[Actor, Role],
    person: Participant,
    op: str,
    details: dict[str, Any],
    now: datetime,
    reason: str = "",
) -> None:
    ledger.queue_act(
        session,
        actor=who[0],
        op=op,
        role=who[1],
        now=now,
        site=person.site_id,
        study_code=person.study_code,
        details=details,
        texts={"reason": reason} if reason else None,
    )
