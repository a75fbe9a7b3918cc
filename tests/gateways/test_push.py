"""Push against real TLS servers: what travels, who may read it, and how failures are named."""

import base64
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import http_ece  # type: ignore[import-untyped]
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from app.gateways.push import LEFT_ALONE_S, RecordingPusher, WebPusher
from app.observability import set_up_logging
from app.services.ports import (
    Gone,
    NotDelivered,
    PassingFailure,
    PermanentFailure,
    Push,
    Subscription,
)
from tests.servers import Certified, HttpSink, certify, free_address, http_sink

BROWSER = ec.generate_private_key(ec.SECP256R1())
AUTH = bytes(range(16))
SERVER = ec.generate_private_key(ec.SECP256R1())
PRIVATE = SERVER.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC = SERVER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
SECRET_PATH = "/wpush/a-place-that-nobody-may-learn"
PAYLOAD = {"web_push": 8030, "notification": {"title": "Votre carnet, avant minuit — « ici »"}}


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def to_port(port: int, **changes: Any) -> Push:
    to = Subscription(
        id="one",
        endpoint=f"https://localhost:{port}{SECRET_PATH}",
        p256dh=base64url(point_of(BROWSER)),
        auth=base64url(AUTH),
    )
    return replace(Push(key="a key", to=to, payload=PAYLOAD, ttl_s=1800), **changes)


