"""Real servers on loopback for the tests that need one: the application itself, and a mail server.

Each runs in a thread of the test process, on a port that the system chose, and is ready when it is
handed out: nothing is polled or waited for.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Event, Thread
from typing import Any

import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


def free_address(port: int = 0) -> socket.socket:
    """A socket bound to a free port of the loopback interface, or to `port`; not listening yet."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answers = Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answers.set()


@contextmanager
def serving(app: Callable[..., Any], bound: socket.socket) -> Iterator[None]:
    """Serve `app` on a socket from `free_address` until the block ends."""
    server = _Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=5))
    thread = Thread(target=server.run, kwargs={"sockets": [bound]}, name="live-server")
    thread.start()
    try:
        assert server.answers.wait(timeout=30), "the application did not start: see its log"
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=30)
        assert not thread.is_alive(), "the application did not stop"


class MailSink(Controller):
    """A mail server that accepts what it is sent and shows it in `messages`.

    `refused` holds the addresses that it answers with a permanent failure, as for a full mailbox.
    `options` are aiosmtpd's own: its TLS context, its sign-in.
    """

    def __init__(self, **options: Any) -> None:
        self.messages: list[EmailMessage] = []
        self.refused: set[str] = set()
        super().__init__(self, hostname="127.0.0.1", port=0, **options)

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        """Accept or refuse one recipient."""
        if address in self.refused:
            return "550 5.2.2 Mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep one message."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.messages.append(message_from_bytes(content, policy=policy.default))
        return "250 OK"
