"""Technical rows that have had their time, and the ways in that go at the end of a study.

Only machinery is named here: no table of the ledger, of answers or of their trail (TRUST #27).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.domain.participant import OVER, State
from app.store.tables import (
    Base,
    Contact,
    Device,
    Digest,
    EnrolmentLink,
    NightlyRun,
    PairingCode,
    Participant,
    Passkey,
    PasskeyChallenge,
    PushSubscription,
    SignIn,
    StaffChallenge,
    StaffInvitation,
    Throttle,
)

BATCH = 1000
Condition = Callable[[datetime], ColumnElement[bool]]


def _ended_sign_in(before: datetime) -> ColumnElement[bool]:
    """That a sign-in ended; each account's last one stays, for the review of rights."""
    later = aliased(SignIn)
    has_later = exists().where(
        later.staff_id == SignIn.staff_id, later.created_at > SignIn.created_at
    )
    return (SignIn.expires_at < before) & or_(SignIn.staff_id.is_(None), has_later)


TECHNICAL: dict[type[Base], Condition] = {
    Throttle: lambda before: Throttle.last_at < before,
    SignIn: _ended_sign_in,
    PairingCode: lambda before: PairingCode.expires_at < before,
    PasskeyChallenge: lambda before: PasskeyChallenge.expires_at < before,
    StaffChallenge: lambda before: StaffChallenge.expires_at < before,
    StaffInvitation: lambda before: StaffInvitation.expires_at < before,
    EnrolmentLink: lambda before: EnrolmentLink.expires_at < before,
    PushSubscription: lambda before: PushSubscription.ended_at < before,
    Digest: lambda before: Digest.claimed_at < before,
    NightlyRun: lambda before: NightlyRun.started_at < before,
}
"""Each table that is erased after a time, and which of its rows: all of them are over by then."""


def erase_batch(session: Session, table: type[Base], before: datetime) -> int:
    """Erase up to a batch of a table's rows that were over before an instant; give how many."""
    keys = list(table.__mapper__.primary_key)
    if len(keys) > 1:  # a row a day and person: few enough for one statement
        return _count(session, delete(table).where(TECHNICAL[table](before)))
    (key,) = keys
    due = select(key).where(TECHNICAL[table](before)).limit(BATCH)
    return _count(session, delete(table).where(key.in_(due)))


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is still there to reach or recognise a participant by."""

    contacts: int
    push_subscriptions: int
    devices: int
    passkeys: int
    sign_ins: int
    enrolment_links: int


_HAS_ADDRESS = Contact.email_sealed.is_not(None) | Contact.phone_sealed.is_not(None)
_OF_PARTICIPANTS = SignIn.device_id.is_not(None)
_ERASED = "erased:"
_IS_KNOWN = Device.secret_hash.not_like(f"{_ERASED}%")


def count_leftovers(session: Session) -> Leftovers:
    """Count what `erase_ways_in` would take away."""
    return Leftovers(
        contacts=_of(session, select(func.count()).select_from(Contact).where(_HAS_ADDRESS)),
        push_subscriptions=_of(session, select(func.count()).select_from(PushSubscription)),
        devices=_of(session, select(func.count()).select_from(Device).where(_IS_KNOWN)),
        passkeys=_of(session, select(func.count()).select_from(Passkey)),
        sign_ins=_of(session, select(func.count()).select_from(SignIn).where(_OF_PARTICIPANTS)),
        enrolment_links=_of(session, select(func.count()).select_from(EnrolmentLink)),
    )


def count_going_on(session: Session, on: date) -> int:
    """Count the participants whose diary is not over on a date."""
    over = [state.value for state in {*OVER, State.LOST_TO_FOLLOW_UP}]
    goes_on = Participant.state.not_in(over) & (Participant.last_diary_on >= on)
    return _of(session, select(func.count()).select_from(Participant).where(goes_on))


def erase_ways_in(session: Session, now: datetime) -> None:
    """Take away every address, credential and way in of participants; their devices' rows stay."""
    session.execute(delete(Contact))
    for table in (PushSubscription, Passkey, PasskeyChallenge, PairingCode, EnrolmentLink):
        session.execute(delete(table))
    session.execute(delete(SignIn).where(_OF_PARTICIPANTS))
    session.execute(
        update(Device)
        .where(_IS_KNOWN)
        .values(
            secret_hash=_ERASED + Device.id,
            pin_hash="",
            label="",
            revoked_at=func.coalesce(Device.revoked_at, now),
        )
        .execution_options(synchronize_session=False)
    )


def _of(session: Session, query: Any) -> int:
    return session.scalar(query) or 0


def _count(session: Session, statement: Any) -> int:
    done = session.execute(statement.execution_options(synchronize_session=False))
    return int(getattr(done, "rowcount", 0))
