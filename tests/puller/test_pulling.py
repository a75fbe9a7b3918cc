"""A pull makes the copy equal to the source, goes on where it stopped, and says what stopped it."""

from contextlib import closing
from typing import Any

import pytest

from app.domain.errors import BrokenChain
from app.puller import PullStopped, Server, open_copy, pull
from app.puller.copies import Place
from app.puller.refusals import CursorRefused
from tests import factories, trial
from tests.api.test_cursors import restore
from tests.engines import Engine
from tests.people import Stage, Who, on_live_stage, settle
from tests.puller.held import held, told


def source(stage: Stage, key: str) -> list[dict[str, Any]]:
    """What the copy should hold."""
    return [told(change) for change in trial.changes_of(stage, key)]


def test_the_copy_equals_the_source(live_stage: Stage, into: str) -> None:
    trial.live(live_stage)
    key = trial.new_key(live_stage)
    pulled = trial.pull_into(live_stage, into, key)
    assert held(into) == source(live_stage, key)
    assert pulled.ops == {"create": 7, "correct": 2, "void": 1, "redact": 1}
    assert {stream: no for stream, (no, _) in pulled.place.heads.items()} == {
        "data/lille": 1,
        "data/lyon": 10,
    }


@pytest.mark.postgresql
def test_it_does_from_a_server_on_postgresql(postgresql_engine: Engine, tmp_path: Any) -> None:
    url, cast = postgresql_engine.copy_of(settle)
    with on_live_stage(url, cast) as stage:
        trial.live(stage)
        trial.pull_into(stage, tmp_path / "copy", limit=2)
        assert held(str(tmp_path / "copy")) == source(stage, cast.key)
    postgresql_engine.drop(url)


@pytest.mark.parametrize("limit", [1, 3, 500])
def test_whatever_the_size_of_a_page(live_stage: Stage, into: str, limit: int) -> None:
    trial.live(live_stage)
    trial.pull_into(live_stage, into, limit=limit)
    assert held(into) == source(live_stage, live_stage.cast.key)


def test_entries_are_the_latest_versions(live_stage: Stage, into: str) -> None:
    ids = trial.live(live_stage)
    trial.pull_into(live_stage, into)
    latest = {row["record_id"]: row for row in held(into)}
    entries = {row["record_id"]: row for row in held(into, "entries")}
    assert entries == latest
    assert len(held(into, "entries")) == len(entries)
    assert entries[ids["corrected"]]["version"] == 3


def test_the_next_pull_brings_what_is_new(live_stage: Stage, into: str) -> None:
    assert trial.pull_into(live_stage, into).count == 2
    assert trial.pull_into(live_stage, into).count == 0
    trial.live(live_stage)
    assert trial.pull_into(live_stage, into).count == 8
    assert trial.pull_into(live_stage, into).count == 0
    assert held(into) == source(live_stage, live_stage.cast.key)


@pytest.mark.trust(12)
def test_a_redaction_nulls_the_text_that_the_copy_held(live_stage: Stage, into: str) -> None:
    study = live_stage.deployment.study
    texts = {"note": trial.NOTE, "other_medicine": "thé"}
    saved = trial.save(live_stage, Who.OWN, factories.diary(study), texts=texts)
    trial.pull_into(live_stage, into)
    assert held(into)[-1]["texts"] == texts
    trial.redact(live_stage, saved.record_id, 1)
    trial.pull_into(live_stage, into)
    first, redaction = held(into)[-2:]
    assert first["texts"] == {"note": None, "other_medicine": "thé"}
    assert first["text_salt"]["note"] is None
    assert redaction["texts"] == {"reason": "names a person", "other_medicine": "thé"}
    assert held(into) == source(live_stage, live_stage.cast.key)


def test_two_pullers_of_one_site_and_of_all_agree(live_stage: Stage, tmp_path: Any) -> None:
    everything, lyon = trial.new_key(live_stage), trial.new_key(live_stage, "lyon")
    for key, name, limit in ((everything, "all", 1), (lyon, "lyon", 500)):
        trial.pull_into(live_stage, tmp_path / name, key, limit=limit)
    trial.live(live_stage)
    for key, name, limit in ((everything, "all", 1), (lyon, "lyon", 500)):
        trial.pull_into(live_stage, tmp_path / name, key, limit=limit)
    whole = held(str(tmp_path / "all"))
    assert whole == source(live_stage, everything)
    assert held(str(tmp_path / "lyon")) == [row for row in whole if row["site"] == "lyon"]


