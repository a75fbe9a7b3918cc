"""Bounds on a request's head, before there is a request: its size, and the time it takes to arrive.

A proxy in front has bounds of its own; these hold without one, for connections that say nothing or
a byte at a time. What comes after the head is bounded in `app.security`.
"""

from asyncio import TimerHandle, Transport
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Wire(HttpToolsProtocol):
    """A connection that is closed when a head is too large, or not whole in time."""

    largest_head: ClassVar[int] = 32 * 1024
    head_within_s: ClassVar[float] = 10.0
    _head = 0
    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        super().on_message_begin()
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take in what came; give up when it is a head that does not end."""
        super().data_received(data)
        if self._timer is None or self.transport.is_closing():
            return
        self._head += len(data)
        if self._head > self.largest_head:
            self.send_400_response("Request header fields too large.")

    def on_headers_complete(self) -> None:
        """Wait no more: the request begins."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._stop_waiting()
        self._head = 0
        self._timer = self.loop.call_later(self.head_within_s, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
