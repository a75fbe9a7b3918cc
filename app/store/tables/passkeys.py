"""Ways in beside the PIN: passkeys, the challenges they answer, codes that pair another phone."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.tables.mapping import Base


class Passkey(Base):
    """A participant's passkey: the public half, and the count that shows a copied one."""

    __tablename__ = "passkeys"
    credential_id: Mapped[str] = mapped_column(String(1400), primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id"), index=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class PasskeyChallenge(Base):
    """A challenge that a phone was given and has not answered yet; answering removes it.

    `device_id` is who may make a passkey with it, and null for one that only opens.
    """

    __tablename__ = "passkey_challenges"
    challenge: Mapped[str] = mapped_column(String(128), primary_key=True)
    device_id: Mapped[str | None] = mapped_column(ForeignKey("devices.id"))
    expires_at: Mapped[datetime]


class PairingCode(Base):
    """A short code by which an enrolled phone lets a second browser in, for ten minutes, once."""

    __tablename__ = "pairing_codes"
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    device_id: Mapped[str] = mapped_column(ForeignKey("devices.id"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
