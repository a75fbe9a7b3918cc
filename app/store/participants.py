"""Participants and what hangs on them: zones, pauses, medicines, sessions, contacts, devices."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from app.domain.access import ALL_SITES
from app.domain.diary_day import ZoneSpan
from app.domain.errors import NotFound
from app.store.tables import (
    Contact,
    Device,
    EnrolmentLink,
    MesotherapySession,
    Participant,
    ParticipantMedicine,
    ParticipantPause,
    ParticipantZone,
    Site,
)

_LOCKED = (
    select(Participant, Device)
    .outerjoin(
        Device,
        (Device.participant_id == Participant.id) & (Device.id == bindparam("device_id")),
    )
    .where(Participant.id == bindparam("participant_id"))
    .with_for_update(of=Participant)
    .execution_options(populate_existing=True)
)
_ZONES = (
    select(ParticipantZone.from_at, ParticipantZone.tz)
    .where(ParticipantZone.participant_id == bindparam("participant_id"))
    .order_by(ParticipantZone.from_at)
)


def lock_participant(session: Session, participant_id: int) -> Participant:
    """Get the participant and hold the row, so that saves of one person follow one another."""
    return lock_with_device(session, participant_id, None)[0]


def lock_with_device(
    session: Session, participant_id: int, device_id: str | None
) -> tuple[Participant, Device | None]:
    """Get and hold the participant, and get the acting device with it."""
    wanted = {"participant_id": participant_id, "device_id": device_id}
    found = session.execute(_LOCKED, wanted).first()
    if found is None:
        raise NotFound("not_found")
    return found[0], found[1]


def get_participant(session: Session, participant_id: int) -> Participant:
    """Get a participant by key, or raise NotFound."""
    found = session.get(Participant, participant_id)
    if found is None:
        raise NotFound("not_found")
    return found


def by_id(session: Session, ids: Collection[int]) -> dict[int, Participant]:
    """Give several participants by key."""
    query = select(Participant).where(Participant.id.in_(ids))
    return {person.id: person for person in session.scalars(query)}


def get_by_code(session: Session, study_code: str, sites: Collection[str]) -> Participant:
    """Get a participant of these sites (`*`: any) by study code, or raise NotFound."""
    found = session.scalar(select(Participant).where(Participant.study_code == study_code))
    if found is None or not (ALL_SITES in sites or found.site_id in sites):
        raise NotFound("not_found")
    return found


def list_participants(
    session: Session, sites: Collection[str], limit: int = 5000, *, after: str = ""
) -> list[Participant]:
    """List the participants of these sites (`*`: all) by study code, from after one on."""
    query = select(Participant).order_by(Participant.study_code).limit(limit)
    if after:
        query = query.where(Participant.study_code > after)
    if ALL_SITES not in sites:
        query = query.where(Participant.site_id.in_(sites))
    return list(session.scalars(query))


def has_code(session: Session, study_code: str) -> bool:
    """Whether a study code is taken."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Participant)
            .where(Participant.study_code == study_code)
        )
        != 0
    )


def list_zones(session: Session, participant_id: int) -> list[ZoneSpan]:
    """List where the participant lived, in order."""
    rows = session.execute(_ZONES, {"participant_id": participant_id})
    return [ZoneSpan(row.from_at, row.tz) for row in rows]


def list_pauses(session: Session, participant_id: int) -> list[ParticipantPause]:
    """List the pauses that the site set, in order."""
    return list(
        session.scalars(
            select(ParticipantPause)
            .where(ParticipantPause.participant_id == participant_id)
            .order_by(ParticipantPause.from_on)
        )
    )


def list_medicines(
    session: Session, participant_id: int, on: date | None = None
) -> list[ParticipantMedicine]:
    """List the participant's medicines in their order: those of a date, or all there ever were."""
    query = (
        select(ParticipantMedicine)
        .where(ParticipantMedicine.participant_id == participant_id)
        .order_by(ParticipantMedicine.position, ParticipantMedicine.id)
    )
    if on is not None:
        query = query.where(
            ParticipantMedicine.from_on <= on,
            (ParticipantMedicine.until_on.is_(None)) | (ParticipantMedicine.until_on >= on),
        )
    return list(session.scalars(query))


