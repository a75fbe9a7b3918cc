"""Reconciliation by HTTP: the sums of each diary day are those of the feed."""

from collections import defaultdict
from datetime import timedelta
from hashlib import sha256
from typing import Any

from tests import trial
from tests.api.test_changes import acts_of
from tests.people import LAST_EVENING, NOW, Stage, Who


def sums(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the feed adds up to, by participant and diary day."""
    days = defaultdict(list)
    for change in changes:
        days[change["study_code"], change["diary_on"]].append(change)
    return [
        {
            "study_code": code,
            "diary_on": diary_on,
            "count": len(group),
            "last_seq": group[-1]["seq"],
            "digest": sha256(b"".join(bytes.fromhex(c["hash"]) for c in group)).hexdigest(),
        }
        for (code, diary_on), group in sorted(days.items())
    ]


def test_the_sums_are_those_of_the_feed(stage: Stage) -> None:
    trial.live(stage)
    client = stage.client(Who.NOBODY)
    for sites in ((), ("lyon",), ("lille",)):
        key = trial.new_key(stage, *sites)
        answer = client.get("/api/v1/reconciliation", headers=trial.bearing(key))
        assert answer.json() == {"days": sums(trial.changes_of(stage, key))}


def test_filters_narrow_what_comes(stage: Stage) -> None:
    trial.live(stage)
    key = trial.new_key(stage)
    changes = trial.changes_of(stage, key)
    yesterday = LAST_EVENING.date().isoformat()

    def ask(**query: str) -> list[dict[str, Any]]:
        answer = stage.client(Who.NOBODY).get(
            "/api/v1/reconciliation", params=query, headers=trial.bearing(key)
        )
        days: list[dict[str, Any]] = answer.json()["days"]
        return days

    assert ask(to=yesterday) == sums([c for c in changes if c["diary_on"] <= yesterday])
    assert ask(site="lille") == sums([c for c in changes if c["site"] == "lille"])
    assert ask(**{"from": (NOW + timedelta(days=1)).date().isoformat()}) == []


def test_bad_questions_are_refused(stage: Stage) -> None:
    client = stage.client(Who.KEY)
    for query, status in (
        ({"site": "lille"}, 404),
        ({"from": "2026-02-01", "to": "2026-01-01"}, 422),
        ({"from": "soon"}, 422),
        ({"study_code": "MS-AAAAA"}, 422),
    ):
        assert client.get("/api/v1/reconciliation", params=query).status_code == status


def test_it_leaves_an_act(stage: Stage) -> None:
    stage.client(Who.KEY).get("/api/v1/reconciliation?site=lyon")
    stage.client(Who.KEY).get("/api/v1/reconciliation?from=2030-01-01")
    assert acts_of(stage.database, "reconciliation.read") == [{"site": "lyon", "count": 2}]
