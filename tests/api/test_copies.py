"""How far a copy is: said by its puller, seen by the site, which is told when one falls behind."""

from datetime import timedelta

from app.services import pullers
from tests import trial
from tests.desk import counted
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


def late(stage: Stage) -> list[tuple[str, str | None]]:
    """The copies that have not followed for a day: the key's label, and the copy's name."""
    with stage.database.read() as session:
        found = pullers.list_late(session, stage.clock.now)
    return [(one.key.label, one.name) for one in found]


def test_whoever_watches_over_copies_meets_it_where_they_work(stage: Stage) -> None:
    first = stage.client(Who.KEY).get("/api/v1/changes", params={"limit": 1}).json()
    put(stage, "warehouse", first["next_cursor"])
    stage.clock.advance(minutes=20)
    pages = {Who.COORDINATOR: "/desk/work", Who.DATA_MANAGER: "/desk", Who.CLINICIAN: "/desk/work"}
    told = {who for who, page in pages.items() if _tells(stage.client(who).get(page).text)}
    assert told == {Who.COORDINATOR, Who.DATA_MANAGER}
    last = stage.client(Who.KEY).get("/api/v1/changes").json()
    put(stage, "warehouse", last["next_cursor"])
    assert not _tells(stage.client(Who.COORDINATOR).get("/desk/work").text)


def _tells(html: str) -> bool:
    return "1 copy of the trial database more than a day behind" in Page(html).text


def test_a_key_that_never_pulled_and_one_that_expired_are_late_until_another_does_their_work(
    stage: Stage,
) -> None:
    stage.clock.advance(minutes=1)
    assert late(stage) == [("trial database", None)], "the first change is a day old"
    last = stage.client(Who.KEY).get("/api/v1/changes").json()
    put(stage, "warehouse", last["next_cursor"])
    new = trial.new_key(stage, "lyon", days=1)
    stage.client(Who.NOBODY).put(
        "/api/v1/cursors/statistics",
        json={"cursor": last["next_cursor"]},
        headers=trial.bearing(new),
    )
    assert late(stage) == []
    trial.save(stage, Who.OWN, trial.dose(stage, Who.OWN))
    stage.clock.advance(hours=25)
    assert late(stage) == [("trial database", "warehouse"), ("another database", "statistics")]
    with stage.service.database.read() as session:
        in_time = pullers.list_late(session, stage.clock.now - timedelta(hours=2))
    assert in_time == []
    page = stage.client(Who.KEY).get("/api/v1/changes").json()
    for name in ("warehouse", "statistics"):
        put(stage, name, page["next_cursor"])
    assert late(stage) == []


def test_it_costs_one_query_however_many_copies_there_are(stage: Stage) -> None:
    for name in ("a", "b", "c"):
        put(stage, name, "0")
    trial.new_key(stage)
    with stage.database.read() as session, counted(stage.database) as asked:
        pullers.list_late(session, stage.clock.now)
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 1


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
