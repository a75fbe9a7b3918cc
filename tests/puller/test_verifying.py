"""`--verify` proves a copy again: what was done to it since the pull is found and named."""

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.domain.errors import BrokenChain
from app.puller import PullStopped, open_copy, pull, verify
from app.puller.proof import COLUMNS
from tests import trial
from tests.people import Stage, Who

HARMLESS = {"texts", "text_salt"}
"""Columns tried apart: a null text is what a redaction leaves."""


def edit(into: Path, statement: str) -> None:
    """Do something to a copy in SQLite behind the puller's back."""
    with closing(sqlite3.connect(into)) as database, database:
        assert database.execute(statement).rowcount == 1


def pulled(stage: Stage, folder: Path) -> tuple[Path, str]:
    """A copy in SQLite of a stage where everything has happened."""
    into = folder / "trial.db"
    trial.pull_into(stage, f"sqlite:///{into}")
    return into, f"sqlite:///{into}"


def test_a_whole_copy_is_verified(live_stage: Stage, into: str) -> None:
    trial.live(live_stage)
    key = trial.new_key(live_stage)
    verified = trial.verify(live_stage, into, key)
    assert verified.count == 11
    changes = trial.changes_of(live_stage, key)
    assert set(verified.days) == {(c["study_code"], c["diary_on"]) for c in changes}


def test_what_came_meanwhile_is_no_difference(live_stage: Stage, into: str) -> None:
    with (
        trial.server_of(live_stage, live_stage.cast.key) as server,
        closing(open_copy(into)) as copy,
    ):
        place = pull(server, copy).place
        trial.live(live_stage)
        assert verify(server, copy, place).count == 2


@pytest.mark.parametrize("column", [name for name in COLUMNS if name not in HARMLESS])
def test_an_altered_column_is_found(lived: Stage, tmp_path: Path, column: str) -> None:
    file, into = pulled(lived, tmp_path)
    other = "7" if column in ("seq", "no", "version") else "'x'"
    edit(file, f"UPDATE changes SET {column} = {other} WHERE stream = 'data/lyon' AND no = 3")
    with pytest.raises(BrokenChain):
        trial.verify(lived, into)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("DELETE FROM changes WHERE no = 4", "data/lyon no 4: missing"),
        ("DELETE FROM changes WHERE no = 10", "data/lyon no 10: this is where the copy ended"),
        ("UPDATE changes SET texts = '{}' WHERE no = 7", "data/lyon no 7: a text differs"),
        ("UPDATE changes SET texts = 'gone' WHERE no = 7", "data/lyon no 7: a text differs"),
        ("UPDATE changes SET text_salt = '{}' WHERE no = 7", "data/lyon no 7: a text differs"),
        ("UPDATE changes SET data = NULL WHERE no = 1", "data/lyon no 1: data differs"),
        ("UPDATE changes SET data = '{}' WHERE op = 'void'", "data/lyon no 5: data differs"),
    ],
)
def test_what_was_done_to_it_is_named(
    lived: Stage, tmp_path: Path, statement: str, sentence: str
) -> None:
    file, into = pulled(lived, tmp_path)
    edit(file, statement)
    with pytest.raises(BrokenChain) as found:
        trial.verify(lived, into)
    assert sentence in str(found.value)


def test_an_altered_csv_is_found(lived: Stage, tmp_path: Path) -> None:
    trial.pull_into(lived, tmp_path)
    file = tmp_path / "changes.csv"
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines(keepends=True)))
    rows[3][COLUMNS.index("site")] = "lYon"
    with file.open("w", encoding="utf-8", newline="") as written:
        csv.writer(written).writerows(rows)
    with pytest.raises(BrokenChain, match="data/lyon no 3: site differs"):
        trial.verify(lived, tmp_path)


def test_a_day_that_the_server_has_otherwise_is_named(live_stage: Stage, tmp_path: Path) -> None:
    trial.far_away(live_stage)
    both, lyon = trial.new_key(live_stage), trial.new_key(live_stage, "lyon")
    trial.pull_into(live_stage, tmp_path, both)
    code = live_stage.cast.study_codes[Who.OWN]
    with (
        trial.server_of(live_stage, lyon) as server,
        closing(open_copy(str(tmp_path))) as copy,
    ):
        place = copy.open()
        with pytest.raises(PullStopped, match="1 diary days differ") as differs:
            verify(server, copy, place)
    assert code not in str(differs.value), "the other participant is the one that is not given"
