"""Where the ledger and the queue stand, in numbers that name nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.ledger import ACTS, data_stream
from app.store import ledger, participants, standings
from app.store.session import Session


@dataclass(frozen=True, slots=True)
class Standing:
    """The number of each stream's last change, and the messages that are due, by channel."""

    heads: Mapping[str, int]
    ready: Mapping[str, int]


def look(session: Session, now: datetime) -> Standing:
    """Read both; one small query a stream, and one for the queue."""
    streams = [ACTS, *(data_stream(site.id) for site in participants.list_sites(session))]
    heads = ledger.list_heads(session, streams)
    return Standing(
        heads={stream: no for stream, (no, _) in heads.items()},
        ready=standings.count_ready(session, now),
    )
