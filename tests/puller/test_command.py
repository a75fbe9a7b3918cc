"""`python -m app pull` as a data manager runs it: from a shell, with a key in a file."""

import subprocess
import sys
from pathlib import Path

from tests import trial
from tests.people import Stage
from tests.puller.held import held, told

ROOT = Path(__file__).parents[2]


def run(stage: Stage, key_file: Path, into: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the command against a served stage."""
    command = ["pull", "--from", stage.deployment.base_url, "--key-file", str(key_file)]
    return subprocess.run(
        [sys.executable, "-m", "app", *command, "--into", into, *more],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_it_pulls_says_what_it_did_and_is_whole(live_stage: Stage, tmp_path: Path) -> None:
    key_file, into = tmp_path / "key", f"sqlite:///{tmp_path / 'trial.db'}"
    key_file.write_text(live_stage.cast.key + "\n")
    trial.live(live_stage)
    first = run(live_stage, key_file, into, "--limit", "4")
    assert first.returncode == 0, first.stderr
    summary, stream, end = first.stdout.splitlines()
    assert summary == "pulled 10 changes: 2 correct, 6 create, 1 redact, 1 void"
    assert stream.startswith("data/lyon  10 changes  ")
    assert end.startswith("whole, in order and unaltered up to ")
    assert [line.split(",")[0] for line in first.stderr.splitlines()] == [
        "4 changes",
        "8 changes",
        "10 changes",
    ]
    changes = trial.changes_of(live_stage, live_stage.cast.key)
    assert held(into) == [told(change) for change in changes]
    again = run(live_stage, key_file, into)
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, "pulled 0 changes")


def test_a_copy_that_was_altered_is_not_whole(live_stage: Stage, tmp_path: Path) -> None:
    key_file, into = tmp_path / "key", str(tmp_path / "copy")
    key_file.write_text(live_stage.cast.key)
    assert run(live_stage, key_file, into).returncode == 0
    place = tmp_path / "copy" / "pull.json"
    place.write_text(place.read_text().replace('2, \\"', '1, \\"'))
    refused = run(live_stage, key_file, into)
    assert refused.returncode == 2
    assert refused.stderr.startswith("Error: data/lyon no 2: the server ends at number 2")


def test_a_refusal_is_a_sentence_and_no_traceback(live_stage: Stage, tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("diary_ABC_wrong")
    refused = run(live_stage, key_file, str(tmp_path / "copy"))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        "Error: The server answers 401: This key is not valid here: it is unknown, expired or "
        "revoked.\n"
    )