def list_sessions(session: Session, participant_id: int) -> list[MesotherapySession]:
    """List the participant's mesotherapy sessions in order."""
    return list(
        session.scalars(
            select(MesotherapySession)
            .where(MesotherapySession.participant_id == participant_id)
            .order_by(MesotherapySession.session_no)
        )
    )


def list_sessions_of(
    session: Session, participant_ids: Collection[int]
) -> list[MesotherapySession]:
    """List the mesotherapy sessions of several participants, each one's in order."""
    return list(
        session.scalars(
            select(MesotherapySession)
            .where(MesotherapySession.participant_id.in_(participant_ids))
            .order_by(MesotherapySession.participant_id, MesotherapySession.session_no)
        )
    )


def find_contact(session: Session, participant_id: int) -> Contact | None:
    """Find the sealed contact of a participant."""
    return session.get(Contact, participant_id)


def contacts_by_participant(session: Session, ids: Collection[int]) -> dict[int, Contact]:
    """Give the sealed contacts of several participants."""
    query = select(Contact).where(Contact.participant_id.in_(ids))
    return {contact.participant_id: contact for contact in session.scalars(query)}


def list_contacts_but(
    session: Session, states: Collection[str], limit: int = 5000
) -> list[tuple[Contact, str, str]]:
    """List the sealed contacts of participants in no such state: contact, study code, site."""
    query = (
        select(Contact, Participant.study_code, Participant.site_id)
        .join(Participant, Participant.id == Contact.participant_id)
        .where(Participant.state.not_in(states))
        .order_by(Contact.participant_id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def list_with_record(session: Session, trial_record_id: str) -> list[Participant]:
    """List the participants with a record identifier of the trial database."""
    query = select(Participant).where(Participant.trial_record_id == trial_record_id)
    return list(session.scalars(query.order_by(Participant.id).limit(20)))


def get_site(session: Session, site_id: str) -> Site:
    """Get a site, or raise NotFound."""
    found = session.get(Site, site_id)
    if found is None:
        raise NotFound("not_found")
    return found


def list_sites(session: Session) -> list[Site]:
    """List all sites by id."""
    return list(session.scalars(select(Site).order_by(Site.id)))


def find_link(session: Session, token_hash: str) -> EnrolmentLink | None:
    """Find an enrolment link as it stands now, by the digest of its token."""
    return session.scalar(
        select(EnrolmentLink)
        .where(EnrolmentLink.token_hash == token_hash)
        .execution_options(populate_existing=True)
    )


def list_devices(session: Session, participant_id: int) -> list[Device]:
    """List the devices ever enrolled for a participant, oldest first."""
    return list(
        session.scalars(
            select(Device)
            .where(Device.participant_id == participant_id)
            .order_by(Device.enrolled_at)
        )
    )


def end_links(session: Session, participant_id: int, at: datetime) -> None:
    """Let no enrolment link of a participant that is still unused work any more."""
    session.execute(
        update(EnrolmentLink)
        .where(
            EnrolmentLink.participant_id == participant_id,
            EnrolmentLink.used_at.is_(None),
            EnrolmentLink.expires_at > at,
        )
        .values(expires_at=at)
    )


def list_devices_past(
    session: Session, last_diary_on: date, limit: int = 5000
) -> list[tuple[Device, Participant]]:
    """List the devices at work of those whose last diary day is that one or earlier.

    Only devices that once said that nothing waits on them; the oldest course first.
    """
    rows = session.execute(
        select(Device, Participant)
        .join(Participant, Participant.id == Device.participant_id)
        .where(
            Participant.last_diary_on <= last_diary_on,
            Device.revoked_at.is_(None),
            Device.emptied_at.is_not(None),
        )
        .order_by(Participant.last_diary_on, Device.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]
