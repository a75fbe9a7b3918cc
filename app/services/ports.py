"""What the services ask of the outside world, as protocols; the gateways answer, `main` joins them.

Every port has a real implementation and a recording one. A port says how a failure is to be taken,
in a code that may be logged: never an address, never the words of a remote server. Whatever sends
may be called from several threads at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


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


@dataclass(frozen=True, slots=True)
class Sms:
    """One text message to one telephone; `key` as in `Mail`."""

    key: str
    to: str = field(repr=False)
    text: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where one browser takes push messages, with the keys that it gave (base64url)."""

    id: str
    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Push:
    """One push message to one browser; `payload` is declarative JSON.

    It is of no use after `ttl_s` seconds. `key` as in `Mail`: a later message under the same key
    takes the place of one that was not delivered yet.
    """

    key: str
    to: Subscription
    payload: Mapping[str, Any]
    ttl_s: int


class NotDelivered(Exception):
    """A message was not handed over; `code` says why, for the timeline and the log.

    `retry_after_s` is what the other side asked to wait for; 0 when it asked for nothing.
    """

    def __init__(self, code: str, *, retry_after_s: float = 0) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_s = retry_after_s


class PermanentFailure(NotDelivered):
    """This message will never arrive: the address is refused, not the moment."""


class Gone(PermanentFailure):
    """The address was good once and is no more: it is to be forgotten."""


class PassingFailure(NotDelivered):
    """The same message may go through later."""


class ChannelAway(PassingFailure):
    """Nothing can be handed over now: the server is away, or our account at it is refused."""


class Mailer(Protocol):
    """Hands mail over to a mail server."""

    def send(self, mail: Mail) -> None:
        """Return once the server has taken the message over; raise NotDelivered otherwise."""


class Texter(Protocol):
    """Hands text messages over to a gateway."""

    def send(self, sms: Sms) -> None:
        """Return once the gateway has taken the message over; raise NotDelivered otherwise."""


class Pusher(Protocol):
    """Hands push messages over to the push service of a browser."""

    def send(self, push: Push) -> None:
        """Return once the service has taken the message over; raise NotDelivered otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateways:
    """The ways out of this deployment; None for one that it does not have."""

    mailer: Mailer | None = None
    texter: Texter | None = None
    pusher: Pusher | None = None
