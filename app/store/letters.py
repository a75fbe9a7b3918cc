"""Requests to the site with their answers, messages from it, and the word on locked saves.

Rows only: the texts are those of the changes they name, read with `records.texts_of`.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.orm import Session

from app.store.tables import (
    Confirmation,
    Record,
    RecordVersion,
    Request,
    RequestAnswer,
    SiteMessage,
)

Q = TypeVar("Q", bound=Select[Any])
_SAVED_LOCKED: ColumnElement[bool] = RecordVersion.assurance == literal_column("'device'")
"""Written out, because a partial index serves no bound value."""


def find_request(session: Session, request_id: str) -> Request | None:
    """Find a request by its id."""
    return session.get(Request, request_id)


def find_answer(session: Session, request_id: str) -> RequestAnswer | None:
    """Find the site's answer to a request."""
    return session.get(RequestAnswer, request_id)


def list_requests(
    session: Session, participant_id: int, limit: int = 100
) -> list[tuple[Request, RequestAnswer | None]]:
    """List a participant's requests with their answers, the latest first."""
    query = (
        select(Request, RequestAnswer)
        .outerjoin(RequestAnswer, RequestAnswer.request_id == Request.id)
        .where(Request.participant_id == participant_id)
        .order_by(Request.asked_at.desc(), Request.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def list_open(session: Session, participant_id: int) -> list[Request]:
    """List a participant's requests that have no answer yet, the longest waiting first."""
    query = _open(select(Request)).where(Request.participant_id == participant_id)
    return list(session.scalars(query.order_by(Request.asked_at, Request.id)))


def count_open(session: Session, participant_id: int) -> int:
    """Count a participant's requests that have no answer yet."""
    query = _open(select(func.count()).select_from(Request))
    return session.scalar(query.where(Request.participant_id == participant_id)) or 0


def who_asks(session: Session, ids: Collection[int]) -> set[int]:
    """Give those of some participants who have a request without an answer."""
    query = _open(select(Request.participant_id)).where(Request.participant_id.in_(ids))
    return set(session.scalars(query.distinct()))


def _open(query: Q) -> Q:
    answered = RequestAnswer.request_id == Request.id
    return query.outerjoin(RequestAnswer, answered).where(RequestAnswer.request_id.is_(None))


def find_message(session: Session, message_id: str) -> SiteMessage | None:
    """Find a message by its id."""
    return session.get(SiteMessage, message_id)


def list_messages(
    session: Session, participant_id: int, *, only_unread: bool, limit: int = 50
) -> list[SiteMessage]:
    """List the messages to a participant, the latest first."""
    query = (
        select(SiteMessage)
        .where(SiteMessage.participant_id == participant_id)
        .order_by(SiteMessage.sent_at.desc(), SiteMessage.id)
        .limit(limit)
    )
    if only_unread:
        query = query.where(SiteMessage.read_at.is_(None))
    return list(session.scalars(query))


def find_confirmation(session: Session, record_id: str, version: int) -> Confirmation | None:
    """Find what the participant said about one version."""
    return session.get(Confirmation, (record_id, version))


def list_unconfirmed(session: Session, participant_id: int, limit: int) -> list[RecordVersion]:
    """List what was saved on a locked phone and nobody owned or disowned yet, oldest first.

    Only while it is its record's latest version: whoever changed it since has seen it.
    """
    query = _unconfirmed(select(RecordVersion)).where(
        RecordVersion.participant_id == participant_id
    )
    ordered = query.order_by(RecordVersion.received_at, RecordVersion.record_id)
    return list(session.scalars(ordered.limit(limit)))


def who_left_unconfirmed(
    session: Session, ids: Collection[int], received_before: datetime
) -> set[int]:
    """Give those of some participants with a locked save that waits since before an instant."""
    query = _unconfirmed(select(RecordVersion.participant_id)).where(
        RecordVersion.participant_id.in_(ids), RecordVersion.received_at <= received_before
    )
    return set(session.scalars(query.distinct()))


def who_disowned(session: Session, ids: Collection[int]) -> set[int]:
    """Give those of some participants who disowned an entry that the site has not changed since."""
    query = (
        select(Confirmation.participant_id)
        .join(
            Record,
            (Record.record_id == Confirmation.record_id) & (Record.version == Confirmation.version),
        )
        .where(Confirmation.participant_id.in_(ids), Confirmation.is_own.is_(False))
    )
    return set(session.scalars(query.distinct()))


def _unconfirmed(query: Q) -> Q:
    is_latest = (Record.record_id == RecordVersion.record_id) & (
        Record.version == RecordVersion.version
    )
    is_told = (Confirmation.record_id == RecordVersion.record_id) & (
        Confirmation.version == RecordVersion.version
    )
    return (
        query.join(Record, is_latest)
        .outerjoin(Confirmation, is_told)
        .where(_SAVED_LOCKED, Confirmation.record_id.is_(None))
    )
