"""How far a copy is: said by its puller, seen by the site, which is told when one falls behind."""

from tests import trial
from tests.people import Stage, Who
from tests.web.reading import Page


def put(stage: Stage, name: str, cursor: str) -> tuple[int, dict[str, object]]:
    """Say where a copy stands."""
    answer = stage.client(Who.KEY).put(f"/api/v1/cursors/{name}", json={"cursor": cursor})
    return answer.status_code, answer.json()


def seen(stage: Stage) -> str:
    """What the site reads about its copies."""
    return Page(stage.client(Who.CLINICIAN).get("/desk/trial-database").text).text


def test_the_site_sees_how_far_a_copy_is_and_since_when_it_is_behind(stage: Stage) -> None:
    assert "No copy has said how far it is." in seen(stage)
    client = stage.client(Who.KEY)
    first = client.get("/api/v1/changes", params={"limit": 1}).json()
    status, told = put(stage, "warehouse", first["next_cursor"])
    assert (status, told["behind"]) == (200, first["heads"]["data/lyon"]["no"] - 1)
    assert "1 change behind since 19 Jan 2026" in seen(stage)
    assert "has not followed" not in seen(stage)  # the change is of last evening
    last = client.get("/api/v1/changes").json()
    assert put(stage, "warehouse", last["next_cursor"])[1]["behind"] == 0
    assert "✓ holds everything" in seen(stage)


def test_a_copy_that_lies_a_day_behind_is_said(stage: Stage) -> None:
    first = stage.client(Who.KEY).get("/api/v1/changes", params={"limit": 1}).json()
    put(stage, "warehouse", first["next_cursor"])
    stage.clock.advance(minutes=20)
    client = stage.client(Who.CLINICIAN)
    assert "has not followed for more than a day" in client.get("/desk/trial-database").text


def test_what_is_no_place_is_refused_with_the_way_out(stage: Stage) -> None:
    assert put(stage, "warehouse", "nowhere")[0] == 422
    status, told = put(stage, "warehouse", "999999")
    assert (status, told["resync_after"]) == (409, "0")
    assert put(stage, "Ware House", "0")[0] == 422
    for number in range(20):
        assert put(stage, f"copy-{number}", "0")[0] == 200
    status, told = put(stage, "one-more", "0")
    assert (status, told["code"]) == (422, "too_many_copies")
    key = trial.new_key(stage, "lyon", scopes=("export:read",))
    refused = stage.client(Who.NOBODY).put(
        "/api/v1/cursors/x", json={"cursor": "0"}, headers=trial.bearing(key)
    )
    assert refused.status_code == 403
