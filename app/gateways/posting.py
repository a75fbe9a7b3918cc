"""One POST to a host outside: bounded in time, connections and bytes, and never redirected.

What the other side says is read for its status alone: its words could hold an address.
"""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx

CONNECTIONS = 64
LONGEST_WAIT_S = 3600.0
"""The most that anybody may ask us to wait."""
_MOST_READ = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered: its status, and how long it asks us to wait (0: not at all)."""

    status: int
    retry_after_s: float


def open_client(timeout_s: float, tls: ssl.SSLContext | None) -> httpx.Client:
    """Open a client that several threads may share; `tls` replaces the machine's own trust."""
    return httpx.Client(
        timeout=timeout_s,
        verify=tls or ssl.create_default_context(),
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
    )


def exchange(
    client: httpx.Client,
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    clock: Callable[[], float],
) -> Answer:
    """Post, and read what comes back for as long as a step may take; raises httpx.HTTPError."""
    with client.stream("POST", url, content=body, headers=dict(headers)) as answer:
        _drain(answer, until=clock() + (client.timeout.read or 0), clock=clock)
        return Answer(answer.status_code, _retry_after_s(answer.headers))


def _drain(answer: httpx.Response, *, until: float, clock: Callable[[], float]) -> None:
    """Read the rest, so that the connection serves again; too much or too slow, it is dropped."""
    read = 0
    try:
        for chunk in answer.iter_raw():
            read += len(chunk)
            if read > _MOST_READ or clock() > until:
                return
    except httpx.HTTPError:
        return  # the status is there, and nothing else counts


def _retry_after_s(headers: httpx.Headers) -> float:
    """How long to wait: seconds, or an instant by the other side's own clock; an hour at most."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked[:9]), LONGEST_WAIT_S)
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return 0
    return min(max(wait.total_seconds(), 0), LONGEST_WAIT_S)
