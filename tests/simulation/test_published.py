"""Real people's scores: every one arrives, the missing stay missing, and the figures are right.

Means, baselines and reductions are worked out here once more, straight from the file and with the
standard library alone, and compared with those of the service. A file of the same shape is made up
for every run; the real one is used as well wherever it lies.
"""

import csv
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyotp
import pytest
from fastapi.testclient import TestClient

from app.domain.records import EntryStatus
from app.main import create_app
from app.services import accounts, trends, verification
from app.services.trends import Trend
from app.settings import Settings
from app.simulation.demo import Demo, Ready, prepare
from app.simulation.memory import recall
from app.simulation.published import read_people
from app.simulation.welcome import welcome
from app.store.session import Database
from tests.engines import Engine, migrate
from tests.simulation.conftest import SECRET, deployment

NOW = datetime(2026, 4, 20, 19, 40, tzinfo=UTC)
REAL = Path(
    os.environ.get("DIARY_CSV")
    or Path(__file__).parents[3] / "shared/data/pain_diary_203x14/pain_diary.csv"
)
HEADER = "participant,country,period,day,pain_0_10\n"


@dataclass(frozen=True)
class Loaded:
    """A file, and the demo that was made of it."""

    path: Path
    demo: Demo
    ready: Ready


@dataclass(frozen=True)
class Expected:
    """What the file says of one participant: seven positions of each period, None where missing."""

    baseline: tuple[int | None, ...]
    follow_up: tuple[int | None, ...]


def expected_of(path: Path) -> dict[int, Expected]:
    """Read the file in this test's own way."""
    found: dict[int, dict[tuple[str, int], int | None]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            text = line["pain_0_10"]
            tenths = Decimal(text) * 10 if text else None
            position = None if tenths is None else int(tenths.to_integral_value(ROUND_HALF_UP))
            found[int(line["participant"])][line["period"], int(line["day"])] = position
    return {
        number: Expected(
            tuple(days.get(("baseline", day)) for day in range(1, 8)),
            tuple(days.get(("follow_up", day)) for day in range(1, 8)),
        )
        for number, days in found.items()
    }


def mean_of(values: tuple[int | None, ...]) -> Fraction | None:
    """The mean of the days answered, when there are at least four."""
    answered = [value for value in values if value is not None]
    return Fraction(sum(answered), len(answered)) if len(answered) >= 4 else None


def reduction_pct(before: Fraction | None, after: Fraction | None) -> float | None:
    """100 × (baseline − weekly mean) ÷ baseline."""
    if before is None or after is None or before == 0:
        return None
    return float(100 * (before - after) / before)


def generated(folder: Path) -> Path:
    """A file with the oddities of the real one: halves, long decimals, gaps, absent periods."""
    periods: dict[tuple[int, str], list[str]] = {
        (1, "baseline"): ["6.75", "6.859999999999999", "", "5.02", "10", "0.11", "6.65"],
        (1, "follow_up"): ["5.470000000000001", "", "4.45", "4.35", "2.25", "3", "0.05"],
        (2, "baseline"): ["", "", "", "", "7.15", "8.2", "9.99"],
        (2, "follow_up"): ["1", "2", "3", "4", "5", "6", "7"],
        (3, "baseline"): [""] * 7,
        (3, "follow_up"): ["4.04", "4.05", "4.06", "", "", "", "9"],
        (40, "baseline"): ["0", "0", "0.04", "0", "0", "0", "0"],
        (40, "follow_up"): [""] * 7,
    }
    countries = {1: "USA", 2: "AUS", 3: "EU", 40: "EU"}
    lines = [
        f"{number},{countries[number]},{period},{day},{score}\n"
        for (number, period), scores in periods.items()
        for day, score in enumerate(scores, start=1)
    ]
    path = folder / "generated.csv"
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


RUNS = ["generated-sqlite", "generated-postgresql", *(["real-sqlite"] if REAL.exists() else [])]


@pytest.fixture(
    params=[
        pytest.param(run, marks=pytest.mark.postgresql if "postgresql" in run else ())
        for run in RUNS
    ],
)
def loaded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loaded]:
    """A demo of a file: of the generated one on each engine, of the real one where it lies."""
    which, engine_name = request.param.split("-")
    engine: Engine = request.getfixturevalue(f"{engine_name}_engine")
    folder = tmp_path_factory.mktemp("published")
    path = REAL if which == "real" else generated(folder)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n=== published scores: {which.upper()} file {path.name} on {engine_name} ===")  # noqa: T201
    url, _ = engine.copy_of(migrate)
    database = Database(url)
    demo = Demo(database, deployment(demo=True), folder, path)
    yield Loaded(path, demo, prepare(demo, now=NOW))
    database.close()
    engine.drop(url)


