"""The ways to participants: the addresses that are known, and the browsers that take push messages.

The rule kept: an address leaves the process only as a message. One that cannot be read is no way,
so that it never holds up another.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.reach import ORDER, Channel, Sent, choose_channel
from app.domain.schedule import ReminderState
from app.services import subscriptions
from app.services.contacts import EMAIL, PHONE
from app.services.deployment import Deployment
from app.services.ports import Subscription
from app.services.vault import Vault
from app.store import participants
from app.store.session import Session
from app.store.tables import Reminder


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to one participant that this deployment can go."""

    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    subscriptions: tuple[Subscription, ...] = field(default=(), repr=False)

    @property
    def channels(self) -> frozenset[Channel]:
        """Those that there are."""
        found = {
            Channel.PUSH: self.subscriptions,
            Channel.EMAIL: self.email,
            Channel.SMS: self.phone,
        }
        return frozenset(channel for channel in ORDER if found[channel])


def ways_by_participant(
    session: Session, deployment: Deployment, ids: Collection[int]
) -> dict[int, Ways]:
    """Give the ways to several participants; two queries for all of them."""
    able = deployment.channels
    contacts = participants.contacts_by_participant(session, ids)
    pushed: Mapping[int, tuple[Subscription, ...]] = {}
    if Channel.PUSH in able:
        pushed = subscriptions.live_by_participant(session, deployment, ids)
    ways = {}
    for id_ in ids:
        contact = contacts.get(id_)
        email = contact.email_sealed if contact and Channel.EMAIL in able else None
        phone = contact.phone_sealed if contact and Channel.SMS in able else None
        ways[id_] = Ways(
            email=_open(deployment.vault, email, EMAIL),
            phone=_open(deployment.vault, phone, PHONE),
            subscriptions=pushed.get(id_, ()),
        )
    return ways


def ways_of(session: Session, deployment: Deployment, participant_id: int) -> Ways:
    """Give the ways to one participant."""
    return ways_by_participant(session, deployment, [participant_id])[participant_id]


def _open(vault: Vault, sealed: bytes | None, purpose: str) -> str | None:
    try:
        return vault.open(sealed, purpose) if sealed else None
    except ValueError:
        return None


def sent_before(rows: Sequence[Reminder]) -> list[Sent]:
    """What became of an evening's reminders that were handed over or refused, in that order."""
    over = [row for row in rows if row.state in (ReminderState.HANDED_OVER, ReminderState.FAILED)]
    over.sort(key=lambda row: row.handed_over_at or row.due_at)
    return [
        Sent(
            channel=Channel(row.channel),
            handed_over_at=row.handed_over_at,
            is_delivered=row.delivered_at is not None or row.tapped_at is not None,
            is_failed=row.state == ReminderState.FAILED,
        )
        for row in over
    ]


def next_channel(ways: Ways, rows: Sequence[Reminder], now: datetime) -> Channel:
    """Choose the way of an evening's next message, given all its reminders."""
    return choose_channel(ways.channels, sent_before(rows), now)
