"""Keys at the door: who holds one, for what and where; how fast; and what a guess leaves behind."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from app.domain.access import Actor, Grant, Role
from app.main import create_app
from app.services import keys
from app.store.accounts import find_key
from app.store.tables import Throttle
from tests import trial
from tests.api.test_changes import acts_of
from tests.people import NOW, Stage, Who, settings_for

ROUTES = {
    "/api/v1/changes": "changes:read",
    "/api/v1/entries": "export:read",
    "/api/v1/entries/{record_id}/history": "export:read",
    "/api/v1/reconciliation": "changes:read",
    "/api/v1/heads": "changes:read",
    "/api/v1/participants": "export:read",
    "/api/v1/export/entries.csv": "export:read",
    "/api/v1/export/doses.csv": "export:read",
    "/api/v1/sessions": "export:read",
    "/api/v1/figures": "export:read",
    "/api/v1/metadata": "metadata:read",
}


def status_of(stage: Stage, path: str, key: str) -> int:
    """What a key is answered."""
    asked = path.format(record_id=stage.cast.record_ids[Who.OWN])
    answer = stage.client(Who.NOBODY).get(asked, headers=trial.bearing(key))
    return answer.status_code


def test_each_route_asks_for_its_scope(stage: Stage) -> None:
    for scope in keys.SCOPES:
        key = trial.new_key(stage, "lyon", scopes=(scope,))
        for path, needed in ROUTES.items():
            assert status_of(stage, path, key) == (200 if scope == needed else 403), (scope, path)


def test_a_missing_scope_is_said_and_trailed_once_a_minute(stage: Stage) -> None:
    key = trial.new_key(stage, scopes=("metadata:read",))
    client = stage.client(Who.NOBODY)
    for _ in range(3):
        answer = client.get("/api/v1/changes", headers=trial.bearing(key))
    assert answer.json()["scope"] == "changes:read"
    refused = acts_of(stage.database, "refused")
    assert [act["code"] for act in refused] == ["scope_missing"]


def test_a_key_reads_its_own_sites(stage: Stage) -> None:
    trial.far_away(stage)
    for sites in (("lyon",), ("lille",), ("lille", "lyon"), ()):
        key = trial.new_key(stage, *sites)
        headers = trial.bearing(key)
        page = stage.client(Who.NOBODY).get("/api/v1/changes", headers=headers).json()
        seen = {change["site"] for change in page["changes"]}
        assert seen == set(sites or trial.SITES)
        assert set(page["heads"]) == {f"data/{site}" for site in sites or trial.SITES}


def test_an_expired_or_revoked_key_is_401(stage: Stage) -> None:
    manager = Actor("staff", "dm", grants=frozenset({Grant(Role.DATA_MANAGER, "*")}))
    brief, revoked = trial.new_key(stage, days=1), trial.new_key(stage)
    assert status_of(stage, "/api/v1/changes", brief) == 200
    with stage.database.write() as session:
        key_id = revoked.split("_")[1]
        keys.revoke(session, actor=manager, key_id=key_id, now=stage.clock.now)
    assert status_of(stage, "/api/v1/changes", revoked) == 401
    stage.clock.advance(days=1)
    assert status_of(stage, "/api/v1/changes", brief) == 401


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic ZGlhcnk6eA==", "Bearer x", "Bearer diary__", "diary_x_y"],
)
def test_what_is_no_key_is_401_and_says_how(stage: Stage, authorization: str) -> None:
    client = stage.client(Who.NOBODY)
    answer = client.get("/api/v1/changes", headers={"authorization": authorization})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_right_id_with_a_wrong_secret_is_401(stage: Stage) -> None:
    assert status_of(stage, "/api/v1/changes", stage.cast.key[:-1] + "#") == 401


def test_guesses_are_trailed_and_slowed_down_and_a_true_key_is_not(stage: Stage) -> None:
    statuses = [status_of(stage, "/api/v1/changes", f"diary_ABC_{n}") for n in range(6)]
    assert statuses == [401, 401, 401, 429, 429, 429]
    assert [act["code"] for act in acts_of(stage.database, "refused")] == ["key_refused"]
    assert status_of(stage, "/api/v1/changes", stage.cast.key) == 200


def test_a_key_of_the_demo_opens_nothing_elsewhere(stage: Stage) -> None:
    with stage.database.write() as session:
        key = keys.create(
            session,
            actor=Actor("system", "system"),
            new=keys.NewKey(
                label="demo",
                sites=("*",),
                expires_at=NOW + timedelta(days=1),
                demo=True,
            ),
            now=NOW,
        )
    assert status_of(stage, "/api/v1/changes", key) == 401


def test_the_last_use_is_noted(stage: Stage) -> None:
    key_id = stage.cast.key.split("_")[1]
    stage.clock.advance(hours=1)
    stage.client(Who.KEY).get("/api/v1/metadata")
    with stage.database.read() as session:
        key = find_key(session, key_id)
    assert key is not None
    assert key.used_at == stage.clock.now


def test_the_pace_holds_across_processes(stage: Stage) -> None:
    settings = settings_for(stage.database.url.render_as_string(hide_password=False))
    allowed = settings.model_copy(update={"requests_per_minute": 10})
    apps = [create_app(allowed, clock=stage.clock) for _ in range(2)]
    clients = [TestClient(app, headers=trial.bearing(stage.cast.key)) for app in apps]
    statuses = []
    for _ in range(6):  # a second between two rounds, in which the counts meet
        statuses += [client.get("/api/v1/changes").status_code for client in clients]
        stage.clock.advance(seconds=1)
    assert statuses == [200] * 10 + [429] * 2
    refused = clients[0].get("/api/v1/changes")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == refused.json()["retry_after_s"] == 55
    stage.clock.advance(seconds=int(refused.headers["retry-after"]))
    assert clients[0].get("/api/v1/changes").status_code == 200
    for app in apps:
        app.state.service.database.close()


def test_the_pace_costs_one_write_a_second_and_key(stage: Stage) -> None:
    client, key_id = stage.client(Who.KEY), stage.cast.key.split("_")[1]
    for _ in range(5):
        client.get("/api/v1/metadata")
    with stage.database.read() as session:
        row = session.get(Throttle, f"pace/{key_id}")
    assert row is not None
    assert row.attempts == 1, "the four within the second are not written yet"
    stage.clock.advance(seconds=1)
    client.get("/api/v1/metadata")
    with stage.database.read() as session:
        row = session.get(Throttle, f"pace/{key_id}")
    assert row is not None
    assert row.attempts == 6
