"""A client that dawdles is let go in time and holds up nobody: a real server, by bare sockets."""

import socket
from collections.abc import Iterator
from contextlib import closing
from time import monotonic

import pytest

from app.routers import errors
from app.security import LARGEST_BODY, Shield
from app.wire import Wire
from tests.people import PIN, Stage, Who
from tests.servers import free_address, serving

PATIENCE_S = 0.4


class Hurried(Wire):
    """A connection with little time for a head."""

    head_within_s = PATIENCE_S


@pytest.fixture
def port(stage: Stage) -> Iterator[int]:
    """The application on loopback, with little time for a body."""
    bound = free_address()
    app = Shield(
        stage.app,
        base_url=stage.deployment.base_url,
        refuse=errors.refuse,
        fail=errors.fail,
        body_within_s=PATIENCE_S,
    )
    with serving(app, bound, Hurried):
        yield bound.getsockname()[1]


def say(port: int, *said: bytes) -> bytes:
    """Say something, wait for the end of the connection, and give what was answered."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as line:
        for part in said:
            line.sendall(part)
        answer = b""
        while more := line.recv(65536):
            answer += more
        return answer


def head(stage: Stage, path: str, *more: str) -> bytes:
    """The head of a post of the own participant."""
    cookies = "; ".join(f"{name}={value}" for name, value in stage.cast.cookies[Who.OWN].items())
    lines = (f"POST {path} HTTP/1.1", "Host: localhost:8000", f"Cookie: {cookies}")
    return "\r\n".join((*lines, "Connection: close", *more, "", "")).encode()


@pytest.mark.parametrize("path", ["/submissions", "/unlock"])
def test_a_body_that_does_not_end_is_answered_408_and_holds_nothing(
    stage: Stage, port: int, path: str
) -> None:
    dawdlers = []
    for _ in range(45):  # more than there are threads or connections
        line = socket.create_connection(("127.0.0.1", port), timeout=20)
        form = "Content-Type: application/x-www-form-urlencoded"
        line.sendall(head(stage, path, form, "Content-Length: 1000") + b"pin=")
        dawdlers.append(line)
    began = monotonic()
    assert stage.client(Who.OWN).post("/unlock", data={"pin": PIN}).status_code == 303
    assert monotonic() - began < 10, "nothing is held"
    for line in dawdlers:
        assert line.recv(65536).startswith(b"HTTP/1.1 408")
        line.close()


def test_a_phone_keeps_what_was_answered_408(stage: Stage, port: int) -> None:
    answer = say(port, head(stage, "/submissions", "Content-Length: 1000"), b'{"')
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"application/problem+json" in answer
    assert b'"too_slow"' in answer
    assert b"x-record-ack" not in answer.lower()


def test_a_chunked_body_without_end_is_refused(stage: Stage, port: int) -> None:
    chunk = b"%x\r\n" % 8192 + b"x" * 8192 + b"\r\n"
    said = [chunk] * (LARGEST_BODY // 8192 + 1)
    answer = say(port, head(stage, "/submissions", "Transfer-Encoding: chunked"), *said)
    assert answer.startswith((b"HTTP/1.1 413", b"HTTP/1.1 408"))


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: localhost:8000\r\nX-More: x"])
def test_a_head_that_does_not_end_is_let_go(port: int, said: bytes) -> None:
    assert say(port, said) == b""


def test_a_head_without_end_is_not_collected(port: int) -> None:
    said = [b"GET / HTTP/1.1\r\nX-More: ", *[b"x" * 8192] * 5]
    assert say(port, *said).startswith(b"HTTP/1.1 400")