def trends_of(loaded: Loaded) -> dict[int, Trend]:
    """Each participant's trend, as the demo's clinician is shown it."""
    memory, demo = recall(loaded.demo.memory_path), loaded.demo
    assert memory is not None
    account, now = memory.clinician, NOW
    with demo.database.write() as session:
        token = accounts.sign_in(
            session,
            deployment=demo.deployment,
            login=account.login,
            password=account.password,
            code=pyotp.TOTP(account.totp_secret).at(now),
            now=now,
        )
    with demo.database.read() as session:
        signed_in = accounts.find_signed_in(session, demo.deployment, token, now)
        assert signed_in is not None
        return {
            number: trends.read_trend(
                session,
                deployment=demo.deployment,
                actor=signed_in[2],
                study_code=phone.study_code,
                now=now,
            )
            for number, phone in memory.phones.items()
            if number < 1_000
        }


def entries_of(loaded: Loaded) -> list[dict[str, Any]]:
    """Every entry, page by page, as the trial database is given it."""
    settings = Settings(
        demo=True,
        secret_key=SECRET,
        database_url=loaded.demo.database.url.render_as_string(hide_password=False),
    )
    entries: list[dict[str, Any]] = []
    with TestClient(create_app(settings, clock=lambda: NOW)) as client:
        query: dict[str, Any] = {"kind": "diary", "limit": 1000}
        while True:
            answer = client.get(
                "/api/v1/entries",
                params=query,
                headers={"Authorization": f"Bearer {loaded.ready.api_key}"},
            )
            assert answer.status_code == 200, answer.text
            page = answer.json()
            entries += page["entries"]
            if not page["has_more"]:
                return entries
            query["after"] = page["next_cursor"]


def check_every_score_comes_out_and_no_other(loaded: Loaded) -> None:
    expected = expected_of(loaded.path)
    scores = [v for e in expected.values() for v in (*e.baseline, *e.follow_up) if v is not None]
    out = [entry["data"]["scores"]["pain_average"] for entry in entries_of(loaded)]
    assert sorted(score["value"] for score in out) == sorted(scores)
    assert all(score["scale"] == "vas100" and score["source_value"] for score in out)
    if loaded.path == REAL:
        assert (len(expected), len(scores)) == (203, 2587)


def check_what_was_made_up_is_labelled_and_the_scores_are_not(loaded: Loaded) -> None:
    for entry in entries_of(loaded):
        assert entry["data"]["simulated"] == ["dates", "allodynia", "doses"]
        assert entry["data"]["scores"]["pain_worst"]["status"] == "not_asked"


def check_days_and_gaps_are_those_of_the_file(loaded: Loaded, trends_: dict[int, Trend]) -> None:
    expected, missing = expected_of(loaded.path), 0
    for number, trend in trends_.items():
        assert trend.person.inclusion_on is not None
        before_on = trend.person.inclusion_on - timedelta(days=6)
        after_on = trend.person.inclusion_on + timedelta(days=54)
        shown = {day.day.diary_on: day.day for day in trend.days}
        for start_on, values in (
            (before_on, expected[number].baseline),
            (after_on, expected[number].follow_up),
        ):
            for nth, value in enumerate(values):
                day = shown.pop(start_on + timedelta(days=nth))
                assert day.pain_average == value
                assert (day.status is EntryStatus.MISSING) is (value is None)
                missing += value is None
        assert {day.status for day in shown.values()} == {EntryStatus.PAUSED}
    assert loaded.ready.proof is not None
    assert loaded.ready.proof.shown_missing == missing
    assert loaded.ready.proof.read == loaded.ready.proof.found
    if loaded.path == REAL:
        assert missing == 255


