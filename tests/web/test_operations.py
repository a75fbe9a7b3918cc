"""The admin's page of operations by HTTP: what went well, what did not, and what nobody did yet."""

import pytest
from typer.testing import CliRunner

from app.__main__ import cli
from tests.people import Stage, Who
from tests.staff_scenes import operated


@pytest.mark.trust(16)
def test_the_page_tells_of_each_night(stage: Stage) -> None:
    admin = stage.client(Who.ADMIN)
    assert "No night has passed yet" in admin.get("/desk/operations").text
    operated(stage, Who.OWN)
    page = admin.get("/desk/operations").text
    assert "restored on trial, holds" in page
    assert "1204" in page
    assert "The database&#39;s role may not create databases" in page
    assert 'href="/desk/operations"' in admin.get("/desk/accounts").text
    assert 'href="/desk/operations"' not in stage.client(Who.CLINICIAN).get("/desk").text


def test_the_command_says_the_same(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    operated(stage, Who.OWN)
    url = stage.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DIARY_DATABASE_URL", url)
    monkeypatch.setenv("DIARY_SECRET_KEY", "a key of the tests: 9f2c7e1b4d8a6053")
    monkeypatch.setenv("DIARY_BACKUP_FOLDER", "/nowhere")
    said = CliRunner().invoke(cli, ["status"])
    assert said.exit_code == 1
    assert "backup of 2026-01-20: failed scratch_refused" in said.output
    assert "LOOK AT: backup_failed" in said.output
