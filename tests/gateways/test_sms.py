"""The SMS gateway against a real HTTP server: the contract of docs/sms-gateway.md, word by word."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.gateways.sms import HttpTexter, RecordingTexter
from app.services.ports import ChannelAway, NotDelivered, PassingFailure, PermanentFailure, Sms
from tests.servers import HttpSink, certify, free_address, http_sink

SMS = Sms(
    key="6f1c9a52-0000-4000-8000-000000000001",
    to="+33612345678",
    text="Votre carnet est ouvert jusqu’à minuit : https://diary.example/r/1",
)


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with http_sink() as running:
        running.status = 202
        yield running


@contextmanager
def texter_for(url: str, **changes: Any) -> Iterator[HttpTexter]:
    texter = HttpTexter(url=url, token="a token", sender="Carnet", **{"timeout_s": 5.0, **changes})
    try:
        yield texter
    finally:
        texter.close()


def url_of(sink: HttpSink, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{sink.port}/messages"


def failure_at(url: str, **changes: Any) -> NotDelivered:
    with texter_for(url, **changes) as texter, pytest.raises(NotDelivered) as refused:
        texter.send(SMS)
    assert SMS.to not in repr(refused.value)
    return refused.value


def test_what_travels(sink: HttpSink) -> None:
    with texter_for(url_of(sink)) as texter:
        texter.send(SMS)
    [posted] = sink.posted
    assert posted.path == "/messages"
    assert json.loads(posted.body) == {
        "to": SMS.to,
        "sender": "Carnet",
        "text": SMS.text,
        "reference": SMS.key,
    }
    assert posted.headers["authorization"] == "Bearer a token"
    assert posted.headers["content-type"] == "application/json"
    assert posted.headers["idempotency-key"] == SMS.key


def test_the_same_message_again_bears_the_same_key(sink: HttpSink) -> None:
    with texter_for(url_of(sink)) as texter:
        for sms in (SMS, SMS, replace(SMS, key="another")):
            texter.send(sms)
    keys = [posted.headers["idempotency-key"] for posted in sink.posted]
    assert keys == [SMS.key, SMS.key, "another"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, ChannelAway),
        (401, ChannelAway),
        (403, ChannelAway),
        (429, ChannelAway),
        (503, ChannelAway),
        (408, PassingFailure),
        (425, PassingFailure),
        (500, PassingFailure),
        (502, PassingFailure),
        (400, PermanentFailure),
        (404, PermanentFailure),
        (422, PermanentFailure),
    ],
)
def test_a_refusal_is_named_by_its_status(
    sink: HttpSink, status: int, kind: type[NotDelivered]
) -> None:
    sink.status = status
    failure = failure_at(url_of(sink))
    assert (type(failure), failure.code) == (kind, f"sms_{status}")
    assert failure.retry_after_s == 0


@pytest.mark.parametrize("status", [429, 503, 500])
def test_the_wait_that_is_asked_for_is_told(sink: HttpSink, status: int) -> None:
    sink.status, sink.headers = status, {"Retry-After": "90"}
    assert failure_at(url_of(sink)).retry_after_s == 90


def test_a_redirect_is_not_followed(sink: HttpSink) -> None:
    with http_sink() as other:
        sink.status, sink.headers = 307, {"Location": url_of(other)}
        failure_at(url_of(sink))
    assert other.posted == []


def test_a_gateway_that_hangs_is_away_in_time(sink: HttpSink) -> None:
    sink.hang()
    failure = failure_at(url_of(sink), timeout_s=0.1)
    assert (type(failure), failure.code) == (ChannelAway, "ReadTimeout")


def test_a_gateway_that_is_not_there_is_away() -> None:
    with free_address() as nobody:
        port = nobody.getsockname()[1]
    failure = failure_at(f"http://127.0.0.1:{port}/messages")
    assert (type(failure), failure.code) == (ChannelAway, "ConnectError")


def test_the_status_counts_whatever_the_body_says(sink: HttpSink) -> None:
    sink.headers = {"Content-Length": "1000000"}
    with texter_for(url_of(sink), timeout_s=0.1) as texter:
        texter.send(SMS)
    assert len(sink.posted) == 1


def test_over_tls_the_gateway_must_be_known(tmp_path: Path) -> None:
    served, trusted = certify(tmp_path)
    with http_sink(served) as sink:
        assert type(failure_at(url_of(sink, "https"))) is ChannelAway
        assert sink.posted == []
        with texter_for(url_of(sink, "https"), tls=trusted) as texter:
            texter.send(SMS)
        assert len(sink.posted) == 1


def test_the_twin_fails_as_it_is_told_and_keeps_the_rest_as_files(tmp_path: Path) -> None:
    twin = RecordingTexter(tmp_path / "sms", failures={"+33600000000": PermanentFailure("sms_400")})
    twin.send(SMS)
    with pytest.raises(PermanentFailure):
        twin.send(replace(SMS, to="+33600000000"))
    assert twin.sent == [SMS]
    [file] = (tmp_path / "sms").iterdir()
    assert file.read_text(encoding="utf-8") == f"To: {SMS.to}\n\n{SMS.text}\n"


def test_neither_number_nor_token_shows_when_something_is_printed() -> None:
    with texter_for("https://sms.example/messages") as texter:
        shown = f"{SMS!r} {texter!r}"
    assert SMS.to not in shown
    assert "a token" not in shown
