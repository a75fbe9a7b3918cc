"""`verify`, `sign-heads` and `redact` as an operator runs them: their words, and how they end."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.__main__ import cli
from tests import trial
from tests.people import Stage, Who, settings_for
from tests.services.test_redactions import change_of
from tests.services.test_tampering import truncate, unguarded


@pytest.fixture
def run(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Run":
    """Run a command on the stage's database, with a folder for signed heads."""
    url = stage.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DIARY_DATABASE_URL", url)
    monkeypatch.setenv("DIARY_SECRET_KEY", settings_for(url).secret_key.get_secret_value())
    monkeypatch.setenv("DIARY_HEADS_FOLDER", str(tmp_path / "heads"))
    monkeypatch.setenv("DIARY_HEADS_KEY_FILE", str(tmp_path / "heads.key"))
    return Run()


class Run:
    """The command line in this process."""

    def __call__(self, *arguments: str) -> Result:
        """Run one command; give its output and how it ended."""
        return CliRunner().invoke(cli, arguments)


def test_the_whole_is_proved_and_what_was_rewritten_is_named(stage: Stage, run: Run) -> None:
    trial.live(stage)
    assert "NOT COMPARED WITH SIGNED HEADS" in run("verify").output
    signed = run("sign-heads")
    assert signed.exit_code == 0, signed.output
    assert "A key was made" in signed.output
    held = run("verify")
    assert held.exit_code == 0
    assert "signed heads  1 days to" in held.output
    assert held.output.splitlines()[-1].startswith("holds: ")
    with unguarded(stage.database) as connection:
        truncate(connection)
    broken = run("verify")
    assert broken.exit_code == 1
    assert "DOES NOT HOLD: data/lyon no 10: is gone: its hash was signed on" in broken.output


@pytest.mark.trust(12)
def test_an_operator_removes_words(stage: Stage, run: Run) -> None:
    trial.save(stage, Who.OWN, trial.dose(stage, Who.OWN), texts={"note": "Mme Martin"})
    done = run("redact", change_of(stage, "create"), "note", "--reason", "names a person")
    assert done.exit_code == 0, done.output
    assert run("verify").exit_code == 0
