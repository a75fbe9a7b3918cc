"""What the services ask of the outside world, as protocols; the gateways answer, `main` joins them.

Every port has a real implementation and a recording one. A port says how a failure is to be taken,
in a code that may be logged: never an address, never the words of a remote server.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one person. `key` stays the same when the message is sent again."""

    key: str
    to: str = field(repr=False)
    sender_name: str
    subject: str
    body: str
    language: str
    at: datetime


class NotDelivered(Exception):
    """A message was not handed over; `code` says why, for the timeline and the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PermanentFailure(NotDelivered):
    """This message will never arrive: the address is refused, not the moment."""


class PassingFailure(NotDelivered):
    """The same message may go through later."""


class ChannelAway(PassingFailure):
    """Nothing can be handed over now: the server is away, or our account at it is refused."""


class Mailer(Protocol):
    """Hands mail over to a mail server."""

    def send(self, mail: Mail) -> None:
        """Return once the server has taken the message over; raise NotDelivered otherwise."""
