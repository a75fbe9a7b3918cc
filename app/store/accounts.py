"""Who can get in: staff and their grants, devices, sign-ins, API keys, throttles."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from app.store.tables import ApiKey, Device, Participant, SignIn, Staff, StaffGrant, Throttle


def find_staff(session: Session, login: str) -> Staff | None:
    """Find an account by login, and hold the row."""
    return session.scalar(select(Staff).where(Staff.login == login).with_for_update())


def lock_staff(session: Session, staff_id: str) -> Staff:
    """Get an account as it stands now, and hold the row."""
    return session.scalars(
        select(Staff)
        .where(Staff.id == staff_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def list_grants(session: Session, staff_id: str, at: datetime) -> Sequence[StaffGrant]:
    """List the grants of an account that hold at an instant."""
    return session.scalars(
        select(StaffGrant).where(
            StaffGrant.staff_id == staff_id,
            StaffGrant.from_at <= at,
            (StaffGrant.until_at.is_(None)) | (StaffGrant.until_at > at),
        )
    ).all()


def find_device(session: Session, secret_hash: str) -> tuple[Device, Participant] | None:
    """Find an enrolled, unrevoked device and its participant by the digest of its credential."""
    found = session.execute(
        select(Device, Participant)
        .join(Participant, Participant.id == Device.participant_id)
        .where(Device.secret_hash == secret_hash, Device.revoked_at.is_(None))
    ).first()
    return None if found is None else (found[0], found[1])


_SUBMITTER = (
    select(Device.id, Participant.id, Participant.study_code, Participant.language, SignIn.seen_at)
    .join(Participant, Participant.id == Device.participant_id)
    .outerjoin(
        SignIn,
        (SignIn.device_id == Device.id)
        & (SignIn.token_hash == bindparam("token_hash"))
        & (SignIn.expires_at > bindparam("at", type_=SignIn.expires_at.type)),
    )
    .where(Device.secret_hash == bindparam("secret_hash"), Device.revoked_at.is_(None))
)


def find_submitter(
    session: Session, secret_hash: str, token_hash: str, at: datetime
) -> tuple[str, int, str, str, datetime | None] | None:
    """Find device id, participant key, study code and language by the device's credential.

    Last comes when the sign-in of that token was seen, or None when it is not alive on the device.
    """
    wanted = {"secret_hash": secret_hash, "token_hash": token_hash, "at": at}
    found = session.execute(_SUBMITTER, wanted).first()
    return None if found is None else (found[0], found[1], found[2], found[3], found[4])


def find_device_sign_in(
    session: Session, token_hash: str, at: datetime
) -> tuple[SignIn, Device, Participant] | None:
    """Find a participant's live sign-in with its device."""
    found = session.execute(
        select(SignIn, Device, Participant)
        .join(Device, Device.id == SignIn.device_id)
        .join(Participant, Participant.id == Device.participant_id)
        .where(SignIn.token_hash == token_hash, SignIn.expires_at > at, Device.revoked_at.is_(None))
    ).first()
    return None if found is None else (found[0], found[1], found[2])


def find_staff_sign_in(
    session: Session, token_hash: str, at: datetime
) -> tuple[SignIn, Staff] | None:
    """Find a member of staff's live sign-in."""
    found = session.execute(
        select(SignIn, Staff)
        .join(Staff, Staff.id == SignIn.staff_id)
        .where(SignIn.token_hash == token_hash, SignIn.expires_at > at, Staff.disabled_at.is_(None))
    ).first()
    return None if found is None else (found[0], found[1])


def find_sign_in(session: Session, token_hash: str) -> SignIn | None:
    """Find a sign-in, alive or not."""
    return session.get(SignIn, token_hash)


def touch_sign_in(session: Session, token_hash: str, at: datetime, expires_at: datetime) -> None:
    """Move the idle end of a sign-in."""
    session.execute(
        update(SignIn)
        .where(SignIn.token_hash == token_hash)
        .values(seen_at=at, expires_at=expires_at)
    )


def list_devices_of_sign_in(session: Session, token_hash: str) -> list[str]:
    """List the device that a sign-in is or was on: one, or none for a token of nobody's phone."""
    query = select(SignIn.device_id).where(SignIn.token_hash == token_hash)
    return [id_ for id_ in session.scalars(query) if id_ is not None]


def end_sign_in(session: Session, token_hash: str, at: datetime) -> None:
    """End a sign-in now; without effect when there is none."""
    session.execute(update(SignIn).where(SignIn.token_hash == token_hash).values(expires_at=at))


def end_sign_ins(session: Session, device_ids: Collection[str], at: datetime) -> None:
    """End whatever sign-ins of these devices are still alive."""
    session.execute(
        update(SignIn)
        .where(SignIn.device_id.in_(device_ids), SignIn.expires_at > at)
        .values(expires_at=at)
    )


def list_last_seen(session: Session, device_ids: Collection[str]) -> dict[str, datetime]:
    """When each device was last signed in and at work; devices that never were are left out."""
    rows = session.execute(
        select(SignIn.device_id, func.max(SignIn.seen_at))
        .where(SignIn.device_id.in_(device_ids))
        .group_by(SignIn.device_id)
    )
    return {device_id: seen_at for device_id, seen_at in rows if device_id is not None}


def find_key(session: Session, key_id: str) -> ApiKey | None:
    """Find an API key by its public id."""
    return session.get(ApiKey, key_id)


def find_key_by_digest(session: Session, digest: str) -> ApiKey | None:
    """Find an API key by the digest of its secret."""
    return session.scalar(select(ApiKey).where(ApiKey.secret_hash == digest))


def find_throttle(session: Session, source: str) -> Throttle | None:
    """Find how often a source was refused, and hold the row."""
    return session.scalar(select(Throttle).where(Throttle.source == source).with_for_update())
