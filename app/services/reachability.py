"""Whether a participant can be reached: what is known of each way, from the messages that went it.

The rule kept: that e-mail was taken over proves nothing, so it is never said to have arrived.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.reach import ORDER, Channel
from app.domain.schedule import ReminderState
from app.services.channels import LastTest, find_last_test
from app.services.deployment import Deployment
from app.services.reach import ways_of
from app.store import timeline
from app.store.session import Session
from app.store.tables import Participant, Reminder


class Known(StrEnum):
    """What the latest messages of a way say about it."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    REFUSED = "refused"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a participant: what is known of it, and since when."""

    channel: Channel
    known: Known
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Reachability:
    """The ways to a participant in the order in which they are tried; none means a call.

    `lost` are ways that messages went before and that are no more.
    """

    ways: tuple[Way, ...]
    lost: tuple[Way, ...]
    last_test: LastTest | None


def read_reachability(
    session: Session, *, deployment: Deployment, person: Participant, now: datetime
) -> Reachability:
    """Read what is known of each way to a participant whom the caller may see."""
    available = ways_of(session, deployment, person.id).channels
    rows = timeline.last_by_channel(session, person.id)
    found = {channel: _way(channel, rows) for channel in ORDER}
    return Reachability(
        ways=tuple(found[channel] for channel in ORDER if channel in available),
        lost=tuple(
            way
            for channel, way in found.items()
            if channel not in available and way.known is not Known.UNTRIED
        ),
        last_test=find_last_test(session, participant_id=person.id, now=now),
    )


def _way(channel: Channel, rows: Sequence[Reminder]) -> Way:
    """The latest word on a way: a refusal, an arrival, or only that messages were taken over."""
    own = [row for row in rows if row.channel == channel]
    refused = [row.due_at for row in own if row.state == ReminderState.FAILED]
    arrived = [row.delivered_at for row in own if row.delivered_at is not None]
    taken = [
        row.handed_over_at
        for row in own
        if row.handed_over_at is not None and row.state != ReminderState.FAILED
    ]
    last_arrival, last_taken = max(arrived, default=None), max(taken, default=None)
    if refused and all(at is None or at < max(refused) for at in (last_arrival, last_taken)):
        return Way(channel, Known.REFUSED, max(refused))
    if last_arrival is not None:
        return Way(channel, Known.CONFIRMED, last_arrival)
    if last_taken is not None:
        return Way(channel, Known.UNCONFIRMED, last_taken)
    return Way(channel, Known.UNTRIED, None)
