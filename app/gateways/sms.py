"""SMS: handed to an HTTP gateway (docs/sms-gateway.md), or recorded for tests and the demo.

A text carries nothing that names the study, the disease or the software.
"""

import json
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from app.gateways.posting import Answer, exchange, open_client
from app.services.ports import ChannelAway, NotDelivered, PassingFailure, PermanentFailure, Sms


class HttpTexter:
    """Hands each text to one gateway. `timeout_s` bounds every step; `tls` replaces our trust."""

    def __init__(
        self,
        *,
        url: str,
        token: str,
        sender: str,
        timeout_s: float = 10.0,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._token, self._sender, self._clock = url, token, sender, clock
        self._client = open_client(timeout_s, tls)

    def send(self, sms: Sms) -> None:
        """Hand one message over; raises NotDelivered."""
        told = {"to": sms.to, "sender": self._sender, "text": sms.text, "reference": sms.key}
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": sms.key,
        }
        body = json.dumps(told, ensure_ascii=False).encode()
        try:
            answer = exchange(
                self._client, self._url, body=body, headers=headers, clock=self._clock
            )
        except httpx.HTTPError as fault:
            raise ChannelAway(type(fault).__name__) from None
        if failure := _failure(answer):
            raise failure

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()


def _failure(answer: Answer) -> NotDelivered | None:
    """Tell a refused message from a gateway that takes none: away, at another address, not ours."""
    status, code = answer.status, f"sms_{answer.status}"
    if 200 <= status < 300:
        return None
    if status in (401, 403, 429, 503) or status < 400:
        return ChannelAway(code, retry_after_s=answer.retry_after_s)
    if status in (408, 425) or status >= 500:
        return PassingFailure(code, retry_after_s=answer.retry_after_s)
    return PermanentFailure(code)


class RecordingTexter:
    """Takes every text over and keeps it in `sent`, as files too when given a folder.

    `failures` names numbers and how they fail.
    """

    def __init__(
        self, folder: Path | None = None, *, failures: Mapping[str, NotDelivered] | None = None
    ) -> None:
        self.sent: list[Sms] = []
        self.failures = dict(failures or {})
        self._folder = folder

    def send(self, sms: Sms) -> None:
        """Record one message, or fail as told."""
        if failure := self.failures.get(sms.to):
            raise failure
        self.sent.append(sms)
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"{sms.key}.txt"
            path.write_text(f"To: {sms.to}\n\n{sms.text}\n", encoding="utf-8")
