"""How members of staff come in, and what is sent to them. Secrets are digests or sealed."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.mapping import Base


class StaffInvitation(Base):
    """A link by which a named person makes their own account; opening it consumes nothing.

    `until_at` is when the role that it gives ends, for a time-boxed account.
    """

    __tablename__ = "staff_invitations"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    login: Mapped[str] = mapped_column(String(120))
    name: Mapped[str]
    organisation: Mapped[str]
    role: Mapped[str] = mapped_column(String(24))
    site_id: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(5))
    until_at: Mapped[datetime | None]
    invited_by: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """One of the codes that stand in for a lost authenticator, each once."""

    __tablename__ = "recovery_codes"
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    used_at: Mapped[datetime | None]


class StaffPasskey(Base):
    """A passkey of a member of staff: two factors in one touch."""

    __tablename__ = "staff_passkeys"
    credential_id: Mapped[str] = mapped_column(String(1400), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class StaffChallenge(Base):
    """A passkey challenge at the desk's door, not answered yet; answering removes it.

    `staff_id` is who may make or confirm with a passkey by it, and null for one that only opens.
    """

    __tablename__ = "staff_challenges"
    challenge: Mapped[str] = mapped_column(String(128), primary_key=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    expires_at: Mapped[datetime]


class Digest(Base):
    """That the day's digest of open work goes to a member of staff: one, whoever sends it."""

    __tablename__ = "digests"
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    digest_on: Mapped[date] = mapped_column(primary_key=True)
    claimed_at: Mapped[datetime]
    handed_over_at: Mapped[datetime | None]
