"""Records as they stand, by HTTP: filters, paging, history, and nothing of another site."""

from datetime import timedelta
from typing import Any

from app.routers.api.shapes import EntriesPage, History
from tests import trial
from tests.api.test_changes import acts_of
from tests.people import LAST_EVENING, NOW, Stage, Who

NOBODYS = "00000000-0000-0000-0000-000000000000"
BAD_PARAMETERS = (
    *(("limit", value) for value in ("0", "1001", "1000000000")),
    *(("after", value) for value in ("", "1", "x", NOBODYS.upper().replace("0", "A"), "\0")),
    *(("from", value) for value in ("yesterday", "2026-13-01", "20.1.2026", "1700000000", "")),
    *(("to", value) for value in ("2026-02-30", "\0")),
    *(("changed_since", value) for value in ("2026-01-01", "2026-01-01T00:00", "0001-01-01Z")),
    *(("kind", value) for value in ("entry", "DIARY", "")),
    *(("site", value) for value in ("", "Lyon", "lyon\0", "' OR 1=1", "x" * 500)),
    *(("study_code", value) for value in ("ms-7k4qx", "7K4QX", "MS-\0", "*")),
    *((name, "1") for name in ("fields", "kinds", "first_on", "version")),
)


def entries_of(stage: Stage, key: str = "", **query: Any) -> list[dict[str, Any]]:
    """Every record that a key may read, page by page."""
    found: list[dict[str, Any]] = []
    headers = trial.bearing(key or stage.cast.key)
    client = stage.client(Who.NOBODY)
    while True:
        answer = client.get("/api/v1/entries", params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["entries"]
        if not page["has_more"]:
            assert page["next_cursor"] is None
            return found
        query["after"] = page["next_cursor"]


def test_each_record_is_there_once_as_it_stands(stage: Stage) -> None:
    ids = trial.live(stage)
    key = trial.new_key(stage)
    latest = {change["record_id"]: change for change in trial.changes_of(stage, key)}
    entries = {entry["record_id"]: entry for entry in entries_of(stage, key)}
    assert len(entries_of(stage, key)) == len(entries) == len(latest)
    for record_id, entry in entries.items():
        status = entry.pop("entry_status")
        assert entry.items() <= latest[record_id].items()
        is_diary = entry["kind"] == "diary"
        assert (status is not None) == is_diary
    assert entries[ids["corrected"]]["version"] == 3
    assert entries[ids["voided"]]["op"] == "void"
    assert entries[ids["voided"]]["data"] == {"texts": {"source": "call"}}
    assert entries[ids["redacted"]]["data"]["scores"]["pain_average"]["value"] == 0


def test_a_flare_day_is_partial(stage: Stage) -> None:
    trial.live(stage)
    statuses = [entry["entry_status"] for entry in entries_of(stage, kind="diary")]
    assert sorted(statuses) == ["complete", "complete", "complete", "partial"]


def test_filters_narrow_what_comes(stage: Stage) -> None:
    ids = trial.live(stage)
    own = stage.cast.study_codes[Who.OWN]
    everything = trial.new_key(stage)
    day, before = NOW.date().isoformat(), LAST_EVENING.date().isoformat()
    assert {e["kind"] for e in entries_of(stage, kind="dose")} == {"dose"}
    assert {e["study_code"] for e in entries_of(stage, study_code=own)} == {own}
    assert {e["site"] for e in entries_of(stage, everything, site="lille")} == {"lille"}
    assert {e["diary_on"] for e in entries_of(stage, **{"from": day})} == {day}
    assert {e["diary_on"] for e in entries_of(stage, to=before)} == {before}
    assert entries_of(stage, **{"from": "2026-01-21"}) == []
    since = (NOW + timedelta(minutes=10)).isoformat().replace("+00:00", "Z")
    changed = {entry["record_id"] for entry in entries_of(stage, changed_since=since)}
    assert changed == {ids["redacted"], ids["corrected"]}
    both = entries_of(stage, study_code=own, kind="diary", **{"from": day, "to": day})
    assert [entry["record_id"] for entry in both] == [ids["redacted"]]


def test_paging_is_stable_while_others_save(stage: Stage) -> None:
    trial.live(stage)
    whole = {entry["record_id"] for entry in entries_of(stage)}
    client = stage.client(Who.KEY)
    page = client.get("/api/v1/entries", params={"limit": 2}).json()
    seen = [entry["record_id"] for entry in page["entries"]]
    trial.save(stage, Who.OTHER, trial.dose(stage, Who.OTHER))
    while page["has_more"]:
        asked = {"limit": 2, "after": page["next_cursor"]}
        page = client.get("/api/v1/entries", params=asked).json()
        seen += [entry["record_id"] for entry in page["entries"]]
    assert len(seen) == len(set(seen))
    assert whole <= set(seen)


def test_another_site_does_not_exist(stage: Stage) -> None:
    far = trial.far_away(stage)
    client = stage.client(Who.KEY)
    for query in ({"site": "lille"}, {"site": "nowhere"}, {"study_code": far}):
        answer = client.get("/api/v1/entries", params=query)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    [record] = entries_of(stage, trial.new_key(stage, "lille"))
    there, nowhere = (
        client.get(f"/api/v1/entries/{record_id}/history")
        for record_id in (record["record_id"], NOBODYS)
    )
    assert there.status_code == nowhere.status_code == 404
    assert {e["site"] for e in entries_of(stage)} == {"lyon"}


def test_a_bad_parameter_is_422_and_named(stage: Stage) -> None:
    for name, value in BAD_PARAMETERS:
        answer = stage.client(Who.KEY).get("/api/v1/entries", params={name: value})
        assert (name, value, answer.status_code) == (name, value, 422)
        assert answer.json()["field"] == name
    reversed_days = {"from": "2026-02-01", "to": "2026-01-31"}
    answer = stage.client(Who.KEY).get("/api/v1/entries", params=reversed_days)
    assert (answer.status_code, answer.json()["code"]) == (422, "dates_reversed")


def test_the_history_is_every_version_with_its_proof(stage: Stage) -> None:
    ids = trial.live(stage)
    client = stage.client(Who.KEY)
    changes = trial.changes_of(stage, stage.cast.key)
    for record_id in ids.values():
        history = client.get(f"/api/v1/entries/{record_id}/history").json()
        assert history["record_id"] == record_id
        assert history["versions"] == [c for c in changes if c["record_id"] == record_id]


def test_a_history_takes_no_parameter_and_a_whole_id(stage: Stage) -> None:
    client, record_id = stage.client(Who.KEY), stage.cast.record_ids[Who.OWN]
    assert client.get(f"/api/v1/entries/{record_id}/history?limit=1").status_code == 422
    assert client.get("/api/v1/entries/1/history").status_code == 422


def test_the_answers_have_the_shapes_that_openapi_tells(stage: Stage) -> None:
    ids = trial.live(stage)
    client = stage.client(Who.KEY)
    EntriesPage.model_validate_json(client.get("/api/v1/entries").content)
    for record_id in ids.values():
        History.model_validate_json(client.get(f"/api/v1/entries/{record_id}/history").content)


def test_a_reading_leaves_an_act_and_an_empty_one_none(stage: Stage) -> None:
    record_id = stage.cast.record_ids[Who.OWN]
    client = stage.client(Who.KEY)
    client.get("/api/v1/entries", params={"kind": "diary", "limit": 1})
    client.get("/api/v1/entries", params={"kind": "session_report"})
    client.get(f"/api/v1/entries/{record_id}/history")
    assert acts_of(stage.database, "entries.read") == [{"kind": "diary", "limit": "1", "count": 1}]
    assert acts_of(stage.database, "history.read") == [{"record_id": record_id, "count": 1}]


def test_a_study_without_records_is_an_empty_page(stage: Stage) -> None:
    assert entries_of(stage, trial.new_key(stage, "lille")) == []
