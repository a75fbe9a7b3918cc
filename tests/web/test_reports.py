"""Reports of the SMS gateway over HTTP: who may report, what is understood, what a guess costs."""

import json
import uuid
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from app.domain.reach import Channel
from app.main import create_app
from tests.api.test_changes import acts_of
from tests.people import REPORT_TOKEN, Stage, Who, settings_for
from tests.services.test_receipts import sent, told


def post(stage: Stage, body: Any, token: str = REPORT_TOKEN) -> Any:
    """Report as the gateway does."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return stage.client(Who.NOBODY).post("/gateway/reports", content=content, headers=headers)


def test_a_report_is_noted_and_may_come_twice(stage: Stage) -> None:
    text = sent(stage, Channel.SMS)
    for _ in range(2):
        answer = post(stage, {"reference": text, "status": "delivered", "network": "x"})
        assert (answer.status_code, answer.content) == (204, b"")
    assert told(stage.database, text) == ("handed_over", stage.clock.now, ["delivered"])


def test_a_failure_is_noted(stage: Stage) -> None:
    text = sent(stage, Channel.SMS)
    assert post(stage, {"reference": text, "status": "failed"}).status_code == 204
    assert told(stage.database, text)[0] == "failed"


def test_an_unknown_reference_is_404(stage: Stage) -> None:
    answer = post(stage, {"reference": str(uuid.uuid4()), "status": "delivered"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b"\xff",
        b"[" * 5000,
        [],
        "x",
        {},
        {"reference": 1, "status": "delivered"},
        {"reference": "x", "status": ["delivered"]},
        {"reference": "x", "status": "read"},
    ],
    ids=range(10),
)
def test_what_is_no_report_is_422(stage: Stage, body: Any) -> None:
    assert post(stage, body).status_code == 422


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic eDp5", REPORT_TOKEN])
def test_without_the_token_it_is_401(stage: Stage, authorization: str) -> None:
    answer = stage.client(Who.NOBODY).post(
        "/gateway/reports", json={}, headers={"authorization": authorization}
    )
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_guesses_are_trailed_and_slowed_down_and_the_gateway_is_not(stage: Stage) -> None:
    text = sent(stage, Channel.SMS)
    report = {"reference": text, "status": "delivered"}
    statuses = [post(stage, report, guess).status_code for guess in "abcde"]
    assert statuses == [401, 401, 401, 429, 429]
    assert [act["code"] for act in acts_of(stage.database, "refused")] == ["key_refused"]
    assert told(stage.database, text)[2] == []
    assert post(stage, report).status_code == 204


def test_where_no_token_is_set_there_is_no_such_place(stage: Stage) -> None:
    url = stage.database.url.render_as_string(hide_password=False)
    settings = settings_for(url).model_copy(update={"sms_report_token": SecretStr("")})
    app = create_app(settings, clock=stage.clock)
    client = TestClient(app, headers={"authorization": "Bearer "})
    for authorization in ("Bearer ", "Bearer x", ""):
        answer = client.post("/gateway/reports", headers={"authorization": authorization}, json={})
        assert answer.status_code == 404
    app.state.service.database.close()