def check_means_baselines_and_reductions_equal_those_of_the_file(
    loaded: Loaded, trends_: dict[int, Trend]
) -> None:
    everybody, without = expected_of(loaded.path), {"baseline": 0, "follow_up": 0}
    for number, trend in trends_.items():
        expected = everybody[number]
        without["baseline"] += all(value is None for value in expected.baseline)
        without["follow_up"] += all(value is None for value in expected.follow_up)
        before = mean_of(expected.baseline)
        assert trend.baseline is not None
        assert trend.baseline.mean.exact == before
        # Session 1 is on D1, so study week 8 ends on D56 and week 9 begins on D57.
        after = {8: expected.follow_up[:3], 9: expected.follow_up[3:]}
        assert [week.number for week, _ in trend.weeks] == list(range(1, 10))
        for week, response in trend.weeks:
            values = after.get(week.number, ())
            assert week.mean.n == sum(value is not None for value in values)
            assert week.mean.exact == mean_of(values)
            assert response.reduction_pct == reduction_pct(before, mean_of(values))
    if loaded.path == REAL:
        assert without == {"baseline": 11, "follow_up": 17}


def check_the_ledger_holds_and_the_run_says_what_came_through(loaded: Loaded) -> None:
    with loaded.demo.database.read() as session:
        assert verification.verify(session).fault is None
    printed = welcome(loaded.ready)
    proof = loaded.ready.proof
    assert proof is not None
    assert f"{proof.read:,} scores in, {proof.found:,} out of /entries" in printed
    assert f"{proof.shown_missing:,} missing days shown as missing" in printed
    if loaded.path == REAL:
        assert "2,587 scores in, 2,587 out of /entries; 255 missing" in printed


def check_a_second_run_adds_no_score(loaded: Loaded) -> None:
    before = entries_of(loaded)
    again = prepare(loaded.demo, now=NOW + timedelta(hours=1))
    assert entries_of(loaded) == before
    assert again.proof == loaded.ready.proof


def test_a_file_of_scores_comes_through_whole(loaded: Loaded) -> None:
    """One test for all: a file is loaded once, on whichever worker this runs."""
    check_every_score_comes_out_and_no_other(loaded)
    check_what_was_made_up_is_labelled_and_the_scores_are_not(loaded)
    shown = trends_of(loaded)
    check_days_and_gaps_are_those_of_the_file(loaded, shown)
    check_means_baselines_and_reductions_equal_those_of_the_file(loaded, shown)
    check_the_ledger_holds_and_the_run_says_what_came_through(loaded)
    check_a_second_run_adds_no_score(loaded)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,USA,baseline,1,10.01", "out of range"),
        ("1,USA,baseline,1,-0.5", "out of range"),
        ("1,USA,baseline,8,5", "out of range"),
        ("1,USA,middle,1,5", "out of range"),
        ("1,USA,baseline,1,NaN", "not a participant"),
        ("1,USA,baseline,1,five", "not a participant"),
        ("one,USA,baseline,1,5", "not a participant"),
        ("1,USA,baseline", "not a participant"),
        ("1,USA,baseline,1,5\n1,USA,baseline,1,6", "twice"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(HEADER + "7,EU,baseline,1,5\n" + line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=reason):
        read_people(path, "seed", date(2026, 4, 20))


def test_other_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("participant,day,pain\n1,1,5\n", encoding="utf-8")
    with pytest.raises(ValueError, match="columns must be"):
        read_people(path, "seed", date(2026, 4, 20))
