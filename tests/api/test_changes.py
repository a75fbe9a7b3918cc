"""The feed by HTTP: every version once, in order, with the proof; and one act for each pull."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.domain.ledger import ACTS, Chain, check_payload, check_texts
from app.routers.api.shapes import ChangesPage
from app.store import feed
from app.store.session import Database
from tests import factories, trial
from tests.people import Stage, Who

NDJSON = {"accept": "application/x-ndjson"}


def acts_of(database: Database, op: str) -> list[dict[str, Any]]:
    """The details of every act of one kind, in order."""
    with database.read() as session:
        bodies = [json.loads(row.body) for row in feed.list_changes(session, [ACTS], 0, 10_000)]
    return [body["details"] for body in bodies if body["op"] == op]


def test_every_version_comes_once_in_order(stage: Stage) -> None:
    ids = trial.live(stage)
    changes = trial.changes_of(stage, trial.new_key(stage))
    told = [(change["record_id"], change["version"], change["op"]) for change in changes]
    assert [(ids["voided"], 1, "create"), (ids["voided"], 2, "void")] == told[3:5]
    assert [row for row in told if row[0] == ids["corrected"]] == [
        (ids["corrected"], 1, "create"),
        (ids["corrected"], 2, "correct"),
        (ids["corrected"], 3, "correct"),
    ]
    assert told[-1][1:] == (1, "create")
    assert [change["seq"] for change in changes] == sorted({change["seq"] for change in changes})
    assert len(changes) == len(set(told)) == 11


def test_a_client_can_prove_all_of_it(stage: Stage) -> None:
    trial.live(stage)
    chains: dict[str, Chain] = {}
    for change in trial.changes_of(stage, trial.new_key(stage), limit=3):
        chain = chains.setdefault(change["stream"], Chain(change["stream"]))
        chain.follow(change["no"], change["body"], change["prev_hash"], change["hash"])
        body = json.loads(change["body"])
        assert {name: change[name] for name in body} == body
        texts = dict((change["data"] or {}).pop("texts", {}))
        if change["data"]:
            assert check_payload(body, change["data"])
        if "reason" in change["text_salt"]:
            texts["reason"] = change["reason"]
        assert check_texts(body, texts, change["text_salt"])
    assert {stream: chain.no for stream, chain in chains.items()} == {
        "data/lille": 1,
        "data/lyon": 10,
    }


def test_texts_arrive_and_a_redacted_one_is_gone(stage: Stage) -> None:
    saved = trial.save(
        stage, Who.OWN, factories.diary(stage.deployment.study), texts={"note": trial.NOTE}
    )
    [before] = [
        change
        for change in trial.changes_of(stage, stage.cast.key)
        if change["record_id"] == saved.record_id
    ]
    assert before["data"]["texts"] == {"note": trial.NOTE}
    trial.redact(stage, saved.record_id, 1)
    after, redaction = [
        change
        for change in trial.changes_of(stage, stage.cast.key)
        if change["record_id"] == saved.record_id
    ]
    assert after["data"]["texts"] == {"note": None}
    assert after["text_salt"] == {"note": None}
    assert after["body"] == before["body"]
    assert (redaction["op"], redaction["redacts"]) == ("redact", "note")
    assert redaction["reason"] == "names a person"
    assert redaction["data"]["scores"] == before["data"]["scores"]


def test_the_answer_has_the_shape_that_openapi_tells(stage: Stage) -> None:
    trial.live(stage)
    answer = stage.client(Who.KEY).get("/api/v1/changes")
    ChangesPage.model_validate_json(answer.content, strict=False)
    assert answer.headers["content-type"] == "application/json"


def test_the_lines_say_the_same_as_the_page(stage: Stage) -> None:
    trial.live(stage)
    client = stage.client(Who.KEY)
    page = client.get("/api/v1/changes").json()
    answer = client.get("/api/v1/changes", headers=NDJSON)
    *lines, last = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == page.pop("changes")
    assert last == page
    assert answer.headers["content-type"] == "application/x-ndjson"


def test_another_format_is_refused(stage: Stage) -> None:
    answer = stage.client(Who.KEY).get("/api/v1/changes", headers={"accept": "text/csv"})
    assert answer.status_code == 406


def test_pages_follow_one_another_whatever_their_size(stage: Stage) -> None:
    trial.live(stage)
    key = trial.new_key(stage)
    whole = trial.changes_of(stage, key, limit=1000)
    for limit in (1, 2, 3, 10, 11):
        assert trial.changes_of(stage, key, limit=limit) == whole


def test_an_empty_page_gives_the_same_cursor_again(stage: Stage) -> None:
    client = stage.client(Who.KEY)
    first = client.get("/api/v1/changes").json()
    again = client.get("/api/v1/changes", params={"after": first["next_cursor"]}).json()
    assert again["changes"] == []
    assert again["has_more"] is False
    assert again["next_cursor"] == first["next_cursor"]
    assert again["heads"] == first["heads"]


@pytest.mark.trust(7)
def test_a_pull_leaves_one_act_and_an_empty_one_none(stage: Stage) -> None:
    client = stage.client(Who.KEY)
    page = client.get("/api/v1/changes", params={"limit": 1}).json()
    rest = client.get("/api/v1/changes", params={"after": page["next_cursor"]}, headers=NDJSON)
    end = json.loads(rest.text.splitlines()[-1])["next_cursor"]
    client.get("/api/v1/changes", params={"after": end})
    begin = f"{page['epoch']}:0:00000000"
    assert acts_of(stage.database, "changes.pulled") == [
        {"from": begin, "to": page["next_cursor"], "count": 1, "format": "application/json"},
        {"from": page["next_cursor"], "to": end, "count": 1, "format": "application/x-ndjson"},
    ]


def test_acts_never_enter_the_feed(stage: Stage) -> None:
    trial.live(stage)
    changes = trial.changes_of(stage, trial.new_key(stage))
    assert {change["stream"] for change in changes} == {"data/lyon", "data/lille"}
    assert {change["kind"] for change in changes} == {"diary", "dose"}


def test_who_waits_gets_the_next_change(live_stage: Stage) -> None:
    stage = live_stage
    begin = stage.client(Who.KEY).get("/api/v1/changes").json()["next_cursor"]
    asked = {"after": begin, "wait": 30}
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(stage.client(Who.KEY).get, "/api/v1/changes", params=asked)
        saved = trial.save(stage, Who.OWN, factories.diary(stage.deployment.study))
        page = waiting.result(timeout=60).json()
    assert [change["record_id"] for change in page["changes"]] == [saved.record_id]


def test_nothing_new_within_the_wait_is_an_empty_page(stage: Stage) -> None:
    client = stage.client(Who.KEY)
    begin = client.get("/api/v1/changes").json()["next_cursor"]
    page = client.get("/api/v1/changes", params={"after": begin, "wait": 1}).json()
    assert (page["changes"], page["next_cursor"]) == ([], begin)


@pytest.mark.parametrize("is_compressed", [True, False])
def test_a_page_travels_compressed_when_asked(stage: Stage, *, is_compressed: bool) -> None:
    coding = "gzip" if is_compressed else "identity"
    answer = stage.client(Who.KEY).get("/api/v1/changes", headers={"accept-encoding": coding})
    assert (answer.headers.get("content-encoding") == "gzip") is is_compressed
    assert len(answer.json()["changes"]) == 2
