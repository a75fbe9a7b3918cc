"""Accounts of staff: their grants, invitations, recovery codes, passkeys and sign-ins."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from app.domain.access import ALL_SITES, Role
from app.store.tables import (
    LedgerRow,
    RecoveryCode,
    SignIn,
    Staff,
    StaffGrant,
    StaffInvitation,
)


def list_accounts(session: Session, skip: int, limit: int) -> list[Staff]:
    """List accounts by name."""
    query = select(Staff).order_by(func.lower(Staff.name), Staff.id).offset(skip).limit(limit)
    return list(session.scalars(query))


def find_account(session: Session, staff_id: str) -> Staff | None:
    """Find an account by its id."""
    return session.get(Staff, staff_id)


def list_names(session: Session, staff_ids: Collection[str]) -> dict[str, str]:
    """The names of accounts by their ids; ids of nobody are left out."""
    query = select(Staff.id, Staff.name).where(Staff.id.in_(staff_ids))
    return {row.id: row.name for row in session.execute(query)}


def list_grants(session: Session, staff_ids: Collection[str]) -> list[StaffGrant]:
    """List every grant that these accounts ever had, in their order."""
    query = select(StaffGrant).where(StaffGrant.staff_id.in_(staff_ids))
    return list(session.scalars(query.order_by(StaffGrant.from_at, StaffGrant.id)))


def find_grant(session: Session, grant_id: int) -> StaffGrant | None:
    """Find a grant as it stands now."""
    return session.get(StaffGrant, grant_id, populate_existing=True)


def lock_admins(session: Session, at: datetime) -> list[StaffGrant]:
    """Hold the grants by which accounts are administered without an end, so that one stays."""
    query = (
        select(StaffGrant)
        .where(
            StaffGrant.role == Role.ADMIN.value,
            StaffGrant.site_id == ALL_SITES,
            StaffGrant.from_at <= at,
            StaffGrant.until_at.is_(None),
        )
        .order_by(StaffGrant.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(query))


def list_access(
    session: Session,
    sites: Collection[str],
    from_at: datetime,
    until_at: datetime,
    skip: int,
    limit: int,
) -> list[tuple[StaffGrant, Staff]]:
    """List the grants at these sites (`*`: all) that held at some time between two instants."""
    query = (
        select(StaffGrant, Staff)
        .join(Staff, Staff.id == StaffGrant.staff_id)
        .where(
            StaffGrant.from_at < until_at,
            or_(StaffGrant.until_at.is_(None), StaffGrant.until_at > from_at),
        )
        .order_by(func.lower(Staff.name), Staff.id, StaffGrant.from_at, StaffGrant.id)
        .offset(skip)
        .limit(limit)
    )
    if ALL_SITES not in sites:
        query = query.where(StaffGrant.site_id.in_({*sites, ALL_SITES}))
    return [(grant, staff) for grant, staff in session.execute(query)]


def list_acts(
    session: Session, instants: Collection[datetime], ops: Collection[str]
) -> list[tuple[datetime, str, str]]:
    """When, by whom and with which body acts of these kinds happened at exactly these instants."""
    query = select(LedgerRow.at, LedgerRow.actor_id, LedgerRow.body).where(
        LedgerRow.at.in_(instants), LedgerRow.op.in_(ops)
    )
    return [(at, actor_id, body) for at, actor_id, body in session.execute(query)]


def list_last_sign_ins(session: Session, staff_ids: Collection[str]) -> dict[str, datetime]:
    """When each account last signed in; accounts that never did are left out."""
    rows = session.execute(
        select(SignIn.staff_id, func.max(SignIn.created_at))
        .where(SignIn.staff_id.in_(staff_ids))
        .group_by(SignIn.staff_id)
    )
    return {id_: at for id_, at in rows if id_ is not None}


def end_sign_ins(session: Session, staff_id: str, at: datetime, keep: str = "") -> int:
    """End the live sign-ins of an account but for the one of that digest; give how many."""
    ended = session.scalars(
        update(SignIn)
        .where(SignIn.staff_id == staff_id, SignIn.expires_at > at, SignIn.token_hash != keep)
        .values(expires_at=at)
        .returning(SignIn.token_hash)
    )
    return len(ended.all())


def list_live_sign_ins(session: Session, staff_id: str, at: datetime) -> list[SignIn]:
    """List the browsers in which an account is signed in, the one last seen first."""
    query = (
        select(SignIn)
        .where(SignIn.staff_id == staff_id, SignIn.expires_at > at)
        .order_by(SignIn.seen_at.desc(), SignIn.token_hash)
    )
    return list(session.scalars(query))


def find_invitation(session: Session, token_hash: str) -> StaffInvitation | None:
    """Find an invitation, used or not."""
    return session.get(StaffInvitation, token_hash)


def lock_invitation(session: Session, token_hash: str) -> StaffInvitation | None:
    """Find an invitation as it stands now, used or not, and hold it."""
    return session.scalar(
        select(StaffInvitation)
        .where(StaffInvitation.token_hash == token_hash)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def list_open_invitations(session: Session, at: datetime, limit: int) -> list[StaffInvitation]:
    """List the invitations that nobody has used yet, the newest first."""
    query = (
        select(StaffInvitation)
        .where(StaffInvitation.used_at.is_(None), StaffInvitation.expires_at > at)
        .order_by(StaffInvitation.expires_at.desc(), StaffInvitation.token_hash)
        .limit(limit)
    )
    return list(session.scalars(query))


def end_invitations(session: Session, login: str, at: datetime) -> None:
    """Let no earlier link of a login work from now on."""
    session.execute(
        update(StaffInvitation)
        .where(
            StaffInvitation.login == login,
            StaffInvitation.used_at.is_(None),
            StaffInvitation.expires_at > at,
        )
        .values(expires_at=at)
    )


def replace_codes(session: Session, staff_id: str, digests: Iterable[str]) -> None:
    """Give an account these recovery codes in place of all it had."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    session.add_all(RecoveryCode(code_hash=digest, staff_id=staff_id) for digest in digests)


def count_codes(session: Session, staff_id: str) -> int:
    """Count the recovery codes that are left to an account."""
    query = select(func.count()).where(
        RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None)
    )
    return session.scalar(query) or 0


def use_code(session: Session, staff_id: str, digests: Collection[str], at: datetime) -> bool:
    """Use a recovery code up; only one of several who show it gets in."""
    used = session.scalars(
        update(RecoveryCode)
        .where(
            RecoveryCode.staff_id == staff_id,
            RecoveryCode.code_hash.in_(digests),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .returning(RecoveryCode.code_hash)
    )
    return bool(used.all())
