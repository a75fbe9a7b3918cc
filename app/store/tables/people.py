"""Sites, participants, devices, staff and keys. Each write of them leaves a change."""

from datetime import date, datetime, time

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.mapping import Base, BigKey


class Site(Base):
    """A hospital site, with the telephone that participants are shown."""

    __tablename__ = "sites"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str]
    organisation: Mapped[str]
    team_phone: Mapped[str]
    team_hours: Mapped[str]


class Participant(Base):
    """A person in the study, known by a random study code; no name is stored anywhere."""

    __tablename__ = "participants"
    id: Mapped[int] = mapped_column(BigKey, Identity(), primary_key=True)
    study_code: Mapped[str] = mapped_column(String(16), unique=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("sites.id"), index=True)
    trial_record_id: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(5))
    tz: Mapped[str] = mapped_column(String(64))
    limb: Mapped[str] = mapped_column(String(8))
    side: Mapped[str] = mapped_column(String(8))
    scale: Mapped[str] = mapped_column(String(8))
    hand: Mapped[str] = mapped_column(String(8), default="centre")
    reminder_at: Mapped[time | None]
    consent_on: Mapped[date | None]
    consent_version: Mapped[str | None] = mapped_column(String(32))
    inclusion_on: Mapped[date | None]
    first_diary_on: Mapped[date]
    last_diary_on: Mapped[date]
    created_at: Mapped[datetime]
    enrolled_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class ParticipantZone(Base):
    """A time zone of a participant from an instant on."""

    __tablename__ = "participant_zones"
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), primary_key=True)
    from_at: Mapped[datetime] = mapped_column(primary_key=True)
    tz: Mapped[str] = mapped_column(String(64))


class ParticipantPause(Base):
    """Days on which no diary is due, set by the site; `until_on` is the last of them, or open."""

    __tablename__ = "participant_pauses"
    id: Mapped[int] = mapped_column(BigKey, Identity(), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    from_on: Mapped[date]
    until_on: Mapped[date | None]


class Contact(Base):
    """Where reminders go, sealed with AES-GCM; apart from everything else."""

    __tablename__ = "contacts"
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), primary_key=True)
    email_sealed: Mapped[bytes | None]
    phone_sealed: Mapped[bytes | None]


class ParticipantMedicine(Base):
    """A medicine on a participant's list, between two dates; `snapshot` is canonical JSON."""

    __tablename__ = "participant_medicines"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    snapshot: Mapped[str]
    daily_maximum: Mapped[float | None]
    position: Mapped[int]
    from_on: Mapped[date]
    until_on: Mapped[date | None]


class MesotherapySession(Base):
    """A mesotherapy session as the site dated it; never computed."""

    __tablename__ = "mesotherapy_sessions"
    __table_args__ = (CheckConstraint("session_no > 0", name="numbered_from_one"),)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), primary_key=True)
    session_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    held_on: Mapped[date]
    area_cm2: Mapped[float | None]


class EnrolmentLink(Base):
    """A link that lets a phone become a participant's; opening it consumes nothing."""

    __tablename__ = "enrolment_links"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Device(Base):
    """An enrolled phone: its credential, its PIN and what is known of its clock."""

    __tablename__ = "devices"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    pin_hash: Mapped[str]
    label: Mapped[str] = mapped_column(String(80))
    enrolled_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    contact_at: Mapped[datetime | None]
    contact_skew_s: Mapped[float | None]
    emptied_at: Mapped[datetime | None]


class SignIn(Base):
    """A signed-in browser: the digest of its token, whose it is and until when.

    `confirmed_at` is when a member of staff last showed both factors again.
    """

    __tablename__ = "sign_ins"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    device_id: Mapped[str | None] = mapped_column(ForeignKey("devices.id"), index=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class Staff(Base):
    """A named account of the site, the sponsor or the administration."""

    __tablename__ = "staff"
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    login: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str]
    organisation: Mapped[str]
    language: Mapped[str] = mapped_column(String(5))
    password_hash: Mapped[str]
    totp_sealed: Mapped[bytes]
    totp_last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    disabled_at: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(default=False)
    email_sealed: Mapped[bytes | None]


class StaffGrant(Base):
    """A role of a member of staff at a site (`*`: at every site), with its history."""

    __tablename__ = "staff_grants"
    id: Mapped[int] = mapped_column(BigKey, Identity(), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    role: Mapped[str] = mapped_column(String(24))
    site_id: Mapped[str] = mapped_column(String(32))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]


class ApiKey(Base):
    """A key of the trial database; only the digest of its secret is stored.

    `kind` is `door` for a bearer key of `/api/v1`, `redcap` for a token of the REDCap façade.
    """

    __tablename__ = "api_keys"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), default="door", server_default="door")
    label: Mapped[str] = mapped_column(String(80))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True, index=True)
    scopes: Mapped[str]
    sites: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(default=False)
