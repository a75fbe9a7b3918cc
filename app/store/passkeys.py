"""Ways in beside the PIN: passkeys, the challenges they answer, and codes that pair a browser."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.store.tables import Device, PairingCode, Participant, Passkey, PasskeyChallenge

_LIVE = Passkey.revoked_at.is_(None) & Device.revoked_at.is_(None)


def find_passkey(
    session: Session, credential_id: str
) -> tuple[Passkey, Device, Participant] | None:
    """Find a passkey that opens as it stands now, with the device it was made on and its owner."""
    found = session.execute(
        select(Passkey, Device, Participant)
        .join(Device, Device.id == Passkey.device_id)
        .join(Participant, Participant.id == Passkey.participant_id)
        .where(Passkey.credential_id == credential_id, _LIVE)
        .execution_options(populate_existing=True)
    ).first()
    return None if found is None else (found[0], found[1], found[2])


def has_credential(session: Session, credential_id: str) -> bool:
    """Whether a passkey of this id was ever made, by whomever."""
    return session.get(Passkey, credential_id) is not None


def list_passkeys(session: Session, participant_id: int) -> list[Passkey]:
    """List the passkeys that open a participant's diary, oldest first."""
    return list(
        session.scalars(
            select(Passkey)
            .join(Device, Device.id == Passkey.device_id)
            .where(Passkey.participant_id == participant_id, _LIVE)
            .order_by(Passkey.created_at, Passkey.credential_id)
        )
    )


def revoke_made_on(session: Session, device_ids: Collection[str], at: datetime) -> None:
    """Let no passkey that was made on these devices open anything from now on."""
    session.execute(
        update(Passkey)
        .where(Passkey.device_id.in_(device_ids), Passkey.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def take_challenge(session: Session, challenge: str) -> PasskeyChallenge | None:
    """Remove a challenge and give it; only one of several answers to it gets it."""
    return session.scalar(
        delete(PasskeyChallenge)
        .where(PasskeyChallenge.challenge == challenge)
        .returning(PasskeyChallenge)
    )


def drop_stale_challenges(session: Session, at: datetime) -> None:
    """Remove the challenges that nobody answered in time."""
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at <= at))


def find_pairing(
    session: Session, code_hash: str
) -> tuple[PairingCode, Device, Participant] | None:
    """Find a pairing code as it stands now, used or not, with the device and the person behind it.

    A code of a revoked device is none.
    """
    found = session.execute(
        select(PairingCode, Device, Participant)
        .join(Device, Device.id == PairingCode.device_id)
        .join(Participant, Participant.id == Device.participant_id)
        .where(PairingCode.code_hash == code_hash, Device.revoked_at.is_(None))
        .execution_options(populate_existing=True)
    ).first()
    return None if found is None else (found[0], found[1], found[2])


def drop_pairings(session: Session, device_ids: Collection[str]) -> None:
    """Remove the codes that these devices made, used or not."""
    session.execute(delete(PairingCode).where(PairingCode.device_id.in_(device_ids)))
