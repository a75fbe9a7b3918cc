"""Where browsers take push messages. What has ended keeps its row and loses its address."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.store.tables import PushSubscription

_LIVE = PushSubscription.ended_at.is_(None)
_IN_ORDER = PushSubscription.created_at, PushSubscription.id


def find_live(session: Session, subscription_id: str) -> PushSubscription | None:
    """Find and hold a subscription that has not ended."""
    query = select(PushSubscription).where(PushSubscription.id == subscription_id, _LIVE)
    return session.scalar(query.with_for_update())


def list_live_in_the_way(
    session: Session, device_id: str, endpoint_hashes: Collection[str]
) -> list[PushSubscription]:
    """List and hold a device's live subscriptions, and anybody's at one of these endpoints."""
    is_met = (PushSubscription.device_id == device_id) | PushSubscription.endpoint_hash.in_(
        endpoint_hashes
    )
    query = select(PushSubscription).where(is_met, _LIVE).order_by(*_IN_ORDER)
    return list(session.scalars(query.with_for_update()))


def list_live_of_devices(session: Session, device_ids: Collection[str]) -> list[PushSubscription]:
    """List and hold the live subscriptions of these devices."""
    query = select(PushSubscription).where(PushSubscription.device_id.in_(device_ids), _LIVE)
    return list(session.scalars(query.order_by(*_IN_ORDER).with_for_update()))


def list_live_of(session: Session, participant_ids: Collection[int]) -> list[PushSubscription]:
    """List the live subscriptions of some participants, the oldest first."""
    query = select(PushSubscription).where(
        PushSubscription.participant_id.in_(participant_ids), _LIVE
    )
    return list(session.scalars(query.order_by(*_IN_ORDER)))
