"""The archive of a study opens again, whole; anything altered, added or taken away is named."""

import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from app.commands.archiving import make, open_again
from app.domain.errors import InvalidInput
from app.store.tables import LedgerRow
from tests import trial
from tests.people import Stage

pytestmark = pytest.mark.usefixtures("tools")


@pytest.mark.trust(15, 16)
def test_an_archive_opens_again_and_an_altered_one_does_not(stage: Stage, tmp_path: Path) -> None:
    trial.live(stage)
    folder, url = tmp_path / "archive", stage.database.url.render_as_string(hide_password=False)
    digest = make(folder, stage.database, stage.deployment, now=stage.clock.now)
    report = open_again(folder, url)
    assert report.versions > 5
    names = {path.name for path in folder.iterdir()}
    assert names >= {"README.txt", "manifest.json", "database.backup", "days.csv", "doses.csv"}
    assert {path.name for path in (folder / "copies").iterdir()} == {"lyon.zip", "lille.zip"}
    with (folder / "days.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) > 2
    with stage.database.read() as session:
        (act,) = session.scalars(select(LedgerRow).where(LedgerRow.op == "study.archived"))
        assert json.loads(act.body)["details"] == {"manifest": digest}
    for name in ("days.csv", "copies/lyon.zip", "database.backup", "README.txt"):
        path = folder / name
        old = path.read_bytes()
        path.write_bytes(old[:-1])
        with pytest.raises(InvalidInput, match="archive_altered"):
            open_again(folder, url)
        path.write_bytes(old)
    (folder / "more.txt").write_text("put beside")
    with pytest.raises(InvalidInput, match="archive_altered"):
        open_again(folder, url)
    with pytest.raises(InvalidInput, match="archive_not_empty"):
        make(folder, stage.database, stage.deployment, now=stage.clock.now)
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in {".csv", ".txt", ".json"}:
            assert b"quelqu.un@example.org" not in path.read_bytes()
