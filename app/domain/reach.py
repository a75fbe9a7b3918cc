"""By which way the next message goes, and whether a participant can be reached at all.

Pure rules over what became of the evening's earlier messages. The rule kept: silence of push or of
a telephone moves the next message to the next way; silence of e-mail, which gives no receipt, moves
it too but proves nothing about the address.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Channel(StrEnum):
    """The ways to a participant, in the order in which they are tried; `call` is the site's."""

    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"
    CALL = "call"


ORDER = (Channel.PUSH, Channel.EMAIL, Channel.SMS)
SILENT_AFTER = timedelta(minutes=10)
MESSAGES_AN_EVENING = 3
"""Over all channels; what a participant asked for again counts, a test does not."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An earlier message: its way, when it was handed over, whether it arrived or was refused."""

    channel: Channel
    handed_over_at: datetime | None
    is_delivered: bool = False
    is_failed: bool = False

    def is_silent(self, now: datetime) -> bool:
        """Whether it was handed over long enough ago for a receipt, and none came."""
        if self.is_delivered or self.is_failed or self.handed_over_at is None:
            return False
        return now - self.handed_over_at >= SILENT_AFTER


def choose_channel(
    available: Collection[Channel], earlier: Sequence[Sent], now: datetime
) -> Channel:
    """Choose the way of the next message of an evening, given the earlier ones in order.

    The first way that is available; after a silent or refused message the next one; what arrived
    stays. Past the last way, the last that was not refused tonight. `call` when there is none.
    """
    ways = [channel for channel in ORDER if channel in available]
    refused = {sent.channel for sent in earlier if sent.is_failed}
    good = [channel for channel in ways if channel not in refused]
    if not good:
        return Channel.CALL
    handed = [sent for sent in earlier if sent.handed_over_at is not None and not sent.is_failed]
    if not handed:
        return good[0]
    last = handed[-1]
    if last.channel in good and not last.is_silent(now):
        return last.channel
    later = [channel for channel in good if ORDER.index(channel) > _rank(last.channel)]
    return later[0] if later else good[-1]


def _rank(channel: Channel) -> int:
    return ORDER.index(channel) if channel in ORDER else -1


def is_unreachable(available: Collection[Channel], last_evening: Sequence[Sent]) -> bool:
    """Whether no way is known, or every message of the last evening that had any was refused."""
    ways = [channel for channel in ORDER if channel in available]
    return not ways or (bool(last_evening) and all(sent.is_failed for sent in last_evening))
