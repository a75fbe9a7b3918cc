"""The metrics by HTTP, on their own port: what is counted, and that nobody can be told from it."""

import re
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from app import metrics
from app.domain.reach import Channel
from app.store.session import Database
from tests import factories, scenes
from tests.people import PIN, Stage, Who


@pytest.fixture
def port(stage: Stage) -> Iterator[int]:
    """Where the metrics of the stage are served."""
    with metrics.serving(stage.service, "127.0.0.1", 0) as port:
        yield port


def read(port: int) -> dict[str, float]:
    """Every sample by its name and labels."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.status_code == 200
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_requests_saves_and_heads_are_counted(stage: Stage, port: int) -> None:
    study = stage.deployment.study
    before = read(port)
    sent = factories.submission(study, factories.diary(study), saved_at=stage.clock.now)
    for _ in range(2):
        stage.client(Who.OWN).post("/submissions", json=sent)
    stage.client(Who.NOBODY).get("/nowhere/at/all")
    stage.client(Who.CLINICIAN).get(f"/desk/participants/{stage.cast.study_codes[Who.OWN]}")
    seen = read(port)
    assert seen['diary_saves_total{outcome="saved"}'] == 1
    assert seen['diary_saves_total{outcome="known"}'] == 1
    posted = 'diary_requests_total{method="POST",route="/submissions",status="2xx"}'
    assert seen[posted] == 2
    assert seen['diary_requests_total{method="GET",route="none",status="4xx"}'] == 1
    page = 'route="/desk/participants/{study_code}"'
    assert seen[f"diary_request_seconds_count{{{page}}}"] == 1
    head = 'diary_ledger_head{stream="data/lyon"}'
    assert seen[head] == before[head] + 1
    assert seen["diary_database_up"] == 1
    assert seen["diary_requests_in_hand"] == 0
    assert seen["process_resident_memory_bytes"] > 10_000_000
    assert seen['diary_trouble{trouble="schedule_late"}'] == 0


def test_messages_are_counted_by_channel_and_outcome(stage: Stage, port: int) -> None:
    stage.service.meters.tally(Channel.EMAIL, "handed_over")
    seen = read(port)
    assert seen['diary_messages_total{channel="email",outcome="handed_over"}'] == 1
    assert seen['diary_messages_ready{channel="push"}'] == 0


@pytest.mark.trust(24)
def test_nobody_can_be_told_from_the_metrics(stage: Stage, port: int) -> None:
    scenes.messaged(stage, Who.OWN)
    own = stage.client(Who.OWN)
    for path in ("/", "/history", f"/saved/{stage.cast.submission_ids[Who.OWN]}"):
        assert own.get(path).status_code == 200
    code = stage.cast.study_codes[Who.OWN]
    stage.client(Who.CLINICIAN).get(f"/desk/participants/{code}/course")
    stage.client(Who.NOBODY).get(f"/join/{stage.cast.link.rpartition('/')[2]}")
    stage.client(Who.NOBODY).post("/unlock", data={"pin": PIN})
    told = "\n".join(read(port))
    known = [code, stage.cast.key, stage.cast.link.rpartition("/")[2], "example.org", PIN]
    assert [one for one in known if one in told] == []
    assert re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}|MS-|@", told) == []


def test_a_database_that_is_away_is_said(stage: Stage) -> None:
    away = Database("sqlite:////nowhere/at/all.db")
    service = replace(stage.service, database=away, meters=metrics.Meters())
    with metrics.serving(service, "127.0.0.1", 0) as port:
        assert read(port)["diary_database_up"] == 0
