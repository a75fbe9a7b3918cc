"""Bad input over the whole door: each operation that is described × each thing that may be wrong.

A refusal is problem+json with a code and a sentence, and holds nothing of what was not given.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response

from app.domain.access import SYSTEM
from app.services import keys
from tests import trial
from tests.people import Stage, Who

GARBAGE = ("'; DROP TABLE ledger; --", "\0", "é" * 100, "10:99:zz")
FOREIGN = "lille"
BAD: dict[str, tuple[str, ...]] = {
    "limit": ("0", "1000000000", "-1", "ten", ""),
    "wait": ("31", "-1", "soon"),
    "after": (*GARBAGE, ""),
    "site": (*GARBAGE, "Lyon", FOREIGN, "nowhere", "*"),
    "study_code": (*GARBAGE, "MS-00000", "*"),
    "kind": ("diaries",),
    "type": ("everything", ""),
    "from": ("yesterday", "2026-02-30", "1767225600"),
    "to": ("2026-13-01",),
    "changed_since": ("2026-01-20", "soon"),
}
"""By parameter, what no operation takes for it."""
NEEDED = {"type": "snapshot"}


@pytest.fixture
def key(stage: Stage) -> str:
    """A key that reads Lyon; there are data of Lille too, which are not for it."""
    trial.far_away(stage)
    return trial.new_key(stage, "lyon")


def operations(stage: Stage) -> Iterator[tuple[str, str, dict[str, str], list[str]]]:
    """Method, address, parameters that it needs, and all that it knows, of each operation."""
    document = stage.client(Who.NOBODY).get("/api/v1/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            told = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            needed = {name: value for name, value in NEEDED.items() if name in told}
            place = path.format(record_id=stage.cast.record_ids[Who.OWN], name="warehouse")
            yield method.upper(), place, needed, told


def gets(stage: Stage) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """The operations that read."""
    for method, path, needed, told in operations(stage):
        if method == "GET":
            yield path, needed, told


def ask(stage: Stage, path: str, key: str, query: Any = None, **headers: str) -> Response:
    """Read with a key."""
    # Each question stands alone: so many in one minute are not the subject here.
    stage.clock.advance(seconds=1)
    shown = trial.bearing(key) | headers
    return stage.client(Who.NOBODY).get(path, params=query or {}, headers=shown)


def require_refusal(stage: Stage, answer: Response, *statuses: int) -> dict[str, Any]:
    """The problem that an answer is."""
    told = f"{answer.request.method} {str(answer.request.url)[:200]} {answer.status_code}"
    assert answer.status_code in statuses, told
    assert answer.headers["content-type"] == "application/problem+json", told
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code, told
    assert problem["code"], told
    assert problem["title"].endswith((".", "…")), told
    assert len(answer.content) < 1_000, told
    assert not [code for code in stage.cast.study_codes.values() if code in answer.text], told
    return problem


def test_a_value_that_no_parameter_takes_is_refused_by_name(stage: Stage, key: str) -> None:
    seen = set()
    for path, needed, told in gets(stage):
        for name in set(told) & set(BAD):
            seen.add(name)
            for value in BAD[name]:
                answer = ask(stage, path, key, needed | {name: value})
                problem = require_refusal(stage, answer, 404, 422)
                assert answer.status_code == 404 or problem["field"] == name, (path, name, value)
    assert seen == set(BAD)


def test_days_in_the_wrong_order_are_refused(stage: Stage, key: str) -> None:
    asked = [(path, needed) for path, needed, told in gets(stage) if {"from", "to"} <= set(told)]
    assert len(asked) >= 4
    for path, needed in asked:
        days = {"from": "2026-01-20", "to": "2026-01-19"}
        problem = require_refusal(stage, ask(stage, path, key, needed | days), 422)
        assert problem["code"] == "dates_reversed"


def test_what_is_unknown_repeated_or_too_much_is_refused(stage: Stage, key: str) -> None:
    for path, needed, told in gets(stage):
        problem = require_refusal(stage, ask(stage, path, key, needed | {"sites": "lyon"}), 422)
        assert problem["field"] == "sites"
        require_refusal(stage, ask(stage, path, key, needed | {"x" * 3_000: "1"}), 422)
        require_refusal(stage, ask(stage, path, key, needed | {"site": "x" * 60_000}), 414)
        many = [*needed.items(), *(("site", "lyon") for _ in range(6_000))]
        require_refusal(stage, ask(stage, path, key, many), 414)
        for name in told[:1]:
            twice = [*((n, v) for n, v in needed.items() if n != name), (name, "1"), (name, "2")]
            problem = require_refusal(stage, ask(stage, path, key, twice), 422)
            assert (problem["code"], problem["field"]) == ("parameter_repeated", name)


def test_a_method_a_body_or_a_format_that_is_not_there_is_refused(stage: Stage, key: str) -> None:
    client, shown = stage.client(Who.NOBODY), trial.bearing(key)
    for path, needed, _told in gets(stage):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = client.request(method, path, params=needed, headers=shown, json={})
            require_refusal(stage, answer, 405)
            assert "GET" in answer.headers["allow"]
        answer = client.request("GET", path, params=needed, headers=shown, json={"site": "lyon"})
        assert require_refusal(stage, answer, 422)["code"] == "body_unread"
        for accept in ("image/png", "text/html;q=0.9", "application/json;q=0, text/csv;q=0"):
            answer = ask(stage, path, key, needed, accept=accept)
            require_refusal(stage, answer, 406)


def test_what_is_known_of_a_tag_that_never_was_changes_nothing(stage: Stage, key: str) -> None:
    for path, needed, _told in gets(stage):
        for tag in ("garbage", 'W/"', '"' + "0" * 5_000 + '"'):
            assert ask(stage, path, key, needed, **{"if-none-match": tag}).status_code == 200, path


def no_keys(stage: Stage) -> Iterator[tuple[str, int]]:
    """What opens nothing, and how that is answered."""
    revoked, brief = trial.new_key(stage), trial.new_key(stage, days=1)
    with stage.database.write() as session:
        now = stage.clock.now
        keys.revoke(session, actor=SYSTEM, key_id=revoked.split("_")[1], now=now)
    stage.clock.advance(days=2)
    yield revoked, 401
    yield brief, 401
    yield revoked.rpartition("_")[0] + "_" + brief.rpartition("_")[2], 401
    yield stage.cast.cookies[Who.CLINICIAN]["desk"], 401
    token = trial.new_token(stage)
    with stage.database.read() as session:
        [token_id] = [one.id for one in keys.list_keys(session, actor=SYSTEM) if one.kind != "door"]
    yield token, 401
    yield f"diary_{token_id}_{token}", 401
    for scope in keys.SCOPES:
        yield trial.new_key(stage, scopes=(scope,)), 403


def test_what_is_no_key_or_lacks_the_scope_opens_nothing(stage: Stage) -> None:
    for bearer, status in list(no_keys(stage)):
        opened = 0
        for method, path, needed, _told in operations(stage):
            stage.clock.advance(hours=1)  # guesses are slowed down
            answer = stage.client(Who.NOBODY).request(
                method,
                path,
                params=needed,
                headers=trial.bearing(bearer),
                json={"cursor": "0"} if method == "PUT" else None,
            )
            if status == 403 and answer.status_code == 200:
                opened += 1
                continue
            require_refusal(stage, answer, status)
        assert (opened > 0) == (status == 403)


PLACES: tuple[tuple[str, bytes, int], ...] = (
    ("Ware House", b'{"cursor": "0"}', 422),
    ("x" * 41, b'{"cursor": "0"}', 422),
    ("copy", b"", 422),
    ("copy", b"[1", 422),
    ("copy", b'"0"', 422),
    ("copy", b'{"cursor": 0}', 422),
    ("copy", b'{"cursor": "0", "site": "lyon"}', 422),
    ("copy", b'{"cursor": "999999999"}', 409),
    ("copy", b'{"cursor": "' + b"9" * 60_000 + b'"}', 422),
    ("copy", b'{"cursor": "' + b"9" * 100_000 + b'"}', 413),
    ("copy", b"\xff\xfe", 422),
)


def test_a_place_that_is_none_is_refused(stage: Stage) -> None:
    for name, body, status in PLACES:
        answer = stage.client(Who.KEY).put(
            f"/api/v1/cursors/{name}", content=body, headers={"content-type": "application/json"}
        )
        require_refusal(stage, answer, status)