def test_an_empty_study_makes_an_empty_copy(live_stage: Stage, into: str) -> None:
    pulled = trial.pull_into(live_stage, into, trial.new_key(live_stage, "lille"))
    assert (pulled.count, held(into), held(into, "entries")) == (0, [], [])


def test_a_key_that_reaches_a_further_site_needs_a_copy_of_its_own(
    live_stage: Stage, into: str
) -> None:
    trial.far_away(live_stage)
    trial.save(live_stage, Who.OWN, trial.dose(live_stage, Who.OWN))
    trial.pull_into(live_stage, into, trial.new_key(live_stage, "lyon"))
    before = held(into)
    with pytest.raises(BrokenChain) as broken:
        trial.pull_into(live_stage, into, trial.new_key(live_stage))
    assert broken.value.stream == "data/lille"
    assert held(into) == before


def test_after_a_restore_it_stops_and_says_what_to_do(live_stage: Stage, into: str) -> None:
    trial.live(live_stage)
    trial.pull_into(live_stage, into)
    before = held(into)
    restore(live_stage, before[4]["seq"], "aaaaaaaa")
    with pytest.raises(CursorRefused) as refused:
        trial.pull_into(live_stage, into)
    assert "--resync" in str(refused.value)
    assert refused.value.resync_after == before[4]["seq"]
    assert held(into) == before


def test_resync_drops_what_the_server_lost_and_goes_on(live_stage: Stage, into: str) -> None:
    trial.live(live_stage)
    trial.pull_into(live_stage, into)
    whole = source(live_stage, live_stage.cast.key)
    restore(live_stage, whole[4]["seq"], "aaaaaaaa")
    pulled = trial.pull_into(live_stage, into, resync=True)
    assert pulled.count == len(whole) - 5, "what lay above the restored head is brought again"
    assert held(into) == whole
    assert pulled.place.cursor.startswith("aaaaaaaa:")
    assert trial.pull_into(live_stage, into).count == 0


def test_a_second_pull_into_the_same_copy_is_stopped(live_stage: Stage, into: str) -> None:
    with closing(open_copy(into)) as mine:
        mine.open()
        if "://" in into:  # in a database the one that is late is stopped, in a folder the second
            trial.pull_into(live_stage, into)
            with pytest.raises(PullStopped, match="Another pull"):
                mine.add([], Place())
        else:
            with pytest.raises(PullStopped, match="Another pull"):
                trial.pull_into(live_stage, into)
    assert trial.pull_into(live_stage, into).place.seq > 0


@pytest.mark.parametrize(
    ("key", "sentence"),
    [("diary_ABC_x", "answers 401: This key is not valid"), ("x", "answers 401")],
)
def test_a_key_that_does_not_hold_stops_it(
    live_stage: Stage, into: str, key: str, sentence: str
) -> None:
    with pytest.raises(PullStopped, match=sentence):
        trial.pull_into(live_stage, into, key)


def test_a_server_that_is_not_there_is_tried_again_and_then_said(into: str) -> None:
    waits: list[float] = []
    nowhere = "http://127.0.0.1:9"
    with (
        Server(nowhere, "x", pause=waits.append) as server,
        closing(open_copy(into)) as copy,
        pytest.raises(PullStopped, match="cannot be reached"),
    ):
        pull(server, copy)
    assert waits == [2, 4, 8, 16]


@pytest.mark.parametrize("address", ["localhost:8000", "ftp://diary.example", "", "file:///x"])
def test_what_is_no_address_is_said_at_once(address: str) -> None:
    with pytest.raises(PullStopped, match="not the address"):
        Server(address, "x")


def test_a_database_that_cannot_be_written_is_said(live_stage: Stage, tmp_path: Any) -> None:
    with pytest.raises(PullStopped, match="cannot be written"):
        trial.pull_into(live_stage, f"sqlite:///{tmp_path}/no/such/folder/trial.db")


def test_too_fast_is_waited_for(live_stage: Stage, into: str) -> None:
    for _ in range(live_stage.service.pace.per_minute - 1):
        live_stage.service.pace.take(live_stage.cast.key.split("_")[1], live_stage.clock.now, int)
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        live_stage.clock.advance(seconds=seconds)

    with (
        Server(live_stage.deployment.base_url, live_stage.cast.key, pause=pause) as server,
        closing(open_copy(into)) as copy,
    ):
        assert pull(server, copy, limit=1).count == 2
    assert waits == [60]
