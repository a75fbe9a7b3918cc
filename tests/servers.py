"""Real servers on loopback for the tests that need one: the application, mail, HTTP.

Each runs in a thread of the test process, on a port that the system chose, and is ready when it is
handed out: nothing is polled or waited for.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import Any

import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.wire import Wire

Certified = tuple[ssl.SSLContext, ssl.SSLContext]
"""The server's side of a certificate, and a client that trusts it."""


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
def serving(
    app: Callable[..., Any], bound: socket.socket, wire: type[Wire] = Wire
) -> Iterator[None]:
    """Serve `app` on a socket from `free_address` until the block ends."""
    config = uvicorn.Config(app, http=wire, log_config=None, timeout_graceful_shutdown=5)
    server = _Server(config)
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


@dataclass(frozen=True)
class Posted:
    """A request as an HTTP sink got it; the names of its headers are in small letters."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class HttpSink:
    """An HTTP server that keeps what it is posted in `posted` and answers `status` and `headers`.

    With a context it speaks TLS. `hang` makes it listen and say nothing until `go_on`; after `stop`
    its port refuses connections. Threads serve it, so one that hangs holds up no other.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.posted: list[Posted] = []
        self.status, self.headers = 201, dict[str, str]()
        self._goes_on = Event()
        self._goes_on.set()
        self._server = _sink_server(self)
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), name="http-sink")

    def start(self) -> None:
        """Begin to answer; connections were taken from the first moment on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer whoever still waits, and close the port."""
        self.go_on()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=30)

    def hang(self) -> None:
        """Take requests from now on without an answer."""
        self._goes_on.clear()

    def go_on(self) -> None:
        """Answer again, also those who wait."""
        self._goes_on.set()

    def take(self, posted: Posted) -> None:
        """Keep a request, and let it wait while the sink hangs."""
        self.posted.append(posted)
        self._goes_on.wait(timeout=30)


def _sink_server(sink: HttpSink) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            sink.take(Posted(self.path, headers, body))
            self.send_response_only(sink.status)
            for name, value in {"Content-Length": "0", **sink.headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that went away, or did not trust us, is what some tests are about."""

    return Server(("127.0.0.1", 0), Handler)


@contextmanager
def http_sink(tls: ssl.SSLContext | None = None) -> Iterator[HttpSink]:
    """A running HTTP sink until the block ends."""
    sink = HttpSink(tls)
    sink.start()
    try:
        yield sink
    finally:
        sink.stop()


def certify(folder: Path) -> Certified:
    """Make a certificate for loopback in a folder: the server's side of it, and a client's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server of the tests")])
    names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    serving_it = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving_it.load_cert_chain(path)
    return serving_it, ssl.create_default_context(cafile=str(path))
