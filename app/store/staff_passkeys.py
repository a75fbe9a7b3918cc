"""Passkeys of staff, and the challenges that they answer."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.store.tables import Staff, StaffChallenge, StaffPasskey


def find_passkey(session: Session, credential_id: str) -> tuple[StaffPasskey, Staff] | None:
    """Find a live passkey with its owner, and hold the owner."""
    found = session.execute(
        select(StaffPasskey, Staff)
        .join(Staff, Staff.id == StaffPasskey.staff_id)
        .where(StaffPasskey.credential_id == credential_id, StaffPasskey.revoked_at.is_(None))
        .with_for_update(of=Staff)
        .execution_options(populate_existing=True)
    ).first()
    return None if found is None else (found[0], found[1])


def has_credential(session: Session, credential_id: str) -> bool:
    """Whether a passkey of this id was ever made, by whomever."""
    return session.get(StaffPasskey, credential_id) is not None


def list_passkeys(session: Session, staff_id: str) -> list[StaffPasskey]:
    """List the passkeys that open an account, oldest first."""
    return list(
        session.scalars(
            select(StaffPasskey)
            .where(StaffPasskey.staff_id == staff_id, StaffPasskey.revoked_at.is_(None))
            .order_by(StaffPasskey.created_at, StaffPasskey.credential_id)
        )
    )


def revoke_all(session: Session, staff_id: str, at: datetime) -> None:
    """Let no passkey of an account open anything from now on."""
    session.execute(
        update(StaffPasskey)
        .where(StaffPasskey.staff_id == staff_id, StaffPasskey.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def take_challenge(session: Session, challenge: str) -> StaffChallenge | None:
    """Remove a challenge and give it; only one of several answers to it gets it."""
    return session.scalar(
        delete(StaffChallenge)
        .where(StaffChallenge.challenge == challenge)
        .returning(StaffChallenge)
    )


def drop_stale_challenges(session: Session, at: datetime) -> None:
    """Remove the challenges that nobody answered in time."""
    session.execute(delete(StaffChallenge).where(StaffChallenge.expires_at <= at))