class Seconds:
    """A clock of seconds that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certify(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def sink(certified: Certified) -> Iterator[HttpSink]:
    with http_sink(certified[0]) as running:
        yield running


@pytest.fixture
def other(certified: Certified) -> Iterator[HttpSink]:
    with http_sink(certified[0]) as running:
        yield running


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


Pushers = list[WebPusher]


@pytest.fixture
def pushers() -> Iterator[Pushers]:
    made: Pushers = []
    yield made
    for pusher in made:
        pusher.close()


@pytest.fixture
def pusher(
    certified: Certified, clock: Seconds, pushers: Pushers, sink: HttpSink, other: HttpSink
) -> WebPusher:
    """A pusher that may speak to both sinks."""
    return pusher_for(pushers, sink.port, other.port, tls=certified[1], clock=clock)


def pusher_for(pushers: Pushers, *ports: int, **changes: Any) -> WebPusher:
    given = {"timeout_s": 5.0, **changes}
    made = WebPusher(
        private_pem=PRIVATE,
        public_pem=PUBLIC,
        subscriber="carnet@notes.example",
        hosts=tuple(f"localhost:{port}" for port in ports),
        **given,
    )
    pushers.append(made)
    return made


def failure_of(pusher: WebPusher, push: Push) -> NotDelivered:
    with pytest.raises(NotDelivered) as refused:
        pusher.send(push)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    assert SECRET_PATH not in repr(refused.value)
    return refused.value


def test_the_browser_alone_can_read_it(pusher: WebPusher, sink: HttpSink) -> None:
    pusher.send(to_port(sink.port))
    [posted] = sink.posted
    assert posted.path == SECRET_PATH
    assert posted.headers["content-encoding"] == "aes128gcm"
    assert b"carnet" not in posted.body
    read = http_ece.decrypt(posted.body, private_key=BROWSER, auth_secret=AUTH, version="aes128gcm")
    assert json.loads(read) == PAYLOAD
    with pytest.raises(http_ece.ECEException):
        http_ece.decrypt(posted.body, private_key=SERVER, auth_secret=AUTH, version="aes128gcm")


def test_every_message_is_sealed_anew(pusher: WebPusher, sink: HttpSink) -> None:
    for _ in range(2):
        pusher.send(to_port(sink.port))
    salts, keys = ({posted.body[a:b] for posted in sink.posted} for a, b in ((0, 16), (21, 86)))
    assert len(salts) == len(keys) == 2


def test_the_push_service_can_tell_who_sends(pusher: WebPusher, sink: HttpSink) -> None:
    pusher.send(to_port(sink.port))
    scheme, _, told = sink.posted[0].headers["authorization"].partition(" ")
    given = dict(part.strip().split("=", 1) for part in told.split(","))
    assert scheme == "vapid"
    assert given["k"] == base64url(point_of(SERVER))
    key = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), base64.urlsafe_b64decode(given["k"] + "=")
    )
    claims = jwt.decode(given["t"], key, algorithms=["ES256"], audience="https://localhost")
    assert claims["sub"] == "mailto:carnet@notes.example"


def test_the_headers_say_how_long_how_urgent_and_what_it_replaces(
    pusher: WebPusher, sink: HttpSink
) -> None:
    for key, ttl_s in (("a key", 1800), ("a key", 0), ("another", -5)):
        pusher.send(to_port(sink.port, key=key, ttl_s=ttl_s))
    headers = [posted.headers for posted in sink.posted]
    assert [told["ttl"] for told in headers] == ["1800", "0", "0"]
    assert {told["urgency"] for told in headers} == {"high"}
    first, again, another = (told["topic"] for told in headers)
    assert first == again != another
    assert len(first) == 32
    assert set(first) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("status", [200, 201, 202])
def test_it_is_handed_over(pusher: WebPusher, sink: HttpSink, status: int) -> None:
    sink.status = status
    pusher.send(to_port(sink.port))
    assert len(sink.posted) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, Gone),
        (410, Gone),
        (400, PermanentFailure),
        (401, PermanentFailure),
        (403, PermanentFailure),
        (413, PermanentFailure),
        (429, PassingFailure),
        (500, PassingFailure),
        (503, PassingFailure),
    ],
)
def test_a_refusal_is_named_by_its_status(
    pusher: WebPusher, sink: HttpSink, status: int, kind: type[NotDelivered]
) -> None:
    sink.status = status
    failure = failure_of(pusher, to_port(sink.port))
    assert (type(failure), failure.code) == (kind, f"push_{status}")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "99999999999999999999"}, 3600),
        ({"Retry-After": "-5"}, 0),
        ({"Retry-After": "soon"}, 0),
        ({"Retry-After": "Tue, 03 Feb 2026 18:02:00 GMT"}, 90),
        ({"Retry-After": "Tue, 03 Feb 2026 17:00:00 GMT"}, 0),
        ({"Retry-After": "Fri, 03 Apr 2026 18:00:00 GMT"}, 3600),
    ],
)
def test_the_wait_that_is_asked_for_is_told_and_bounded(
    pusher: WebPusher, sink: HttpSink, headers: dict[str, str], seconds: float
) -> None:
    sink.status, sink.headers = 429, {"Date": "Tue, 03 Feb 2026 18:00:30 GMT", **headers}
    assert failure_of(pusher, to_port(sink.port)).retry_after_s == seconds


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(
    pusher: WebPusher, sink: HttpSink, other: HttpSink, status: int
) -> None:
    sink.status, sink.headers = status, {"Location": f"https://localhost:{other.port}/elsewhere"}
    assert type(failure_of(pusher, to_port(sink.port))) is PermanentFailure
    assert other.posted == []


def test_another_host_is_not_spoken_to(
    pushers: Pushers, sink: HttpSink, certified: Certified
) -> None:
    pusher = pusher_for(pushers, 1, tls=certified[1])
    assert failure_of(pusher, to_port(sink.port)).code == "host_not_allowed"
    assert sink.posted == []


def test_an_unknown_certificate_is_not_trusted(
    pushers: Pushers, sink: HttpSink, tmp_path: Path
) -> None:
    for tls in (None, certify(tmp_path)[1]):
        failure = failure_of(pusher_for(pushers, sink.port, tls=tls), to_port(sink.port))
        assert (type(failure), failure.code) == (PassingFailure, "ConnectError")
    assert sink.posted == []


def test_what_no_browser_could_read_fails_for_good(pusher: WebPusher, sink: HttpSink) -> None:
    push = to_port(sink.port)
    for keys in ({"p256dh": "AAAA"}, {"p256dh": "é"}, {"auth": "A"}):
        failure = failure_of(pusher, replace(push, to=replace(push.to, **keys)))
        assert (type(failure), failure.code) == (PermanentFailure, "keys_malformed")
    failure = failure_of(pusher, replace(push, payload={"title": "x" * 4000}))
    assert (type(failure), failure.code) == (PermanentFailure, "payload_too_large")
    pusher.send(replace(push, payload={"title": "x" * 3981}))
    assert len(sink.posted[0].body) == 4096


# A host that hangs


def test_a_host_that_hangs_is_given_up_in_time_and_left_alone_and_tried_by_one(
    certified: Certified, clock: Seconds, pushers: Pushers, sink: HttpSink, other: HttpSink
) -> None:
    pusher = pusher_for(
        pushers, sink.port, other.port, tls=certified[1], clock=clock, timeout_s=0.2
    )
    sink.hang()
    failure = failure_of(pusher, to_port(sink.port))
    assert (type(failure), failure.code) == (PassingFailure, "ReadTimeout")
    assert failure.retry_after_s == LEFT_ALONE_S
    clock.now += 10
    failure = failure_of(pusher, to_port(sink.port))
    assert (failure.code, failure.retry_after_s) == ("host_left_alone", LEFT_ALONE_S - 10)
    assert len(sink.posted) == 1, "nothing was sent the second time"
    pusher.send(to_port(other.port))
    assert len(other.posted) == 1, "the others are not held up"
    clock.now += LEFT_ALONE_S
    assert failure_of(pusher, to_port(sink.port)).code == "ReadTimeout"
    clock.now += LEFT_ALONE_S
    sink.go_on()
    pusher.send(to_port(sink.port))
    pusher.send(to_port(sink.port))
    assert len(sink.posted) == 4


def test_while_one_tries_a_host_again_the_others_go_on_waiting(
    certified: Certified, clock: Seconds, pushers: Pushers, sink: HttpSink
) -> None:
    pusher = pusher_for(pushers, sink.port, tls=certified[1], clock=clock, timeout_s=0.3)
    sink.hang()
    failure_of(pusher, to_port(sink.port))
    clock.now += LEFT_ALONE_S
    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(lambda _: failure_of(pusher, to_port(sink.port)).code, range(8)))
    assert sorted(codes) == ["ReadTimeout", *["host_left_alone"] * 7]


def test_a_host_that_is_not_there_is_left_alone_too(
    certified: Certified, clock: Seconds, pushers: Pushers
) -> None:
    with free_address() as nobody:
        port = nobody.getsockname()[1]
    pusher = pusher_for(pushers, port, tls=certified[1], clock=clock)
    codes = [failure_of(pusher, to_port(port)).code for _ in range(2)]
    assert codes == ["ConnectError", "host_left_alone"]


def test_a_refusal_is_an_answer_and_spares_nobody(pusher: WebPusher, sink: HttpSink) -> None:
    sink.status = 503
    codes = [failure_of(pusher, to_port(sink.port)).code for _ in range(2)]
    assert codes == ["push_503"] * 2


def test_many_threads_share_it(pusher: WebPusher, sink: HttpSink, other: HttpSink) -> None:
    ports = [sink.port, other.port] * 20
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda port: pusher.send(to_port(port)), ports))
    assert (len(sink.posted), len(other.posted)) == (20, 20)


# What shows


def test_no_address_shows_when_something_is_printed_or_logged(
    pusher: WebPusher, sink: HttpSink
) -> None:
    push = to_port(sink.port)
    shown = f"{push!r} {push.to!r} {pusher!r}"
    assert SECRET_PATH not in shown
    assert push.to.auth not in shown
    set_up_logging("json")
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)


def test_the_twin_fails_as_it_is_told_and_keeps_the_rest() -> None:
    push = to_port(443)
    twin = RecordingPusher(failures={"two": Gone("push_410")})
    twin.send(push)
    with pytest.raises(Gone):
        twin.send(replace(push, to=replace(push.to, id="two")))
    assert twin.sent == [push]
