"""Push: encrypted for one browser and handed to its push service, or recorded for tests.

Encryption (RFC 8291) and sign-in (VAPID, RFC 8292) are the library's; the sending is ours. The push
service sees neither the words nor whom they are for.
"""

import base64
import hashlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import httpx
from pydantic import AnyHttpUrl
from webpush import WebPush  # type: ignore[import-untyped]
from webpush.types import (  # type: ignore[import-untyped]
    WebPushKeys,
    WebPushSubscription,
)

from app.domain.endpoints import is_push_host
from app.gateways.posting import Answer, exchange, open_client
from app.services.ports import Gone, NotDelivered, PassingFailure, PermanentFailure, Push

LEFT_ALONE_S = 30.0
"""How long a host that hangs is spared, so that the messages to others do not wait behind it."""
LONGEST_PAYLOAD = 3993
"""Bytes of the one record that RFC 8291 allows: 4,096 with header, key and tag."""


class WebPusher:
    """Hands each message to the push service that its browser named, over https alone.

    `hosts` are the push services that may be spoken to, `subscriber` the e-mail address at which
    they find us. `timeout_s` bounds every step. `clock` counts seconds and tells no time of day.
    """

    def __init__(
        self,
        *,
        private_pem: bytes,
        public_pem: bytes,
        subscriber: str,
        hosts: tuple[str, ...],
        timeout_s: float = 10.0,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys = private_pem, public_pem
        self._subscriber, self._hosts = subscriber, hosts
        self._timeout_s, self._clock = timeout_s, clock
        self._client = open_client(timeout_s, tls)
        self._spared = _Spared(clock, timeout_s)

    def send(self, push: Push) -> None:
        """Hand one message over; raises NotDelivered."""
        endpoint = push.to.endpoint
        if not is_push_host(endpoint, self._hosts):
            raise PermanentFailure("host_not_allowed")
        body, headers = self._sealed(push)
        host = urlsplit(endpoint).netloc
        self._spared.require(host)
        try:
            answer = exchange(self._client, endpoint, body=body, headers=headers, clock=self._clock)
        except httpx.PoolTimeout:
            raise PassingFailure("PoolTimeout") from None  # our own haste, no fault of the host
        except httpx.HTTPError as fault:
            self._spared.add(host)
            raise PassingFailure(type(fault).__name__, retry_after_s=LEFT_ALONE_S) from None
        self._spared.forgive(host)
        if failure := _failure(answer):
            raise failure

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _sealed(self, push: Push) -> tuple[bytes, dict[str, str]]:
        """Encrypt a message and sign in for it. The library keeps a ttl, hence a new object."""
        told = json.dumps(push.payload, ensure_ascii=False, separators=(",", ":")).encode()
        if len(told) > LONGEST_PAYLOAD:
            raise PermanentFailure("payload_too_large")
        ttl_s = max(int(push.ttl_s), 0)
        writer = WebPush(*self._keys, subscriber=self._subscriber, ttl=ttl_s)
        try:
            to = WebPushSubscription(
                endpoint=AnyHttpUrl(push.to.endpoint),
                keys=WebPushKeys(auth=push.to.auth, p256dh=push.to.p256dh),
            )
            message = writer.get(told, to)
        except ValueError:
            raise PermanentFailure("keys_malformed") from None
        return message.encrypted, {
            "Authorization": message.headers["authorization"],
            "Content-Encoding": message.headers["content-encoding"],
            "Content-Type": "application/octet-stream",
            "TTL": message.headers["ttl"],
            "Urgency": "high",
            "Topic": _topic(push.key),
        }


def _topic(key: str) -> str:
    """Name what a message sent again takes the place of: 32 characters that tell nothing."""
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()[:24]).decode()


def _failure(answer: Answer) -> NotDelivered | None:
    status, code = answer.status, f"push_{answer.status}"
    if 200 <= status < 300:
        return None
    if status in (404, 410):
        return Gone(code)
    if status in (408, 425, 429) or status >= 500:
        return PassingFailure(code, retry_after_s=answer.retry_after_s)
    return PermanentFailure(code)


class _Spared:
    """The hosts that hang, left alone for a while; afterwards one message tries for all."""

    def __init__(self, clock: Callable[[], float], timeout_s: float) -> None:
        self._clock, self._timeout_s = clock, timeout_s
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def require(self, host: str) -> None:
        """Raise PassingFailure while the host is left alone."""
        with self._lock:
            until, now = self._until.get(host), self._clock()
            if until is None:
                return
            if now < until:
                raise PassingFailure("host_left_alone", retry_after_s=until - now)
            self._until[host] = now + self._timeout_s

    def add(self, host: str) -> None:
        """Leave a host alone from now on; those that were spared long ago are forgotten."""
        with self._lock:
            now = self._clock()
            kept = {name: at for name, at in self._until.items() if at > now - LEFT_ALONE_S}
            self._until = {**kept, host: now + LEFT_ALONE_S}

    def forgive(self, host: str) -> None:
        """Note that a host answers."""
        with self._lock:
            self._until.pop(host, None)


class RecordingPusher:
    """Takes every message over and keeps it in `sent`.

    `failures` names subscriptions by id and how they fail.
    """

    def __init__(self, *, failures: Mapping[str, NotDelivered] | None = None) -> None:
        self.sent: list[Push] = []
        self.failures = dict(failures or {})

    def send(self, push: Push) -> None:
        """Record one message, or fail as told."""
        if failure := self.failures.get(push.to.id):
            raise failure
        self.sent.append(push)
