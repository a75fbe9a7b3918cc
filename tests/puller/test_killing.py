"""A pull that is killed at any moment leaves a copy from which the next one goes on, whole."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import factories, trial
from tests.effort import SOAK
from tests.people import Stage, Who
from tests.puller.held import held, told

ROOT = Path(__file__).parents[2]


def die(stage: Stage, into: str, moment: int) -> subprocess.CompletedProcess[str]:
    """Pull in a process that kills itself at a moment; 0 lets it live."""
    address = stage.deployment.base_url
    return subprocess.run(
        [sys.executable, "-m", "tests.puller.dying", address, stage.cast.key, into, str(moment)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("kind", ["folder", "sqlite"])
def test_it_resumes_whole_wherever_it_was_killed(
    live_stage: Stage, tmp_path: Path, kind: str
) -> None:
    def copy_named(name: object) -> tuple[Path, str]:
        path = tmp_path / f"{name}" if kind == "folder" else tmp_path / f"{name}.db"
        return path, str(path) if kind == "folder" else f"sqlite:///{path}"

    saved = trial.save(
        live_stage, Who.OTHER, factories.diary(live_stage.deployment.study), texts={"note": "x"}
    )
    early, into = copy_named("early")
    trial.pull_into(live_stage, into)  # it holds the text that is redacted below
    trial.redact(live_stage, saved.record_id, 1)
    trial.live(live_stage)
    source = [told(change) for change in trial.changes_of(live_stage, live_stage.cast.key)]

    def again(name: object) -> str:
        path, into = copy_named(name)
        (shutil.copytree if kind == "folder" else shutil.copy)(early, path)
        return into

    alive = die(live_stage, again("alive"), 0)
    assert alive.returncode == 0, alive.stderr
    moments = int(alive.stdout)
    assert moments > 10
    for moment in range(1, moments + 1, 1 if SOAK else 3):
        into = again(moment)
        died = die(live_stage, into, moment)
        assert died.returncode == -signal.SIGKILL, died.stderr
        if kind == "sqlite":
            rows = held(into)
            assert [row["seq"] for row in rows] == [row["seq"] for row in source[: len(rows)]]
        trial.pull_into(live_stage, into, limit=4)
        assert held(into) == source, f"killed at moment {moment} of {moments}"
        assert {row["record_id"] for row in held(into, "entries")} == {
            row["record_id"] for row in source
        }


def test_what_something_else_did_to_the_folder_is_said(live_stage: Stage, tmp_path: Path) -> None:
    trial.pull_into(live_stage, tmp_path)
    changes = tmp_path / "changes.csv"
    whole = changes.read_bytes()
    changes.write_bytes(whole[:-1])
    with pytest.raises(Exception, match="shorter than it was"):
        trial.pull_into(live_stage, tmp_path)
    changes.write_bytes(whole)
    (tmp_path / "pull.json").unlink()
    with pytest.raises(Exception, match=r"without pull\.json"):
        trial.pull_into(live_stage, tmp_path)
