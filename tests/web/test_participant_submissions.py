"""The address that phones send to: what is acknowledged, what is refused, and by whom."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.routers.deps import PERSON_COOKIE
from app.store import feed
from tests import factories
from tests.people import NOW, Stage, Who

JSON = {"content-type": "application/json"}


def evening(stage: Stage, **changes: Any) -> dict[str, Any]:
    """Tonight's diary as a phone would send it now."""
    study = stage.deployment.study
    return factories.submission(study, factories.diary(study), saved_at=NOW, **changes)


def post(phone: TestClient, body: Any) -> Any:
    """Send a body as the phone's script does."""
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return phone.post("/submissions", content=content, headers=JSON)


def versions(stage: Stage) -> int:
    """How many versions the site's stream holds."""
    with stage.database.read() as session:
        return len(feed.list_changes(session, ["data/lyon"], 0, 1000))


def test_a_save_is_acknowledged_with_its_receipt(stage: Stage) -> None:
    raw = evening(stage)
    answer = post(stage.client(Who.OWN), raw)
    assert answer.status_code == 201
    assert answer.headers["x-record-ack"] == raw["record_id"]
    told = answer.json()
    assert (told["outcome"], told["version"], told["diary_on"]) == ("saved", 1, "2026-01-20")
    assert len(told["receipt"]) == 4


def test_the_same_again_is_recognised_however_it_is_sent(stage: Stage) -> None:
    phone, raw = stage.client(Who.OWN), evening(stage)
    first = post(phone, raw)
    again = post(phone, raw | {"attempt": 7, "waiting": 3})
    assert again.status_code == 200
    assert again.headers["x-record-ack"] == raw["record_id"]
    assert again.json()["receipt"] == first.json()["receipt"]


def test_a_second_diary_is_kept_apart_and_acknowledged(stage: Stage) -> None:
    phone, second = stage.client(Who.OWN), evening(stage)
    post(phone, evening(stage))
    answer = post(phone, second)
    assert answer.status_code == 202
    assert answer.headers["x-record-ack"] == second["record_id"]
    assert answer.json()["reason"] == "second_diary"


def test_the_enrolled_phone_may_send_when_the_diary_is_closed(stage: Stage) -> None:
    phone = stage.client(Who.OWN)
    phone.cookies.delete(PERSON_COOKIE)
    assert phone.get("/").status_code == 303
    assert post(phone, evening(stage)).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "[]",
        "null",
        "{}",
        "[" * 20_000,
        '{"payload": NaN}',
        b"\xff\xfe",
        '"\\ud800"',
    ],
    ids=["empty", "words", "list", "null", "nothing", "deep", "NaN", "bytes", "surrogate"],
)
def test_what_is_no_submission_is_refused_and_not_acknowledged(stage: Stage, body: Any) -> None:
    before = versions(stage)
    answer = post(stage.client(Who.OWN), body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert "x-record-ack" not in answer.headers
    assert versions(stage) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"surprise": 1},
        {"saved_at": "2026-01-20T19:30:00"},
        {"saved_at": "9999-12-31T23:59:59+14:00"},
        {"elapsed_s": -1},
        {"record_id": "../../etc"},
        {"assurance": "staff"},
        {"kind": "session"},
        {"op": "redact"},
        {"op": "correct"},
        {"texts": {"password": "x"}},
        {"texts": {"reason": "\ud800"}},
        {"payload": {"scores": {}}},
    ],
    ids=ascii,
)
def test_what_no_phone_of_ours_sends_is_a_clear_refusal(
    stage: Stage, changes: dict[str, Any]
) -> None:
    before = versions(stage)
    answer = post(stage.client(Who.OWN), evening(stage) | changes)
    assert answer.status_code in (202, 422)
    assert ("x-record-ack" in answer.headers) is (answer.status_code == 202)
    assert versions(stage) == before


@pytest.mark.parametrize("value", [101, -1, 3.5, "57", True, float("nan"), 10**30])
@pytest.mark.trust(6)
def test_a_score_out_of_range_writes_no_version(stage: Stage, value: Any) -> None:
    raw = evening(stage)
    raw["payload"]["scores"]["pain_average"]["value"] = value
    assert post(stage.client(Who.OWN), raw).status_code == 422


def test_somebody_elses_record_does_not_exist(stage: Stage) -> None:
    foreign = stage.cast.record_ids[Who.OTHER]
    raw = evening(
        stage, record_id=foreign, op="correct", base_version=1, texts={"reason": "curious"}
    )
    answer = post(stage.client(Who.OWN), raw)
    assert answer.status_code == 404
    assert "x-record-ack" not in answer.headers


@pytest.mark.parametrize("who", [Who.NOBODY, Who.CLINICIAN, Who.KEY])
def test_only_an_enrolled_phone_may_send(stage: Stage, who: Who) -> None:
    answer = post(stage.client(who), evening(stage))
    assert answer.status_code == 401
    assert "x-record-ack" not in answer.headers


def test_ten_megabytes_are_refused_before_they_are_read(stage: Stage) -> None:
    assert post(stage.client(Who.OWN), b"x" * 10_000_000).status_code == 413


def test_another_site_cannot_make_a_phone_send(stage: Stage) -> None:
    answer = stage.client(Who.OWN).post(
        "/submissions", content=json.dumps(evening(stage)), headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403
